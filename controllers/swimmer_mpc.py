"""A helix or a roller on its path: observer, rotation vector below step-out by model-predictive control, rotating field, currents."""

from dataclasses import dataclass, field, replace

import numpy as np

from toolkit import FloatArray, InvalidInput, finite_array, finite_number
from toolkit.models.magnetics import FieldModel
from toolkit.models.microrobots import Helix, Roller

from .bead_mpc import CurrentProposal, Path
from .bead_observer import BeadEstimate, BeadObserver, BeadObserverOptions
from .bead_problem import BeadLimits
from .current_allocation import Allocation, allocate_currents
from .rotating_field import RotatingField
from .rotation_mpc import RotationMpc, RotationMpcOptions


def _observer() -> BeadObserverOptions:
    return BeadObserverOptions(
        harmonics=0, frame_noise_m=1.5e-5, disturbance_drift=6e-5, flow_drift=0.0, speed_noise=2e-5,
        disturbance_start_m_s=1e-4, flow_start_m_s=0.0,
    )  # fmt: skip


@dataclass(frozen=True)
class SwimmerMpcOptions:
    """period_s: of control. field_T: of the rotating field. share: of step-out that w may reach, for what model and coils are wrong by.

    return_s: an error is to shrink by e in this time, longer than the axis takes to follow the field's. turn_rad_s: of the field's axis.
    rest_rad_s: below about this |w| the model does not say where the axis points. observer: frame_noise_m holds the head's wobble too.
    """

    field_T: float
    period_s: float = 0.01
    share: float = 0.7
    return_s: float = 4.0
    turn_rad_s: float = 0.6
    rest_rad_s: float = 2.0
    rotation: RotationMpcOptions = field(default_factory=lambda: RotationMpcOptions(period_s=0.05, horizon=10, error_scale_m=2e-5))
    observer: BeadObserverOptions = field(default_factory=_observer)

    def __post_init__(self) -> None:
        for name, low, high in (("period_s", 1e-4, 1.0), ("share", 0.05, 1.0), ("return_s", 1e-2, 100.0), ("turn_rad_s", 1e-2, 100.0)):
            finite_number(getattr(self, name), name, low, high)


class SwimmerMpc:
    """Proposes currents, period after period. Not thread-safe.

    A failed solve, a field that the coils cannot make within their limits, a step beyond the slew limit: a proposal without currents, and
    the field stays where it is. The gradient asked for is zero. What slows or drifts the swimmer (walls, coils, wobble) the observer
    finds as a slow flow.

    Raises:
        InvalidInput: a start outside the workspace or where the field cannot be made; a swimmer that is not over-damped.
    """

    def __init__(
        self, coils: FieldModel, robot: Helix | Roller, limits: BeadLimits, path: Path, options: SwimmerMpcOptions, t_s: float = 0.0,
        seen_m: FloatArray | None = None,
    ) -> None:  # fmt: skip
        if not options.field_T <= limits.field_T:
            raise InvalidInput(f"field_T: {options.field_T} T is above the limit, {limits.field_T} T")
        if coils.saturation is not None:
            raise InvalidInput(f"{coils.name}: coils with saturation: their currents do not follow from a linear equation")
        self.coils, self.robot, self.limits, self.options = coils, robot, limits, options
        self.step_out_rad_s = robot.step_out_rad_s(options.field_T)
        given = (options.period_s, options.rest_rad_s)
        self._velocity = robot.velocity(*given) if isinstance(robot, Helix) else robot.velocity(options.period_s)
        self._mpc = RotationMpc(self._velocity, options.share * self.step_out_rad_s, options.rotation)
        count = options.rotation.horizon + 1
        self._stages: FloatArray = np.arange(count, dtype=np.float64) * options.rotation.period_s
        self.begin(path, t_s, path(np.array([t_s]))[0][0] if seen_m is None else seen_m)

    def begin(self, path: Path, t_s: float, seen_m: FloatArray) -> None:
        """Forget everything, and follow this path from t_s on with the swimmer at seen_m, (3,). What was compiled stays."""
        start = finite_array(seen_m, "seen_m", (3,))
        turning = RotatingField.at_rest(self.options.field_T, self._axis(path(np.array([t_s]))[2][0]), self.options.turn_rad_s)
        allocation = self._allocate(start, turning)
        if allocation.i_ampere is None:
            raise InvalidInput(f"hold: the field cannot be made where the swimmer starts: {allocation.detail}")
        self.hold_A, self._path, self.field = allocation.i_ampere, path, turning
        self.observer = BeadObserver(t_s, start, 0.0, self.options.observer)
        self.w_rad_s: FloatArray = np.zeros(3)
        self._from, self._from_s = turning, t_s

    def _axis(self, along: FloatArray) -> FloatArray:
        """About which the robot turns to move along: a helix along itself, a roller across its way, in the floor."""
        return along if isinstance(self.robot, Helix) else np.cross(self.robot.normal, along)

    def frame(self, taken_s: float, p_m: FloatArray) -> bool:
        """A camera has seen the swimmer's head at p_m, at taken_s. Whether that was believed."""
        return self.observer.frame(taken_s, p_m)

    def compute(self, t_s: float, i_A: FloatArray) -> CurrentProposal:
        """The currents to reach by the end of the period that begins at t_s, with i_A flowing now, (n,).

        Raises:
            InvalidInput: shapes, NaN, time that runs backwards.
        """
        i_now = finite_array(i_A, "i_A", (self.coils.n,))
        estimate = self.observer.estimate(t_s)
        self._from, self._from_s = self._flowing(estimate.p_m, i_now), t_s
        return self._towards(t_s, estimate, self._path(t_s + self._stages)[0], i_now)

    def hold(self, t_s: float, at_m: FloatArray, i_A: FloatArray) -> CurrentProposal:
        """As `compute`, to stay at a place or swim back to it, (3,): instead of what `compute` proposed for the same t_s.

        Raises:
            InvalidInput: as `compute`.
        """
        i_now, at = finite_array(i_A, "i_A", (self.coils.n,)), finite_array(at_m, "at_m", (3,))
        estimate = self.observer.estimate(t_s)
        if self._from_s != t_s:
            self._from, self._from_s = self._flowing(estimate.p_m, i_now), t_s
        return self._towards(t_s, estimate, np.tile(at, (self._stages.size, 1)), i_now)

    def _flowing(self, p_m: FloatArray, i_A: FloatArray) -> RotatingField:
        """The field that turns on from what flows: not from what was proposed last and perhaps refused."""
        return self.field.seen(self.coils.field(np.clip(p_m, self.coils.lower_m, self.coils.upper_m), i_A).B_tesla)

    def _towards(self, t_s: float, estimate: BeadEstimate, position_m: FloatArray, i_now: FloatArray) -> CurrentProposal:
        """Currents that lead back to these places, (k, 3), one a stage."""
        o, self.field = self.options, self._from
        error = estimate.p_m - position_m[0]
        reference = position_m + error * np.exp(-self._stages / o.return_s)[:, None]
        flow, _ = self.observer.flow(t_s + self._stages, np.tile(self.field.axis, (self._stages.size, 1)))
        rotation = self._mpc.compute(estimate.p_m, reference, flow[0])
        if rotation.rate_rad_s is None:
            self._push(t_s, np.zeros(3))
            return CurrentProposal(None, rotation.report, estimate)
        after = self.field.turned(rotation.rate_rad_s, o.period_s)
        i_next, refusal = self._currents(estimate.p_m, after, i_now)
        if i_next is None:
            self._push(t_s, np.zeros(3))
            return CurrentProposal(None, replace(rotation.report, ok=False, status=refusal), estimate)
        self._push(t_s, after.spin_rad_s(rotation.rate_rad_s))
        self.field, self.w_rad_s = after, rotation.rate_rad_s
        return CurrentProposal(i_next, rotation.report, estimate)

    def _currents(self, p_m: FloatArray, turning: RotatingField, i_now: FloatArray) -> tuple[FloatArray | None, str]:
        """Currents, or None and why not."""
        if not ((p_m >= self.coils.lower_m) & (p_m <= self.coils.upper_m)).all():
            return None, f"the swimmer is outside the calibrated workspace, at {p_m.tolist()} m"
        allocation = self._allocate(p_m, turning)
        if allocation.i_ampere is None:
            return None, allocation.detail
        step, most = float(np.abs(allocation.i_ampere - i_now).max()), self.limits.slew_A_s * self.options.period_s
        if not step <= most:
            return None, f"a step of {step:.3g} A, {most:.3g} A are allowed"
        return allocation.i_ampere, ""

    def _allocate(self, p_m: FloatArray, turning: RotatingField) -> Allocation:
        offset = self.coils.field(p_m, np.zeros(self.coils.n))
        wanted = np.concatenate([turning.B_tesla - offset.B_tesla, -offset.g5_tesla_per_m])
        return allocate_currents(self.coils.actuation(p_m), wanted, self.limits.coils)

    def _push(self, t_s: float, spin_rad_s: FloatArray) -> None:
        v = np.asarray(self._velocity(spin_rad_s, np.zeros(3))).ravel()
        self.observer.push(t_s, v, self.field.axis, max(self.robot.time_constant_s, 1e-5))
