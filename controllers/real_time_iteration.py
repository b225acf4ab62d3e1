"""Real-time iteration: one structured Gauss-Newton SQP step a cycle, warm started from the last.

The scheme of Diehl, Bock, Schloeder (2005), "A real-time iteration scheme for nonlinear optimization in optimal feedback control",
with the QP solved by PIQP's multistage KKT factorisation.
"""

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import piqp
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, SolveReport, finite_array, finite_number

from .one_or_each import one_or_each
from .optimal_control_problem import OptimalControlProblem, OptimalControlSolution
from .stage_linearisation import UNBOUNDED, StageLinearisation


@dataclass(frozen=True, eq=False)
class RealTimeIterationOptions:
    """How the iteration is run.

    iterations: SQP steps a solve when warm; iterations_cold: after a start, a failure or `invalidate`.
    iterations_extra: more steps while a row of the nonlinear problem exceeds its (loosened) bound by more than `excess_max`, in units of
        its softness: the linearisation of a norm at rest knows no direction, so the first step away from rest must be repeated.
    damping: Levenberg term on the input increments, per input (shape (nu,)) or one number: it keeps full steps from bouncing where f, r
        or the rows are strongly curved (a norm at its limit); 0 where they are not.
    scaling_iterations: of the QP solver's own equilibration; 0 for a problem whose variables are of one size.
    qp_tolerance: absolute and relative, on the QP's residuals; a thousand times it on the duality gap.
    qp_iterations: cap of interior-point iterations.
    row_tolerance: largest excess of the returned inputs and states over their boxes, in their units; checked apart from the solver.
    time_limit_s: a solve that takes longer is a failure (status "late"); None: no limit.
    """

    iterations: int = 1
    iterations_cold: int = 3
    iterations_extra: int = 0
    excess_max: float = 0.02
    damping: ArrayLike = 0.0
    scaling_iterations: int = 10
    qp_tolerance: float = 1e-7
    qp_iterations: int = 50
    row_tolerance: float = 1e-5
    time_limit_s: float | None = None

    def __post_init__(self) -> None:
        for name, least in (("iterations", 1), ("iterations_cold", 1), ("iterations_extra", 0), ("qp_iterations", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 10_000:
                raise InvalidInput(f"{name}: a whole number in [{least}, 10000] is needed, got {value!r}")
        finite_number(self.excess_max, "excess_max", 0.0, 1e6)
        finite_number(self.scaling_iterations, "scaling_iterations", 0, 100)
        finite_number(self.qp_tolerance, "qp_tolerance", 1e-12, 1e-2)
        finite_number(self.row_tolerance, "row_tolerance", 1e-12, 1e-1)
        if self.time_limit_s is not None:
            finite_number(self.time_limit_s, "time_limit_s", 1e-6, 1e3)


_GAP_SHARE = 1e3
"""Tolerance of the duality gap, a sum of hundreds of products, relative to that of one residual. Against a solution a thousand times as
exact the first setpoint of the recorded hand moves by 0.0004 ticks of a servo (median; largest 0.23), and an iteration in nine is saved."""
_DELTA_INIT = 1e-3
"""PIQP's first proximal weight on the multipliers. From its default, 1e-4, one solve in a hundred needs half as many iterations again
where a row has just become active (15 against 12, measured); from 1e-2 a start beyond a limit is not solved in 50."""


class RealTimeIteration:
    """Solver of one problem, cycle after cycle. Not thread-safe: it owns its memory.

    A failed, late or non-finite solve returns a solution without trajectories and forgets the warm start, so that one bad point
    cannot poison the solves after it.
    """

    def __init__(self, problem: OptimalControlProblem, options: RealTimeIterationOptions | None = None) -> None:
        self.problem = problem
        self.options = options or RealTimeIterationOptions()
        self._nu_before = problem.nu if problem.move_limit is not None else 0
        damping = one_or_each(self.options.damping, "damping", problem.nu)
        self._stages = StageLinearisation(problem.with_moves_as_states(), damping)
        self._lower, self._upper = np.full(self._stages.size, -UNBOUNDED), np.full(self._stages.size, UNBOUNDED)
        self._fill_boxes(None, None)
        self._qp: Any = None
        self._warm = False

    def invalidate(self) -> None:
        """Forget the last solution: the next solve starts cold."""
        self._warm = False

    @property
    def is_warm(self) -> bool:
        return self._warm

    def start_from(self, x: FloatArray, u: FloatArray) -> None:
        """Take x, shape (N+1, nx), and u, shape (N, nu), as the next starting point (an IPOPT solution, say)."""
        s, nx, nb = self._stages, self.problem.nx, self._nu_before
        x, u = finite_array(x, "x", (s.N + 1, nx)), finite_array(u, "u", (s.N, s.nu))
        s.w[:], s.multipliers[:], s.multipliers_terminal[:] = 0.0, 0.0, 0.0
        s.w_stage[:, :nx], s.w_stage[:, s.nx : s.nx + s.nu], s.w_terminal[:nx] = x[:-1], u, x[-1]
        if nb:
            s.w_stage[0, nx : s.nx], s.w_stage[1:, nx : s.nx], s.w_terminal[nx : s.nx] = u[0], u[:-1], u[-1]
        self._warm = True

    def solve(
        self,
        x0: FloatArray,
        p: FloatArray,
        *,
        u_before: FloatArray | None = None,
        shift: float = 1.0,
        x_lower: FloatArray | None = None,
        x_upper: FloatArray | None = None,
    ) -> OptimalControlSolution:
        """Improve the trajectory for the state x0 and the parameters p.

        Args:
            x0: shape (nx,). p: shape (N+1, np). u_before: u_{-1}, shape (nu,); required with move limits.
            shift: how far the horizon has moved since the last solve, in stages, [0, 1].
            x_lower, x_upper: shape (N+1, nx), instead of the problem's boxes for this solve (row 0 is ignored).
        Raises:
            InvalidInput: a wrong shape or a missing argument. Values that are not finite are a failed solve, not an exception.
        """
        begun = time.perf_counter()
        start, parameters = self._checked(x0, p, u_before)
        if not (np.isfinite(start).all() and np.isfinite(parameters).all()):
            return self._failed("input not finite", 0, begun)
        self._fill_boxes(x_lower, x_upper)
        self._stages.p[:] = parameters
        cold = not self._warm
        if cold:
            self._guess(start)
        else:
            self._shift(finite_number(shift, "shift", 0.0, 1.0))
        self._warm = False
        iterations, steps = 0, self.options.iterations_cold if cold else self.options.iterations
        for done in range(1, steps + self.options.iterations_extra + 1):
            status, used = self._iterate(start)
            iterations += used
            if status is not None:
                return self._failed(status, iterations, begun)
            if done >= steps:
                residual, excess, status = self._inspect()
                if status is not None or excess <= self.options.excess_max:
                    break
        elapsed = time.perf_counter() - begun
        if status is None and self.options.time_limit_s is not None and not elapsed <= self.options.time_limit_s:
            status = "late"
        if status is not None:
            return self._failed(status, iterations, begun)
        self._warm = True
        return self._solution(SolveReport(True, "solved", iterations, residual, time.perf_counter() - begun))

    def _checked(self, x0: FloatArray, p: FloatArray, u_before: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        s = self._stages
        start, parameters = np.asarray(x0, dtype=np.float64), np.asarray(p, dtype=np.float64)
        if start.shape != (self.problem.nx,) or parameters.shape != (s.N + 1, self.problem.np):
            wanted = f"({self.problem.nx},) and ({s.N + 1}, {self.problem.np})"
            raise InvalidInput(f"x0, p: expected shapes {wanted}, got {start.shape} and {parameters.shape}")
        if self._nu_before:
            if u_before is None or np.shape(u_before) != (self._nu_before,):
                raise InvalidInput(f"u_before: a problem with move limits needs the input before, shape ({self._nu_before},)")
            start = np.concatenate([start, np.asarray(u_before, dtype=np.float64)])
        return start, parameters

    def _fill_boxes(self, x_lower: FloatArray | None, x_upper: FloatArray | None) -> None:
        s, problem = self._stages, self._stages.problem
        nx, nb = self.problem.nx, self._nu_before
        for target, x_box, u_box, given, name in (
            (self._lower, problem.x_lower, problem.u_lower, x_lower, "x_lower"),
            (self._upper, problem.x_upper, problem.u_upper, x_upper, "x_upper"),
        ):
            stage = target[: s.N * s.nw].reshape(s.N, s.nw)
            stage[1:, : s.nx], stage[:, s.nx : s.nx + s.nu] = x_box, u_box
            target[s.N * s.nw : s.N * s.nw + s.nx] = x_box
            if given is not None:
                box = finite_array(given, name, (s.N + 1, nx))
                stage[1:, :nx] = box[1:-1]
                target[s.N * s.nw : s.N * s.nw + nx] = box[-1]
            if nb and given is not None:
                stage[1:, nx : s.nx] = u_box
        if s.ns:
            self._lower[: s.N * s.nw].reshape(s.N, s.nw)[:, -1] = 0.0
        if s.ns_terminal:
            self._lower[-1] = 0.0

    def _guess(self, start: FloatArray) -> None:
        """Rest at the start: constant state, the admissible input nearest zero. Safe, and independent of any earlier solve."""
        s = self._stages
        s.w[:], s.multipliers[:], s.multipliers_terminal[:] = 0.0, 0.0, 0.0
        s.w_stage[:, : s.nx] = start
        s.w_terminal[: s.nx] = start
        s.w_stage[:, s.nx : s.nx + s.nu] = np.clip(0.0, s.problem.u_lower, s.problem.u_upper)

    def _shift(self, a: float) -> None:
        s = self._stages
        after = s.step(s.w_terminal[: s.nx], s.w_stage[-1, s.nx : s.nx + s.nu], s.p[-1])
        last = s.w_stage[-1, : s.nx].copy()
        s.multipliers[:-1] += a * (s.multipliers[1:] - s.multipliers[:-1])
        s.w_stage[:-1] += a * (s.w_stage[1:] - s.w_stage[:-1])
        s.w_stage[-1, : s.nx] = last + a * (s.w_terminal[: s.nx] - last)
        s.w_terminal[: s.nx] += a * (after - s.w_terminal[: s.nx])

    def _iterate(self, start: FloatArray) -> tuple[str | None, int]:
        """One SQP step. Returns why it failed (None: it did not) and the QP's iterations."""
        s = self._stages
        for column in s.slack_columns:
            s.w[column] = 0.0
        s.linearise()
        s.b[: s.nx] = start - s.w_stage[0, : s.nx]
        # One sum of sums: NaN and infinity survive addition, and this is an eighth of the time of isfinite on each array.
        if not math.isfinite(sum(float(part.sum()) for part in s.written)):
            return "linearisation not finite", 0
        bounds = (s.rows_lower - s.rows_value, s.rows_upper - s.rows_value, self._lower - s.w, self._upper - s.w)
        if self._qp is None:
            self._qp = self._new_qp()
            self._qp.setup(s.P, s.c, s.A, s.b, s.G, *bounds)
        else:
            self._qp.update(s.P, s.c, None if s.dynamics_are_linear else s.A, s.b, s.G, *bounds)
        status = self._qp.solve()
        result = self._qp.result
        used = int(result.info.iter)
        if status != piqp.PIQP_SOLVED:
            return f"QP {status.name}", used
        step = result.x
        if not np.isfinite(step).all():
            return "QP solution not finite", used
        s.w += step
        s.keep_multipliers(result.z_u - result.z_l)
        return None, used

    def _new_qp(self) -> Any:
        qp = piqp.SparseSolver()
        qp.settings.kkt_solver = piqp.KKTSolver.sparse_multistage
        qp.settings.eps_abs = qp.settings.eps_rel = self.options.qp_tolerance
        qp.settings.eps_duality_gap_abs = qp.settings.eps_duality_gap_rel = _GAP_SHARE * self.options.qp_tolerance
        qp.settings.delta_init = _DELTA_INIT
        qp.settings.preconditioner_iter = self.options.scaling_iterations
        qp.settings.max_iter = self.options.qp_iterations
        return qp

    def _inspect(self) -> tuple[float, float, str | None]:
        """KKT residual of the nonlinear problem at the iterate, scaled row excess, and what is wrong with it (None: nothing).

        The KKT residual is the largest of stationarity (divided by max(1, |multipliers| / 100), as IPOPT scales it), dynamics defect,
        excess over rows and boxes, and complementarity (scaled alike).
        """
        s, result = self._stages, self._qp.result
        s.linearise_first_order()
        box = result.z_bu - result.z_bl
        gradient = s.c + s.A_transposed @ result.y + s.G_transposed @ (result.z_u - result.z_l) + box
        for column in s.slack_columns:
            gradient[column] += s.problem.slack.quadratic * s.w[column]
        value = s.rows_value + s.row_slack(s.w)
        room = [value - s.rows_lower, s.rows_upper - value, s.w - self._lower, self._upper - s.w]
        boxes = -float(np.minimum(np.minimum(room[2], room[3]), 0.0).min())
        over = np.maximum(-np.minimum(room[0], room[1]), 0.0)
        rows, excess = float(over.max(initial=0.0)), float((over / s.row_scale).max(initial=0.0))
        scale = max(1.0, float(np.abs(result.y).max()) / 100.0, float(np.abs(box).max()) / 100.0)
        gap = _complementarity(np.concatenate([result.z_l, result.z_u, result.z_bl, result.z_bu]), np.concatenate(room))
        stationarity = float(np.abs(gradient).max())
        # np.max keeps a NaN, wherever it stands; max does not.
        residual = float(np.max([stationarity / scale, gap / scale, np.abs(s.b[s.nx :]).max(), rows, boxes]))
        if not np.isfinite(residual):
            return residual, excess, "iterate not finite"
        if not boxes <= self.options.row_tolerance:
            return residual, excess, f"iterate {boxes:.1e} outside its boxes"
        return residual, excess, None

    def _solution(self, report: SolveReport) -> OptimalControlSolution:
        s, nx = self._stages, self.problem.nx
        x = np.vstack([s.w_stage[:, :nx], s.w_terminal[:nx]])
        slack = np.zeros(s.N + 1)
        if s.ns:
            slack[:-1] = s.w_stage[:, -1]
        if s.ns_terminal:
            slack[-1] = s.w_terminal[-1]
        return OptimalControlSolution(report, x, s.w_stage[:, s.nx : s.nx + s.nu].copy(), slack)

    def _failed(self, status: str, iterations: int, begun: float) -> OptimalControlSolution:
        self._warm = False
        return OptimalControlSolution(SolveReport(False, status, iterations, float("inf"), time.perf_counter() - begun))


def _complementarity(multiplier: FloatArray, room: FloatArray) -> float:
    """The largest |multiplier| times distance to its bound. A bound that is none has a multiplier of zero, but not exactly."""
    return float(np.abs(np.where(room < UNBOUNDED / 2.0, multiplier * room, 0.0)).max(initial=0.0))
