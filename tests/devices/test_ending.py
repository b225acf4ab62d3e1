"""The ending of a motion: on scripted arms for every course it may take, and on the simulated arm."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import ArmProfile, DynamixelArm, Faults, SimulatedArm, end_motion, ending
from devices.control_table import BUS_WATCHDOG, TORQUE_ENABLE
from devices.ending import AWAY_TICKS, PATIENCE_S, REST_SAMPLES, REST_TICKS, SETTLE_S
from devices.servo_setup import read_register
from tests.devices.conftest import Certify
from tests.devices.test_dynamixel_arm import ONE_MM, drive
from toolkit import DeviceFault, StaleMeasurement, TickArray

Course = Callable[[float], float]
"""Seconds since the ending began -> ticks of the first of two servos from its newest setpoint."""


class Scripted:
    """An arm whose positions are a function of time; refuses to disable as often as it is told to."""

    profile: Any = SimpleNamespace(servo_ids=(5, 6))

    def __init__(self, course: Course, refusals: tuple[Exception, ...] = (), torque: bool = True) -> None:
        self.course, self.refusals, self.may_have_torque = course, list(refusals), torque
        self.last_written: TickArray | None = np.zeros(2, dtype=np.int64)
        self.time_s, self.calls = 0.0, list[str]()

    def monotonic(self) -> float:
        return 100.0 + self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds

    def stop(self) -> None:
        self.calls.append("stop")

    def positions(self) -> TickArray:
        self.calls.append("look")
        self.time_s += 0.001
        return np.array([round(self.course(self.time_s)), 0])

    def disable(self, *, trusted: bool = True) -> None:
        self.calls.append(f"disable trusted={trusted}")
        if self.refusals:
            raise self.refusals.pop(0)
        self.may_have_torque = False

    @property
    def disabled(self) -> list[str]:
        return [call for call in self.calls if call.startswith("disable")]


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ending.Ending]:
    def run(arm: Scripted, **how: Any) -> ending.Ending:
        monkeypatch.setattr(ending, "time", arm)
        return end_motion(arm, **how)

    return run


End = Callable[..., ending.Ending]


@pytest.mark.requirement("SAF-029")
@pytest.mark.parametrize(
    "course",
    [
        lambda t: 0.0,
        lambda t: 500.0,
        lambda t: 3000.0 * np.exp(-t / 0.05),
        lambda t: -3000.0 * np.exp(-t / 0.05) + 60.0 * np.exp(-t / 0.2) * np.sin(30.0 * t),
        lambda t: 112.0 * np.sin(np.pi * t / 0.04) if t < 0.04 else 0.0,
        lambda t: 100.0 * t,
    ],
    ids=["at once", "blocked short of its goal", "a stop from speed", "with an overshoot", "setpoints in flight lead away", "creeping"],
)
def test_an_arm_that_comes_to_rest_loses_its_torque_then(course: Course, end: End) -> None:
    arm = Scripted(course)
    assert end(arm) == ending.Ending(torque_off=True)
    assert arm.calls[0] == "stop" and arm.disabled == ["disable trusted=True"]
    assert 0.25 <= arm.time_s <= PATIENCE_S, "a goal may be on its way to an arm that has not begun to move"


@pytest.mark.requirement("SAF-013", "SAF-029")
@pytest.mark.parametrize(
    ("course", "by_s"),
    [
        (lambda t: 6000.0 * t, 0.2),
        (lambda t: -6000.0 * t, 0.2),
        (lambda t: 3000.0 * np.exp(-t / 0.05) + (0.0 if t < 0.3 else 4000.0 * (t - 0.3)), 1.1),
        (lambda t: 3000.0 * np.sin(20.0 * t), 0.3),
        (lambda t: 9000.0 - 6000.0 * t, 1.1),
    ],
    ids=["at once", "backwards", "before it rests", "to and fro", "still far from its goal after a second"],
)
def test_a_drive_that_does_not_follow_loses_its_power(course: Course, by_s: float, end: End) -> None:
    arm = Scripted(course)
    found = end(arm)
    rested = [course(t) for t in np.arange(SETTLE_S, arm.time_s, 0.001)]
    assert found.torque_off and (found.cut or np.ptp(rested[-20:]) <= REST_TICKS)
    if found.cut:
        assert "power was cut" in found.problem and "id 5" in found.problem and arm.disabled == ["disable trusted=False"]
    assert arm.time_s <= by_s


@pytest.mark.requirement("SAF-029")
def test_an_arm_that_shakes_about_its_goal_keeps_its_torque_and_nobody_says_it_holds(end: End) -> None:
    arm = Scripted(lambda t: 30.0 * np.sin(80.0 * t))
    found = end(arm)
    assert not found.torque_off and not found.cut and not arm.disabled and arm.time_s >= PATIENCE_S
    assert "torque stays on" in found.problem and "still moves" in found.problem and "holds" not in found.problem


@pytest.mark.requirement("SAF-029")
@pytest.mark.parametrize("error", [DeviceFault("no answer from id [5]"), StaleMeasurement("an old sample"), OSError("gone"), ValueError()])
def test_an_arm_that_cannot_be_read_keeps_its_torque_and_nobody_says_it_holds(error: Exception, end: End) -> None:
    def unreadable(t: float) -> float:
        raise error

    arm = Scripted(unreadable)
    found = end(arm)
    assert not found.torque_off and not arm.disabled
    assert "cannot be watched" in found.problem and str(error) in found.problem and "holds" not in found.problem


def test_a_lost_sample_is_not_the_last_one(end: End) -> None:
    def once(t: float) -> float:
        if 0.2 < t < 0.3:
            raise DeviceFault("no answer")
        return 0.0

    arm = Scripted(once)
    assert end(arm).torque_off and arm.disabled == ["disable trusted=True"]


def test_samples_with_gaps_between_them_show_no_rest(end: End) -> None:
    looks = [0]

    def every_other(t: float) -> float:
        looks[0] += 1
        if looks[0] % 2:
            raise DeviceFault("no answer")
        return 0.0

    arm = Scripted(every_other)
    assert not end(arm).torque_off and not arm.disabled


@pytest.mark.requirement("SAF-013")
def test_power_off_looks_at_nothing_first(end: End) -> None:
    arm = Scripted(lambda t: 6000.0 * t)
    found = end(arm, power_off=True)
    assert arm.calls == ["stop", "disable trusted=False"] and found.torque_off and found.cut and found.problem


@pytest.mark.requirement("SAF-030")
def test_where_no_setpoint_is_in_force_torque_goes_off_at_once(end: End) -> None:
    arm = Scripted(lambda t: 0.0)
    arm.last_written = None
    assert end(arm).cut and arm.disabled == ["disable trusted=False"]


def test_an_arm_without_torque_is_left_as_it_is(end: End) -> None:
    arm = Scripted(lambda t: 0.0, torque=False)
    assert end(arm, power_off=True) == ending.Ending(torque_off=True) and not arm.calls


@pytest.mark.requirement("SAF-029")
@pytest.mark.parametrize("power_off", [False, True])
@pytest.mark.parametrize(("refusals", "off"), [(1, True), (2, False)])
def test_torque_off_that_was_not_confirmed_is_tried_once_more_and_then_said(power_off: bool, refusals: int, off: bool, end: End) -> None:
    class Begun(Scripted):
        def disable(self, *, trusted: bool = True) -> None:
            self.last_written = None
            super().disable(trusted=trusted)

    arm = Begun(lambda t: 0.0, (DeviceFault("id 6: no answer"),) * refusals)
    found = end(arm, power_off=power_off)
    assert arm.disabled == [f"disable trusted={not power_off}", "disable trusted=False"]
    assert found.torque_off is off and (off or ("torque may be on" in found.problem and "id 6" in found.problem))


@pytest.mark.requirement("SAF-029")
def test_a_refusal_to_disable_in_motion_is_not_overruled(end: End) -> None:
    arm = Scripted(lambda t: 0.0, (DeviceFault("still moving"),))
    found = end(arm)
    assert not found.torque_off and arm.disabled == ["disable trusted=True"] and "still moving" in found.problem


@pytest.mark.parametrize("where", ["stop", "disable"])
def test_an_unforeseen_error_is_said_and_never_raised(where: str, end: End, monkeypatch: pytest.MonkeyPatch) -> None:
    arm = Scripted(lambda t: 0.0)

    def fail(**how: Any) -> None:
        raise ZeroDivisionError("of the driver")

    monkeypatch.setattr(arm, where, fail)
    found = end(arm)
    assert not found.torque_off and "torque may be on" in found.problem and "of the driver" in found.problem


@pytest.mark.requirement("SAF-029")
@given(st.lists(st.integers(-2 * AWAY_TICKS, 2 * AWAY_TICKS), min_size=1, max_size=60))
def test_torque_never_goes_off_under_a_moving_arm_unless_it_is_cut(steps: list[int]) -> None:
    """Whatever the arm does: without a cut, the newest samples were a rest."""
    where, seen = np.cumsum(steps), []

    def course(t: float) -> float:
        seen.append(int(where[min(int(t / 0.021), len(steps) - 1)]))
        return seen[-1]

    arm = Scripted(course)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ending, "time", arm)
        found = end_motion(arm)
    if found.torque_off and not found.cut:
        assert np.ptp(seen[-REST_SAMPLES:]) <= REST_TICKS
    if found.cut:
        assert max(map(abs, seen)) > AWAY_TICKS


@pytest.fixture
def registers(enabled: DynamixelArm) -> Iterator[Callable[[], tuple[list[int], list[int]]]]:
    """Torque and watchdog of every servo, over the arm's own line."""

    def read() -> tuple[list[int], list[int]]:
        ids = enabled.profile.servo_ids
        torque, watchdog = ([read_register(enabled.bus, i, register) for i in ids] for register in (TORQUE_ENABLE, BUS_WATCHDOG))
        return torque, watchdog

    yield read


Registers = Callable[[], tuple[list[int], list[int]]]
OFF = ([0] * 7, [0] * 7)


@pytest.mark.requirement("SAF-029")
def test_the_simulated_arm_in_full_motion_comes_to_rest_first(enabled: DynamixelArm, certify: Certify, registers: Registers) -> None:
    drive(enabled, certify, 20, ONE_MM // 3)
    assert not enabled.is_at_rest()
    assert end_motion(enabled) == ending.Ending(torque_off=True)
    assert registers() == OFF and enabled.is_at_rest()


@pytest.mark.requirement("SAF-013")
def test_a_simulated_drive_that_runs_away_from_a_hold_loses_its_power(
    enabled: DynamixelArm, simulator: SimulatedArm, certify: Certify, registers: Registers
) -> None:
    goal = drive(enabled, certify, 5, ONE_MM // 8)
    simulator.inject(Faults(runaway=frozenset({2})))
    found = end_motion(enabled)
    assert found.torque_off and found.cut and "id 2" in found.problem and registers() == OFF
    assert np.abs(enabled.positions() - goal)[1] > AWAY_TICKS, "it ran"
    assert enabled.is_at_rest(), "and stands"


@pytest.mark.requirement("SAF-029")
def test_a_simulated_servo_that_confirms_the_second_time_is_off(
    enabled: DynamixelArm, simulator: SimulatedArm, profile: ArmProfile, registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    disable = enabled.disable

    def disturbed(*, trusted: bool = True) -> None:
        simulator.inject(Faults(torque_stuck=frozenset({2} if trusted else ())))
        disable(trusted=trusted)

    monkeypatch.setattr(enabled, "disable", disturbed)
    assert end_motion(enabled) == ending.Ending(torque_off=True)
    assert registers() == OFF and not enabled.may_have_torque
