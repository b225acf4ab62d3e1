"""CRTK motions: what a procedure or an application asks for, as references that the cycle runs.

servo_jp, servo_cp: direct and pre-emptive, a stream whose sender owns continuity; stale after `servo_age_s_max` (then: hold).
move_jp, move_cp: planned from the newest setpoint to the goal, ending at rest; move_cp is a straight line. `is_busy` is true for moves.
Names and rules: CRTK, "Robot motion commands", collaborative-robotics/documentation; a newer command always replaces the older one.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, Pose, finite_array, finite_number
from toolkit.models import SerialArm

from .motion_handle import MotionHandle, MotionKind, MotionOutcome
from .one_or_each import one_or_each
from .reference import CartesianSpeed, ConstantReference, JointReference, JointTrajectory, LineReference, Reference, is_tip_reference


@dataclass(frozen=True, eq=False)
class ActiveMotion:
    """What the controller tracks this cycle: a reference, its own time, and the jaw's target (None: as the reference says, or rest)."""

    kind: MotionKind
    reference: Reference | JointTrajectory
    t_s: float
    jaw: float | None
    handle: MotionHandle | None


@dataclass(frozen=True, eq=False)
class MotionLimits:
    """How planned motions go, and how near is there.

    velocity, acceleration: per joint for move_jp, shape (n,). cartesian: for move_cp.
    servo_age_s_max: a servo setpoint older than this is stale: hold.
    goal_tolerance: joint tolerance of "arrived", shape (n,) or one number, compared with the newest *setpoint*, [rad] or [m].
    goal_tolerance_m: the same for the tip of a Cartesian goal. settle_s: how long after its duration a move may take to arrive.
    """

    velocity: ArrayLike
    acceleration: ArrayLike
    cartesian: CartesianSpeed
    servo_age_s_max: float = 0.05
    goal_tolerance: ArrayLike = 1e-3
    goal_tolerance_m: float = 2e-4
    settle_s: float = 2.0

    def __post_init__(self) -> None:
        velocity = finite_array(self.velocity, "velocity", (None,))
        object.__setattr__(self, "velocity", velocity)
        object.__setattr__(self, "acceleration", finite_array(self.acceleration, "acceleration", velocity.shape))
        object.__setattr__(self, "goal_tolerance", one_or_each(self.goal_tolerance, "goal_tolerance", velocity.shape[0]))
        finite_number(self.servo_age_s_max, "servo_age_s_max", 1e-3, 1.0)
        finite_number(self.goal_tolerance_m, "goal_tolerance_m", 1e-6, 1e-1)
        finite_number(self.settle_s, "settle_s", 0.0, 60.0)


@dataclass
class _Command:
    """plan: the reference, from the joints of the newest setpoint. joints: the goal of a joint motion."""

    handle: MotionHandle
    received_s: float
    plan: Callable[[FloatArray], Reference | JointTrajectory]
    joints: FloatArray | None = None
    jaw: float | None = None
    reference: Reference | JointTrajectory | None = None
    started_s: float = 0.0

    @property
    def kind(self) -> MotionKind:
        return self.handle.kind


class Motions:
    """The newest command, from any thread, turned into the reference of each cycle, in one.

    Application threads call servo_* and move_*; the cycle calls `advance` once per period. `now_s` is time.monotonic() everywhere: age is
    counted from reception, never from a sender's stamp (another clock would make a stale command look fresh for ever).
    """

    def __init__(self, arm: SerialArm, limits: MotionLimits) -> None:
        if np.shape(limits.velocity) != (arm.n,):
            raise InvalidInput(f"velocity: arm {arm.name} needs shape ({arm.n},), got {np.shape(limits.velocity)}")
        self._arm, self._limits = arm, limits
        self._lock = threading.Lock()
        self._current: _Command | None = None
        self._hold: JointReference | None = None
        self._before: FloatArray | None = None
        self._jaw: float | None = None

    def servo_jp(self, q: FloatArray, now_s: float) -> MotionHandle:
        """Track this joint position, shape (n,), [rad] or [m], until it is replaced or stale."""
        goal = self._joints(q)
        return self._accept(MotionKind.SERVO_JP, now_s, lambda _: self._rest(goal), joints=goal)

    def servo_cp(self, X_BT: Pose, now_s: float, jaw: float | None = None) -> MotionHandle:
        """Track this tip pose until it is replaced or stale."""
        return self._accept(MotionKind.SERVO_CP, now_s, lambda _: ConstantReference(X_BT), jaw=jaw)

    def move_jp(self, q: FloatArray, now_s: float) -> MotionHandle:
        """Go to this joint position, shape (n,), all joints arriving together, and rest there."""
        goal, limits = self._joints(q), self._limits
        return self._accept(
            MotionKind.MOVE_JP, now_s, lambda y: JointReference(y, goal, limits.velocity, limits.acceleration), joints=goal
        )

    def move_cp(self, X_BT: Pose, now_s: float, jaw: float | None = None) -> MotionHandle:
        """Go to this tip pose on a straight line and rest there (dVRK's own move_cp is not straight)."""
        cartesian = self._limits.cartesian
        return self._accept(MotionKind.MOVE_CP, now_s, lambda y: LineReference(self._arm.tip_pose(y), X_BT, cartesian), jaw=jaw)

    def follow(self, path: Reference, now_s: float, jaw: float | None = None) -> MotionHandle:
        """Run a tip path from its beginning to its end. The caller has moved to its first pose before."""
        return self._accept(MotionKind.PATH, now_s, lambda _: path, jaw=jaw)

    def cancel(self) -> None:
        """End whatever runs: the arm comes to rest and holds."""
        with self._lock:
            if self._current is not None:
                self._current.handle.cancel()

    def fail(self, reason: str) -> None:
        """End whatever runs because the arm may not move any more (a stop, a fault); waiting callers are released."""
        with self._lock:
            if self._current is not None:
                self._current.handle._end(MotionOutcome.FAILED, reason)
            self._current, self._hold = None, None

    @property
    def is_busy(self) -> bool:
        """CRTK is_busy: a planned motion has not ended."""
        with self._lock:
            return self._current is not None and self._current.handle.is_busy

    def advance(self, y_q: FloatArray, now_s: float) -> ActiveMotion:
        """The motion of the setpoint about to be written at now_s, given the joints of the newest one, y_q, shape (n,)."""
        y_q, now_s = self._joints(y_q, check_limits=False), finite_number(now_s, "now_s", 0.0, 1e12)
        with self._lock:
            command = self._current
            if command is not None and command.handle._begin():
                self._start(command, y_q, now_s)
            if command is not None:
                self._finish(command, y_q, now_s)
            if command is None or command.reference is None or command.handle.outcome is not MotionOutcome.ACTIVE:
                return self._holding(y_q)
            self._hold = None
            self._jaw = command.jaw if command.jaw is not None else self._jaw
            return ActiveMotion(command.kind, command.reference, now_s - command.started_s, self._jaw, command.handle)

    def _accept(
        self,
        kind: MotionKind,
        now_s: float,
        plan: Callable[[FloatArray], Reference | JointTrajectory],
        joints: FloatArray | None = None,
        jaw: float | None = None,
    ) -> MotionHandle:
        received_s = finite_number(now_s, "now_s", 0.0, 1e12)
        command = _Command(MotionHandle(kind), received_s, plan, joints, self._jaw_target(jaw))
        with self._lock:
            if self._current is not None:
                self._current.handle._end(MotionOutcome.PREEMPTED, f"replaced by {kind.value}")
            self._current = command
        return command.handle

    def _start(self, command: _Command, y_q: FloatArray, now_s: float) -> None:
        """Plan from the newest setpoint (CRTK: from the setpoint, not from the measurement)."""
        command.started_s = now_s
        try:
            command.reference = command.plan(y_q)
        except InvalidInput as error:
            # Raised in the cycle, where nobody can handle it: the caller learns it from the handle.
            command.handle._end(MotionOutcome.FAILED, str(error))

    def _finish(self, command: _Command, y_q: FloatArray, now_s: float) -> None:
        """End a motion that has arrived, is stale, or does not arrive."""
        if command.handle.outcome is not MotionOutcome.ACTIVE or command.reference is None:
            return
        if command.kind in (MotionKind.SERVO_JP, MotionKind.SERVO_CP):
            age = now_s - command.received_s
            if not age <= self._limits.servo_age_s_max:
                command.handle._end(MotionOutcome.DONE, f"stale: {age * 1e3:.0f} ms old")
            return
        over = now_s - command.started_s - command.reference.duration_s
        if over < 0.0:
            return
        if self._has_arrived(command, y_q):
            command.handle._end(MotionOutcome.DONE)
        elif over > self._limits.settle_s:
            command.handle._end(MotionOutcome.FAILED, f"not arrived {over:.2f} s after its planned end")

    def _has_arrived(self, command: _Command, y_q: FloatArray) -> bool:
        if command.joints is not None:
            return bool(np.all(np.abs(y_q - command.joints) <= np.asarray(self._limits.goal_tolerance)))
        reference = command.reference
        if reference is None or not is_tip_reference(reference):
            return False
        p, _ = reference.poses(np.array([math.nextafter(reference.duration_s, math.inf)]))
        jaw_there = command.jaw is None or abs(y_q[-1] - command.jaw) <= np.asarray(self._limits.goal_tolerance)[-1]
        return bool(jaw_there and np.linalg.norm(self._arm.tip_pose(y_q).p_m - p[0]) <= self._limits.goal_tolerance_m)

    def _holding(self, y_q: FloatArray) -> ActiveMotion:
        """Come to rest, then stay: the target follows the setpoint until that no longer moves (braking back to a point would overshoot)."""
        if self._hold is None or self._before is None or not np.array_equal(self._before, y_q):
            self._hold = self._rest(y_q)
        self._before, self._jaw = y_q, None
        return ActiveMotion(MotionKind.HOLD, self._hold, 0.0, None, None)

    def _rest(self, q: FloatArray) -> JointReference:
        return JointReference(q, q, self._limits.velocity, self._limits.acceleration)

    def _joints(self, q: FloatArray, check_limits: bool = True) -> FloatArray:
        q = finite_array(q, "q", (self._arm.n,))
        problems = self._arm.limits.violations(q) if check_limits else ()
        if problems:
            raise InvalidInput("q: " + "; ".join(problems))
        return q

    def _jaw_target(self, jaw: float | None) -> float | None:
        if jaw is None:
            return None
        if not self._arm.has_jaw:
            raise InvalidInput(f"jaw: arm {self._arm.name} has none")
        limits = self._arm.limits
        return finite_number(jaw, "jaw", float(limits.lower[-1]), float(limits.upper[-1]))
