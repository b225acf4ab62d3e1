"""Whether a tracker can be believed, sample by sample: repeated, conflicting and lost frames, misalignment, lateness, jumps, stuck spells.

It decides nothing: each finding names what, when it began and when it was found; the reaction is the caller's. A camera or tracker that
fails silently (the same picture again) is the reason for it.
"""

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum

from toolkit import InvalidInput, finite_number


class Fault(Enum):
    REPEATED_FRAME = "repeated frame"
    CONFLICTING_FRAME = "conflicting frame"
    LOST_FRAME = "lost frame"
    FRAME_BACKWARDS = "frame backwards"
    MISALIGNED = "misaligned"
    LATE = "late"
    JUMP = "jump"
    STUCK = "stuck"
    NOT_FINITE = "not finite"


@dataclass(frozen=True)
class TrackerLimits:
    """Lengths in the unit of the positions.

    interval_s_max: longest time between new frames. speed_max: faster than the robot can be. misaligned_max: by how many frames the
    count of samples may fall behind or ahead of the frame numbers.
    stuck: over the last `stuck_window_s` the robot was commanded at least `stuck_commanded_min` and moved less than
        stuck_distance + stuck_part * (length of the commanded displacement).
    """

    interval_s_max: float
    speed_max: float
    misaligned_max: int
    stuck_window_s: float
    stuck_distance: float
    stuck_part: float
    stuck_commanded_min: float

    def __post_init__(self) -> None:
        finite_number(self.interval_s_max, "interval_s_max", 1e-4, 10.0)
        finite_number(self.speed_max, "speed_max", 1e-12, 1e9)
        if isinstance(self.misaligned_max, bool) or not isinstance(self.misaligned_max, int) or not 0 <= self.misaligned_max <= 10**6:
            raise InvalidInput(f"misaligned_max: {self.misaligned_max!r}: a whole number in [0, 1000000] is needed")
        finite_number(self.stuck_window_s, "stuck_window_s", 1e-3, 60.0)
        finite_number(self.stuck_distance, "stuck_distance", 0.0, 1e9)
        finite_number(self.stuck_part, "stuck_part", 0.0, 1.0)
        finite_number(self.stuck_commanded_min, "stuck_commanded_min", 0.0, 1e9)


@dataclass(frozen=True)
class TrackerSample:
    """What the tracker gave: frame number, the time it arrived at, position and commanded velocity (each of two or three numbers)."""

    frame: int
    time_s: float
    position: tuple[float, ...]
    commanded_velocity: tuple[float, ...]


@dataclass(frozen=True)
class TrackerFinding:
    """sample: number of the sample that showed it (from 0), or of the last one for lateness. began_s: the earliest instant at which the
    fault can have begun. found_s - began_s is the time to detect. value, limit: what was compared.
    """

    fault: Fault
    sample: int
    frame: int
    began_s: float
    found_s: float
    value: float
    limit: float


class TrackerMonitor:
    """Feed every sample to `see`, and ask `overdue` in between. Not thread-safe.

    JUMP, LOST_FRAME and the repeats are reported at each sample that shows them; MISALIGNED, STUCK and LATE once a spell.
    """

    def __init__(self, limits: TrackerLimits) -> None:
        self.limits = limits
        self._last: TrackerSample | None = None
        self._fresh_s = math.nan  # when the last new frame came: the same picture again is no fresh one
        self._first_frame = 0
        self._count = -1
        self._track: deque[TrackerSample] = deque()
        self._path: deque[tuple[float, ...]] = deque()
        self._misaligned = self._stuck = self._late = False

    @property
    def misaligned_by(self) -> int:
        """Frame numbers gone by, less samples seen: what pairing by count instead of by number would be wrong by."""
        return 0 if self._last is None else self._last.frame - self._first_frame - self._count

    @property
    def is_stuck(self) -> bool:
        return self._stuck

    def overdue(self, now_s: float) -> TrackerFinding | None:
        """LATE, once a gap, as soon as no new frame has come for `interval_s_max`; a clock that is not a number is late."""
        last = self._last
        if last is None or self._late:
            return None
        age = now_s - self._fresh_s
        if age <= self.limits.interval_s_max:
            return None
        self._late = True
        return TrackerFinding(Fault.LATE, self._count, last.frame, self._fresh_s, now_s, age, self.limits.interval_s_max)

    def see(self, sample: TrackerSample) -> tuple[TrackerFinding, ...]:
        """What this sample shows. A sample that is not finite, or older than the one before, is reported and otherwise ignored."""
        self._count += 1
        last = self._last
        numbers = (sample.time_s, *sample.position, *sample.commanded_velocity)
        if not all(math.isfinite(number) for number in numbers):
            began = last.time_s if last else sample.time_s
            return (TrackerFinding(Fault.NOT_FINITE, self._count, sample.frame, began, sample.time_s, math.nan, math.inf),)
        if not len(sample.position) == len(sample.commanded_velocity) == len(last.position if last else sample.position):
            raise InvalidInput(f"sample: position and velocity must have one length throughout, got {sample}")
        if last is None:
            self._first_frame, self._last, self._fresh_s = sample.frame - self._count, sample, sample.time_s
            self._restart(sample)
            return ()
        if sample.frame < last.frame or sample.time_s < last.time_s:
            return (self._finding(Fault.FRAME_BACKWARDS, sample, last, sample.frame - last.frame, 1),)
        found = [*self._frames(sample, last), *self._motion(sample, last)]
        late = self.overdue(sample.time_s)
        if sample.frame > last.frame:
            self._late, self._fresh_s = False, sample.time_s
        self._last = sample
        if abs(self.misaligned_by) <= self.limits.misaligned_max:
            self._misaligned = False
        elif not self._misaligned:
            self._misaligned = True
            found.append(self._finding(Fault.MISALIGNED, sample, last, self.misaligned_by, self.limits.misaligned_max))
        return (*((late,) if late else ()), *found)

    def _frames(self, sample: TrackerSample, last: TrackerSample) -> list[TrackerFinding]:
        ahead = sample.frame - last.frame
        if ahead == 0:
            same = sample.position == last.position
            return [self._finding(Fault.REPEATED_FRAME if same else Fault.CONFLICTING_FRAME, sample, last, 0, 1)]
        return [self._finding(Fault.LOST_FRAME, sample, last, ahead, 1)] if ahead > 1 else []

    def _motion(self, sample: TrackerSample, last: TrackerSample) -> list[TrackerFinding]:
        moved = math.dist(sample.position, last.position)
        dt = sample.time_s - last.time_s
        reach = self.limits.speed_max * dt
        if not moved <= reach:
            self._restart(sample)
            return [self._finding(Fault.JUMP, sample, last, moved, reach)]
        if sample.frame == last.frame:
            return []
        before = self._path[-1]
        self._path.append(tuple(s + dt * v for s, v in zip(before, sample.commanded_velocity, strict=True)))
        self._track.append(sample)
        while len(self._track) > 2 and sample.time_s - self._track[1].time_s >= self.limits.stuck_window_s:
            self._track.popleft()
            self._path.popleft()
        return self._stuck_now(sample)

    def _stuck_now(self, sample: TrackerSample) -> list[TrackerFinding]:
        start = self._track[0]
        if not sample.time_s - start.time_s >= self.limits.stuck_window_s:
            return []
        commanded = math.dist(self._path[-1], self._path[0])
        moved = math.dist(sample.position, start.position)
        limit = self.limits.stuck_distance + self.limits.stuck_part * commanded
        was, self._stuck = self._stuck, commanded >= self.limits.stuck_commanded_min and moved < limit
        return [self._finding(Fault.STUCK, sample, start, moved, limit)] if self._stuck and not was else []

    def _restart(self, sample: TrackerSample) -> None:
        """After a jump it may be another robot: what came before says nothing about this one."""
        self._track.clear()
        self._path.clear()
        self._track.append(sample)
        self._path.append((0.0,) * len(sample.position))
        self._stuck = False

    def _finding(self, fault: Fault, sample: TrackerSample, since: TrackerSample, value: float, limit: float) -> TrackerFinding:
        return TrackerFinding(fault, self._count, sample.frame, since.time_s, sample.time_s, float(value), float(limit))
