"""What a caller keeps of a motion it asked for: which command it was, whether it has ended, and how."""

import threading
from enum import Enum

from toolkit import finite_number


class MotionKind(Enum):
    """The CRTK command a motion came from; PATH is a given reference (a recorded path), HOLD is none."""

    SERVO_JP = "servo_jp"
    SERVO_CP = "servo_cp"
    MOVE_JP = "move_jp"
    MOVE_CP = "move_cp"
    PATH = "servo_path"
    HOLD = "hold"


class MotionOutcome(Enum):
    """How a motion ended, or that it has not."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    DONE = "DONE"
    PREEMPTED = "PREEMPTED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class MotionHandle:
    """What the caller keeps of a motion. Thread-safe."""

    def __init__(self, kind: MotionKind) -> None:
        self.kind = kind
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._outcome, self._reason = MotionOutcome.PENDING, ""

    @property
    def outcome(self) -> MotionOutcome:
        return self._outcome

    @property
    def reason(self) -> str:
        """Why it ended otherwise than DONE; empty while it runs."""
        return self._reason

    @property
    def is_busy(self) -> bool:
        """CRTK: true while a planned motion is on its way; never for servo commands."""
        planned = self.kind not in (MotionKind.SERVO_JP, MotionKind.SERVO_CP, MotionKind.HOLD)
        return planned and not self._ended.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Block until the motion has ended or timeout_s has passed; True only if it ended as DONE."""
        self._ended.wait(finite_number(timeout_s, "timeout_s", 0.0, 1e6))
        return self._outcome is MotionOutcome.DONE

    def cancel(self) -> None:
        """End it: the arm comes to rest where it can. Nothing happens to a motion that has already ended."""
        self._end(MotionOutcome.CANCELLED, "cancelled by the caller")

    def _begin(self) -> bool:
        with self._lock:
            if self._outcome is not MotionOutcome.PENDING:
                return False
            self._outcome = MotionOutcome.ACTIVE
            return True

    def _end(self, outcome: MotionOutcome, reason: str = "") -> None:
        with self._lock:
            if self._ended.is_set():
                return
            self._outcome, self._reason = outcome, reason
            self._ended.set()
