"""When a sample of all servos is asked for, and which one a cycle gets."""

import time
from collections.abc import Mapping, Sequence

import numpy as np

from toolkit import TickArray

from .control_table import CYCLE_BLOCK
from .cycle_sample import ClockMonitor, CycleSample, decode_sample
from .dynamixel_packet import Packet, sync_read
from .serial_bus import SerialBus

AHEAD_PERIODS = 0.8
"""A sample requested longer ago than this is asked for anew: after a missed period it would be too old."""
STALE_PERIODS = 2.0
"""Answers to a request older than this say what was, not what is."""
PATIENCE_PERIODS = 0.1
"""How long a cycle waits for a late line before it may use the sample it has."""


class CycleSampler:
    """Samples of registers 116..135 of all servos, asked for shortly before a cycle so that their answers are there when it begins.

    expected_goal: the setpoint that the goals echoed in the newest sample should be; None if none was written.
    written: how many setpoints had been written when the newest sample was asked for.
    heard_s: when the newest sample was asked for, on the monotonic clock.
    """

    def __init__(self, bus: SerialBus, ids: Sequence[int], period_s: float) -> None:
        self._bus, self._ids, self._period_s = bus, tuple(ids), period_s
        self._frame = sync_read(*CYCLE_BLOCK, self._ids)
        self._clock = ClockMonitor(self._ids)
        self._ahead_s = -np.inf
        self._ahead: tuple[TickArray | None, int] = (None, 0)
        self.expected_goal: TickArray | None = None
        self.written = 0
        self.heard_s = time.monotonic()

    def request_ahead(self, goal: TickArray, written: int) -> None:
        """Ask for the sample of the next cycle, `goal` being the newest of `written` setpoints. Nothing while an answer is still out."""
        if not self._bus.is_ahead:
            self._ahead_s, self._ahead = time.monotonic(), (goal, written)
            self._bus.request_ahead(self._frame, self._ids, CYCLE_BLOCK[1])

    def timely(self) -> CycleSample | None:
        """The sample that was asked for ahead, if its answers are here or come within a fraction of a period."""
        if not self._bus.is_ahead:
            return None
        if not time.monotonic() - self._ahead_s <= STALE_PERIODS * self._period_s:
            self._bus.forget_ahead()
            return None
        answers = self._bus.collect_ahead(PATIENCE_PERIODS * self._period_s, "sync read")
        if answers is None:
            return None
        self.expected_goal, self.written = self._ahead
        return self._accept(answers, self._ahead_s)

    def sample(self, goal: TickArray | None, written: int) -> CycleSample:
        """A sample asked for now, `goal` being the newest of `written` setpoints; or the one asked for ahead, if that was not long ago.

        Raises:
            DeviceFault: no valid answer in time. StaleMeasurement: a servo's clock stands still.
        """
        if self._bus.is_ahead and time.monotonic() - self._ahead_s <= AHEAD_PERIODS * self._period_s:
            answers = self._bus.collect_ahead(self._bus.reply_timeout_s, "sync read")
            if answers is not None:
                self.expected_goal, self.written = self._ahead
                return self._accept(answers, self._ahead_s)
        request_s, self.expected_goal, self.written = time.monotonic(), goal, written
        return self._accept(self._bus.sync_read(*CYCLE_BLOCK, self._ids, frame=self._frame), request_s)

    def _accept(self, answers: Mapping[int, Packet], request_s: float) -> CycleSample:
        sample = decode_sample(answers, self._ids, request_s)
        self._clock.check(sample.clock_ms, request_s, time.monotonic())
        self.heard_s = request_s
        return sample
