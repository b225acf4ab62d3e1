"""The bead's problem is its physics, its proposals keep the limits, and what cannot be solved is no proposal."""

from dataclasses import replace
from pathlib import Path

import casadi as ca
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from controllers import BeadLimits, BeadMpc, BeadMpcOptions, BeadOptions, CoilLimits, bead_problem, holding_currents
from controllers.bead_problem import DRAG, FLOW_MM_S, PARAMETERS
from toolkit import FloatArray, InvalidInput
from toolkit.models.fluids import BLOOD_LIKE
from toolkit.models.magnetics import FieldModel, Saturation, load_mpem_model
from toolkit.models.microrobots import Bead, SoftMoment

CALIBRATION = Path(__file__).parents[2] / "examples" / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml"
LIMITS = BeadLimits(CoilLimits(np.full(8, 12.0), np.ones(8), 700.0), slew_A_s=800.0, field_T=0.06, gradient_T_m=2.5, field_rate_T_s=8.0)
FIELD_T = (0.03, 0.0, 0.0)


@pytest.fixture(scope="module")
def coils() -> FieldModel:
    return load_mpem_model(CALIBRATION)


@pytest.fixture(scope="module")
def bead() -> Bead:
    radius_m = 250e-6
    return Bead(radius_m, 2500.0, SoftMoment(0.4 * 4.0 / 3.0 * np.pi * radius_m**3, 4e5), BLOOD_LIKE)


def resting(times_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    k = len(times_s)
    return np.tile([1e-3, 0.0, 0.0], (k, 1)), np.zeros((k, 3)), np.tile([1.0, 0.0, 0.0], (k, 1))


def mpc_for(coils: FieldModel, bead: Bead, limits: BeadLimits = LIMITS, path=resting) -> BeadMpc:  # type: ignore[no-untyped-def]
    return BeadMpc(coils, bead, limits, path, 1.2, options=BeadMpcOptions(problem=BeadOptions(stages=6, field_T=FIELD_T)))


def test_a_stage_is_what_an_integrator_finds(coils: FieldModel, bead: Bead) -> None:
    """Against the bead's own equation of motion, integrated; slow enough for Stokes, far from walls, the field as it is at the start."""
    problem = bead_problem(coils, bead, LIMITS, BeadOptions(field_T=FIELD_T))
    f = ca.Function("f", [problem.x, problem.u, problem.p], [problem.x_next])
    p_m, v, i = np.array([1e-3, -5e-4, 2e-4]), np.array([1e-4, 2e-4, -1e-4]), holding_currents(coils, bead, np.zeros(3), np.array(FIELD_T))
    flow = np.array([2e-4, 0.0, 1e-4])
    given = np.zeros(PARAMETERS)
    given[FLOW_MM_S], given[DRAG] = flow * 1e3, bead.drag.stokes_kg_s * 1e3
    x = np.concatenate([p_m * 1e3, v * 1e3, i / 12.0])
    after = np.array(f(x, np.zeros(8), given)).ravel()
    sample, equation = coils.field(p_m, i), bead.acceleration()

    def rate(t: float, y: FloatArray) -> FloatArray:
        dv = equation(y[3:], sample.B_tesla, sample.g5_tesla_per_m, flow, np.zeros(3), np.array([0.0, 0.0, 1.0]), 0.0)
        return np.concatenate([y[3:], np.array(dv).ravel()])

    end = solve_ivp(rate, (0.0, 0.01), np.concatenate([p_m, v]), rtol=1e-10, atol=1e-14).y[:, -1]
    moved = np.linalg.norm(end[:3] - p_m)
    assert np.linalg.norm(after[:3] * 1e-3 - end[:3]) <= 0.03 * moved, "3 %: Schiller and Naumann's drag at this speed"
    assert np.linalg.norm(after[3:6] * 1e-3 - end[3:]) <= 0.03 * np.linalg.norm(end[3:])


def test_holding_currents_hold_and_make_the_field(coils: FieldModel, bead: Bead) -> None:
    p_m = np.array([2e-3, 1e-3, -1e-3])
    sample = coils.field(p_m, holding_currents(coils, bead, p_m, np.array(FIELD_T)))
    assert sample.B_tesla == pytest.approx(FIELD_T, abs=1e-7)
    assert bead.magnetic_force_n(sample.B_tesla, sample.g5_tesla_per_m) == pytest.approx(-bead.net_weight_n, abs=1e-12)


def test_a_bead_that_is_too_heavy_for_the_coils_is_refused(coils: FieldModel, bead: Bead) -> None:
    weak = replace(LIMITS, coils=CoilLimits(np.full(8, 3.0), np.ones(8), 700.0))
    with pytest.raises(InvalidInput, match="would be needed to hold the bead"):
        mpc_for(coils, bead, weak)


def test_coils_with_saturation_and_limits_of_other_coils_are_refused(coils: FieldModel, bead: Bead) -> None:
    with pytest.raises(InvalidInput, match="of 3 coils"):
        bead_problem(coils, bead, replace(LIMITS, coils=CoilLimits(np.ones(3), np.ones(3), 1.0)), BeadOptions())
    saturated = coils.with_saturation(Saturation(("tanh",) * 8, np.full(8, 20.0), np.full(8, 0.05)))
    with pytest.raises(InvalidInput, match="saturation"):
        holding_currents(saturated, bead, np.zeros(3), np.array(FIELD_T))


def test_proposals_keep_currents_slew_and_heat_even_when_much_is_asked(coils: FieldModel, bead: Bead) -> None:
    """The path jumps by 2 mm and the bead stays: everything the coils have is asked for."""
    low = replace(LIMITS, coils=CoilLimits(np.full(8, 9.0), np.ones(8), 280.0), slew_A_s=100.0)

    def jump(times_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        p, v, e = resting(times_s)
        return p + np.where(times_s[:, None] > 0.05, 2e-3, 0.0) * np.array([0.0, 1.0, 1.0]), v, e

    mpc = mpc_for(coils, bead, low, jump)
    i, largest, heat, refused = mpc.hold_A, 0.0, 0.0, 0
    for k in range(20):
        mpc.frame(0.01 * k + 1e-3, np.array([1e-3, 0.0, 0.0]))  # it does not move, whatever is done
        proposal = mpc.compute(0.01 * (k + 1), i)
        if proposal.i_A is None:
            refused += 1
            assert "W are allowed" in proposal.report.status, proposal.report
            continue
        assert np.abs(proposal.i_A).max() <= 9.0 and np.abs(proposal.i_A - i).max() <= 1.0 + 1e-6
        i = proposal.i_A
        largest, heat = max(largest, float(np.abs(i).max())), max(heat, low.coils.heat(i))
    assert heat >= 270.0 and largest >= 8.0, "something was asked for"
    assert heat <= 280.0 * 1.02 and refused <= 10


def test_a_solve_without_result_proposes_nothing_and_the_next_one_recovers(
    coils: FieldModel, bead: Bead, monkeypatch: pytest.MonkeyPatch
) -> None:
    mpc = mpc_for(coils, bead)
    assert mpc.compute(0.0, mpc.hold_A).i_A is not None
    iterate = mpc._solver._iterate
    monkeypatch.setattr(mpc._solver, "_iterate", lambda start: ("QP planted", 1))
    failed = mpc.compute(0.01, mpc.hold_A)
    assert failed.i_A is None and not failed.report.ok and "planted" in failed.report.status
    monkeypatch.setattr(mpc._solver, "_iterate", iterate)
    again = mpc.compute(0.02, mpc.hold_A)
    assert again.i_A is not None and np.abs(again.i_A - mpc.hold_A).max() <= 1.0


@pytest.mark.parametrize("currents", [np.zeros(7), np.full(8, np.nan)])
def test_currents_of_another_number_or_none_are_refused(coils: FieldModel, bead: Bead, currents: FloatArray) -> None:
    with pytest.raises(InvalidInput, match="i_A"):
        mpc_for(coils, bead).compute(0.0, currents)


@pytest.mark.parametrize("wrong", [{"stages": 1}, {"period_s": 0.0}, {"position_scale_m": -1.0}, {"field_scale_T": float("nan")}])
def test_options_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        BeadOptions(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        replace(LIMITS, field_T=float("inf"))
