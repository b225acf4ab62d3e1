"""The micro-robot laboratories' own coil firmware, as it is: SerialTransfer frames of floats down, currents up, and no watchdog.

The firmware computes the rotating field itself and keeps its last action for ever: a host that dies leaves coils energised. It carries no
version and no layout, and several layouts are in use. So the profile names the layout, and accepts by name what the firmware lacks.
"""

import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from toolkit import CertifiedCommand, DeviceFault, FloatArray, InvalidInput, TickArray, finite_array

from .coil_profile import LAB_PROTOCOLS, CoilProfile
from .serial_port import SerialPort
from .serial_transfer import Frame, FrameParser, encode

RESOLUTION = 1e-3
"""One tick of a certified command: a thousandth of the field's own unit."""
CURRENTS = 6
_FIELD = ("Bx", "By", "Bz", "alpha", "gamma", "freq", "psi")
LAYOUTS: dict[str, tuple[str, ...]] = {
    "serial_transfer_11": (*_FIELD, "acoustic", "gradient", "equal_field", "unused"),
    "serial_transfer_10": (*_FIELD, "gradient", "equal_field", "acoustic"),
    "serial_transfer_17": ("amplitude", *_FIELD, "gradient", "equal_field", "acoustic", *(f"coil{k}" for k in range(1, 7))),
}
"""What the floats mean, by layout. Their order differs: nothing on the line would say so."""
_ACTION_ID = 0


@dataclass(frozen=True)
class LabAction:
    """One action: every field of a layout, in its order. Units are the firmware's own."""

    layout: str
    values: tuple[float, ...]

    @property
    def fields(self) -> dict[str, float]:
        """Values by name."""
        return dict(zip(LAYOUTS[self.layout], self.values, strict=True))


def action_frame(action: LabAction) -> Frame:
    """The frame of an action. Raises InvalidInput for a number too few or too many, or one that is not finite in 32 bits."""
    names = LAYOUTS.get(action.layout)
    if names is None or len(action.values) != len(names):
        raise InvalidInput(f"lab action: {len(action.values)} values for layout {action.layout!r}: {names}")
    with np.errstate(over="ignore"):
        finite_array(np.array(action.values, dtype=np.float32), "lab action", (len(names),))
    return Frame(_ACTION_ID, struct.pack(f"<{len(names)}f", *action.values))


def parse_action(frame: Frame, layout: str) -> LabAction | None:
    """The action of a frame; None where its length is not the layout's, or a value is not finite."""
    count = len(LAYOUTS[layout])
    if len(frame.payload) != 4 * count:
        return None
    values = struct.unpack(f"<{count}f", frame.payload)
    return LabAction(layout, values) if np.isfinite(values).all() else None


def parse_currents(frame: Frame) -> FloatArray | None:
    """Six coil currents as the firmware reports them, [A]; None for any other frame."""
    if len(frame.payload) != 4 * CURRENTS:
        return None
    values = np.array(struct.unpack(f"<{CURRENTS}f", frame.payload))
    return values if np.isfinite(values).all() else None


class LabFirmwareDriver:
    """Writes certified actions; reads what currents the firmware reports, if it does. The profile has accepted that nobody watches it.

    Off is an action of zeros, sent several times: there is no reply that could confirm it.
    """

    _OFF_FRAMES = 5

    def __init__(self, profile: CoilProfile, port: str | None = None) -> None:
        if profile.protocol not in LAB_PROTOCOLS or set(profile.accepts) != {"no_watchdog", "no_readback"}:
            raise InvalidInput(f"{profile.name}: {profile.protocol}: this driver is for firmware without a watchdog, accepted by name")
        self.profile = profile
        self._names = LAYOUTS[profile.protocol]
        self._url = profile.require_port() if port is None else port
        self._port: SerialPort | None = None
        self._parser = FrameParser()

    def connect(self) -> None:
        """Open the port and send zeros: whatever the firmware was doing ends. Raises DeviceFault."""
        if self._port is not None:
            raise DeviceFault(f"{self.profile.name}: already connected")
        self._port = SerialPort(self._url, self.profile.connection.baud_bits_per_s)
        self.off()

    def write(self, command: CertifiedCommand) -> None:
        """Send a certified action: tick k is a thousandth of field k. A hold sends nothing: this firmware keeps the last action.

        Raises:
            InvalidInput: not a CertifiedCommand with a tick for each field. DeviceFault: the port.
        """
        if type(command) is not CertifiedCommand:
            raise InvalidInput(f"{self.profile.name}: only a CertifiedCommand drives these coils, got {type(command).__name__}")
        if command.ticks is not None:
            self._send(command.ticks)

    def currents(self, timeout_s: float) -> FloatArray:
        """The newest currents the firmware reports within timeout_s, shape (6,), [A]. Raises DeviceFault when none come."""
        port, deadline, newest = self._require_port(), time.monotonic() + timeout_s, None
        while newest is None and (data := port.receive(deadline)):
            for frame in self._parser.feed(data):
                newest = parse_currents(frame) if parse_currents(frame) is not None else newest
        if newest is None:
            raise DeviceFault(f"{self.profile.name}: no currents within {timeout_s} s")
        return newest

    def off(self) -> None:
        """Zeros, several times. Raises DeviceFault when the port is gone: the coils keep their last action, and somebody must cut power."""
        try:
            for _ in range(self._OFF_FRAMES):
                self._send(np.zeros(len(self._names), dtype=np.int64))
        except DeviceFault as error:
            raise DeviceFault(f"{error}: this firmware has no watchdog: cut the coils' power") from error

    def close(self) -> None:
        """Close the port. The firmware keeps its last action."""
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Off, then close. No error is lost."""
        try:
            if self._port is not None:
                self.off()
        except DeviceFault as problem:
            if error is None:
                raise
            error.add_note(f"while leaving the coils: {problem}")
        finally:
            self.close()

    def _send(self, ticks: TickArray | Sequence[int]) -> None:
        if len(ticks) != len(self._names):
            raise InvalidInput(f"{self.profile.name}: {len(ticks)} ticks for {len(self._names)} fields of {self.profile.protocol}")
        action = LabAction(self.profile.protocol, tuple(RESOLUTION * int(tick) for tick in ticks))
        self._require_port().write(encode(action_frame(action)))

    def _require_port(self) -> SerialPort:
        if self._port is None:
            raise DeviceFault(f"{self.profile.name}: not connected")
        return self._port
