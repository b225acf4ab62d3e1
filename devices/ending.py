"""How motion ends: the one way from a newest setpoint to torque off, whoever drove the arm and whatever went wrong."""

import time
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from toolkit import TickArray, device_error

from .profile import ArmProfile

REST_TICKS, REST_OBSERVATION_S = 8, 0.02
"""At rest: no servo moved further in so long. Above encoder noise, below 0.7 rad/s of any servo."""
REST_SAMPLES = 4
"""So many samples in a row must show it: what turns round between two of them does not rest."""
SETTLE_S, PATIENCE_S = 0.25, 1.0
"""How long an arm is watched at least, and at most, before torque goes off."""
FLIGHT_S = 0.06
"""Setpoints on their way may lead away from the newest one; after so long none is."""
AWAY_TICKS = 64
"""What a servo may overshoot while it comes to rest, or shake about its goal: 5.6 degrees before its gear."""


class Watchable(Protocol):
    """What an ending needs of an arm; see DynamixelArm."""

    @property
    def profile(self) -> ArmProfile: ...
    @property
    def may_have_torque(self) -> bool: ...
    @property
    def last_written(self) -> TickArray | None: ...
    def stop(self) -> None: ...
    def positions(self) -> TickArray: ...
    def disable(self, *, trusted: bool = True) -> None: ...


@dataclass(frozen=True)
class Ending:
    """torque_off: every servo confirmed it. cut: torque was taken off an arm that was not seen at rest.

    problem: what a person must know; empty exactly if the arm rested and every servo confirmed.
    """

    torque_off: bool
    cut: bool = False
    problem: str = ""


class _Seen(Enum):
    AT_REST = "rests"
    AWAY = "does not follow its newest setpoint"
    SHAKING = "still moves about its newest setpoint"
    UNKNOWN = "cannot be watched"


def end_motion(arm: Watchable, *, power_off: bool = False) -> Ending:
    """Send nothing more, wait for rest, then torque off for every servo. Raises nothing; an arm without torque is left as it is.

    A drive that moves away from its newest setpoint, or does not reach it and does not rest, loses its power. An arm that cannot be read,
    or that moves without going anywhere, keeps its torque: it was told to hold, and what it would do without power is covered by nothing.

    Args:
        power_off: a drive is known not to follow: torque off at once. So it is without a setpoint in force: enable did not end, or
            an earlier torque off was not confirmed.
    """
    try:
        if not arm.may_have_torque:
            return Ending(torque_off=True)
        arm.stop()
        goal = arm.last_written
        if power_off or goal is None:
            return _cut(arm, "power was cut at once")
        seen, detail = _watch(arm, goal)
        if seen is _Seen.AT_REST:
            _torque_off(arm, trusted=True)
            return Ending(torque_off=True)
        if seen is _Seen.AWAY:
            return _cut(arm, f"power was cut: the arm {seen.value}: {detail}")
        return Ending(torque_off=False, problem=f"torque stays on: the arm {seen.value}: {detail}")
    except Exception as error:  # the last line: whatever it is, the caller must be able to say it
        return Ending(torque_off=False, problem=f"torque may be on: {device_error(error)}")


def _cut(arm: Watchable, why: str) -> Ending:
    try:
        _torque_off(arm, trusted=False)
    except Exception as error:  # as in end_motion
        return Ending(torque_off=False, cut=True, problem=f"{why}; torque may be on: {device_error(error)}")
    return Ending(torque_off=True, cut=True, problem=why)


def _torque_off(arm: Watchable, *, trusted: bool) -> None:
    """Torque off; a second time where some servo did not confirm it."""
    try:
        arm.disable(trusted=trusted)
    except Exception:  # whatever it is: torque that did not go off is what matters, not why
        if arm.last_written is not None:  # it was refused: torque is as it was
            raise
        arm.disable(trusted=False)


def _watch(arm: Watchable, goal: TickArray) -> tuple[_Seen, str]:
    """Sample until the arm rests, moves away from its goal, or PATIENCE_S have passed; what was seen, and in words."""
    ids, begun_s, recent = arm.profile.servo_ids, time.monotonic(), deque[TickArray](maxlen=REST_SAMPLES)
    seen, detail, nearest, off = _Seen.UNKNOWN, "no sample", np.full(goal.shape, np.inf), np.zeros(goal.shape)
    while (watched_s := time.monotonic() - begun_s) <= PATIENCE_S:
        try:
            now = arm.positions()
        except Exception as error:  # whatever it is: of a stretch with a gap nothing is known
            seen, detail = _Seen.UNKNOWN, str(device_error(error))
            recent.clear()
        else:
            recent.append(now)
            off, moving = np.abs(now - goal), np.ptp(recent, axis=0) > REST_TICKS
            detail = f"id {ids[int(off.argmax())]} is {off.max()} ticks from it"
            if np.any(moving & (off > nearest + AWAY_TICKS)):
                return _Seen.AWAY, detail
            if len(recent) == REST_SAMPLES:
                seen = _Seen.SHAKING if moving.any() else _Seen.AT_REST
                if seen is _Seen.AT_REST and watched_s >= SETTLE_S:
                    break
            nearest = np.minimum(nearest, off) if watched_s >= FLIGHT_S else nearest
        time.sleep(REST_OBSERVATION_S)
    return (_Seen.AWAY if seen is _Seen.SHAKING and off.max() > AWAY_TICKS else seen), detail
