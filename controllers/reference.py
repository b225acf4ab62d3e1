"""Where the tip, or the joints, should be at every instant of a motion."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeGuard

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation, Slerp

from toolkit import FloatArray, InvalidInput, Pose, finite_array, finite_number

REACH_M = 2.0
"""No arm of this project reaches farther than this from its base: a larger coordinate is a unit slip (mm for m)."""
SPEED_M_S = 2.0
"""No tip of this project is asked to move faster: a larger step between two samples is a gap or a unit slip."""


class Reference(Protocol):
    """A tip path in time, frame B. t_s counts from the beginning of the motion; before it and after duration_s the ends hold."""

    @property
    def duration_s(self) -> float: ...

    def poses(self, t_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """p_BT, shape (k, 3), [m], and R_BT, shape (k, 3, 3), at the instants t_s, shape (k,)."""
        ...


class JointTrajectory(Protocol):
    """A joint path in time, clamped to its ends like a Reference."""

    @property
    def duration_s(self) -> float: ...

    def joints(self, t_s: FloatArray) -> FloatArray:
        """q, shape (k, n), [rad] or [m], at the instants t_s, shape (k,)."""
        ...


def is_joint_trajectory(reference: "Reference | JointTrajectory") -> TypeGuard[JointTrajectory]:
    """Does it speak in joints? (isinstance on a Protocol costs 20 us, every cycle.)"""
    return callable(getattr(reference, "joints", None))


def is_tip_reference(reference: "Reference | JointTrajectory") -> TypeGuard[Reference]:
    """Does it speak in tip poses?"""
    return callable(getattr(reference, "poses", None))


@dataclass(frozen=True)
class TrapezoidalTiming:
    """s(t) from 0 to `length`: |s'| <= speed, |s''| <= acceleration, at rest at both ends, in the least time.

    Units: those of the caller ([m], [rad], or 1).
    """

    length: float
    speed: float
    acceleration: float

    def __post_init__(self) -> None:
        finite_number(self.length, "length", 0.0, 1e6)
        finite_number(self.speed, "speed", 1e-9, 1e6)
        finite_number(self.acceleration, "acceleration", 1e-9, 1e9)

    @cached_property
    def _times(self) -> tuple[float, float, float]:
        """Peak speed, duration of the ramp, duration of the whole."""
        peak = min(self.speed, float(np.sqrt(self.length * self.acceleration)))
        if peak <= 0.0:
            return 0.0, 0.0, 0.0
        return peak, peak / self.acceleration, self.length / peak + peak / self.acceleration

    @property
    def duration_s(self) -> float:
        return self._times[2]

    def position(self, t_s: FloatArray) -> FloatArray:
        """s at the instants t_s, any shape."""
        peak, ramp, whole = self._times
        t = np.clip(_instants(t_s), 0.0, whole)
        up = 0.5 * self.acceleration * np.minimum(t, ramp) ** 2
        level = peak * np.clip(t - ramp, 0.0, max(whole - 2.0 * ramp, 0.0))
        left = np.clip(whole - t, 0.0, ramp)
        down = 0.5 * self.acceleration * (ramp**2 - left**2)
        return np.asarray(np.minimum(up + level + down, self.length), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class PathReference:
    """Recorded tip positions at a constant rate, with a constant or an interpolated orientation.

    positions_m: p_BT, shape (k, 3), k >= 2, [m]; between samples the path is a straight line.
    rate_hz: samples per second.
    R: R_BT, shape (3, 3) for a constant orientation, or (j, 3, 3): j >= 2 key frames evenly spread over the duration, turned between
        along the shortest arc at a constant rate.

    Raises:
        InvalidInput: wrong shape, not finite, not a rotation, farther than REACH_M, or a step faster than SPEED_M_S (sample named).
    """

    positions_m: ArrayLike
    rate_hz: float
    R: ArrayLike

    def __post_init__(self) -> None:
        positions = finite_array(self.positions_m, "positions_m", (None, 3))
        finite_number(self.rate_hz, "rate_hz", 1e-3, 1e5)
        if positions.shape[0] < 2:
            raise InvalidInput(f"positions_m: at least two samples are needed, got {positions.shape[0]}")
        far = np.abs(positions).max(axis=1)
        if not far.max() <= REACH_M:
            i = int(far.argmax())
            raise InvalidInput(f"positions_m: sample {i} is {far[i]:g} m from the base, at most {REACH_M} m: is the unit metres?")
        speed = np.linalg.norm(np.diff(positions, axis=0), axis=1) * self.rate_hz
        if not speed.max() <= SPEED_M_S:
            i = int(speed.argmax())
            raise InvalidInput(f"positions_m: {speed[i]:g} m/s between samples {i} and {i + 1}, at most {SPEED_M_S} m/s is plausible")
        object.__setattr__(self, "positions_m", positions)
        R = np.asarray(self.R, dtype=np.float64)
        object.__setattr__(self, "R", finite_array(R, "R", (3, 3) if R.ndim == 2 else (None, 3, 3)))
        for rotation in np.asarray(self.R).reshape(-1, 3, 3):
            Pose(rotation, np.zeros(3))

    @cached_property
    def _samples(self) -> FloatArray:
        return np.asarray(self.positions_m, dtype=np.float64)

    @cached_property
    def _slerp(self) -> Slerp | None:
        keys = np.asarray(self.R, dtype=np.float64)
        if keys.ndim == 2 or keys.shape[0] == 1:
            return None
        return Slerp(np.linspace(0.0, self.duration_s, keys.shape[0]), Rotation.from_matrix(keys))

    @property
    def duration_s(self) -> float:
        return float((self._samples.shape[0] - 1) / self.rate_hz)

    def poses(self, t_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See Reference."""
        samples = self._samples
        at = np.clip(_instants(t_s), 0.0, self.duration_s) * self.rate_hz
        i = np.minimum(at.astype(np.int64), samples.shape[0] - 2)
        fraction = (at - i)[:, None]
        p = samples[i] * (1.0 - fraction) + samples[i + 1] * fraction
        if self._slerp is None:
            return p, np.broadcast_to(np.asarray(self.R, dtype=np.float64).reshape(-1, 3, 3)[0], (p.shape[0], 3, 3))
        return p, np.asarray(self._slerp(np.clip(at / self.rate_hz, 0.0, self.duration_s)).as_matrix(), dtype=np.float64)


@dataclass(frozen=True)
class CartesianSpeed:
    """How fast a planned Cartesian motion goes: [m/s], [m/s^2], [rad/s], [rad/s^2]."""

    speed_m_s: float
    acceleration_m_s2: float
    turn_rad_s: float
    turn_rad_s2: float

    def __post_init__(self) -> None:
        for name in ("speed_m_s", "acceleration_m_s2", "turn_rad_s", "turn_rad_s2"):
            finite_number(getattr(self, name), name, 1e-6, 1e3)


@dataclass(frozen=True, eq=False)
class LineReference:
    """A straight line from one pose to another, turning along the shortest arc, both on one trapezoidal timing (move_cp).

        p = (1 - s) p_start + s p_goal,   R = R_start exp(s theta a^),   s = TrapezoidalTiming

    Assumes: the goal is not half a turn away (theta < pi - 1e-6): there is no shortest arc then.
    """

    start: Pose
    goal: Pose
    limits: CartesianSpeed

    def __post_init__(self) -> None:
        for name, pose in (("start", self.start), ("goal", self.goal)):
            if not np.abs(pose.p_m).max() <= REACH_M:
                raise InvalidInput(f"{name}: {pose.p_m.tolist()} m: at most {REACH_M} m is plausible: is the unit metres?")
        if not self._angle < np.pi - 1e-6:
            raise InvalidInput("goal: half a turn from the start: the direction of the turn is not defined; name a pose between")

    @cached_property
    def _turn(self) -> FloatArray:
        return np.asarray(Rotation.from_matrix(self.start.R.T @ self.goal.R).as_rotvec(), dtype=np.float64)

    @cached_property
    def _angle(self) -> float:
        return float(np.linalg.norm(self._turn))

    @cached_property
    def _timing(self) -> TrapezoidalTiming:
        length, limits = float(np.linalg.norm(self.goal.p_m - self.start.p_m)), self.limits
        tiny = 1e-12
        speed = min(limits.speed_m_s / max(length, tiny), limits.turn_rad_s / max(self._angle, tiny), 1e6)
        acceleration = min(limits.acceleration_m_s2 / max(length, tiny), limits.turn_rad_s2 / max(self._angle, tiny), 1e9)
        return TrapezoidalTiming(0.0 if max(length, self._angle) <= tiny else 1.0, speed, acceleration)

    @property
    def duration_s(self) -> float:
        return self._timing.duration_s

    def poses(self, t_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See Reference."""
        s = self._timing.position(t_s)[:, None]
        p = (1.0 - s) * self.start.p_m + s * self.goal.p_m
        R = self.start.R @ np.asarray(Rotation.from_rotvec(s * self._turn).as_matrix(), dtype=np.float64)
        return p, R


@dataclass(frozen=True, eq=False)
class ConstantReference:
    """One pose for ever (servo_cp between two setpoints, and every hold)."""

    pose: Pose

    @property
    def duration_s(self) -> float:
        return 0.0

    def poses(self, t_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See Reference."""
        k = _instants(t_s).shape[0]
        return np.broadcast_to(self.pose.p_m, (k, 3)), np.broadcast_to(self.pose.R, (k, 3, 3))


@dataclass(frozen=True, eq=False)
class JointReference:
    """All joints from start to goal on one trapezoidal timing (move_jp); start == goal holds (servo_jp).

    start, goal: shape (n,), [rad] or [m]. velocity, acceleration: bounds per joint, shape (n,), > 0.
    """

    start: ArrayLike
    goal: ArrayLike
    velocity: ArrayLike
    acceleration: ArrayLike
    _timing: TrapezoidalTiming = field(init=False, repr=False)

    def __post_init__(self) -> None:
        start = finite_array(self.start, "start", (None,))
        n = start.shape[0]
        goal, velocity = finite_array(self.goal, "goal", (n,)), finite_array(self.velocity, "velocity", (n,))
        acceleration = finite_array(self.acceleration, "acceleration", (n,))
        if not (np.all(velocity > 0.0) and np.all(acceleration > 0.0)):
            raise InvalidInput(f"velocity, acceleration: must be positive: {velocity.tolist()}, {acceleration.tolist()}")
        for name, value in (("start", start), ("goal", goal), ("velocity", velocity), ("acceleration", acceleration)):
            object.__setattr__(self, name, value)
        way = np.abs(goal - start)
        moving = way > 1e-15
        speed = min(float((velocity[moving] / way[moving]).min(initial=1e6)), 1e6)
        rate = min(float((acceleration[moving] / way[moving]).min(initial=1e9)), 1e9)
        object.__setattr__(self, "_timing", TrapezoidalTiming(1.0 if moving.any() else 0.0, speed, rate))

    @property
    def duration_s(self) -> float:
        return self._timing.duration_s

    def joints(self, t_s: FloatArray) -> FloatArray:
        """See JointTrajectory."""
        s, start = self._timing.position(t_s)[:, None], np.asarray(self.start)
        return np.asarray(start + s * (np.asarray(self.goal) - start), dtype=np.float64)


def _instants(t_s: FloatArray) -> FloatArray:
    t = np.asarray(t_s, dtype=np.float64)
    if not np.isfinite(t).all():
        raise InvalidInput(f"t_s: not finite: {t.tolist()}")
    return t
