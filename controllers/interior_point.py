"""IPOPT on the same problem: the reference the real-time iteration is compared with, and its cold start away from the cycle."""

import time
from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np

from toolkit import FloatArray, InvalidInput, SolveReport, finite_number

from .optimal_control_problem import OptimalControlProblem, OptimalControlSolution
from .stage_linearisation import QpRows


@dataclass(frozen=True)
class InteriorPointOptions:
    """tolerance: IPOPT's `tol` on the scaled KKT residual. iterations: cap. time_limit_s: wall clock; over it is a failure."""

    tolerance: float = 1e-8
    iterations: int = 500
    time_limit_s: float = 30.0

    def __post_init__(self) -> None:
        finite_number(self.tolerance, "tolerance", 1e-14, 1e-2)
        finite_number(self.iterations, "iterations", 1, 100_000)
        finite_number(self.time_limit_s, "time_limit_s", 1e-3, 3600.0)


class InteriorPoint:
    """Direct multiple shooting, exact Hessian, solved to convergence by IPOPT (Waechter, Biegler 2006). Too slow for the cycle."""

    def __init__(self, problem: OptimalControlProblem, options: InteriorPointOptions | None = None) -> None:
        self.problem = problem
        self.options = options or InteriorPointOptions()
        self._full = problem.with_moves_as_states()
        self._build()

    def _build(self) -> None:
        P = self._full
        N, nx, nu = P.horizon, P.nx, P.nu
        x, u, s = ca.SX.sym("x", nx, N + 1), ca.SX.sym("u", nu, N), ca.SX.sym("s", N + 1)
        x0, p = ca.SX.sym("x0", nx), ca.SX.sym("p", P.np, N + 1)
        stage_rows, terminal_rows = QpRows.of(P.rows), QpRows.of(P.terminal_rows)
        stage = ca.Function("stage", [P.x, P.u, P.p], [P.x_next, P.stage_residual, P.rows.expression])
        terminal = ca.Function("terminal", [P.x, P.p], [P.terminal_residual, P.terminal_rows.expression])
        cost, rows, lower, upper = ca.SX(0), [x[:, 0] - x0], [np.zeros(nx)], [np.zeros(nx)]
        for k in range(N):
            x_next, residual, value = stage(x[:, k], u[:, k], p[:, k])
            cost += _half_square(residual, P.stage_weight)
            rows += [x[:, k + 1] - x_next, _loosened(value, stage_rows, s[k])]
            lower += [np.zeros(nx), stage_rows.lower]
            upper += [np.zeros(nx), stage_rows.upper]
        residual, value = terminal(x[:, N], p[:, N])
        cost += _half_square(residual, P.terminal_weight)
        rows.append(_loosened(value, terminal_rows, s[N]))
        lower.append(terminal_rows.lower)
        upper.append(terminal_rows.upper)
        cost += P.slack.linear * ca.sum1(s) + 0.5 * P.slack.quadratic * ca.sumsqr(s)
        self._g_lower, self._g_upper = np.concatenate(lower), np.concatenate(upper)
        soft = np.full(N + 1, P.rows.any_soft)
        soft[N] = P.terminal_rows.any_soft
        self._s_upper = np.where(soft, np.inf, 0.0)
        nlp = {"x": ca.veccat(x, u, s), "p": ca.veccat(x0, p), "f": cost, "g": ca.vertcat(*rows)}
        options: dict[str, Any] = {
            "expand": True,
            "print_time": False,
            "ipopt.print_level": 0,
            "ipopt.sb": "yes",
            "ipopt.tol": self.options.tolerance,
            "ipopt.max_iter": int(self.options.iterations),
            "ipopt.max_wall_time": self.options.time_limit_s,
            # IPOPT would otherwise widen every bound by 1e-8 and return points outside.
            "ipopt.bound_relax_factor": 0.0,
        }
        self._solver = ca.nlpsol(f"{P.name}_ipopt", "ipopt", nlp, options)

    def solve(
        self,
        x0: FloatArray,
        p: FloatArray,
        *,
        u_before: FloatArray | None = None,
        guess: OptimalControlSolution | None = None,
        x_lower: FloatArray | None = None,
        x_upper: FloatArray | None = None,
    ) -> OptimalControlSolution:
        """Solve to convergence from `guess` (None: rest at x0). Arguments as in RealTimeIteration.solve.

        Raises:
            InvalidInput: a wrong shape or a missing u_before. Values that are not finite are a failed solve.
        """
        begun = time.perf_counter()
        P, N = self._full, self.problem.horizon
        start, parameters = np.asarray(x0, dtype=np.float64), np.asarray(p, dtype=np.float64)
        if start.shape != (self.problem.nx,) or parameters.shape != (N + 1, P.np):
            wanted = f"({self.problem.nx},) and ({N + 1}, {P.np})"
            raise InvalidInput(f"x0, p: expected shapes {wanted}, got {start.shape} and {parameters.shape}")
        if P.nx > self.problem.nx:
            if u_before is None or np.shape(u_before) != (P.nu,):
                raise InvalidInput(f"u_before: a problem with move limits needs the input before, shape ({P.nu},)")
            start = np.concatenate([start, np.asarray(u_before, dtype=np.float64)])
        if not (np.isfinite(start).all() and np.isfinite(parameters).all()):
            return OptimalControlSolution(SolveReport(False, "input not finite", 0, float("inf"), time.perf_counter() - begun))
        lower, upper = self._boxes(x_lower, x_upper)
        answer = self._solver(
            x0=self._initial(start, guess),
            p=np.concatenate([start, parameters.ravel()]),
            lbx=lower,
            ubx=upper,
            lbg=self._g_lower,
            ubg=self._g_upper,
        )
        return self._read(np.asarray(answer["x"], dtype=np.float64).ravel(), begun)

    def _boxes(self, x_lower: FloatArray | None, x_upper: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        P, N = self._full, self.problem.horizon
        sides = []
        for x_box, given, u_box, s_box, free in (
            (P.x_lower, x_lower, P.u_lower, np.zeros(N + 1), -np.inf),
            (P.x_upper, x_upper, P.u_upper, self._s_upper, np.inf),
        ):
            x = np.tile(np.asarray(x_box, dtype=np.float64), (N + 1, 1))
            if given is not None:
                x[:, : self.problem.nx] = given
            x[0] = free
            sides.append(np.concatenate([x.ravel(), np.tile(np.asarray(u_box), N), s_box]))
        return sides[0], sides[1]

    def _initial(self, start: FloatArray, guess: OptimalControlSolution | None) -> FloatArray:
        P, N = self._full, self.problem.horizon
        x, u, s = np.tile(start, (N + 1, 1)), np.tile(np.clip(0.0, P.u_lower, P.u_upper), (N, 1)), np.zeros(N + 1)
        if guess is not None and guess.x is not None and guess.u is not None and guess.slack is not None:
            x[:, : self.problem.nx], u, s = guess.x, guess.u, guess.slack
        return np.concatenate([x.ravel(), u.ravel(), s])

    def _read(self, w: FloatArray, begun: float) -> OptimalControlSolution:
        P, N, stats = self._full, self.problem.horizon, self._solver.stats()
        elapsed = time.perf_counter() - begun
        history = stats.get("iterations") or {}
        residual = max((history[key][-1] for key in ("inf_pr", "inf_du") if history.get(key)), default=float("inf"))
        iterations = int(stats.get("iter_count", 0))
        status = str(stats["return_status"])
        if not (stats["success"] and np.isfinite(w).all()):
            return OptimalControlSolution(SolveReport(False, status, iterations, float("inf"), elapsed))
        x = w[: (N + 1) * P.nx].reshape(N + 1, P.nx)[:, : self.problem.nx].copy()
        u = w[(N + 1) * P.nx : (N + 1) * P.nx + N * P.nu].reshape(N, P.nu).copy()
        return OptimalControlSolution(SolveReport(True, status, iterations, float(residual), elapsed), x, u, w[-(N + 1) :].copy())


def _half_square(residual: ca.SX, weight: object) -> ca.SX:
    return 0.5 * ca.dot(ca.SX(np.asarray(weight, dtype=np.float64)), residual * residual) if residual.numel() else ca.SX(0)


def _loosened(value: ca.SX, rows: QpRows, s: ca.SX) -> ca.SX:
    return rows.select(value) + ca.SX(rows.slack) * s
