"""The register file refuses what a servo refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.control_table import (
    BUS_WATCHDOG,
    EXTENDED_TICKS_MAX,
    GOAL_POSITION,
    HARDWARE_ERROR,
    OPERATING_MODE,
    PRESENT_POSITION,
    RETURN_DELAY,
    TORQUE_ENABLE,
    WATCHDOG_EXPIRED,
    hardware_error_text,
)
from devices.dynamixel_packet import StatusError
from devices.simulated_arm.servo import TABLE_SIZE, ServoRegisters
from toolkit import InvalidInput


def servo(mode: int = 4) -> ServoRegisters:
    registers = ServoRegisters(1, 1020)
    registers.set(OPERATING_MODE, mode)
    return registers


@pytest.mark.parametrize(
    ("mode", "goal", "error"),
    [
        (4, EXTENDED_TICKS_MAX, StatusError.NONE), (4, EXTENDED_TICKS_MAX + 1, StatusError.DATA_RANGE_ERROR),
        (4, -EXTENDED_TICKS_MAX, StatusError.NONE), (4, -EXTENDED_TICKS_MAX - 1, StatusError.DATA_RANGE_ERROR),
        (3, 4095, StatusError.NONE), (3, 4096, StatusError.DATA_RANGE_ERROR), (3, -1, StatusError.DATA_RANGE_ERROR),
    ],
)  # fmt: skip
def test_a_goal_is_accepted_exactly_within_the_range_of_the_mode(mode: int, goal: int, error: StatusError) -> None:
    assert servo(mode).write(GOAL_POSITION.address, GOAL_POSITION.pack(goal)) == error


def test_eeprom_is_closed_under_torque() -> None:
    registers = servo()
    assert registers.write(RETURN_DELAY.address, b"\x05") == StatusError.NONE
    assert registers.write(TORQUE_ENABLE.address, b"\x01") == StatusError.NONE
    assert registers.write(RETURN_DELAY.address, b"\x06") == StatusError.ACCESS_ERROR
    assert registers.get(RETURN_DELAY) == 5


def test_torque_does_not_come_on_with_a_hardware_error() -> None:
    registers = servo()
    registers.set(HARDWARE_ERROR, 32)
    assert registers.write(TORQUE_ENABLE.address, b"\x01") == StatusError.RESULT_FAIL
    assert registers.get(TORQUE_ENABLE) == 0


def test_goals_are_closed_after_the_watchdog_expired_until_it_is_cleared() -> None:
    registers = servo()
    registers.set(BUS_WATCHDOG, WATCHDOG_EXPIRED)
    assert registers.write(GOAL_POSITION.address, GOAL_POSITION.pack(5)) == StatusError.DATA_RANGE_ERROR
    assert registers.write(TORQUE_ENABLE.address, b"\x00") == StatusError.NONE
    assert registers.write(BUS_WATCHDOG.address, b"\x00") == StatusError.NONE
    assert registers.write(GOAL_POSITION.address, GOAL_POSITION.pack(5)) == StatusError.NONE


@given(st.integers(0, TABLE_SIZE + 5), st.binary(max_size=12))
def test_a_refused_write_changes_nothing(address: int, data: bytes) -> None:
    registers = servo()
    before = registers.read(0, TABLE_SIZE)
    if registers.write(address, data) != StatusError.NONE:
        assert registers.read(0, TABLE_SIZE) == before
    assert registers.get(PRESENT_POSITION) == 0


@given(st.integers(-(2**31), 2**31 - 1))
def test_a_register_unpacks_what_it_packs(value: int) -> None:
    assert GOAL_POSITION.unpack(GOAL_POSITION.pack(value)) == value


def test_a_value_that_does_not_fit_its_register_is_refused() -> None:
    with pytest.raises(InvalidInput, match="operating_mode"):
        OPERATING_MODE.pack(256)


def test_hardware_errors_have_names() -> None:
    assert hardware_error_text(4 + 32) == "OVERHEATING, OVERLOAD"
    assert hardware_error_text(0) == ""
    assert "0x02" in hardware_error_text(2)
