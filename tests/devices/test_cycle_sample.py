"""A servo whose clock does not advance is not measured."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.control_table import VELOCITY_RAD_PER_S
from devices.cycle_sample import ClockMonitor, decode_sample
from devices.dynamixel_packet import Packet
from toolkit import DeviceFault, StaleMeasurement


def test_a_block_is_decoded_by_its_addresses() -> None:
    block = struct.pack("<i", -5) + struct.pack("<H", 1234) + b"\0\0" + struct.pack("<hh", 7, -8) + struct.pack("<ii", -100, 2**20)
    sample = decode_sample({3: Packet(3, 0x55, block, 0x80)}, [3], 1.5)
    assert sample.goal_ticks.tolist() == [-5]
    assert sample.ticks.tolist() == [2**20]
    assert sample.clock_ms == (1234,)
    assert sample.velocity_ticks_per_s[0] == pytest.approx(-100 * VELOCITY_RAD_PER_S * 4096 / (2 * 3.141592653589793))
    assert sample.alert
    assert sample.request_s == 1.5


@pytest.mark.requirement("SAF-018")
@given(st.integers(0, 32767), st.lists(st.floats(0.001, 2.0), min_size=1, max_size=20))
def test_an_honest_clock_is_never_refused_even_when_it_wraps(start: int, gaps: list[float]) -> None:
    monitor = ClockMonitor([1])
    now = 100.0
    for gap in gaps:
        now += gap
        monitor.check((int(start + now * 1e3) % 32768,), now - 0.0005, now + 0.0005)


@pytest.mark.requirement("SAF-018")
def test_a_frozen_clock_is_stale_after_one_period() -> None:
    monitor = ClockMonitor([4])
    monitor.check((50,), 1.0, 1.001)
    with pytest.raises(StaleMeasurement, match="id 4"):
        monitor.check((50,), 1.005, 1.006)


@pytest.mark.requirement("SAF-018")
def test_a_frozen_clock_cannot_hide_behind_fast_reads() -> None:
    monitor = ClockMonitor([4])
    with pytest.raises(StaleMeasurement):
        for k in range(20):
            monitor.check((50,), 1.0 + k * 0.001, 1.0 + k * 0.001)


@pytest.mark.requirement("SAF-017")
def test_a_restarted_servo_is_a_fault() -> None:
    monitor = ClockMonitor([1, 2])
    monitor.check((5000, 5000), 1.0, 1.001)
    with pytest.raises(DeviceFault, match="id 2"):
        monitor.check((5005, 5700), 1.005, 1.006)


def test_a_clock_that_jumps_back_is_stale() -> None:
    monitor = ClockMonitor([1])
    monitor.check((5000,), 1.0, 1.001)
    with pytest.raises(StaleMeasurement):
        monitor.check((3,), 1.005, 1.006)
