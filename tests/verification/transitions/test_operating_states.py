"""The operating states as they are have no way to what must not be; a fault planted in table, loop, layer or monitors opens one."""

from collections.abc import Callable
from typing import Any

import pytest

from safety import TRANSITIONS, Monitors, SafetyLayer, StateMachine
from toolkit import InvalidInput, OperatingState, cycle
from verification.transitions import operating_states, operating_system
from verification.transitions.operating_states import BAD

DISABLED, ENABLED, PAUSED, FAULT = OperatingState.DISABLED, OperatingState.ENABLED, OperatingState.PAUSED, OperatingState.FAULT
Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.requirement("SAF-019")
def test_the_operating_states_are_safe_and_every_mechanism_was_seen() -> None:
    system = operating_system()
    assert system.objection() == "" and not set(system.bad) & set(system.reached())
    events = {event for _, event, _ in system.transitions}
    assert {"enable", "disable", "pause", "resume", "the operator stops", "the process dies", "a cycle, the frame is lost"} <= events
    left = {(s, e, t) for s, e, t in system.transitions if s.startswith("FAULT") and not t.startswith(("FAULT", "process dead"))}
    assert left and {event for _, event, _ in left} == {"disable"}


def test_a_motion_is_accepted_in_enabled_only() -> None:
    asked = [(s, t) for s, event, t in operating_system().transitions if event == "a motion is asked for"]
    assert {s.split(",")[0] for s, t in asked if s != t} == {"ENABLED"}
    assert {s.split(",")[0] for s, t in asked if s == t} == {"DISABLED", "ENABLED", "PAUSED", "FAULT"}


def table(state: OperatingState, command: str, after: OperatingState | None) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        if after is None:
            patch.delitem(TRANSITIONS[state], command)
        else:
            patch.setitem(TRANSITIONS[state], command, after)

    return plant


def machine(**methods: Any) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        for name, method in methods.items():
            patch.setattr(StateMachine, name, method)

    return plant


def stays_busy(self: StateMachine) -> None:
    self.state = FAULT


def leaves_torque(self: StateMachine, name: str) -> OperatingState:
    self.state = DISABLED if name == "pause" else TRANSITIONS[self.state].get(name, self.state)
    return self.state


def never_gives_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cycle, "MISSES_MAX", 1000)
    patch.setattr(cycle, "SILENCE_S_MAX", 1000.0)


def hears_nothing(patch: pytest.MonkeyPatch) -> None:
    """The loop does not count, the monitors do not look, a failed write is no reason to hold: one of them alone would have been enough."""
    real = Monitors.observe
    patch.setattr(cycle.ServoLoop, "_miss", lambda self, why: None)
    patch.setattr(Monitors, "observe", lambda self, *given: (real(self, *given)[0], None))
    patch.setattr(SafetyLayer, "request_hold", lambda self, reason: None)


def hears_no_losses(patch: pytest.MonkeyPatch) -> None:
    real = Monitors.observe

    def observe(self: Monitors, *given: Any) -> Any:
        observation, violation = real(self, *given)
        return observation, None if violation and violation.assumption in ("A1", "A2") else violation

    patch.setattr(Monitors, "observe", observe)


def opens(self: SafetyLayer) -> None:
    assert self.memory is not None
    self.memory, self.violation = self.memory.missed(), None


HOLES: dict[str, tuple[Plant, str]] = {
    "FAULT is left by enable": (table(FAULT, "enable", ENABLED), BAD["fault"]),
    "FAULT is left by resume": (table(FAULT, "resume", ENABLED), BAD["fault"]),
    "FAULT is left by pause": (table(FAULT, "pause", PAUSED), BAD["fault"]),
    "resume enables what was disabled": (table(DISABLED, "resume", ENABLED), BAD["moves"]),
    "no way out of FAULT": (table(FAULT, "disable", None), "no way leads back to DISABLED"),
    "motion while paused": (machine(may_move=lambda self: self.state in (ENABLED, PAUSED)), BAD["moves"]),
    "motion while disabled": (machine(may_move=lambda self: True), BAD["moves"]),
    "a fault that stays busy": (machine(fault=stays_busy), BAD["busy"]),
    "a fault that is none": (machine(fault=lambda self: None), BAD["moves"]),
    "disabled under torque": (machine(command=leaves_torque), BAD["torque"]),
    "a loop that never gives up": (never_gives_up, BAD["misses"]),
    "three parts that hear nothing": (hears_nothing, BAD["watchdog"]),
    "a hold that is not latched": (lambda patch: patch.setattr(SafetyLayer, "request_hold", lambda self, reason: None), BAD["misses"]),
    "a miss that opens the latch": (lambda patch: patch.setattr(SafetyLayer, "missed", opens), BAD["tail"]),
    "losses that nobody notices": (hears_no_losses, BAD["lost"]),
}


@pytest.mark.parametrize("name", HOLES)
def test_a_planted_fault_is_found_with_a_trace(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, expected = HOLES[name]
    plant(monkeypatch)
    try:
        objection = operating_system().objection()
    except InvalidInput as error:
        objection = str(error)
    assert expected in objection, objection
    if expected.startswith("bad"):
        assert objection.startswith("[DISABLED, torque off] --")


def test_parts_that_remember_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operating_states, "_STATES_MAX", 50)
    with pytest.raises(InvalidInput, match="more than 50 operating states"):
        operating_system()
