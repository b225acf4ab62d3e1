"""The rig: the firmware's own code, with coils where its hardware would be. Time is given; see process.py for the clock."""

from collections.abc import Sequence
from pathlib import Path

from ..coil_profile import CoilProfile, RigSpec
from ..serial_transfer import FrameParser, encode
from .faults import CoilFaults
from .firmware import ChannelSettings, Firmware, FirmwareSettings
from .plant import CoilPlant, DrivenByCoils

DT_S = 1e-3
_LOOP_S = 4e-3
"""Closed-loop time constant of the current regulators: four ticks, well inside what a millisecond's sampling allows."""


def firmware_settings(profile: CoilProfile, spec: RigSpec) -> FirmwareSettings:
    """The firmware's constants of a profile: pole-zero cancelling PI, kp = L/tau, ki = R/tau; trip a sixth above the limit."""
    if profile.readback is None or profile.selftest is None:
        raise ValueError(f"{profile.name}: the simulated rig speaks primum_coil_1 only")
    per_volt = 10.0 / spec.supply_v * 65536.0  # duty per mV, times 65536
    channels = tuple(
        ChannelSettings(
            limit_ma=coil.limit_ma,
            test_limit_ma=profile.selftest.current_ma,
            trip_ma=coil.limit_ma + coil.limit_ma // 6 + 100,
            temperature_max_cdeg=round(100 * coil.temperature_c_max),
            kp_q16=round(coil.inductance_h / _LOOP_S * per_volt),
            ki_q16=round(coil.resistance_ohm_20c / _LOOP_S * DT_S * per_volt),
        )
        for coil in profile.coils
    )
    return FirmwareSettings(channels, follow_ma=profile.readback.tolerance_ma, follow_ms=round(profile.readback.patience_ms))


class Rig:
    """Advances in steps of a millisecond; bytes in, bytes out.

    attached: what the coils drive; called after each step with the coils as a field sees them, and with the faults in force.
    t0_s: when step 0 was, on time.monotonic(); whoever runs the rig in real time sets it.
    """

    def __init__(self, profile: CoilProfile, library: Path, attached: Sequence[DrivenByCoils] = ()) -> None:
        spec = profile.simulator
        if spec is None:
            raise ValueError(f"{profile.name} has no simulator section")
        self.n = profile.n
        self.plant = CoilPlant(profile, spec)
        self.firmware = Firmware(library, firmware_settings(profile, spec))
        self.faults = CoilFaults()
        self._attached = tuple(attached)
        self._from_host = FrameParser()
        self._frames = self._replies = 0
        self.now_ms, self.t0_s = 0, 0.0
        self._sense()

    def inject(self, faults: CoilFaults) -> None:
        """Replace the faults in force."""
        self.faults = faults
        self.plant.inject(faults)
        for driven in self._attached:
            driven.inject(faults)

    def step(self) -> None:
        """One millisecond: the circuit with the bridges as they are, then the firmware's tick on what the sensors say."""
        self.now_ms += 1
        self.plant.step(DT_S, self.firmware.duty[: self.n], self.firmware.enabled[: self.n])
        self._sense()
        self.firmware.tick(self.now_ms)
        for driven in self._attached:
            driven.step(self.t0_s + self.now_ms * DT_S, DT_S, self.plant.truth)

    def receive(self, data: bytes) -> list[bytes]:
        """Bytes from the host; the replies to them, frame by frame, with the line's faults."""
        if self.faults.drop_every:
            data = b"".join(encode(frame) for frame in self._from_host.feed(data) if not self._is_lost())
        answer = self.firmware.receive(data, self.now_ms)
        replies = [encode(frame) for frame in FrameParser().feed(answer)]
        return [] if self.faults.silent else [self._on_the_wire(reply) for reply in replies]

    def _is_lost(self) -> bool:
        self._frames += 1
        return self._frames % self.faults.drop_every == 0

    def _on_the_wire(self, reply: bytes) -> bytes:
        self._replies += 1
        if self.faults.bad_crc_every and self._replies % self.faults.bad_crc_every == 0:
            return reply[:-2] + bytes((reply[-2] ^ 0xFF, reply[-1]))
        return reply

    def _sense(self) -> None:
        current, voltage, temperature = self.plant.sensors()
        self.firmware.current_ma[: self.n] = current
        self.firmware.voltage_mv[: self.n] = voltage
        self.firmware.temperature_cdeg[: self.n] = temperature
