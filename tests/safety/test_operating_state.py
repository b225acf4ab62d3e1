"""The operating states: CRTK's, except that FAULT is left only by disable."""

import pytest

from safety import TRANSITIONS, StateMachine
from toolkit import InvalidInput, OperatingState

pytestmark = pytest.mark.requirement("SAF-023")

COMMANDS = ("enable", "disable", "pause", "resume")
ALLOWED = {
    ("DISABLED", "enable"): "ENABLED", ("DISABLED", "disable"): "DISABLED",
    ("ENABLED", "enable"): "ENABLED", ("ENABLED", "disable"): "DISABLED", ("ENABLED", "pause"): "PAUSED",
    ("PAUSED", "disable"): "DISABLED", ("PAUSED", "pause"): "PAUSED", ("PAUSED", "resume"): "ENABLED",
    ("FAULT", "disable"): "DISABLED",
}  # fmt: skip


def machine_in(state: OperatingState) -> StateMachine:
    machine = StateMachine()
    machine.state, machine.is_busy = state, True
    return machine


@pytest.mark.parametrize("state", OperatingState)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_does_what_the_table_says_and_anything_else_is_refused(state: OperatingState, command: str) -> None:
    machine = machine_in(state)
    wanted = ALLOWED.get((state.value, command))
    if wanted is None:
        with pytest.raises(InvalidInput, match="not allowed"):
            machine.command(command)
        assert machine.state is state and machine.is_busy
    else:
        assert machine.command(command).value == wanted == machine.state.value


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(OperatingState)


@pytest.mark.parametrize("command", ["", "home", "ENABLE", "fault"])
def test_an_unknown_command_is_refused(command: str) -> None:
    with pytest.raises(InvalidInput):
        StateMachine().command(command)


@pytest.mark.parametrize("state", OperatingState)
def test_motion_is_accepted_in_enabled_only(state: OperatingState) -> None:
    assert machine_in(state).may_move() is (state is OperatingState.ENABLED)


@pytest.mark.parametrize("state", OperatingState)
def test_a_fault_comes_from_any_state_and_ends_what_was_busy(state: OperatingState) -> None:
    machine = machine_in(state)
    machine.fault()
    assert machine.state is OperatingState.FAULT and not machine.is_busy


def test_a_fault_cannot_be_enabled_away() -> None:
    machine = machine_in(OperatingState.FAULT)
    with pytest.raises(InvalidInput):
        machine.command("enable")
    machine.command("disable")
    assert machine.command("enable") is OperatingState.ENABLED


def test_disable_ends_what_was_busy() -> None:
    machine = machine_in(OperatingState.ENABLED)
    machine.command("disable")
    assert not machine.is_busy
