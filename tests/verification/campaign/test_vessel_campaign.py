"""A bead in a pulsating vessel: path, walls and limits are kept in the plant's truth, and the campaign sees when they are not."""

from pathlib import Path

import numpy as np
import pytest

from toolkit.models.magnetics import load_mpem, mpem_model
from verification.campaign.bead_plant import TrueBead, WrongCoils
from verification.campaign.vessel import CORE_SHARE, MAE_M_MAX, RADIUS_M, SATURATION_A_M, branching_vessel, run_vessel_case

CALIBRATION = Path(__file__).parents[3] / "examples" / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_bead_keeps_path_walls_and_limits_for_a_minute(seed: int) -> None:
    case = run_vessel_case(seed, CALIBRATION)
    assert case.ok, str(case)
    assert case.uses["current"] >= 0.5, "the coils have work to do"


def test_a_reversed_coil_is_no_success() -> None:
    assert not run_vessel_case(0, CALIBRATION, seconds=4.0, reversed_coil=3).ok


@pytest.mark.campaign
def test_a_pulse_rate_that_is_wrong_costs_accuracy_and_touches_no_wall() -> None:
    case = run_vessel_case(1, CALIBRATION, seconds=10.0, pulse_error=0.02)
    assert case.wall_m >= 500e-6 and MAE_M_MAX / 2 <= case.mae_m <= 100e-6 and all(use <= 1.0 for use in case.uses.values())


def test_the_plant_without_its_errors_has_the_calibrated_field() -> None:
    """Two programs: multipoles in the angle with differences here, polynomials with derivatives in the controller's model."""
    calibration, rng = load_mpem(CALIBRATION), np.random.default_rng(4)
    right, model = WrongCoils(calibration, np.ones(8), np.eye(3), np.zeros(3)), mpem_model(calibration)
    for _ in range(20):
        p_m, i_A = rng.uniform(-8e-3, 8e-3, 3), rng.uniform(-12.0, 12.0, 8)
        B, G = right.field(p_m, i_A)
        sample = model.field(p_m, i_A)
        assert sample.B_tesla == pytest.approx(B, rel=1e-9, abs=1e-12)
        g5 = [G[0, 0], G[0, 1], G[0, 2], G[1, 1], G[1, 2]]
        assert sample.g5_tesla_per_m == pytest.approx(g5, abs=1e-4 * np.abs(G).max())
        assert np.abs(G - G.T).max() <= 1e-4 * np.abs(G).max() and abs(np.trace(G)) <= 1e-4 * np.abs(G).max()


def test_the_plants_coils_are_wrong_by_what_is_stated_and_its_core_saturates() -> None:
    wrong = WrongCoils.draw(load_mpem(CALIBRATION), np.random.default_rng(1))
    assert 0.0 < np.abs(wrong.gain - 1.0).max() <= 0.05 and np.linalg.norm(wrong.offset_m) == pytest.approx(1e-3)
    assert np.degrees(np.arccos((np.trace(wrong.turn) - 1.0) / 2.0)) == pytest.approx(2.0)
    volume = 4.0 / 3.0 * np.pi * RADIUS_M**3
    bead, G = TrueBead(RADIUS_M, 2500.0, CORE_SHARE * volume, SATURATION_A_M), np.diag([1.0, -0.5, -0.5])
    forces = [bead.force(np.array([B, 0.0, 0.0]), G)[0] for B in (0.01, 0.02, 1.0, 2.0)]
    assert forces[1] == pytest.approx(2.0 * forces[0]) and forces[3] == pytest.approx(forces[2])
    assert forces[3] == pytest.approx(SATURATION_A_M * CORE_SHARE * volume)


def test_the_vessel_branches_and_holds_its_path() -> None:
    vessel = branching_vessel()
    assert [segment.name for segment in vessel.segments] == ["inlet", "left", "right"]
    assert vessel.wall_distance_m(np.array([0.0, 0.0, 0.0])) == pytest.approx(1.5e-3, rel=0.02)
