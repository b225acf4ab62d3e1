"""The reference firmware, compiled for this host and called through ctypes: the simulated rig runs the very code a rig would."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from toolkit import DeviceFault, InvalidInput
from toolkit.arrays import TickArray

from ..coil_protocol import CHANNELS

SOURCES = Path(__file__).parents[1] / "firmware"
CORE = ("serial_transfer.c", "current_loop.c", "coil_driver.c")
STRICT = ("-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow")
_OUT_MAX = 4096
_BUILD_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class ChannelSettings:
    """One channel's constants in the firmware; see coil_driver.h. kp_q16 [duty/mA · 65536], ki_q16 [duty/(mA · ms) · 65536]."""

    limit_ma: int
    test_limit_ma: int
    trip_ma: int
    temperature_max_cdeg: int
    kp_q16: int
    ki_q16: int
    dead_ticks: int = 1


@dataclass(frozen=True)
class FirmwareSettings:
    """The firmware's constants; see coil_driver.h."""

    channels: tuple[ChannelSettings, ...]
    watchdog_ms_max: int = 1000
    release_ms: int = 100
    follow_ma: int = 500
    follow_ms: int = 50


class _Device(ctypes.Structure):
    """The outward part of host_device (host_hal.h)."""

    _fields_ = (
        ("duty", ctypes.c_uint32 * CHANNELS * 2),
        ("enabled", ctypes.c_uint32 * CHANNELS),
        ("current_ma", ctypes.c_int32 * CHANNELS),
        ("voltage_mv", ctypes.c_int32 * CHANNELS),
        ("temperature_cdeg", ctypes.c_int32 * CHANNELS),
        ("shoot_through", ctypes.c_uint32),
        ("short_dead_time", ctypes.c_uint32),
        ("alive", ctypes.c_uint32),
        ("out_count", ctypes.c_uint32),
        ("out", ctypes.c_uint8 * _OUT_MAX),
    )


def compiler() -> str | None:
    """The C compiler of this host (the variable CC, else `cc`), or None."""
    return shutil.which(os.environ.get("CC") or "cc")


def compile_c(target: Path, sources: Sequence[str], flags: Sequence[str]) -> None:
    """Compile sources of `firmware/` into `target`. Raises DeviceFault without a compiler, or with what it said."""
    found = compiler()
    if found is None:
        raise DeviceFault("no C compiler (cc, or what CC names): the simulated coil rig runs the firmware's own code and needs one")
    command = [found, *STRICT, *flags, "-o", str(target), *(str(SOURCES / name) for name in sources)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeviceFault(f"firmware: cannot compile: {error}") from error
    if done.returncode != 0:
        raise DeviceFault(f"firmware: does not compile: {done.stderr.strip()}")


def build_library(folder: Path) -> Path:
    """The firmware with `host_hal.c` as a shared library in `folder`. Raises DeviceFault."""
    target = folder / "libcoil_host.so"
    compile_c(target, [*CORE, "host_hal.c"], ["-fPIC", "-shared"])
    return target


class Firmware:
    """One device. Its hardware is arrays: set `current_ma`, `voltage_mv`, `temperature_cdeg`; read `duty` (signed) and `enabled`."""

    def __init__(self, library: Path, settings: FirmwareSettings, now_ms: int = 0) -> None:
        self._c = ctypes.CDLL(str(library))
        self._memory = ctypes.create_string_buffer(self._c.host_size())
        self._device = _Device.from_buffer(self._memory)
        self._at = ctypes.byref(self._memory)
        n = len(settings.channels)
        self._c.host_configure(self._at, n, settings.watchdog_ms_max, settings.release_ms, settings.follow_ma, settings.follow_ms)
        for k, c in enumerate(settings.channels):
            self._c.host_configure_channel(
                self._at, k, c.limit_ma, c.test_limit_ma, c.trip_ma, c.temperature_max_cdeg, c.kp_q16, c.ki_q16, c.dead_ticks
            )
        self.current_ma = np.ctypeslib.as_array(self._device.current_ma)
        self.voltage_mv = np.ctypeslib.as_array(self._device.voltage_mv)
        self.temperature_cdeg = np.ctypeslib.as_array(self._device.temperature_cdeg)
        self.temperature_cdeg[:] = 2000
        self._duty = np.ctypeslib.as_array(self._device.duty)
        self._enabled = np.ctypeslib.as_array(self._device.enabled)
        if not self._c.host_init(self._at, ctypes.c_uint32(now_ms)):
            raise InvalidInput(f"firmware refuses its settings: {settings}")

    @property
    def duty(self) -> TickArray:
        """Forward minus reverse, in 1/10000 of the supply, shape (CHANNELS,)."""
        both = self._duty.astype(np.int64)
        return np.asarray(both[0] - both[1])

    @property
    def enabled(self) -> TickArray:
        """1 where the bridge is switched on, 0 where it is released, shape (CHANNELS,)."""
        return np.asarray(self._enabled.astype(np.int64))

    @property
    def bridge_violations(self) -> tuple[int, int]:
        """Times both sides of a bridge were on, and times the dead time was too short. Both must stay 0."""
        return self._device.shoot_through, self._device.short_dead_time

    @property
    def alive(self) -> int:
        """Times the processor's own watchdog was fed."""
        return int(self._device.alive)

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """Bytes from the line; what the device answers to them."""
        self._c.host_receive(self._at, data, len(data), ctypes.c_uint32(now_ms & 0xFFFFFFFF))
        answer = bytes(self._device.out[: self._device.out_count])
        self._device.out_count = 0
        return answer

    def tick(self, now_ms: int) -> None:
        """One millisecond has passed."""
        self._c.host_tick(self._at, ctypes.c_uint32(now_ms & 0xFFFFFFFF))
