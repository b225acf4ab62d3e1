"""What is checked in every status of a coil device, and of the reply to a command."""

from dataclasses import dataclass

import numpy as np

from toolkit import DeviceFault, StaleMeasurement, TickArray

from .coil_profile import CoilProfile
from .coil_protocol import Result, State, Status
from .coil_state import CoilState, coil_state

CLOCK_S = 0.04
"""A device whose own clock did not move over so much of ours does not regulate, whatever it answers. A shared host keeps a simulated one
from its core for 20 ms now and then; the device's own watchdog is longer than this."""


@dataclass(frozen=True, eq=False)
class Posted:
    """A command on its way. values: on the wire. before: the currents it replaces, [mA]. begun_s: before it was sent."""

    sequence: int
    values: tuple[int, ...]
    before: TickArray
    begun_s: float

    @property
    def name(self) -> str:
        return f"command {self.sequence}"


class StatusCheck:
    """Of one device: its clock moves, it is in the state it should be in, it did what it was told."""

    def __init__(self, profile: CoilProfile) -> None:
        self._name, self._coils = profile.name, tuple(coil.name for coil in profile.coils)
        self._heard: tuple[float, float] | None = None

    def forget(self) -> None:
        """The device's clock may begin anew."""
        self._heard = None

    def state(self, status: Status, begun_s: float = 0.0) -> CoilState:
        """In SI, unchecked."""
        return coil_state(status, self._coils, begun_s)

    def accepted(self, status: Status, begun_s: float, expected: State | None) -> CoilState:
        """The sample, if the device's clock moves and it is in the expected state (None: whatever it is).

        Raises:
            StaleMeasurement: its clock stands: it answers but regulates nothing and watches nothing. DeviceFault: it stopped, and why.
        """
        state = self.state(status, begun_s)
        if self._heard is None or status.uptime_ms != self._heard[1]:
            self._heard = (begun_s, status.uptime_ms)
        elif begun_s - self._heard[0] > CLOCK_S:
            still_s = begun_s - self._heard[0]
            raise StaleMeasurement(f"{self._name}: the device's clock stands at {status.uptime_ms} ms since {still_s:.3f} s")
        if expected is not None and state.state is not expected:
            raise DeviceFault(f"{self._name}: the device is {state.state.name}: {state.problem or 'it does not say why'}")
        return state

    def require_ok(self, status: Status, what: str) -> None:
        """Raise DeviceFault if it refused."""
        if status.result != Result.OK:
            names = {result.value: result.name for result in Result}
            raise DeviceFault(f"{self._name}: {what}: refused with {names.get(status.result, f'unknown result {status.result}')}")

    def require_applied(self, status: Status, posted: Posted) -> None:
        """Raise DeviceFault unless it applies what was sent."""
        self.require_ok(status, posted.name)
        if status.sequence != posted.sequence or status.applied_ma != posted.values:
            applied = f"applied {status.applied_ma} as {status.sequence}"
            raise DeviceFault(f"{self._name}: sent {posted.values} as {posted.sequence}, {applied}")

    def still_flowing(self, status: Status, zero_ma: int) -> str:
        """Names and currents of the coils that carry current, or the state of a device that is not off; empty when all is off."""
        current = np.array(status.measured_ma[: len(self._coils)])
        flowing = np.flatnonzero(np.abs(current) > zero_ma)
        if status.state == State.OFF and not flowing.size:
            return ""
        return ", ".join(f"{self._coils[k]} {current[k]} mA" for k in flowing) or f"the device is {State(status.state).name}"
