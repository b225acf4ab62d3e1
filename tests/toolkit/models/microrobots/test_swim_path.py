import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import InvalidInput
from toolkit.models.microrobots import FigureOfEight, RecordedPath

EIGHT = FigureOfEight(np.array([1e-3, 2e-3, 3e-3]), 2e-3, 0.75e-3, 60.0, 1.0, begin_s=5.0)
RECORDED = RecordedPath(np.array([0.0, 1.0, 2.0, 4.0, 5.0]), np.array([[0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 2, 0], [1, 2, 0]], dtype=float))


@pytest.mark.parametrize(("path", "end_s"), [(EIGHT, 65.0), (RECORDED, 5.0)])
@given(st.floats(-10.0, 80.0))
def test_speed_is_the_derivative_and_the_direction_is_its_own(path: FigureOfEight | RecordedPath, end_s: float, t: float) -> None:
    h = 1e-5
    p, v, along = path(np.array([t - h, t, t + h]))
    begin_s = path.begin_s
    if begin_s + h < t < end_s - h:
        assert np.allclose((p[2] - p[0]) / (2.0 * h), v[1], atol=1e-4)
    elif t < begin_s - h or t > end_s + h:
        assert not v[1].any() and np.array_equal(p[0], p[2])
    assert np.linalg.norm(along[1]) == pytest.approx(1.0)
    speed = np.linalg.norm(v[1])
    if speed > 1e-9:
        assert np.allclose(v[1] / speed, along[1], atol=1e-6)


def test_the_figure_crosses_its_centre_and_keeps_its_size() -> None:
    p, _, _ = EIGHT(np.linspace(5.0, 65.0, 6001))
    assert np.allclose(p[[0, 3000, 6000]], EIGHT.centre_m, atol=1e-12)
    assert np.abs(p - EIGHT.centre_m).max(axis=0) == pytest.approx([2e-3, 0.75e-3, 0.0], abs=1e-9)
    assert EIGHT.duration_s == 60.0 and np.array_equal(EIGHT.begun_at(0.0)(np.array([7.0]))[0], EIGHT(np.array([12.0]))[0])


def test_a_recorded_path_goes_through_its_samples_without_overshoot() -> None:
    p, _, along = RECORDED(np.linspace(0.0, 5.0, 501))
    assert np.allclose(RECORDED(np.array([0.0, 1.0, 2.0, 4.0, 5.0]))[0][:, :2], [[0, 0], [1, 0], [1, 0], [1, 2], [1, 2]])
    assert (np.diff(p, axis=0) >= -1e-12).all(), "it never goes back"
    assert along[150].tolist() == [1.0, 0.0, 0.0] and along[-1].tolist() == [0.0, 1.0, 0.0], "where it stands: as before"


@pytest.mark.parametrize(
    ("t", "p", "field"),
    [([0.0], [[0.0] * 3], "t_s"), ([0.0, 0.0], [[0.0] * 3, [1.0] * 3], "t_s"), ([0.0, 1.0], [[0.0] * 3] * 2, "p_m")],
)
def test_a_record_that_is_no_path_is_refused(t: list[float], p: list[list[float]], field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        RecordedPath(np.array(t), np.array(p))
