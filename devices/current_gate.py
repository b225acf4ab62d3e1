"""The last checks before the port: of the type of a command, and of its currents, by code that shares nothing with the shield."""

import numpy as np

from toolkit import CertifiedCommand, DeviceFault, InvalidInput, TickArray

from .coil_profile import CoilProfile
from .coil_protocol import Identity


class CurrentGate:
    """Per-coil limits and the largest step, from the profile. Refuses; never changes a current: clipping one turns the field."""

    def __init__(self, profile: CoilProfile) -> None:
        self._profile = profile

    def certified_currents(self, command: CertifiedCommand, newest: TickArray) -> TickArray:
        """The currents of a certified command, [mA]; of a hold, the newest ones. Raises InvalidInput for any other type, subclasses too."""
        name = self._profile.name
        if type(command) is not CertifiedCommand:
            raise InvalidInput(f"{name}: only a CertifiedCommand drives these coils, got {type(command).__name__}")
        if command.ticks is None:
            return newest
        if command.ticks.shape != (self._profile.n,):
            raise InvalidInput(f"{name}: {command.ticks.shape[0]} currents for {self._profile.n} coils")
        return command.ticks

    def check(self, current_ma: TickArray, newest: TickArray) -> None:
        """Raise DeviceFault naming the first coil over its limit, or the step that is too large."""
        inside = np.abs(current_ma) <= self._profile.limit_ma
        if not inside.all():
            k = int(np.argmin(inside))
            coil = self._profile.coils[k]
            raise DeviceFault(f"{self._profile.name}: {coil.name}: {current_ma[k]} mA is over its limit of {coil.limit_ma}")
        step, most = np.abs(current_ma - newest), self._profile.step_ma_max
        if not step.max() <= most:
            raise DeviceFault(f"{self._profile.name}: step of {step.tolist()} mA, at most {most} since the last write")


def check_identity(profile: CoilProfile, identity: Identity) -> None:
    """Raise DeviceFault unless the device has these channels and grants limits, test current and watchdog of the profile."""
    name, watchdog, selftest = profile.name, profile.watchdog, profile.selftest
    if identity.channels != profile.n:
        raise DeviceFault(f"{name}: the device has {identity.channels} channels, the profile {profile.n} coils")
    if watchdog is not None and not watchdog.time_ms <= identity.watchdog_ms_max:
        raise DeviceFault(f"{name}: watchdog of {watchdog.time_ms} ms: the device allows {identity.watchdog_ms_max}")
    for coil, limit, test_limit in zip(profile.coils, identity.limit_ma, identity.test_limit_ma, strict=False):
        if not coil.limit_ma <= limit:
            raise DeviceFault(f"{name}: {coil.name}: limit {coil.limit_ma} mA, the device allows {limit}")
        if selftest is not None and not selftest.current_ma <= test_limit:
            raise DeviceFault(f"{name}: {coil.name}: test current {selftest.current_ma} mA, the device allows {test_limit}")
