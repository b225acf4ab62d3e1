"""A swimmer's controller stays below step-out, follows what flows and not what it asked for, and refuses what coils cannot make."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controllers import SwimmerMpc, SwimmerMpcOptions
from toolkit import InvalidInput
from toolkit.models.magnetics import load_mpem, mpem_model
from toolkit.models.microrobots import FigureOfEight
from verification.campaign.swimmer import FIELD_T, HALF_HEIGHT_M, HALF_WIDTH_M, LIMITS, PERIOD_S, helix

PATH = FigureOfEight(np.zeros(3), HALF_WIDTH_M, HALF_HEIGHT_M, 60.0, 1.0)
pytestmark = pytest.mark.requirement("MAG-006")
CALIBRATION = Path(__file__).parents[2] / "examples" / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml"


@pytest.fixture(scope="module")
def made() -> SwimmerMpc:
    return SwimmerMpc(mpem_model(load_mpem(CALIBRATION)), helix(), LIMITS, PATH, SwimmerMpcOptions(FIELD_T, PERIOD_S))


@pytest.fixture
def mpc(made: SwimmerMpc) -> SwimmerMpc:
    made.begin(PATH, 0.0, np.zeros(3))
    return made


def field_of(mpc: SwimmerMpc, i_A: np.ndarray) -> np.ndarray:
    return np.asarray(mpc.coils.field(np.zeros(3), i_A).B_tesla)


def test_its_currents_make_the_field_it_turns_without_a_gradient_and_within_its_share(mpc: SwimmerMpc) -> None:
    i, turned = mpc.hold_A, 0.0
    for k in range(50):
        proposal = mpc.compute(k * PERIOD_S, i)
        assert proposal.i_A is not None
        at = proposal.estimate.p_m
        B = mpc.coils.field(at, proposal.i_A)
        assert np.allclose(B.B_tesla, mpc.field.B_tesla, atol=1e-6) and np.abs(B.g5_tesla_per_m).max() <= 1e-4
        turned = max(turned, float(np.linalg.norm(mpc.w_rad_s)))
        i = proposal.i_A
    assert 0.0 < turned <= 0.7 * mpc.step_out_rad_s + 1e-9


def test_after_refused_proposals_it_goes_on_from_the_field_that_flows(mpc: SwimmerMpc) -> None:
    for k in range(30):  # nobody writes what it asks for
        mpc.compute(k * PERIOD_S, mpc.hold_A)
    proposal = mpc.compute(30 * PERIOD_S, mpc.hold_A)
    assert proposal.i_A is not None, proposal.report.status
    before, after = field_of(mpc, mpc.hold_A), field_of(mpc, proposal.i_A)
    angle = np.arccos(before @ after / np.linalg.norm(before) / np.linalg.norm(after))
    assert angle <= (0.7 * mpc.step_out_rad_s + mpc.options.turn_rad_s) * PERIOD_S + 0.06


def test_a_hold_swims_back_to_its_place_and_replaces_the_proposal_of_its_cycle(mpc: SwimmerMpc) -> None:
    start = mpc.compute(0.0, mpc.hold_A)
    assert start.i_A is not None
    ahead = mpc.hold(0.0, np.array([1e-3, 0.7e-3, 0.0]), mpc.hold_A)
    assert ahead.i_A is not None
    w = mpc.w_rad_s @ np.array([1.0, 0.7, 0.0])
    mpc.compute(0.0, mpc.hold_A)
    behind = mpc.hold(0.0, np.array([-1e-3, -0.7e-3, 0.0]), mpc.hold_A)
    assert behind.i_A is not None and w > 0.0 > mpc.w_rad_s @ np.array([1.0, 0.7, 0.0])
    with pytest.raises(InvalidInput, match="at_m"):
        mpc.hold(0.0, np.array([np.nan, 0.0, 0.0]), mpc.hold_A)


def test_a_step_beyond_the_slew_limit_is_no_proposal(made: SwimmerMpc) -> None:
    slow = SwimmerMpc(made.coils, made.robot, replace(LIMITS, slew_A_s=1.0), PATH, made.options)
    i = slow.hold_A
    for k in range(100):
        proposal = slow.compute(k * PERIOD_S, i)
        if proposal.i_A is None:
            break
        i = proposal.i_A
    assert proposal.i_A is None and not proposal.report.ok and "are allowed" in proposal.report.status


def test_where_the_field_cannot_be_made_nothing_begins(made: SwimmerMpc) -> None:
    weak = replace(LIMITS, coils=replace(LIMITS.coils, i_max_ampere=np.full(8, 0.1)))
    with pytest.raises(InvalidInput, match="hold"):
        SwimmerMpc(made.coils, made.robot, weak, PATH, made.options)
    with pytest.raises(InvalidInput, match="field_T"):
        SwimmerMpc(made.coils, made.robot, replace(LIMITS, field_T=1e-3), PATH, made.options)
