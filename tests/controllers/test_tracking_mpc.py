from dataclasses import replace

import casadi as ca
import numpy as np
import pytest

from controllers import (
    ConstantReference,
    HalfSpace,
    InteriorPoint,
    JointReference,
    LineReference,
    OptimalControlSolution,
    PathReference,
    RealTimeIterationOptions,
    Reference,
    SetpointLimits,
    TrackingMpc,
    TrackingMpcOptions,
    TrackingOptions,
    tracking_problem,
)
from controllers.reference import CartesianSpeed
from controllers.tracking_problem import advance
from tests.controllers.conftest import Q_HOME
from toolkit import FloatArray, InvalidInput, Pose, SolveReport
from toolkit.models import SerialArm

T = 0.005
TICK = np.array([6e-5, 6e-5, 8e-6, 3e-4, 3e-4, 3e-4, 3e-4])


def _run(
    mpc: TrackingMpc, reference: Reference | JointReference, steps: int, y: FloatArray = Q_HOME, dy: FloatArray | None = None
) -> FloatArray:
    """Setpoints of a closed loop on whole ticks, shape (steps + 2, n)."""
    start = np.rint(y / TICK) * TICK
    path = [start - T * (np.zeros(7) if dy is None else dy), start]
    for k in range(steps):
        proposal = mpc.compute(path[-1], (path[-1] - path[-2]) / T, reference, (k + 1) * T)
        assert proposal.q is not None, proposal.report
        path.append(np.rint(proposal.q / TICK) * TICK)
    return np.array(path)


def _tips(arm: SerialArm, path: FloatArray) -> FloatArray:
    return np.array([arm.tip_pose(q).p_m for q in path])


def _figure(arm: SerialArm, speed: float) -> PathReference:
    """A figure in space that begins at rest at Q_HOME."""
    start = arm.tip_pose(Q_HOME)
    t = np.arange(0.0, 3.0, 1e-3)[:, None]
    phase = speed / 0.02 * (t - np.tanh(3.0 * t) / 3.0)
    shape = np.hstack([np.sin(phase), 1.0 - np.cos(phase), 0.3 * np.sin(2.0 * phase)])
    return PathReference(start.p_m + 0.02 * shape, 1000.0, start.R)


@pytest.fixture(scope="module")
def mpc(arm: SerialArm, limits: SetpointLimits) -> TrackingMpc:
    return TrackingMpc(arm, limits, TrackingMpcOptions(resolution=TICK))


@pytest.fixture(autouse=True)
def _fresh(mpc: TrackingMpc) -> None:
    mpc.reset()


def test_a_stage_is_its_servo_periods_exactly(arm: SerialArm, limits: SetpointLimits) -> None:
    problem = tracking_problem(arm, limits, TrackingOptions())
    f = ca.Function("f", [problem.x, problem.u, problem.p], [problem.x_next])
    generator = np.random.default_rng(0)
    q, v, u = (generator.standard_normal(6) for _ in range(3))
    expected_q, expected_v = q, v
    for _ in range(4):
        expected_q, expected_v = advance(expected_q, expected_v, u, T)
    got = np.array(f(np.concatenate([q, v]), u, np.zeros(problem.np))).ravel()
    assert np.abs(got - np.concatenate([expected_q, expected_v])).max() < 1e-14


def test_a_feasible_path_is_followed_within_a_tenth_of_a_millimetre(arm: SerialArm, mpc: TrackingMpc) -> None:
    reference = _figure(arm, 0.03)
    path = _run(mpc, reference, 400)[1:]
    p, R = reference.poses(np.arange(path.shape[0]) * T)
    error = np.linalg.norm(_tips(arm, path) - p, axis=1)
    assert error.max() < 1.5e-4
    turned = [np.abs(arm.tip_pose(q).R - r).max() for q, r in zip(path, R, strict=True)]
    assert max(turned) < 5e-3


@pytest.mark.parametrize("speed", [0.045, 0.08])
def test_tip_speed_and_acceleration_stay_below_the_shields_limits(arm: SerialArm, mpc: TrackingMpc, speed: float) -> None:
    tips = _tips(arm, _run(mpc, _figure(arm, speed), 400))
    measured = np.linalg.norm(np.diff(tips, axis=0), axis=1) / T
    # A tick more or less of every joint in a difference: 3 mm/s; half a tick in the newest of a second difference: 0.2 m/s^2.
    assert measured.max() < 0.0485 + 0.003
    assert np.linalg.norm(np.diff(tips, 2, axis=0), axis=1).max() / T**2 < 1.0
    if speed > 0.05:
        assert measured.max() > 0.047, "the limit must bind, or this test shows nothing"


def test_a_step_of_the_reference_is_reached_without_leaving_the_limits(arm: SerialArm, mpc: TrackingMpc) -> None:
    start = arm.tip_pose(Q_HOME)
    goal = Pose(start.R, start.p_m + np.array([0.01, -0.015, 0.01]))
    tips = _tips(arm, _run(mpc, ConstantReference(goal), 300))
    assert np.linalg.norm(tips[-1] - goal.p_m) < 5e-5
    assert np.linalg.norm(np.diff(tips, axis=0), axis=1).max() / T < 0.0515
    assert np.linalg.norm(np.diff(tips, 2, axis=0), axis=1).max() / T**2 < 1.0


def test_a_joint_reference_is_followed_in_joints_and_jaw(arm: SerialArm, mpc: TrackingMpc) -> None:
    goal = Q_HOME + np.array([0.05, -0.05, 0.005, 0.2, 0.1, -0.1, 0.5])
    move = JointReference(Q_HOME, goal, 0.2 * np.ones(7), np.ones(7))
    path = _run(mpc, move, int(move.duration_s / T) + 100)
    assert np.abs(path[-1] - goal).max() < 1e-3


def test_after_a_hold_from_full_speed_it_recovers_by_itself(arm: SerialArm, mpc: TrackingMpc) -> None:
    reference = _figure(arm, 0.03)
    path = _run(mpc, reference, 200)
    before = mpc.solver.is_warm
    held = path[-1]
    # The safety layer held: the newest setpoint repeats, the rate is zero, the path has gone on for 100 ms.
    errors = []
    y, dy = held, np.zeros(7)
    for k in range(220, 420):
        proposal = mpc.compute(y, dy, reference, k * T)
        assert proposal.q is not None, proposal.report
        q = np.rint(proposal.q / TICK) * TICK
        y, dy = q, (q - y) / T
        errors.append(np.linalg.norm(arm.tip_pose(y).p_m - reference.poses(np.array([k * T]))[0][0]))
    assert before
    assert errors[0] > 2e-3
    assert errors[-1] < 2e-4


@pytest.mark.parametrize("joint", [0, 2, 4])
def test_a_start_at_a_limit_with_speed_towards_it_still_has_a_solution(arm: SerialArm, mpc: TrackingMpc, joint: int) -> None:
    q, dq = Q_HOME.copy(), np.zeros(7)
    q[joint] = arm.limits.upper[joint]
    dq[joint] = 1.2 * float(np.asarray(mpc.limits.velocity)[joint])
    path = _run(mpc, ConstantReference(arm.tip_pose(Q_HOME)), 60, q, dq)
    assert path[-1][joint] < path[1:, joint].max(), "it turns back"


def test_joints_stay_within_limits_when_the_reference_does_not(arm: SerialArm, mpc: TrackingMpc) -> None:
    outside = Q_HOME.copy()
    outside[2] = 0.26
    near = Q_HOME.copy()
    near[2] = 0.225
    path = _run(mpc, ConstantReference(arm.tip_pose(outside)), 200, near)
    # Rounding may carry it over by a few ticks while it brakes (joint_margin is there for that); it is brought back.
    assert path[:, 2].max() <= 0.24 + 1.5e-4
    assert 0.235 < path[-1, 2] <= 0.24 + 2.0 * TICK[2]


def test_a_known_region_is_not_entered(arm: SerialArm, limits: SetpointLimits) -> None:
    start = arm.tip_pose(Q_HOME)
    wall = HalfSpace([1.0, 0.0, 0.0], float(start.p_m[0]) - 0.005, ("tip",))
    goal = Pose(start.R, start.p_m - np.array([0.01, 0.0, 0.0]))
    tips = _tips(arm, _run(TrackingMpc(arm, limits, keep_in=(wall,)), ConstantReference(goal), 200))
    assert tips[:, 0].min() > wall.offset_m - 1e-4
    assert tips[-1, 0] < wall.offset_m + 1e-3


def test_one_iteration_a_cycle_stays_with_the_solution_of_ipopt(arm: SerialArm, mpc: TrackingMpc) -> None:
    reference = _figure(arm, 0.03)
    path = _run(mpc, reference, 150)
    y, dy = path[-1], (path[-1] - path[-2]) / T
    proposal = mpc.compute(y, dy, reference, 151 * T)
    assert mpc.solution is not None and mpc.solution.u is not None and proposal.q is not None
    p = mpc.fill_parameters(reference, 151 * T, np.zeros(6), y).copy()
    x0 = np.concatenate([y[:6], dy[:6]])
    ipopt = InteriorPoint(mpc.problem).solve(x0, p, guess=mpc.solution)
    assert ipopt.u is not None, ipopt.report
    exact = np.append(advance(y[:6], dy[:6], ipopt.u[0], T)[0], y[6])
    assert np.linalg.norm(arm.tip_pose(np.asarray(proposal.q)).p_m - arm.tip_pose(exact).p_m) < 5e-6
    for _ in range(40):
        converged = mpc.solver.solve(x0, p, shift=0.0)
    assert converged.u is not None
    assert np.abs(advance(y[:6], dy[:6], converged.u[0], T)[0] - exact[:6]).max() < 1e-6


def test_a_cold_start_is_ipopts_solution_and_the_first_cycle_stays_with_it(arm: SerialArm, mpc: TrackingMpc) -> None:
    goal = arm.tip_pose(Q_HOME)
    reference = ConstantReference(Pose(goal.R, goal.p_m + np.array([0.02, 0.0, 0.01])))
    report = mpc.cold_start(Q_HOME, np.zeros(7), reference, 0.0)
    assert report.ok and report.status == "Solve_Succeeded" and mpc.solver.is_warm
    x0, p = np.concatenate([Q_HOME[:6], np.zeros(6)]), mpc.fill_parameters(reference, 0.0, np.zeros(6), Q_HOME).copy()
    ipopt = InteriorPoint(mpc.problem).solve(x0, p)
    assert ipopt.u is not None
    stepped = mpc.solver.solve(x0, p, shift=0.0)
    assert stepped.u is not None and np.abs(stepped.u[0] - ipopt.u[0]).max() * T**2 < 1e-6
    mpc.reset()
    guessed = mpc.solver.solve(x0, p, shift=0.0)
    assert guessed.u is not None and np.abs(guessed.u[0] - ipopt.u[0]).max() > 3.0 * np.abs(stepped.u[0] - ipopt.u[0]).max()


def test_a_cold_start_that_fails_says_so_and_the_iteration_starts_from_rest(arm: SerialArm, mpc: TrackingMpc) -> None:
    goal = arm.tip_pose(Q_HOME)
    with pytest.MonkeyPatch.context() as patch:
        failed = OptimalControlSolution(SolveReport(False, "Infeasible_Problem_Detected", 3, float("inf"), 0.0))
        patch.setattr(InteriorPoint, "solve", lambda *_, **__: failed)
        report = mpc.cold_start(Q_HOME, np.zeros(7), ConstantReference(goal), 0.0)
    assert not report.ok and not mpc.solver.is_warm
    assert mpc.compute(Q_HOME, np.zeros(7), ConstantReference(goal), 0.0).report.ok


def test_the_reference_is_read_ahead_by_the_latency(arm: SerialArm, limits: SetpointLimits) -> None:
    start = arm.tip_pose(Q_HOME)
    line = LineReference(start, Pose(start.R, start.p_m + np.array([0.03, 0.0, 0.0])), CartesianSpeed(0.03, 0.3, 1.0, 5.0))
    path = _run(TrackingMpc(arm, limits, TrackingMpcOptions(latency_s=0.02)), line, 120)[1:]
    p, _ = line.poses(np.arange(path.shape[0]) * T + 0.02)
    assert np.linalg.norm(_tips(arm, path) - p, axis=1)[20:].max() < 1e-4


@pytest.mark.requirement("SAF-007")
def test_a_failed_solve_proposes_nothing_and_the_next_one_recovers(arm: SerialArm, limits: SetpointLimits) -> None:
    options = TrackingMpcOptions(solver=RealTimeIterationOptions(time_limit_s=1e-6))
    late = TrackingMpc(arm, limits, options)
    proposal = late.compute(Q_HOME, np.zeros(7), ConstantReference(arm.tip_pose(Q_HOME)), 0.0)
    assert (proposal.q, proposal.report.ok, proposal.report.status, late.predicted) == (None, False, "late", None)
    late.solver.options = replace(late.solver.options, time_limit_s=None)
    assert late.compute(Q_HOME, np.zeros(7), ConstantReference(arm.tip_pose(Q_HOME)), 0.0).report.ok


@pytest.mark.requirement("SAF-010")
def test_a_reference_with_nan_is_a_failed_solve_not_a_command(arm: SerialArm, mpc: TrackingMpc) -> None:
    class Broken:
        duration_s = 1.0

        def poses(self, t_s: FloatArray) -> tuple[FloatArray, FloatArray]:
            return np.full((t_s.size, 3), np.nan), np.tile(np.eye(3), (t_s.size, 1, 1))

    broken: Reference = Broken()
    proposal = mpc.compute(Q_HOME, np.zeros(7), broken, 0.0)
    assert (proposal.q, proposal.report.status) == (None, "input not finite")


@pytest.mark.parametrize("bad", [np.full(7, np.nan), np.zeros(6)])
def test_a_bad_setpoint_is_refused(arm: SerialArm, mpc: TrackingMpc, bad: FloatArray) -> None:
    with pytest.raises(InvalidInput, match="y_q"):
        mpc.compute(bad, np.zeros(7), ConstantReference(arm.tip_pose(Q_HOME)), 0.0)


def test_limits_of_another_arm_and_unknown_points_are_refused(arm: SerialArm, limits: SetpointLimits) -> None:
    with pytest.raises(InvalidInput, match="velocity"):
        TrackingMpc(arm, SetpointLimits([1.0], [1.0], 0.05, 1.0))
    with pytest.raises(InvalidInput, match="elbow"):
        TrackingMpc(arm, replace(limits, points=("elbow",)))
    with pytest.raises(InvalidInput, match="joint_margin"):
        TrackingMpc(arm, replace(limits, joint_margin=2.0))
    with pytest.raises(InvalidInput, match="unit length"):
        HalfSpace([1.0, 1.0, 0.0], 0.0, ("tip",))
