"""The last checks before the port: of the type of a command, and of its numbers, by code that shares nothing with the shield."""

import numpy as np

from toolkit import CertifiedCommand, DeviceFault, InvalidInput, TickArray

from .profile import ArmProfile


class GoalGate:
    """Hard joint limits, servo ranges and the largest step a period, all from the profile. Refuses; never changes a goal."""

    def __init__(self, profile: ArmProfile) -> None:
        self._profile = profile
        self._map = profile.tick_map
        self._lower, self._upper = profile.joint_lower, profile.joint_upper
        self._servo_lower, self._servo_upper = profile.servo_lower, profile.servo_upper
        # A missed period counts as a lost setpoint: the next one written is then two, or at most 1 + losses_max, steps away.
        self._step_max = profile.command_class.v_ticks * (1 + profile.timing.losses_max)

    def certified_ticks(self, command: CertifiedCommand) -> TickArray | None:
        """The integers of a certified command, None for a hold. Raises InvalidInput for any other type, subclasses included."""
        if type(command) is not CertifiedCommand:
            raise InvalidInput(f"{self._profile.name}: only a CertifiedCommand moves this arm, got {type(command).__name__}")
        if command.ticks is not None and command.ticks.shape != (self._profile.n,):
            raise InvalidInput(f"{self._profile.name}: {command.ticks.shape[0]} ticks for {self._profile.n} servos")
        return command.ticks

    def check_ranges(self, ticks: TickArray) -> None:
        """Raise DeviceFault naming the first joint or servo that would be outside its range."""
        q = self._map.to_joints(ticks)
        inside = (self._lower <= q) & (q <= self._upper)
        if not inside.all():
            j = int(np.argmin(inside))
            raise DeviceFault(
                f"{self._profile.name}: joint {self._profile.joint_names[j]}: {q[j]:.6g} is outside its hard limits "
                f"[{self._lower[j]:.6g}, {self._upper[j]:.6g}]"
            )
        inside = (self._servo_lower <= ticks) & (ticks <= self._servo_upper)
        if not inside.all():
            j = int(np.argmin(inside))
            raise DeviceFault(
                f"{self._profile.name}: servo id {self._profile.servo_ids[j]}: {ticks[j]} is outside its range "
                f"[{self._servo_lower[j]}, {self._servo_upper[j]}] ticks"
            )

    def check_step(self, ticks: TickArray, before: TickArray) -> None:
        """Raise DeviceFault when a servo would step further than the command class allows over the setpoints that may have been missed."""
        step = np.abs(ticks - before)
        if not np.all(step <= self._step_max):
            most = self._step_max.tolist()
            raise DeviceFault(f"{self._profile.name}: step of {step.tolist()} ticks, at most {most} since the last write")
