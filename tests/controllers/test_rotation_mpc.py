from collections.abc import Callable

import casadi as ca
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from controllers import ClippedPid, PidGains, RotationMpc, RotationMpcOptions
from toolkit import FloatArray, InvalidInput
from toolkit.models.fluids import WATER_20C
from toolkit.models.microrobots import Helix, Roller, mean_spin_rad_s

FIELD_T = 3e-3
DT = 0.05
REST = 20.0
START = np.array([-50e-6, 60e-6, 0.0])
HELIX = Helix(4.0, 10e-6, 3e-6, 0.8e-6, "right", 1.6e-13, 2000.0, WATER_20C)
ROLLER = Roller(20e-6, 0.4, 2.5, 3e-12, 1800.0, WATER_20C, np.array([0.0, 0.0, 1.0]))
OPTIONS = RotationMpcOptions(DT, 12, 10e-6)


def figure_of_eight(t: FloatArray, size: float, turn_s: float) -> FloatArray:
    phase = 2.0 * np.pi * t / turn_s
    return np.column_stack([size * np.sin(phase), 0.5 * size * np.sin(2.0 * phase), 0.0 * t])


def drive(
    robot: Helix | Roller, size: float, turn_s: float, steer: Callable[[FloatArray, float], FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """(tracking error, |w|/w_so) over one figure of eight. Above step-out truth turns at Adler's mean rate about the same axis.

    Truth is 4 % slower than the model, and the camera has 0.5 um of noise.
    """
    rng = np.random.default_rng(0)
    out, p, rows = robot.step_out_rad_s(FIELD_T), START.copy(), []
    for k in range(int(turn_s / DT)):
        w = steer(p + rng.normal(0.0, 0.5e-6, 3), k * DT)
        rate = float(np.linalg.norm(w))
        spin = w if rate == 0.0 else w * mean_spin_rad_s(rate, out) / rate
        if isinstance(robot, Helix):
            axis = w / max(rate, 1e-12)
            along, across = 1.0 / robot.propulsion_matrix[0, 0], 1.0 / robot.transverse_drag_kg_s
            v = robot.advance_m_rad * spin + across * robot.net_weight_n + (along - across) * axis * float(axis @ robot.net_weight_n)
        else:
            v = robot.slip * robot.radius_m * np.cross(spin, robot.normal)
        p = p + 0.96 * DT * v
        rows.append((float(np.linalg.norm(p - figure_of_eight(np.array([(k + 1) * DT]), size, turn_s)[0])), rate / out))
    error, part = np.array(rows).T
    return error, part


@pytest.mark.parametrize("robot", [HELIX, ROLLER], ids=["helix", "roller"])
def test_a_figure_of_eight_is_followed_without_step_out_where_a_clipped_pid_steps_out(robot: Helix | Roller) -> None:
    out = robot.step_out_rad_s(FIELD_T)
    fastest = robot.speed_m_s(out, FIELD_T)
    size, turn_s = 200e-6, 2.0 * np.pi * 200e-6 * np.sqrt(2.0) / (0.9 * fastest)  # the steepest part needs nine tenths of the top speed
    velocity = robot.velocity(DT, REST) if isinstance(robot, Helix) else robot.velocity(DT)
    mpc = RotationMpc(velocity, out, OPTIONS)

    def with_mpc(p: FloatArray, t: float) -> FloatArray:
        ahead = figure_of_eight(t + DT * np.arange(OPTIONS.horizon + 1), size, turn_s)
        proposal = mpc.compute(p, ahead, np.zeros(3))
        assert proposal.rate_rad_s is not None, proposal.report.status
        return proposal.rate_rad_s

    k = robot.advance_m_rad if isinstance(robot, Helix) else robot.slip * robot.radius_m
    to_rotation = np.eye(3) / k if isinstance(robot, Helix) else np.array([[0, -1, 0], [1, 0, 0], [0, 0, 0]]) / k
    pid = ClippedPid(PidGains(5.0, 1.0, 0.0), to_rotation, np.full(3, out), DT)

    def with_pid(p: FloatArray, t: float) -> FloatArray:
        return pid.compute(p, figure_of_eight(np.array([t + DT]), size, turn_s)[0])

    error, part = drive(robot, size, turn_s, with_mpc)
    error_pid, part_pid = drive(robot, size, turn_s, with_pid)
    settled = slice(len(error) // 5, None)
    assert part.max() <= 1.0, "never step-out"
    assert np.sqrt(np.mean(error[settled] ** 2)) < 3e-6
    assert part_pid.max() > 1.0, "the box lets the norm pass step-out"
    assert np.sqrt(np.mean(error_pid[settled] ** 2)) > 5.0 * np.sqrt(np.mean(error[settled] ** 2))


@settings(max_examples=60)
@given(st.lists(st.floats(-1e-2, 1e-2), min_size=3, max_size=3), st.lists(st.floats(-1e-4, 1e-4), min_size=3, max_size=3))
def test_whatever_is_asked_the_field_never_turns_faster_than_step_out(target: list[float], flow: list[float]) -> None:
    out = HELIX.step_out_rad_s(FIELD_T)
    proposal = SHARED.compute(np.zeros(3), np.tile(target, (OPTIONS.horizon + 1, 1)), flow)
    assert proposal.rate_rad_s is not None, proposal.report.status
    assert np.linalg.norm(proposal.rate_rad_s) <= out


SHARED = RotationMpc(HELIX.velocity(DT, REST), HELIX.step_out_rad_s(FIELD_T), OPTIONS)


def test_the_first_rotation_is_that_of_an_independent_optimiser() -> None:
    """One stage of the roller: a ball-constrained least squares, by SLSQP."""
    out = ROLLER.step_out_rad_s(FIELD_T)
    options = RotationMpcOptions(DT, 1, 10e-6)
    target, velocity = np.array([60e-6, 45e-6, 0.0]), ROLLER.velocity(DT)

    def cost(w: FloatArray) -> float:
        end = DT * np.asarray(velocity(out * w, np.zeros(3))).ravel()
        return float(0.5 * np.sum(((end - target) / 10e-6) ** 2) + 0.5 * options.effort * w @ w)

    best = minimize(cost, np.zeros(3), constraints=[{"type": "ineq", "fun": lambda w: 0.99**2 - w @ w}], method="SLSQP", tol=1e-12)
    mpc = RotationMpc(velocity, out, options)
    for _ in range(10):
        proposal = mpc.compute(np.zeros(3), np.tile(target, (2, 1)), np.zeros(3))
    assert proposal.rate_rad_s is not None
    assert proposal.rate_rad_s / out == pytest.approx(best.x, abs=2e-3)


def test_nonsense_is_refused() -> None:
    good = np.zeros((OPTIONS.horizon + 1, 3))
    for position, reference, flow, name in (
        ([np.nan, 0, 0], good, np.zeros(3), "position_m"),
        (np.zeros(3), good[:-1], np.zeros(3), "reference_m"),
        (np.zeros(3), good, np.full(3, np.inf), "flow_m_s"),
        (np.zeros(3), good, np.zeros((2, 3)), "flow_m_s"),
    ):
        with pytest.raises(InvalidInput, match=name):
            SHARED.compute(position, reference, flow)
    with pytest.raises(InvalidInput, match="step_out_rad_s"):
        RotationMpc(HELIX.velocity(DT, REST), float("nan"), OPTIONS)
    with pytest.raises(InvalidInput, match="horizon"):
        RotationMpcOptions(DT, 0, 1e-5)
    with pytest.raises(InvalidInput, match="velocity"):
        w, u = ca.SX.sym("w", 2), ca.SX.sym("u", 2)
        RotationMpc(ca.Function("plane", [w, u], [w + u]), 1.0, OPTIONS)
