"""The block of registers read every cycle: decoding it, and telling a live servo from one that repeats itself."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit import DeviceFault, FloatArray, StaleMeasurement, TickArray

from .control_table import REALTIME_TICK_MODULUS, TICKS_PER_TURN, VELOCITY_RAD_PER_S
from .dynamixel_packet import Packet

# 116 goal position, 120 realtime tick, 122 moving, 123 moving status, 124 PWM, 126 current, 128 velocity, 132 position.
_BLOCK = struct.Struct("<iHBBhhii")
_TICKS_PER_RAD = TICKS_PER_TURN / (2 * np.pi)


@dataclass(frozen=True, eq=False)
class CycleSample:
    """goal_ticks, ticks: shape (n,). velocity_ticks_per_s: shape (n,). clock_ms: each servo's own clock, wrapping at 32768.

    request_s: when the sample was asked for, time.monotonic(). alert: some servo has a hardware error.
    """

    goal_ticks: TickArray
    ticks: TickArray
    velocity_ticks_per_s: FloatArray
    clock_ms: tuple[int, ...]
    request_s: float
    alert: bool


def decode_sample(answers: Mapping[int, Packet], ids: Sequence[int], request_s: float) -> CycleSample:
    """The sample of registers 116..135 of every servo, in the order of `ids`."""
    rows = [_BLOCK.unpack(answers[device_id].params) for device_id in ids]
    return CycleSample(
        goal_ticks=np.array([row[0] for row in rows], dtype=np.int64),
        ticks=np.array([row[7] for row in rows], dtype=np.int64),
        velocity_ticks_per_s=np.array([row[6] for row in rows]) * (VELOCITY_RAD_PER_S * _TICKS_PER_RAD),
        clock_ms=tuple(row[1] for row in rows),
        request_s=request_s,
        alert=any(answers[device_id].alert for device_id in ids),
    )


class ClockMonitor:
    """Each servo's clock must advance as the control process's does: between two samples, by no less than the shortest and no more than
    the longest time that can lie between them, given when each was requested and answered.

    tolerance_ms, tolerance_ratio: resolution and drift of the servo's clock.
    """

    def __init__(self, ids: Sequence[int], tolerance_ms: float = 2.0, tolerance_ratio: float = 0.02) -> None:
        self._ids = tuple(ids)
        self._tolerance_ms = tolerance_ms
        self._ratio = tolerance_ratio
        self._before: tuple[tuple[int, ...], float, float] | None = None

    def reset(self) -> None:
        """Forget the last sample."""
        self._before = None

    def check(self, clock_ms: tuple[int, ...], request_s: float, reply_s: float) -> None:
        """Compare with an earlier sample.

        Raises:
            StaleMeasurement: a servo's clock advanced too little: it repeats an old sample.
            DeviceFault: it advanced too much: the servo restarted, or another one answers.
        """
        if self._before is None:
            self._before = (clock_ms, request_s, reply_s)
            return
        old, old_request_s, old_reply_s = self._before
        longest_ms = (reply_s - old_request_s) * 1e3 * (1 + self._ratio) + self._tolerance_ms
        shortest_ms = (request_s - old_reply_s) * 1e3 * (1 - self._ratio) - self._tolerance_ms
        if longest_ms < REALTIME_TICK_MODULUS / 2:  # longer apart than this, a wrapped clock says nothing
            for device_id, now, before in zip(self._ids, clock_ms, old, strict=True):
                advance = (now - before) % REALTIME_TICK_MODULUS
                if advance > REALTIME_TICK_MODULUS / 2:
                    advance -= REALTIME_TICK_MODULUS
                if not advance >= shortest_ms:
                    raise StaleMeasurement(f"id {device_id}: its clock advanced {advance} ms in over {shortest_ms:.1f} ms: an old sample")
                if not advance <= longest_ms:
                    raise DeviceFault(f"id {device_id}: its clock advanced {advance} ms in at most {longest_ms:.1f} ms: it restarted")
        # Samples closer together than the tolerance prove nothing; keep the older one, or a frozen clock could hide behind fast reads.
        if shortest_ms > 0:
            self._before = (clock_ms, request_s, reply_s)
