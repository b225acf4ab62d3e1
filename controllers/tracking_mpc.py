"""Model-predictive control of an arm: the next joint setpoint of a tip path that is known a little ahead."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, JointProposal, JointState, SolveReport, finite_array, finite_number
from toolkit.models import SerialArm

from .interior_point import InteriorPoint
from .jaw_interpolator import JawInterpolator
from .one_or_each import one_or_each
from .optimal_control_problem import OptimalControlProblem, OptimalControlSolution
from .output_disturbance import OutputDisturbance
from .real_time_iteration import RealTimeIteration, RealTimeIterationOptions
from .reference import JointTrajectory, Reference, is_joint_trajectory, is_tip_reference
from .tracking_problem import HalfSpace, SetpointLimits, TrackingOptions, TrackingParameters, advance, tracking_problem


def _solver_options() -> RealTimeIterationOptions:
    return RealTimeIterationOptions(qp_tolerance=1e-6, scaling_iterations=3, iterations_extra=1, excess_max=0.1)


@dataclass(frozen=True, eq=False)
class TrackingMpcOptions:
    """How the controller runs.

    tracking: the problem. solver: the iteration; its damping is replaced by
    damping: Levenberg term on the increments of u relative to their limits.
    latency_s: from the write of a setpoint to the joint being there, as the device states it: the reference is read that much ahead.
    resolution: joint change of one servo tick, per joint, shape (n,) or one number; 0: unknown. Planning starts from the rounded
        setpoint, so at rest a correction below half a tick would be rounded away for ever; what rounding took is added to the next.
    disturbance_time_s: time constant of the offset estimate. disturbance_bound: its bound per serial joint, shape (n_serial,), or one
        number, [rad] or [m]; 0 switches it off.
    """

    tracking: TrackingOptions = field(default_factory=TrackingOptions)
    solver: RealTimeIterationOptions = field(default_factory=_solver_options)
    damping: float = 0.01
    latency_s: float = 0.0
    resolution: ArrayLike = 0.0
    disturbance_time_s: float = 0.5
    disturbance_bound: ArrayLike = 0.0

    def __post_init__(self) -> None:
        finite_number(self.damping, "damping", 0.0, 1e6)
        finite_number(self.latency_s, "latency_s", 0.0, 0.5)
        finite_number(self.disturbance_time_s, "disturbance_time_s", self.tracking.period_s, 1e4)


class TrackingMpc:
    """Plans the *setpoint* trajectory from the newest setpoint and its rate, whoever chose those (the safety layer may have).

    After a hold, a backup or a modified setpoint the caller passes what was really sent; the boxes of states are widened by the braking
    trajectory from there, so the hard part of the QP always has a solution, and everything else is soft. Not thread-safe.

    Assumes: `compute` is called once per period; q = TickMap.to_joints(setpoint), so y_dq is exact.
    """

    def __init__(
        self,
        arm: SerialArm,
        limits: SetpointLimits,
        options: TrackingMpcOptions | None = None,
        keep_in: tuple[HalfSpace, ...] = (),
    ) -> None:
        self.arm, self.limits, self.options = arm, limits, options or TrackingMpcOptions()
        tracking = self.options.tracking
        self.problem: OptimalControlProblem = tracking_problem(arm, limits, tracking, keep_in)
        damping = self.options.damping / np.asarray(self.problem.u_upper) ** 2
        self.solver = RealTimeIteration(self.problem, replace(self.options.solver, damping=damping))
        self.solution: OptimalControlSolution | None = None
        n, N = arm.n_serial, self.problem.horizon
        self._layout = TrackingParameters(n)
        self._p = np.zeros((N + 1, self._layout.size))
        self._node_s: FloatArray = np.arange(N + 1, dtype=np.float64) * tracking.stage_s - tracking.period_s
        self._horizon_s: FloatArray = np.arange(N + 1, dtype=np.float64)[:, None] * tracking.stage_s
        bound = one_or_each(self.options.disturbance_bound, "disturbance_bound", n)
        self._disturbance = OutputDisturbance(tracking.period_s, self.options.latency_s, self.options.disturbance_time_s, bound)
        self._resolution = one_or_each(self.options.resolution, "resolution", arm.n)
        self._proposed: FloatArray | None = None
        self._jaw = self._jaw_interpolator()

    def _jaw_interpolator(self) -> JawInterpolator | None:
        if not self.arm.has_jaw:
            return None
        speed, acceleration = (float(np.asarray(a)[-1]) for a in (self.limits.velocity, self.limits.acceleration))
        margin = float(np.asarray(self.limits.joint_margin)[-1])
        lower, upper = float(self.arm.limits.lower[-1]) + margin, float(self.arm.limits.upper[-1]) - margin
        return JawInterpolator(self.options.tracking.period_s, speed, acceleration, lower, upper)

    @property
    def disturbance(self) -> FloatArray:
        """The present offset estimate, shape (n_serial,), [rad] or [m]."""
        return self._disturbance.value

    def reset(self) -> None:
        """Forget warm start and disturbance (a new instrument, a re-enable)."""
        self.solver.invalidate()
        self._disturbance.reset()
        self.solution, self._proposed = None, None

    def compute(
        self,
        y_q: FloatArray,
        y_dq: FloatArray,
        reference: Reference | JointTrajectory,
        t_s: float,
        measured: JointState | None = None,
        jaw: float | None = None,
    ) -> JointProposal:
        """The next setpoint.

        Args:
            y_q: joints of the newest setpoint, shape (n,), [rad] or [m]. y_dq: (y_k - y_{k-1}) / T, shape (n,).
            reference: where the tip, or the joints, should be. t_s: the reference's time at which the *next* setpoint will be written.
            measured: this cycle's sample, for the disturbance estimate; None: none.
            jaw: target of the jaw, [rad]; None: a JointTrajectory's own, else come to rest.
        Returns:
            The proposal; q is None when the solve failed, with the reason in the report.
        Raises:
            InvalidInput: wrong shapes, values that are not finite, or a jaw target outside its limits.
        """
        n = self.arm.n_serial
        y_q, y_dq = finite_array(y_q, "y_q", (self.arm.n,)), finite_array(y_dq, "y_dq", (self.arm.n,))
        finite_number(t_s, "t_s", -1e9, 1e9)
        offset = self._disturbance.update(y_q[:n], None if measured is None else measured.q[:n])
        self.fill_parameters(reference, t_s, offset, y_q)
        if jaw is None and is_joint_trajectory(reference) and self.arm.has_jaw:
            jaw = float(reference.joints(np.array([t_s]))[0, -1])
        lower, upper = self._boxes(y_q[:n], y_dq[:n])
        self.solution = self.solver.solve(
            np.concatenate([y_q[:n], y_dq[:n]]),
            self._p,
            shift=1.0 / self.options.tracking.stage_periods,
            x_lower=lower,
            x_upper=upper,
        )
        lost = self._lost_in_rounding(y_q, y_dq)
        self._proposed = None
        if self.solution.u is None:
            return JointProposal(None, self.solution.report)
        q, _ = advance(y_q[:n], y_dq[:n], self.solution.u[0], self.options.tracking.period_s)
        if self._jaw is not None:
            q = np.append(q, self._jaw.next(float(y_q[-1]), float(y_dq[-1]), jaw))
        self._proposed = q + lost
        return JointProposal(self._proposed, self.solution.report)

    def cold_start(self, y_q: FloatArray, y_dq: FloatArray, reference: Reference | JointTrajectory, t_s: float) -> SolveReport:
        """Let IPOPT solve the first problem to convergence, and begin the iteration from there. For the time before the cycle begins.

        Arguments as in `compute`. A failure is in the report; the iteration then starts from its own guess, rest.
        """
        n = self.arm.n_serial
        y_q, y_dq = finite_array(y_q, "y_q", (self.arm.n,)), finite_array(y_dq, "y_dq", (self.arm.n,))
        p = self.fill_parameters(reference, t_s, np.zeros(n), y_q)
        lower, upper = self._boxes(y_q[:n], y_dq[:n])
        solution = self.reference_solver.solve(np.concatenate([y_q[:n], y_dq[:n]]), p, x_lower=lower, x_upper=upper)
        if solution.x is None or solution.u is None:
            self.reset()
        else:
            self.solver.start_from(solution.x, solution.u)
        return solution.report

    @cached_property
    def reference_solver(self) -> InteriorPoint:
        """IPOPT on this problem; building it takes half a second, once."""
        return InteriorPoint(self.problem)

    def continue_plan(self, y_q: FloatArray, y_dq: FloatArray, jaw: float | None = None) -> JointProposal:
        """The next setpoint by the first input of the last solve, without a new one: within a stage it is the plan itself.

        For a cycle that has no time to solve. Without a successful last solve there is nothing to continue, and q is None.
        """
        if self.solution is None or self.solution.u is None:
            return JointProposal(None, SolveReport(False, "no plan to continue", 0, float("inf"), 0.0))
        n, residual = self.arm.n_serial, self.solution.report.kkt_residual
        q, _ = advance(y_q[:n], y_dq[:n], self.solution.u[0], self.options.tracking.period_s)
        if self._jaw is not None:
            q = np.append(q, self._jaw.next(float(y_q[-1]), float(y_dq[-1]), jaw))
        self._proposed = q
        return JointProposal(q, SolveReport(True, "plan continued", 0, residual, 0.0))

    def _lost_in_rounding(self, y_q: FloatArray, y_dq: FloatArray) -> FloatArray:
        """What rounding took from the last proposal in joints that did not move, shape (n,); zero where it was not rounding."""
        if self._proposed is None:
            return np.zeros_like(y_q)
        lost = self._proposed - y_q
        return np.where((y_dq == 0.0) & (np.abs(lost) <= self._resolution), lost, 0.0)

    @property
    def predicted(self) -> FloatArray | None:
        """Setpoints planned at the nodes of the horizon, shape (N+1, n_serial); None after a failure."""
        if self.solution is None or self.solution.x is None:
            return None
        return self.solution.x[:, : self.arm.n_serial]

    def fill_parameters(self, reference: Reference | JointTrajectory, t_s: float, offset: FloatArray, y_q: FloatArray) -> FloatArray:
        """The problem's p, shape (N+1, np), for the setpoint written at t_s; the controller's own memory, overwritten by the next call."""
        at, p, n = self._layout.at, self._p, self.arm.n_serial
        instants: FloatArray = t_s + self.options.latency_s + self._node_s
        if is_joint_trajectory(reference):
            joints = reference.joints(instants)
            if joints.shape != (instants.size, self.arm.n):
                raise InvalidInput(f"reference: expected joints of shape ({instants.size}, {self.arm.n}), got {joints.shape}")
            p[:, at["joints"]], p[:, at["weights"]] = joints[:, :n], (0.0, 0.0, 1.0)
        elif is_tip_reference(reference):
            position, R = reference.poses(instants)
            p[:, at["position"]] = position
            # CasADi's reshape is column-major: the transpose, read row by row.
            p[:, at["rotation"]] = R.transpose(0, 2, 1).reshape(-1, 9)
            p[:, at["weights"]] = (1.0, 1.0, 0.0)
        else:
            raise InvalidInput(f"reference: neither tip poses nor joints: {type(reference).__name__}")
        p[:, at["disturbance"]] = offset
        p[:, at["jaw"]] = y_q[-1] if self.arm.has_jaw else 0.0
        return p

    def _boxes(self, q: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The problem's boxes, widened node by node to contain one way back from (q, v): never empty, never a wall.

        The way back brakes with 4/5 of the full input (an interior-point method needs room) and then returns with a small part of it,
        so that a setpoint that rounding left outside is brought back instead of being let go on a tick a cycle.
        """
        problem = self.problem
        n, most = self.arm.n_serial, 0.8 * np.asarray(problem.u_upper)
        rate = np.minimum(0.1 * most, 0.5 * np.asarray(problem.x_upper)[n:] / self._horizon_s[-1, 0])
        braking = np.sign(v) * np.maximum(np.abs(v) - self._horizon_s * most, 0.0)
        returning = rate * np.maximum(self._horizon_s - np.abs(v) / most, 0.0)
        lower = np.concatenate([self._positions(q, braking + returning), braking], axis=1)
        upper = np.concatenate([self._positions(q, braking - returning), braking], axis=1)
        return np.minimum(problem.x_lower, lower - 1e-9), np.maximum(problem.x_upper, upper + 1e-9)

    def _positions(self, q: FloatArray, velocity: FloatArray) -> FloatArray:
        """q at the nodes when v there is `velocity`, shape (N+1, n): the problem's own dynamics."""
        tracking = self.options.tracking
        m, T = tracking.stage_periods, tracking.period_s
        u = np.diff(velocity, axis=0) / (m * T)
        path = np.empty_like(velocity)
        path[0] = q
        path[1:] = q + np.cumsum(m * T * velocity[:-1] + 0.5 * m * (m + 1) * T**2 * u, axis=0)
        return path
