"""The register file of one simulated X-series servo, with the refusals of a real one."""

from ..control_table import (
    BUS_WATCHDOG,
    DRIVE_MODE,
    EXTENDED_TICKS_MAX,
    FIRMWARE,
    GOAL_POSITION,
    HARDWARE_ERROR,
    MAX_POSITION_LIMIT,
    MIN_POSITION_LIMIT,
    MODEL_NUMBER,
    OPERATING_MODE,
    PRESENT_INPUT_VOLTAGE,
    PRESENT_POSITION,
    PRESENT_TEMPERATURE,
    PRESENT_VELOCITY,
    REALTIME_TICK,
    RETURN_DELAY,
    SERVO_ID,
    SHUTDOWN,
    STATUS_RETURN_LEVEL,
    TORQUE_ENABLE,
    WATCHDOG_EXPIRED,
    OperatingMode,
    Register,
)
from ..dynamixel_packet import StatusError

TABLE_SIZE = 147
_EEPROM_END = 64
_READ_ONLY = ((0, 7), (70, 71), (120, TABLE_SIZE))
_GOALS = (100, 120)  # goal PWM .. goal position: read-only while the watchdog has expired


class ServoRegisters:
    """Bytes, and what may be written when.

    A write is atomic: it is checked whole and then done whole. EEPROM is closed while torque is on; goals are closed after the bus
    watchdog has expired until 0 is written to it; a goal outside the range of the mode is refused.
    """

    def __init__(self, device_id: int, model_number: int) -> None:
        self._bytes = bytearray(TABLE_SIZE)
        self.mode_locked = False
        defaults = (
            (MODEL_NUMBER, model_number), (FIRMWARE, 45), (SERVO_ID, device_id), (RETURN_DELAY, 250), (DRIVE_MODE, 0),
            (OPERATING_MODE, OperatingMode.POSITION), (MAX_POSITION_LIMIT, 4095), (MIN_POSITION_LIMIT, 0), (SHUTDOWN, 0x34),
            (STATUS_RETURN_LEVEL, 2), (PRESENT_INPUT_VOLTAGE, 120), (PRESENT_TEMPERATURE, 31),
        )  # fmt: skip
        for register, value in defaults:
            self.set(register, value)

    def get(self, register: Register) -> int:
        """Value of a register."""
        return register.unpack(self.read(register.address, register.size))

    def set(self, register: Register, value: int) -> None:
        """Change a register from inside the servo."""
        self._bytes[register.address : register.address + register.size] = register.pack(value)

    def set_sample(self, ticks: int, velocity: int, clock_ms: int) -> None:
        """What the servo measures now."""
        self._bytes[REALTIME_TICK.address : REALTIME_TICK.address + 2] = clock_ms.to_bytes(2, "little")
        self._bytes[PRESENT_VELOCITY.address : PRESENT_POSITION.address + 4] = velocity.to_bytes(4, "little", signed=True) + ticks.to_bytes(
            4, "little", signed=True
        )

    def read(self, address: int, length: int) -> bytes:
        """Bytes of a block. Raises IndexError beyond the table."""
        if not 0 <= address <= address + length <= TABLE_SIZE:
            raise IndexError(f"{address}+{length}")
        return bytes(self._bytes[address : address + length])

    def write(self, address: int, data: bytes) -> StatusError:
        """Try to write; the reason why not, or NONE."""
        end = address + len(data)
        if not data or end > TABLE_SIZE:
            return StatusError.DATA_LENGTH_ERROR
        if any(address < high and low < end for low, high in _READ_ONLY):
            return StatusError.ACCESS_ERROR
        if address < _EEPROM_END and (self.get(TORQUE_ENABLE) or (self.mode_locked and _covers(address, end, OPERATING_MODE))):
            return StatusError.ACCESS_ERROR
        before = bytes(self._bytes)
        self._bytes[address:end] = data
        error = self._check(address, end)
        if error != StatusError.NONE:
            self._bytes[:] = before
        return error

    def _check(self, address: int, end: int) -> StatusError:
        """Is the table, as just written, one the servo accepts?"""
        watchdog_expired = self.get(BUS_WATCHDOG) == WATCHDOG_EXPIRED and not _covers(address, end, BUS_WATCHDOG)
        if watchdog_expired and address < _GOALS[1] and _GOALS[0] < end:
            return StatusError.DATA_RANGE_ERROR
        if _covers(address, end, BUS_WATCHDOG) and not 0 <= self.get(BUS_WATCHDOG) <= 127:
            return StatusError.DATA_RANGE_ERROR
        if _covers(address, end, TORQUE_ENABLE) and self.get(TORQUE_ENABLE) > 1:
            return StatusError.DATA_RANGE_ERROR
        if _covers(address, end, OPERATING_MODE) and self.get(OPERATING_MODE) not in set(OperatingMode):
            return StatusError.DATA_RANGE_ERROR
        if _covers(address, end, GOAL_POSITION):
            low, high = self._goal_range()
            if not low <= self.get(GOAL_POSITION) <= high:
                return StatusError.DATA_RANGE_ERROR
        if _covers(address, end, TORQUE_ENABLE) and self.get(TORQUE_ENABLE) and self.get(HARDWARE_ERROR):
            return StatusError.RESULT_FAIL
        return StatusError.NONE

    def _goal_range(self) -> tuple[int, int]:
        if self.get(OPERATING_MODE) == OperatingMode.POSITION:
            return self.get(MIN_POSITION_LIMIT), self.get(MAX_POSITION_LIMIT)
        return -EXTENDED_TICKS_MAX, EXTENDED_TICKS_MAX


def _covers(address: int, end: int, register: Register) -> bool:
    return address < register.address + register.size and register.address < end
