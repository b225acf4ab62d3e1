import casadi as ca
import numpy as np
import pytest

from controllers import OptimalControlProblem
from controllers.stage_linearisation import StageLinearisation
from tests.controllers.conftest import circle, pendulum
from toolkit import FloatArray


def _at_random(problem: OptimalControlProblem) -> StageLinearisation:
    stages = StageLinearisation(problem.with_moves_as_states(), np.zeros(problem.nu))
    generator = np.random.default_rng(3)
    stages.w[:], stages.p[:] = 0.3 * generator.standard_normal(stages.size), 0.3
    return stages


def _by_differences(stages: StageLinearisation, read: str) -> FloatArray:
    columns, step = [], 1e-6
    for i in range(stages.size):
        sides = []
        for sign in (1.0, -1.0):
            stages.w[i] += sign * step
            stages.linearise()
            sides.append(getattr(stages, read).copy())
            stages.w[i] -= sign * step
        columns.append((sides[0] - sides[1]) / (2.0 * step))
    stages.linearise()
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("problem", [pendulum(), circle()], ids=["pendulum", "circle"])
def test_the_rows_of_the_qp_are_the_derivatives_of_the_problem(problem: OptimalControlProblem) -> None:
    stages = _at_random(problem)
    slacks = np.zeros(stages.size, dtype=bool)
    for column in stages.slack_columns:
        slacks[column] = True
    # b = f(x_k, u_k) - x_{k+1}: A d = b says that its linearisation vanishes, so A = -db/dw. Row 0 is x_0's, which b does not know.
    A = -_by_differences(stages, "b")[stages.nx :]
    assert np.abs(stages.A.toarray()[stages.nx :] - A).max() < 1e-8
    G = _by_differences(stages, "rows_value")
    assert np.abs(stages.G.toarray()[:, ~slacks] - G[:, ~slacks]).max() < 1e-8


def test_the_gradient_is_the_derivative_of_the_cost_and_p_the_gauss_newton_hessian() -> None:
    problem = pendulum()
    stages = _at_random(problem)
    full = stages.problem
    w, p = ca.SX.sym("w", full.nx + full.nu), ca.SX.sym("p")
    residual = ca.substitute(full.stage_residual, ca.vertcat(full.x, full.u, full.p), ca.vertcat(w, p))
    J = ca.jacobian(residual, w)
    W = np.diag(np.asarray(full.stage_weight))
    expected = ca.Function("expected", [w, p], [ca.mtimes(J.T, ca.mtimes(W, residual)), ca.mtimes(J.T, ca.mtimes(W, J))])
    stages.linearise()
    P = stages.P.toarray()
    for k in (0, 7, 29):
        gradient, hessian = (np.array(m) for m in expected(stages.w_stage[k, :-1], 0.3))
        at = slice(k * stages.nw, (k + 1) * stages.nw - 1)
        assert np.abs(stages.c[at] - gradient.ravel()).max() < 1e-12
        assert np.abs(P[at, at] - np.triu(hessian)).max() < 1e-12


def test_the_curvature_of_convex_rows_makes_the_hessian_larger_never_smaller() -> None:
    stages = _at_random(circle())
    stages.linearise()
    before = stages.P.toarray()
    stages.multipliers[:] = 2.0
    stages.linearise()
    added = stages.P.toarray() - before
    eigenvalues = np.linalg.eigvalsh(added + np.triu(added, 1).T)
    assert eigenvalues.min() > -1e-9
    assert eigenvalues.max() > 0.1
