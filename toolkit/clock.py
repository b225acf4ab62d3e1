"""One monotonic clock for the whole control process, and a wait that is on time."""

import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds, and waiting for an instant of it."""

    def now(self) -> float: ...
    def wait_until(self, t_s: float, *, awake: bool = True) -> None: ...


class MonotonicClock:
    """time.monotonic() with sleep-then-spin: the kernel wakes late, so the last spin_s are waited out actively."""

    def __init__(self, spin_s: float = 200e-6) -> None:
        self._spin_s = spin_s

    def now(self) -> float:
        return time.monotonic()

    def wait_until(self, t_s: float, *, awake: bool = True) -> None:
        """Return at t_s; asleep to the end (awake=False) as late as the kernel wakes, at no cost to the core's real-time share."""
        if not awake:
            time.sleep(max(0.0, t_s - time.monotonic()))
            return
        ahead = t_s - time.monotonic() - self._spin_s
        if ahead > 0.0:
            time.sleep(ahead)
        while time.monotonic() < t_s:
            pass
