import numpy as np
import pytest

from toolkit import InvalidInput
from toolkit.models.fluids import WATER_20C
from toolkit.models.microrobots import Roller

UP = np.array([0.0, 0.0, 1.0])
ROLLER = Roller(10e-6, 0.4, 2.5, 1e-12, 1800.0, WATER_20C, UP)


def test_a_roller_moves_as_a_wheel_with_slip() -> None:
    v = np.asarray(ROLLER.velocity(0.01)([0, 50.0, 0], 0)).ravel()
    assert v == pytest.approx([0.4 * 10e-6 * 50.0, 0, 0]), "w along y rolls along x on a floor"


def test_spinning_about_the_normal_moves_nothing_and_flow_carries_along_the_wall_only() -> None:
    assert np.asarray(ROLLER.velocity(0.01)([0, 0, 50.0], [1e-6, 2e-6, 3e-6])).ravel() == pytest.approx([1e-6, 2e-6, 0.0])


def test_speed_falls_above_step_out() -> None:
    out = ROLLER.step_out_rad_s(5e-3)
    assert ROLLER.speed_m_s(out, 5e-3) == pytest.approx(0.4 * 10e-6 * out)
    assert ROLLER.speed_m_s(2.0 * out, 5e-3) == pytest.approx(0.4 * 10e-6 * out * (2.0 - np.sqrt(3.0)))


def test_a_sphere_that_weight_does_not_press_to_the_wall_is_refused() -> None:
    with pytest.raises(InvalidInput, match="does not press"):
        Roller(10e-6, 0.4, 2.5, 1e-12, 1800.0, WATER_20C, -UP)
    with pytest.raises(InvalidInput, match="does not press"):
        Roller(10e-6, 0.4, 2.5, 1e-12, 900.0, WATER_20C, UP)


def test_a_slope_is_refused() -> None:
    tilted = Roller(10e-6, 0.4, 2.5, 1e-12, 1800.0, WATER_20C, np.array([np.sin(0.1), 0.0, np.cos(0.1)]))
    with pytest.raises(InvalidInput, match=r"5\.7 degrees"):
        tilted.velocity(0.01)


def test_a_heavy_sphere_needs_inertia() -> None:
    with pytest.raises(InvalidInput, match="keep the inertia"):
        Roller(1e-3, 0.4, 2.5, 1e-5, 7800.0, WATER_20C, UP).velocity(0.01)


@pytest.mark.parametrize(
    ("slip", "factor", "normal"), [(0.0, 2.0, UP), (1.1, 2.0, UP), (np.nan, 2.0, UP), (0.5, 0.9, UP), (0.5, 2.0, 2 * UP)]
)
def test_nonsense_is_refused(slip: float, factor: float, normal: np.ndarray) -> None:
    with pytest.raises(InvalidInput):
        Roller(10e-6, slip, factor, 1e-12, 1800.0, WATER_20C, normal)
