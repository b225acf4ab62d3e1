"""The peers of the MPC benchmark: the same optimal control problem handed to CasADi Opti + IPOPT and to do-mpc."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any, Protocol

import casadi as ca
import numpy as np

from controllers import OptimalControlProblem
from toolkit import FloatArray, InvalidInput

SLACK_MAX = 10.0
"""Upper bound of the slack in the solvers that want one; ten times every limit is never reached."""


class Solver(Protocol):
    """One of those compared: a start, then an input for every state."""

    name: str

    def start(self, x: FloatArray, p: FloatArray) -> None: ...

    def input(self, x: FloatArray, p: FloatArray) -> FloatArray | None: ...


class OptiSolver:
    """CasADi Opti, multiple shooting, IPOPT with expand=True (the faster of its modes), warm started from the last primal."""

    name = "CasADi Opti + IPOPT"

    def __init__(self, problem: OptimalControlProblem) -> None:
        N, nx, nu = problem.horizon, problem.nx, problem.nu
        opti = ca.Opti()
        self._x, self._u, self._s = opti.variable(nx, N + 1), opti.variable(nu, N), opti.variable(1, N)
        self._x0, self._p = opti.parameter(nx), opti.parameter(problem.np, N + 1)
        stage = ca.Function("stage", [problem.x, problem.u, problem.p], stage_parts(problem))
        terminal = ca.Function("terminal", [problem.x, problem.p], [_terminal_cost(problem)])
        rows, slack = problem.rows, problem.slack
        cost = terminal(self._x[:, N], self._p[:, N])
        opti.subject_to(self._x[:, 0] == self._x0)
        for k in range(N):
            x_next, stage_cost, value = stage(self._x[:, k], self._u[:, k], self._p[:, k])
            s = self._s[0, k]
            cost += stage_cost + slack.linear * s + 0.5 * slack.quadratic * s**2
            opti.subject_to(self._x[:, k + 1] == x_next)
            opti.subject_to(value - np.asarray(rows.softness) * s <= np.asarray(rows.upper))
            opti.subject_to(opti.bounded(np.asarray(problem.u_lower), self._u[:, k], np.asarray(problem.u_upper)))
            opti.subject_to(opti.bounded(np.asarray(problem.x_lower), self._x[:, k + 1], np.asarray(problem.x_upper)))
        opti.subject_to(opti.bounded(0.0, self._s, SLACK_MAX))
        opti.minimize(cost)
        opti.solver("ipopt", {"expand": True, "print_time": False}, {"print_level": 0, "sb": "yes"})
        self._opti = opti

    def start(self, x: FloatArray, p: FloatArray) -> None:
        self._opti.set_initial(self._x, np.tile(x[:, None], (1, p.shape[0])))
        self.input(x, p)

    def input(self, x: FloatArray, p: FloatArray) -> FloatArray | None:
        self._opti.set_value(self._x0, x)
        self._opti.set_value(self._p, p.T)
        try:
            solution = self._opti.solve()
        except RuntimeError:
            # Opti's way to say that IPOPT did not converge; counted as a failure by the caller.
            return None
        self._opti.set_initial(solution.value_variables())
        return np.asarray(solution.value(self._u[:, 0]), dtype=np.float64)


class DoMpcSolver:
    """do-mpc, discrete model, its own warm start, nothing stored; the slack is an input there, so that the cost is the same."""

    name = "do-mpc"

    def __init__(self, problem: OptimalControlProblem) -> None:
        with quiet():
            self._mpc, self._template = self._build(problem)

    def _build(self, problem: OptimalControlProblem) -> tuple[Any, Any]:
        try:
            import do_mpc  # noqa: PLC0415 (a development dependency: only this benchmark needs it)
        except ImportError as error:
            raise InvalidInput("do-mpc is not installed; it comes with the extra `dev`") from error
        model = do_mpc.model.Model("discrete", "SX")
        x, u = model.set_variable("_x", "x", (problem.nx, 1)), model.set_variable("_u", "u", (problem.nu, 1))
        model.set_variable("_u", "s", (1, 1))
        p = model.set_variable("_tvp", "p", (problem.np, 1))
        stage = ca.Function("stage", [problem.x, problem.u, problem.p], stage_parts(problem))
        model.set_rhs("x", stage(x, u, p)[0])
        model.setup()
        # After set-up the model has symbols of its own.
        x, u, s, p = model.x["x"], model.u["u"], model.u["s"], model.tvp["p"]
        _, stage_cost, value = stage(x, u, p)
        mpc = do_mpc.controller.MPC(model)
        mpc.settings.n_horizon, mpc.settings.t_step = problem.horizon, problem.stage_s
        mpc.settings.store_full_solution, mpc.settings.store_lagr_multiplier = False, False
        mpc.settings.store_solver_stats = []
        mpc.settings.nlpsol_opts = {"expand": True, "ipopt.print_level": 0, "ipopt.sb": "yes", "print_time": 0}
        slack, rows = problem.slack, problem.rows
        terminal = ca.Function("terminal", [problem.x, problem.p], [_terminal_cost(problem)])
        lterm = stage_cost + slack.linear * s + 0.5 * slack.quadratic * s**2
        mpc.set_objective(mterm=terminal(x, p), lterm=lterm)
        mpc.set_rterm(u=np.zeros((problem.nu, 1)), s=np.zeros((1, 1)))
        mpc.bounds["lower", "_x", "x"], mpc.bounds["upper", "_x", "x"] = np.asarray(problem.x_lower), np.asarray(problem.x_upper)
        mpc.terminal_bounds["lower", "x"], mpc.terminal_bounds["upper", "x"] = np.asarray(problem.x_lower), np.asarray(problem.x_upper)
        mpc.bounds["lower", "_u", "u"], mpc.bounds["upper", "_u", "u"] = np.asarray(problem.u_lower), np.asarray(problem.u_upper)
        mpc.bounds["lower", "_u", "s"], mpc.bounds["upper", "_u", "s"] = 0.0, SLACK_MAX
        mpc.set_nl_cons("rows", value - np.asarray(rows.softness) * s, ub=np.asarray(rows.upper))
        template = mpc.get_tvp_template()
        mpc.set_tvp_fun(lambda _: template)
        mpc.setup()
        return mpc, template

    def start(self, x: FloatArray, p: FloatArray) -> None:
        self._mpc.x0 = x
        with quiet():
            self._mpc.set_initial_guess()
        self.input(x, p)

    def input(self, x: FloatArray, p: FloatArray) -> FloatArray | None:
        for k in range(p.shape[0]):
            self._template["_tvp", k, "p"] = p[k]
        u = np.asarray(self._mpc.make_step(x), dtype=np.float64).ravel()
        if not (self._mpc.solver_stats["success"] and np.isfinite(u).all()):
            return None
        return u[: x.size // 2]


def stage_parts(problem: OptimalControlProblem) -> list[ca.SX]:
    cost = 0.5 * ca.dot(ca.SX(np.asarray(problem.stage_weight)), problem.stage_residual**2)
    return [problem.x_next, cost, problem.rows.expression]


def _terminal_cost(problem: OptimalControlProblem) -> ca.SX:
    return 0.5 * ca.dot(ca.SX(np.asarray(problem.terminal_weight)), problem.terminal_residual**2)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """do-mpc speaks on import and at set-up."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
