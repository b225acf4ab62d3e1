from collections.abc import Callable

import casadi as ca
import numpy as np
import pytest

from controllers import (
    InteriorPoint,
    OptimalControlProblem,
    OptimalControlSolution,
    RealTimeIteration,
    RealTimeIterationOptions,
    Rows,
    SlackPenalty,
)
from tests.controllers.conftest import circle, double_integrator, pendulum
from toolkit import InvalidInput

PRECISE = RealTimeIterationOptions(qp_tolerance=1e-10, iterations_cold=25)


def _solve_both(
    problem: OptimalControlProblem, x0: np.ndarray, p: np.ndarray, u_before: np.ndarray | None
) -> tuple[OptimalControlSolution, OptimalControlSolution]:
    ours = RealTimeIteration(problem, PRECISE).solve(x0, p, u_before=u_before)
    theirs = InteriorPoint(problem).solve(x0, p, u_before=u_before)
    assert ours.report.ok, ours.report
    assert theirs.report.ok, theirs.report
    assert ours.x is not None and theirs.x is not None and ours.u is not None and theirs.u is not None
    assert np.abs(ours.x - theirs.x).max() < 1e-5
    assert np.abs(ours.u - theirs.u).max() < 1e-4
    return ours, theirs


def test_the_pendulum_converges_to_the_solution_of_ipopt() -> None:
    ours, _ = _solve_both(pendulum(), np.array([0.2, 0.0]), np.full((31, 1), 3.0), np.zeros(1))
    assert ours.report.kkt_residual < 1e-6


def test_convex_rows_at_their_limit_converge_to_the_solution_of_ipopt() -> None:
    _, theirs = _solve_both(circle(), np.array([0.0, 0.0, 1.0, 0.0]), np.tile([1.0, 2.0], (21, 1)), None)
    u, x = theirs.u, theirs.x
    assert u is not None and x is not None
    size = np.hypot(u[:, 0] + 0.1 * x[:-1, 2] * x[:-1, 3], u[:, 1])
    assert (size > 0.99).sum() >= 3, "the row must bind, or this test shows nothing"


def to_a_goal(rows: Callable[[ca.SX], Rows], **other: object) -> OptimalControlProblem:
    """The double integrator on its way to a position p, with rows that are a function of its position."""
    x, u, p = ca.SX.sym("x", 2), ca.SX.sym("u"), ca.SX.sym("p")
    x_next, residual = ca.vertcat(x[0] + 0.1 * x[1], x[1] + 0.1 * u), ca.vertcat(x[0] - p, x[1])
    terms = {"stage_residual": ca.vertcat(residual, u), "terminal_residual": residual}
    return double_integrator(x=x, u=u, p=p, x_next=x_next, rows=rows(x[0]), **terms, **other)


def test_a_row_that_cannot_hold_is_left_by_the_same_slack_as_in_ipopt() -> None:
    problem = to_a_goal(lambda position: Rows(position, [-0.5], [0.5], [1.0]), slack=SlackPenalty(20.0, 5.0))
    ours, theirs = _solve_both(problem, np.array([0.9, 0.5]), np.zeros((16, 1)), None)
    slack = theirs.slack
    assert slack is not None and ours.slack is not None
    assert slack.max() > 0.3
    assert np.abs(ours.slack - slack).max() < 1e-5


def test_one_iteration_solves_a_linear_problem() -> None:
    rti = RealTimeIteration(double_integrator(), RealTimeIterationOptions(qp_tolerance=1e-10, iterations_cold=1))
    solution = rti.solve(np.array([1.0, 0.0]), np.zeros((16, 1)))
    assert solution.report.ok
    assert solution.report.kkt_residual < 1e-6


def test_the_kkt_residual_is_large_away_from_the_solution_and_falls() -> None:
    rti = RealTimeIteration(pendulum(), RealTimeIterationOptions(qp_tolerance=1e-10, iterations_cold=1))
    p, x0 = np.full((31, 1), 3.0), np.array([0.2, 0.0])
    residuals = [rti.solve(x0, p, u_before=np.zeros(1), shift=0.0).report.kkt_residual for _ in range(20)]
    assert residuals[0] > 1e-2
    assert residuals[-1] < 1e-7


@pytest.mark.requirement("SAF-011")
@pytest.mark.parametrize("target", [-5.0, 0.3, 5.0])
def test_states_and_inputs_stay_in_their_boxes(target: float) -> None:
    solution = RealTimeIteration(double_integrator()).solve(np.array([1.9, 0.4]), np.full((16, 1), target))
    assert solution.x is not None and solution.u is not None
    assert np.abs(solution.x[1:, 0]).max() <= 2.0 + 1e-5
    assert np.abs(solution.x[1:, 1]).max() <= 1.0 + 1e-5
    assert np.abs(solution.u).max() <= 3.0 + 1e-5


def test_move_limits_hold_from_the_input_before_on() -> None:
    rti = RealTimeIteration(double_integrator(move_limit=[0.4]))
    solution = rti.solve(np.array([1.0, 0.0]), np.zeros((16, 1)), u_before=np.array([1.0]))
    assert solution.u is not None
    moves = np.diff(np.concatenate([[1.0], solution.u[:, 0]]))
    assert np.abs(moves).max() <= 0.4 + 1e-5
    assert np.abs(moves).max() > 0.39


@pytest.mark.requirement("SAF-011")
def test_an_infeasible_problem_is_a_value_without_numbers() -> None:
    # At 2 with speed 1 nothing stops within the box.
    solution = RealTimeIteration(double_integrator()).solve(np.array([2.0, 1.0]), np.zeros((16, 1)))
    assert not solution.report.ok
    assert solution.report.status.startswith("QP ")
    assert solution.x is None and solution.u is None and solution.slack is None


def test_the_solve_after_a_failure_starts_cold_and_succeeds() -> None:
    rti, p = RealTimeIteration(double_integrator()), np.zeros((16, 1))
    assert rti.solve(np.array([1.0, 0.0]), p).report.ok
    assert rti.is_warm
    assert not rti.solve(np.array([2.0, 1.0]), p).report.ok
    assert not rti.is_warm
    again = rti.solve(np.array([1.0, 0.0]), p)
    fresh = RealTimeIteration(double_integrator()).solve(np.array([1.0, 0.0]), p)
    assert again.report.ok and again.u is not None and fresh.u is not None
    assert np.abs(again.u - fresh.u).max() < 1e-5


@pytest.mark.requirement("SAF-010")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_state_or_parameter_that_is_not_finite_is_a_failed_solve(bad: float) -> None:
    rti, p = RealTimeIteration(double_integrator()), np.zeros((16, 1))
    assert rti.solve(np.array([bad, 0.0]), p).report.status == "input not finite"
    p[3] = bad
    solution = rti.solve(np.array([0.0, 0.0]), p)
    assert (solution.report.ok, solution.u) == (False, None)


@pytest.mark.requirement("SAF-011")
def test_a_model_that_leaves_its_domain_is_a_failed_solve() -> None:
    x, u, p = ca.SX.sym("x", 2), ca.SX.sym("u"), ca.SX.sym("p")
    problem = double_integrator(
        x=x, u=u, p=p, x_next=ca.vertcat(ca.sqrt(x[0] - p), u), stage_residual=ca.vertcat(x, u), terminal_residual=x
    )
    solution = RealTimeIteration(problem).solve(np.array([0.0, 0.0]), np.full((16, 1), 1.0))
    assert (solution.report.ok, solution.report.status) == (False, "linearisation not finite")


def test_a_row_that_is_not_finite_where_the_step_ends_is_a_failed_solve() -> None:
    problem = to_a_goal(lambda position: Rows(ca.sqrt(position - 0.3), [-5.0], [5.0], [1.0]))
    rti = RealTimeIteration(problem, RealTimeIterationOptions(iterations_cold=1))
    solution = rti.solve(np.array([0.9, 0.0]), np.full((16, 1), -2.0))
    assert (solution.report.ok, solution.report.status, solution.x) == (False, "iterate not finite", None)
    assert not rti.is_warm



@pytest.mark.requirement("SAF-011")
def test_a_late_solve_is_a_failure_and_forgets_its_warm_start() -> None:
    rti = RealTimeIteration(double_integrator(), RealTimeIterationOptions(time_limit_s=1e-6))
    solution = rti.solve(np.array([1.0, 0.0]), np.zeros((16, 1)))
    assert (solution.report.ok, solution.report.status, solution.u, rti.is_warm) == (False, "late", None, False)


def test_too_few_qp_iterations_are_a_failure() -> None:
    solution = RealTimeIteration(double_integrator(), RealTimeIterationOptions(qp_iterations=2)).solve(np.ones(2) * 0.5, np.zeros((16, 1)))
    assert solution.report.status == "QP PIQP_MAX_ITER_REACHED"


def test_wrong_shapes_are_refused() -> None:
    rti = RealTimeIteration(double_integrator(move_limit=[1.0]))
    with pytest.raises(InvalidInput, match="x0, p"):
        rti.solve(np.zeros(3), np.zeros((16, 1)), u_before=np.zeros(1))
    with pytest.raises(InvalidInput, match="u_before"):
        rti.solve(np.zeros(2), np.zeros((16, 1)))
    with pytest.raises(InvalidInput, match="damping"):
        RealTimeIteration(double_integrator(), RealTimeIterationOptions(damping=[1.0, 2.0]))


def test_widened_boxes_replace_those_of_the_problem_for_one_solve() -> None:
    rti, p = RealTimeIteration(double_integrator()), np.zeros((16, 1))
    wide = np.tile([4.0, 4.0], (16, 1))
    assert rti.solve(np.array([2.0, 1.0]), p, x_lower=-wide, x_upper=wide).report.ok
    assert not rti.solve(np.array([2.0, 1.0]), p).report.ok


def test_starting_from_ipopt_is_already_at_the_solution() -> None:
    problem, p, x0 = pendulum(), np.full((31, 1), 3.0), np.array([0.2, 0.0])
    theirs = InteriorPoint(problem).solve(x0, p, u_before=np.zeros(1))
    assert theirs.x is not None and theirs.u is not None
    rti = RealTimeIteration(problem, RealTimeIterationOptions(qp_tolerance=1e-10))
    rti.start_from(theirs.x, theirs.u)
    first = rti.solve(x0, p, u_before=np.zeros(1), shift=0.0)
    assert first.x is not None
    assert np.abs(first.x - theirs.x).max() < 1e-5
