"""The swimmer keeps its path, its floor and its limits below step-out; a PID with a box does not; and the plant is no copy of the model."""

from pathlib import Path

import numpy as np
import pytest

from verification.campaign.helix_plant import HelixPlant, TrueHelix
from verification.campaign.swimmer import FILAMENT_M, HEAD_M, MOMENT_A_M2, PITCH_M, RADIUS_M, TURNS, helix, run_swimmer_case

pytestmark = pytest.mark.requirement("MAG-006")
CALIBRATION = Path(__file__).parents[3] / "examples" / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml"


class Uniform:
    """A field that is its currents."""

    def field(self, p_m, i_A):  # type: ignore[no-untyped-def]
        return i_A[:3].copy(), np.zeros((3, 3))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_swimmer_stays_below_step_out(seed: int) -> None:
    case = run_swimmer_case(CALIBRATION, seed, 10.0)
    assert case.ok and case.mae_m <= 200e-6 and case.turn <= 0.7 + 1e-9, str(case)


def test_asked_too_much_the_swimmer_falls_behind_in_step_and_the_clipped_pid_falls_out() -> None:
    slow, clipped = (run_swimmer_case(CALIBRATION, 0, 12.0, steerer, turn_s=20.0) for steerer in ("mpc", "clipped"))
    assert slow.ok and slow.turn <= 0.7 + 1e-9, str(slow)
    assert clipped.turn > 1.0 and clipped.out > 0.1 and clipped.mae_m > 2.0 * slow.mae_m, str(clipped)
    assert any("out of step" in said for said in clipped.violations) and "out of step" in str(clipped)


def test_a_resistance_that_is_held_and_turned_with_the_body_is_the_same_far_from_the_floor() -> None:
    each, held = swim(20.0), swim(20.0, held_steps=5)
    assert np.linalg.norm(each.p_m - held.p_m) <= 1e-9 and each.slip_rad == pytest.approx(held.slip_rad, abs=1e-6)


def test_near_the_floor_it_rolls_to_a_side_and_never_goes_through() -> None:
    free, near = swim(20.0), swim(20.0, floor_m=-0.25e-3)
    assert abs(near.p_m[1]) > 5.0 * abs(free.p_m[1])
    sunk = swim(0.0, floor_m=-0.2e-3, density=2000.0)
    assert sunk.wall_distance_m() >= -5e-6 and sunk.contacts > 0, "a contact is found a step late"


def test_a_left_handed_helix_swims_the_other_way() -> None:
    assert swim(20.0, left=True).p_m[0] == pytest.approx(-swim(20.0).p_m[0], rel=1e-3)


def swim(rate: float, held_steps: int = 1, floor_m: float | None = None, density: float = 970.0, left: bool = False) -> HelixPlant:
    """Two seconds along x."""
    truth = TrueHelix(TURNS, PITCH_M, RADIUS_M, FILAMENT_M, HEAD_M, MOMENT_A_M2, density, 970.0, 0.1, left)
    along, up = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    plant = HelixPlant(Uniform(), truth, floor_m, np.zeros(3), along, up, held_steps=held_steps)  # type: ignore[arg-type]
    for k in range(200):
        a, b = (np.array([0.0, -np.sin(rate * t), np.cos(rate * t)]) * 8e-3 for t in (0.01 * k, 0.01 * k + 0.01))
        plant.step(0.0, a, b, 0.01)
    return plant


def test_far_from_walls_it_is_the_helix_and_step_out_emerges() -> None:
    assert swim(20.0).p_m[0] == pytest.approx(2.0 * 20.0 * helix().advance_m_rad, rel=0.06)
    assert swim(45.0).p_m[0] < 0.8 * 2.0 * 45.0 * helix().advance_m_rad
