"""The registers of an X-series servo that this project reads or writes (addresses, sizes, units).

Source: ROBOTIS e-Manual, XM430-W350 control table. Addresses below 64 are EEPROM: writable only while torque is off.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from toolkit import InvalidInput

TICKS_PER_TURN = 4096
VELOCITY_RAD_PER_S = 0.229 * 2 * 3.141592653589793 / 60  # one unit of the velocity registers: 0.229 rpm
WATCHDOG_UNIT_MS = 20
EXTENDED_TICKS_MAX = 1_048_575  # goal range in extended position mode: 256 turns either way
REALTIME_TICK_MODULUS = 32_768  # the realtime tick counts milliseconds and wraps here
WATCHDOG_EXPIRED = -1


@dataclass(frozen=True)
class Register:
    """address, size in bytes, whether two's complement, and the unit of one count."""

    name: str
    address: int
    size: int
    unit: str
    signed: bool = False

    def pack(self, value: int) -> bytes:
        """Little-endian bytes of `value`. Raises InvalidInput when it does not fit."""
        try:
            return int(value).to_bytes(self.size, "little", signed=self.signed or value < 0)
        except OverflowError as error:
            raise InvalidInput(f"{self.name}: {value} does not fit {self.size} bytes") from error

    def unpack(self, data: bytes) -> int:
        """Value of little-endian bytes."""
        if len(data) != self.size:
            raise InvalidInput(f"{self.name}: {len(data)} bytes, expected {self.size}")
        return int.from_bytes(data, "little", signed=self.signed)


MODEL_NUMBER = Register("model_number", 0, 2, "")
FIRMWARE = Register("firmware_version", 6, 1, "")
SERVO_ID = Register("id", 7, 1, "")
RETURN_DELAY = Register("return_delay_time", 9, 1, "2 us")
DRIVE_MODE = Register("drive_mode", 10, 1, "")
OPERATING_MODE = Register("operating_mode", 11, 1, "")
HOMING_OFFSET = Register("homing_offset", 20, 4, "tick", signed=True)
MAX_POSITION_LIMIT = Register("max_position_limit", 48, 4, "tick")
MIN_POSITION_LIMIT = Register("min_position_limit", 52, 4, "tick")
SHUTDOWN = Register("shutdown", 63, 1, "")
TORQUE_ENABLE = Register("torque_enable", 64, 1, "")
STATUS_RETURN_LEVEL = Register("status_return_level", 68, 1, "")
HARDWARE_ERROR = Register("hardware_error_status", 70, 1, "")
BUS_WATCHDOG = Register("bus_watchdog", 98, 1, "20 ms", signed=True)
PROFILE_ACCELERATION = Register("profile_acceleration", 108, 4, "214.577 rev/min2")
PROFILE_VELOCITY = Register("profile_velocity", 112, 4, "0.229 rev/min")
GOAL_POSITION = Register("goal_position", 116, 4, "tick", signed=True)
REALTIME_TICK = Register("realtime_tick", 120, 2, "ms")
PRESENT_CURRENT = Register("present_current", 126, 2, "2.69 mA", signed=True)
PRESENT_VELOCITY = Register("present_velocity", 128, 4, "0.229 rev/min", signed=True)
PRESENT_POSITION = Register("present_position", 132, 4, "tick", signed=True)
PRESENT_INPUT_VOLTAGE = Register("present_input_voltage", 144, 2, "0.1 V")
PRESENT_TEMPERATURE = Register("present_temperature", 146, 1, "degC")

# One sync read of this block a cycle: goal echo, freshness, velocity and position of one instant.
CYCLE_BLOCK = (GOAL_POSITION.address, PRESENT_POSITION.address + PRESENT_POSITION.size - GOAL_POSITION.address)
# One sync read of this block tells whether a drive can still be trusted: torque, status return level, hardware error, watchdog.
HEALTH_BLOCK = (TORQUE_ENABLE.address, BUS_WATCHDOG.address + BUS_WATCHDOG.size - TORQUE_ENABLE.address)


class OperatingMode(IntEnum):
    """Register 11. Only the two position modes hold the newest setpoint when nothing comes (assumption A3)."""

    CURRENT = 0
    VELOCITY = 1
    POSITION = 3
    EXTENDED_POSITION = 4
    CURRENT_BASED_POSITION = 5
    PWM = 16


class HardwareError(IntFlag):
    """Bits of register 70."""

    INPUT_VOLTAGE = 1
    OVERHEATING = 4
    MOTOR_ENCODER = 8
    ELECTRICAL_SHOCK = 16
    OVERLOAD = 32


def hardware_error_text(bits: int) -> str:
    """Names of the bits set in register 70, joined by ', '."""
    named = [error.name or "" for error in HardwareError if bits & error]
    unknown = bits & ~sum(HardwareError)
    return ", ".join([*named, f"unknown bits 0x{unknown:02x}"] if unknown else named)
