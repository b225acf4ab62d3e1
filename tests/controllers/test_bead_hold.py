"""The hold makes the force it should, in the field it should, no faster than the slew limit; and says when it cannot."""

from pathlib import Path

import numpy as np
import pytest

from controllers import BeadEstimate, BeadHold
from toolkit.models.fluids import BLOOD_LIKE
from toolkit.models.magnetics import load_mpem_model
from toolkit.models.microrobots import Bead, SoftMoment

CALIBRATION = Path(__file__).parents[2] / "examples" / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml"
VOLUME = 4.0 / 3.0 * np.pi * 250e-6**3
BEAD = Bead(250e-6, 2500.0, SoftMoment(0.4 * VOLUME, 4e5), BLOOD_LIKE)
FIELD_T = np.array([0.03, 0.0, 0.0])


def at(p_m: np.ndarray) -> BeadEstimate:
    return BeadEstimate(0.0, p_m, np.zeros(3), 1e-5, 0.04)


@pytest.mark.parametrize("flow", [np.zeros(3), np.array([0.01, 0.0, 0.0])])
@pytest.mark.parametrize("away", [np.zeros(3), np.array([1e-4, -2e-4, 0.0])])
def test_its_currents_pull_the_bead_to_where_it_is_held_against_flow_and_weight(flow: np.ndarray, away: np.ndarray) -> None:
    model, p = load_mpem_model(CALIBRATION), np.array([1e-3, 0.0, 5e-4])
    i = BeadHold(model, BEAD, FIELD_T, 100.0, 1.2).currents(at(p), flow, p + away, np.zeros(8))
    assert i is not None
    field = model.field(p, i)
    velocity = away / 0.1
    c = 1.2 * BEAD.drag.drag_kg_s(float(np.linalg.norm(velocity - flow)))
    force = BEAD.magnetic_force_n(field.B_tesla, field.g5_tesla_per_m) + BEAD.net_weight_n
    assert field.B_tesla == pytest.approx(FIELD_T, abs=1e-6)
    assert force == pytest.approx(c * (velocity - flow), abs=1e-10)


def test_a_step_is_shortened_never_bent() -> None:
    model, p = load_mpem_model(CALIBRATION), np.zeros(3)
    far = BeadHold(model, BEAD, FIELD_T, 100.0, 1.2).currents(at(p), np.zeros(3), p, np.zeros(8))
    near = BeadHold(model, BEAD, FIELD_T, 0.5, 1.2).currents(at(p), np.zeros(3), p, np.zeros(8))
    assert far is not None and near is not None
    assert np.abs(near).max() == pytest.approx(0.5) and near / np.linalg.norm(near) == pytest.approx(far / np.linalg.norm(far))


def test_outside_the_workspace_there_is_no_hold() -> None:
    hold = BeadHold(load_mpem_model(CALIBRATION), BEAD, FIELD_T, 4.0, 1.2)
    assert hold.currents(at(np.array([0.05, 0.0, 0.0])), np.zeros(3), np.zeros(3), np.zeros(8)) is None
