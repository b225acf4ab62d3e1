"""CRTK operating states with one deliberate difference: FAULT is left only through disable.

CRTK lets `enable` retry from FAULT; here a person must first acknowledge that power was cut. Everything else follows the table
in CRTK's api-operating-state page (collaborative-robotics/documentation @ df103a4).
"""

from toolkit import InvalidInput, OperatingState

COMMANDS = ("enable", "disable", "pause", "resume")

TRANSITIONS: dict[OperatingState, dict[str, OperatingState]] = {
    OperatingState.DISABLED: {"enable": OperatingState.ENABLED, "disable": OperatingState.DISABLED},
    OperatingState.ENABLED: {"enable": OperatingState.ENABLED, "disable": OperatingState.DISABLED, "pause": OperatingState.PAUSED},
    OperatingState.PAUSED: {"disable": OperatingState.DISABLED, "pause": OperatingState.PAUSED, "resume": OperatingState.ENABLED},
    OperatingState.FAULT: {"disable": OperatingState.DISABLED},
}
"""What each command does in each state; what is absent is refused."""


class StateMachine:
    """The operating state with its modes `is_homed` and `is_busy`. Not thread-safe: it belongs to the cycle."""

    def __init__(self) -> None:
        self.state = OperatingState.DISABLED
        self.is_homed = False
        self.is_busy = False

    def command(self, name: str) -> OperatingState:
        """Apply enable, disable, pause or resume.

        Raises:
            InvalidInput: the command is unknown or not allowed in this state; nothing has changed.
        """
        allowed = TRANSITIONS[self.state]
        if name not in allowed:
            raise InvalidInput(f"state_command: {name!r} is not allowed in {self.state.value}; allowed: {sorted(allowed)}")
        self.state = allowed[name]
        if self.state is OperatingState.DISABLED:
            self.is_busy = False
        return self.state

    def fault(self) -> None:
        """The system itself cut the power. No command leads here."""
        self.state = OperatingState.FAULT
        self.is_busy = False

    def may_move(self) -> bool:
        """Motion is accepted in ENABLED only."""
        return self.state is OperatingState.ENABLED
