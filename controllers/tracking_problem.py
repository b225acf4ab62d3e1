"""The optimal control problem of an arm whose tip follows a path: dynamics of the setpoints, residuals, limits."""

from dataclasses import dataclass, field

import casadi as ca
import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, finite_array, finite_number
from toolkit.models import SerialArm

from .one_or_each import one_or_each
from .optimal_control_problem import OptimalControlProblem, Rows, SlackPenalty
from .point_motion import point_motion


@dataclass(frozen=True, eq=False)
class SetpointLimits:
    """What the setpoints may do; the command class and the procedure, less what rounding to ticks adds.

    velocity, acceleration: per joint, the jaw included, shape (n,), > 0, [rad/s] or [m/s], and per second more.
    tip_speed_m_s, tip_acceleration_m_s2: of every limited point. points: their names, "tip" or body points of the arm.
    joint_margin: kept from each joint limit, shape (n,) or a number, [rad] or [m].
    """

    velocity: ArrayLike
    acceleration: ArrayLike
    tip_speed_m_s: float
    tip_acceleration_m_s2: float
    points: tuple[str, ...] = ("tip",)
    joint_margin: ArrayLike = 0.0

    def __post_init__(self) -> None:
        velocity = finite_array(self.velocity, "velocity", (None,))
        acceleration = finite_array(self.acceleration, "acceleration", velocity.shape)
        margin = one_or_each(self.joint_margin, "joint_margin", velocity.shape[0])
        if not (np.all(velocity > 0.0) and np.all(acceleration > 0.0)):
            raise InvalidInput(f"velocity, acceleration: must be positive: {velocity.tolist()}, {acceleration.tolist()}")
        for name, value in (("velocity", velocity), ("acceleration", acceleration), ("joint_margin", margin)):
            object.__setattr__(self, name, value)
        finite_number(self.tip_speed_m_s, "tip_speed_m_s", 1e-4, 10.0)
        finite_number(self.tip_acceleration_m_s2, "tip_acceleration_m_s2", 1e-3, 1e3)
        if not (self.points and len(set(self.points)) == len(self.points)):
            raise InvalidInput(f"points: at least one, each once: {self.points}")


@dataclass(frozen=True, eq=False)
class HalfSpace:
    """normal . P >= offset_m for every named body point, normal of unit length: a region the controller is told of."""

    normal: ArrayLike
    offset_m: float
    points: tuple[str, ...]

    def __post_init__(self) -> None:
        normal = finite_array(self.normal, "normal", (3,))
        if not abs(float(np.linalg.norm(normal)) - 1.0) <= 1e-6:
            raise InvalidInput(f"normal: not of unit length: {normal.tolist()}")
        object.__setattr__(self, "normal", normal)
        finite_number(self.offset_m, "offset_m", -10.0, 10.0)


@dataclass(frozen=True)
class TrackingOptions:
    """Shape of the problem: horizon, weights, softness. Errors are divided by their scale, then squared and weighted.

    stages: N. stage_periods: servo periods in a stage. period_s: T.
    position_scale_m, orientation_scale_rad, joint_scale: an error of this size costs 1/2 in every stage.
    terminal_weight: factor on the errors of the last node.
    velocity_weight, acceleration_weight: on v and u relative to their limits: small, they only settle what the errors leave open.
    slack: price of one whole limit (a speed of twice the limit has slack 1).
    """

    stages: int = 20
    stage_periods: int = 4
    period_s: float = 0.005
    position_scale_m: float = 1e-3
    orientation_scale_rad: float = 5e-3
    joint_scale: float = 1e-3
    terminal_weight: float = 5.0
    velocity_weight: float = 1e-4
    acceleration_weight: float = 1e-2
    slack: SlackPenalty = field(default_factory=lambda: SlackPenalty(1e4, 1e4))

    def __post_init__(self) -> None:
        finite_number(self.stages, "stages", 2, 200)
        finite_number(self.stage_periods, "stage_periods", 1, 100)
        finite_number(self.period_s, "period_s", 1e-4, 1.0)
        for name in ("position_scale_m", "orientation_scale_rad", "joint_scale"):
            finite_number(getattr(self, name), name, 1e-9, 1e3)
        for name in ("terminal_weight", "velocity_weight", "acceleration_weight"):
            finite_number(getattr(self, name), name, 0.0, 1e6)

    @property
    def stage_s(self) -> float:
        return self.stage_periods * self.period_s


class TrackingParameters:
    """Where each parameter of a stage lies in p_k."""

    def __init__(self, n_serial: int) -> None:
        sizes = {"position": 3, "rotation": 9, "joints": n_serial, "weights": 3, "disturbance": n_serial, "jaw": 1}
        self.size, self.at = 0, dict[str, slice]()
        for name, size in sizes.items():
            self.at[name] = slice(self.size, self.size + size)
            self.size += size


def advance(q: FloatArray, v: FloatArray, u: FloatArray, period_s: float) -> tuple[FloatArray, FloatArray]:
    """One servo period exactly as on the wire: v+ = v + T u, q+ = q + T v+, so that v is the last increment over T."""
    after = v + period_s * u
    return q + period_s * after, after


def tracking_problem(
    arm: SerialArm,
    limits: SetpointLimits,
    options: TrackingOptions,
    keep_in: tuple[HalfSpace, ...] = (),
) -> OptimalControlProblem:
    """Track a tip pose (or joints) with the setpoints q of the arm's serial joints; x = (q, v), u = joint acceleration.

        m periods of T a stage, u constant:   q+ = q + m T v + m (m+1)/2 T^2 u,   v+ = v + m T u

    Residuals: (p(q+d) - p_ref), (R_ref' R(q+d))^vee of the skew part, (q + d - q_ref), v, u, with d the disturbance estimate.
    Rows, soft: for every limited point P the speed at the end of the stage |w + m T a| and the acceleration |a|, with w = J v,
    a = J u + dJ/dt v; and the half-spaces of `keep_in`.

    Raises:
        InvalidInput: limits of another arm, unknown points, a joint margin larger than the joint's range.
    """
    n = arm.n_serial
    q, v, u = ca.SX.sym("q", n), ca.SX.sym("v", n), ca.SX.sym("u", n)
    layout = TrackingParameters(n)
    p = ca.SX.sym("p", layout.size)
    m, T = options.stage_periods, options.period_s
    velocity, acceleration, lower, upper = _joint_boxes(arm, limits)
    errors, scales = _errors(arm, q, p, layout, options)
    stage_residual = ca.vertcat(errors, v / velocity, u / acceleration)
    stage_weight = np.concatenate([scales, np.full(n, options.velocity_weight), np.full(n, options.acceleration_weight)])
    return OptimalControlProblem(
        name="tracking",
        x=ca.vertcat(q, v),
        u=u,
        p=p,
        x_next=ca.vertcat(q + m * T * v + 0.5 * m * (m + 1) * T**2 * u, v + m * T * u),
        stage_residual=stage_residual,
        stage_weight=stage_weight,
        terminal_residual=ca.vertcat(errors, v / velocity),
        terminal_weight=np.concatenate([options.terminal_weight * scales, np.full(n, options.velocity_weight)]),
        x_lower=np.concatenate([lower, -velocity]),
        x_upper=np.concatenate([upper, velocity]),
        u_lower=-acceleration,
        u_upper=acceleration,
        horizon=int(options.stages),
        stage_s=options.stage_s,
        rows=_tip_rows(arm, limits, keep_in, q + p[layout.at["disturbance"]], v, u, p[layout.at["jaw"]], m * T),
        slack=options.slack,
    )


def _joint_boxes(arm: SerialArm, limits: SetpointLimits) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    n = arm.n_serial
    velocity, acceleration, margin = (np.asarray(a) for a in (limits.velocity, limits.acceleration, limits.joint_margin))
    if velocity.shape != (arm.n,):
        raise InvalidInput(f"velocity: arm {arm.name} needs shape ({arm.n},), got {velocity.shape}")
    lower, upper = (arm.limits.lower + margin)[:n], (arm.limits.upper - margin)[:n]
    if not np.all(lower < upper):
        raise InvalidInput(f"joint_margin: {margin.tolist()} leaves no range within the joint limits")
    return velocity[:n], acceleration[:n], lower, upper


def _errors(arm: SerialArm, q: ca.SX, p: ca.SX, layout: TrackingParameters, options: TrackingOptions) -> tuple[ca.SX, FloatArray]:
    n, at = arm.n_serial, layout.at
    weights, shifted = p[at["weights"]], q + p[at["disturbance"]]
    R, tip = arm.tip_sx(_whole(arm, shifted, p[at["jaw"]]))
    R_error = ca.mtimes(ca.reshape(p[at["rotation"]], 3, 3).T, R)
    turn = 0.5 * ca.vertcat(R_error[2, 1] - R_error[1, 2], R_error[0, 2] - R_error[2, 0], R_error[1, 0] - R_error[0, 1])
    errors = ca.vertcat(
        weights[0] * (tip - p[at["position"]]),
        weights[1] * turn,
        weights[2] * (shifted - p[at["joints"]]),
    )
    scale = [options.position_scale_m] * 3 + [options.orientation_scale_rad] * 3 + [options.joint_scale] * n
    return errors, 1.0 / np.array(scale) ** 2


def _tip_rows(
    arm: SerialArm,
    limits: SetpointLimits,
    keep_in: tuple[HalfSpace, ...],
    shifted: ca.SX,
    v: ca.SX,
    u: ca.SX,
    jaw: ca.SX,
    stage_s: float,
) -> Rows:
    q = ca.SX.sym("q", arm.n_serial)
    values: list[ca.SX] = []
    upper: list[float] = []
    symbols: list[ca.SX] = []
    inner: list[ca.SX] = []
    jacobians: list[ca.SX] = []
    speed_max, acceleration_max = limits.tip_speed_m_s, limits.tip_acceleration_m_s2
    for name in limits.points:
        motion = point_motion(arm, _point(arm, name, q, jaw), _whole(arm, q, jaw), q, v, u)
        w, a = ca.SX.sym(f"w_{name}", 3), ca.SX.sym(f"a_{name}", 3)
        symbols += [w, a]
        inner += [motion.w, motion.a]
        jacobians.append(motion.jacobian())
        values += [_norm(w + stage_s * a, 0.02 * speed_max), _norm(a, 0.02 * acceleration_max)]
        upper += [speed_max, acceleration_max]
    softness = list(upper)
    for region in keep_in:
        for name in region.points:
            values.append(-ca.mtimes(ca.SX(np.asarray(region.normal)).T, _point(arm, name, q, jaw)))
            upper.append(-region.offset_m)
            softness.append(0.01)
    value, through, known = (ca.substitute(ca.vertcat(*part), q, shifted) for part in (values, inner, jacobians))
    return Rows(
        ca.densify(value),
        np.full(len(upper), -np.inf),
        upper,
        softness,
        inner_symbols=ca.vertcat(*symbols),
        inner=ca.densify(through),
        inner_jacobian=known,
        curvature_in=ca.vertcat(v, u),
    )


def _point(arm: SerialArm, name: str, q: ca.SX, jaw: ca.SX) -> ca.SX:
    if name in arm.point_names:
        return arm.points_sx(_whole(arm, q, jaw))[:, arm.point_names.index(name)]
    if name == "tip":
        return arm.tip_sx(_whole(arm, q, jaw))[1]
    raise InvalidInput(f"points: {name!r} is unknown; the arm has tip, {', '.join(arm.point_names)}")


def _whole(arm: SerialArm, q: ca.SX, jaw: ca.SX) -> ca.SX:
    return ca.vertcat(q, jaw) if arm.has_jaw else q


def _norm(value: ca.SX, smooth: float) -> ca.SX:
    """sqrt(|value|^2 + smooth^2) >= |value|: differentiable at rest, and never below the norm it stands for."""
    return ca.sqrt(ca.sumsqr(value) + smooth**2)
