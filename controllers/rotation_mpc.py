"""Model-predictive steering of a swimmer or roller by a rotating field that never turns faster than step-out.

    minimise  sum_k |p_k - r_k|^2 / s^2 + rho |w_k|^2,   p_{k+1} = p_k + T v(w_k, u),   |w_k| <= 1

with w the rotation vector over the step-out rate. The bound is a ball, as physics has it; a box on the components lets the norm reach
sqrt(2) or sqrt(3) times step-out. Solved as sequential convex quadratic programmes that keep the ball's curvature in the Hessian; the
bound is drawn in by one per cent, which is what a linearised ball may be exceeded by, and an answer outside the ball is a failed solve.
"""

import math
from dataclasses import dataclass

import casadi as ca
import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, SolveReport, finite_array, finite_number

from .optimal_control_problem import OptimalControlProblem, Rows
from .real_time_iteration import RealTimeIteration, RealTimeIterationOptions

BALL_PART = 0.99
"""Of the step-out rate: (0.99)^2 and the excess that an iterate may have sum to at most 1."""


@dataclass(frozen=True)
class RotationMpcOptions:
    """horizon: stages of period_s. error_scale_m: s, the tracking error that costs as much as turning at step-out does at effort 1.

    effort: rho, > 0; it decides between rotation vectors that move the robot alike.
    """

    period_s: float
    horizon: int
    error_scale_m: float
    effort: float = 1e-4

    def __post_init__(self) -> None:
        finite_number(self.period_s, "period_s", 1e-3, 10.0)
        if isinstance(self.horizon, bool) or not isinstance(self.horizon, int) or not 1 <= self.horizon <= 200:
            raise InvalidInput(f"horizon: {self.horizon!r}: a whole number of stages in [1, 200] is needed")
        finite_number(self.error_scale_m, "error_scale_m", 1e-9, 1.0)
        finite_number(self.effort, "effort", 1e-9, 1e3)


@dataclass(frozen=True, eq=False)
class RotationProposal:
    """rate_rad_s: rotation vector of the field, shape (3,); None when the solve failed: never numbers."""

    rate_rad_s: FloatArray | None
    report: SolveReport


class RotationMpc:
    """velocity: v(w, u) with w (3) [rad/s] and the flow u (3), as `Helix.velocity` and `Roller.velocity` give it. Not thread-safe.

    Raises:
        InvalidInput: a step-out rate that is not positive, a function of another shape.
    """

    def __init__(self, velocity: ca.Function, step_out_rad_s: float, options: RotationMpcOptions) -> None:
        self.step_out_rad_s = finite_number(step_out_rad_s, "step_out_rad_s", 1e-6, 1e6)
        self.options = options
        if (velocity.n_in(), velocity.n_out()) != (2, 1) or {velocity.size_in(0), velocity.size_in(1), velocity.size_out(0)} != {(3, 1)}:
            raise InvalidInput(f"velocity: expected a function of w (3) and u (3) to v (3), got {velocity}")
        self._solver = RealTimeIteration(
            self._problem(velocity),
            RealTimeIterationOptions(iterations=2, iterations_cold=8, iterations_extra=25, excess_max=1.0 - BALL_PART**2, damping=1.0),
        )

    def compute(self, position_m: ArrayLike, reference_m: ArrayLike, flow_m_s: ArrayLike) -> RotationProposal:
        """The rotation vector for the coming period.

        Args:
            position_m: shape (3,). reference_m: shape (horizon + 1, 3), from now on. flow_m_s: shape (3,), or
                (horizon + 1, 3) if it is known to change.
        Raises:
            InvalidInput: a shape, or not finite.
        """
        count, s = self.options.horizon + 1, self.options.error_scale_m
        position = finite_array(position_m, "position_m", (3,))
        reference = finite_array(reference_m, "reference_m", (count, 3))
        flow = np.asarray(flow_m_s, dtype=np.float64)
        flow = finite_array(np.tile(flow, (count, 1)) if flow.ndim == 1 else flow, "flow_m_s", (count, 3))
        # Relative to the robot and in units of the error scale: every number in the problem is of order one.
        solution = self._solver.solve(np.zeros(3), np.hstack([(reference - position) / s, flow]), shift=1.0)
        if not solution.report.ok or solution.u is None:
            return RotationProposal(None, solution.report)
        w = solution.u[0]
        if not float(w @ w) <= 1.0:
            self._solver.invalidate()
            r = solution.report
            return RotationProposal(
                None, SolveReport(False, f"|w| = {math.sqrt(w @ w):.4f} of step-out", r.iterations, r.kkt_residual, r.time_s)
            )
        return RotationProposal(np.asarray(self.step_out_rad_s * w), solution.report)

    def _problem(self, velocity: ca.Function) -> OptimalControlProblem:
        o = self.options
        p, w, y = ca.SX.sym("p", 3), ca.SX.sym("w", 3), ca.SX.sym("y", 3)
        given = ca.SX.sym("given", 6)
        error = p - given[:3]
        return OptimalControlProblem(
            name="rotation",
            x=p,
            u=w,
            p=given,
            x_next=p + o.period_s / o.error_scale_m * velocity(self.step_out_rad_s * w, given[3:]),
            stage_residual=ca.vertcat(error, w),
            stage_weight=[1.0] * 3 + [o.effort] * 3,
            terminal_residual=error,
            terminal_weight=[1.0] * 3,
            x_lower=[-1e9] * 3,
            x_upper=[1e9] * 3,
            u_lower=[-1.0] * 3,
            u_upper=[1.0] * 3,
            horizon=o.horizon,
            stage_s=o.period_s,
            rows=Rows(ca.sumsqr(y), [-np.inf], [BALL_PART**2], None, y, w),
        )
