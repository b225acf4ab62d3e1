import casadi as ca
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import InvalidInput
from toolkit.models.microrobots import MU_0, PermanentMoment, SoftMoment

IRON = SoftMoment(1e-12, 1.7e6)
MAGNET = PermanentMoment(1e-12, 1.2, 1e-3)


def test_below_saturation_a_soft_sphere_is_linear_with_demagnetisation_one_third() -> None:
    assert IRON.moment_a_m2(np.array([0.02, 0.0, 0.0])) == pytest.approx([3.0 * 1e-12 * 0.02 / MU_0, 0.0, 0.0], rel=1e-9)


@given(st.lists(st.floats(-20.0, 20.0), min_size=3, max_size=3))
def test_a_soft_moment_never_exceeds_saturation_and_points_along_the_field(b: list[float]) -> None:
    m = IRON.moment_a_m2(np.array(b))
    assert np.linalg.norm(m) <= 1e-12 * 1.7e6 * (1.0 + 1e-12)
    assert np.linalg.norm(np.cross(m, b)) <= 1e-12 * np.linalg.norm(m) * max(np.linalg.norm(b), 1e-9)
    assert m @ np.array(b) >= 0.0


def test_a_permanent_moment_has_one_size() -> None:
    assert np.linalg.norm(MAGNET.moment_a_m2(np.array([0.0, 3e-3, 4e-3]))) == pytest.approx(1.2 / MU_0 * 1e-12)


@pytest.mark.parametrize("moment", [IRON, MAGNET])
@pytest.mark.parametrize("b", [[2e-3, 0, 1e-3], [0.4, -0.3, 0.2], [2.0, 0, 0]])
def test_graph_and_number_agree(moment: SoftMoment | PermanentMoment, b: list[float]) -> None:
    B = ca.SX.sym("B", 3)
    graph = ca.Function("m", [B], [moment.graph(B), ca.jacobian(moment.graph(B), B)])
    assert np.asarray(graph(b)[0]).ravel() == pytest.approx(moment.moment_a_m2(np.array(b)), rel=1e-6)
    assert np.isfinite(np.asarray(graph([0, 0, 0])[1])).all(), "a solver may start at zero field"


def test_a_magnet_without_a_field_has_no_direction() -> None:
    with pytest.raises(InvalidInput, match="not determined"):
        MAGNET.moment_a_m2(np.zeros(3))


@pytest.mark.parametrize("b", [[np.nan, 0, 0], [np.inf, 0, 0], [0, 0]])
def test_nonsense_is_refused(b: list[float]) -> None:
    for moment in (IRON, MAGNET):
        with pytest.raises(InvalidInput, match="b_tesla"):
            moment.moment_a_m2(np.array(b))
    with pytest.raises(InvalidInput, match="saturation_a_m"):
        SoftMoment(1e-12, float("nan"))
    with pytest.raises(InvalidInput, match="volume_m3"):
        PermanentMoment(0.0, 1.2, 1e-3)
