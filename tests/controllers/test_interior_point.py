import numpy as np
import pytest
import scipy.optimize

from controllers import InteriorPoint, InteriorPointOptions
from tests.controllers.conftest import double_integrator, pendulum
from toolkit import InvalidInput


def test_an_unconstrained_problem_has_the_solution_of_least_squares() -> None:
    problem = double_integrator(x_lower=[-50.0] * 2, x_upper=[50.0] * 2, u_lower=[-50.0], u_upper=[50.0])
    x0, T, N = np.array([1.0, -0.3]), 0.1, 15

    def residuals(u: np.ndarray) -> np.ndarray:
        x, parts = x0, []
        for k in range(N):
            parts += [np.sqrt(10.0) * x[0], x[1], np.sqrt(0.1) * u[k]]
            x = np.array([x[0] + T * x[1], x[1] + T * u[k]])
        return np.array([*parts, 10.0 * x[0], np.sqrt(10.0) * x[1]])

    expected = scipy.optimize.least_squares(residuals, np.zeros(N), xtol=1e-15, ftol=1e-15, gtol=1e-15).x
    solution = InteriorPoint(problem).solve(x0, np.zeros((16, 1)))
    assert solution.u is not None
    assert np.abs(solution.u[:, 0] - expected).max() < 1e-6


def test_infeasible_and_not_finite_are_values() -> None:
    solver = InteriorPoint(double_integrator())
    infeasible = solver.solve(np.array([2.0, 1.0]), np.zeros((16, 1)))
    assert (infeasible.report.ok, infeasible.x) == (False, None)
    assert solver.solve(np.array([np.nan, 0.0]), np.zeros((16, 1))).report.status == "input not finite"


def test_too_few_iterations_are_a_failure_with_ipopts_own_word() -> None:
    solver = InteriorPoint(pendulum(), InteriorPointOptions(iterations=2))
    solution = solver.solve(np.array([0.2, 0.0]), np.full((31, 1), 3.0), u_before=np.zeros(1))
    assert (solution.report.ok, solution.report.status) == (False, "Maximum_Iterations_Exceeded")


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(InvalidInput, match="x0, p"):
        InteriorPoint(double_integrator()).solve(np.zeros(2), np.zeros((15, 1)))
