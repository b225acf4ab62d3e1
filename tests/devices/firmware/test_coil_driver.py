"""The firmware's promises, each with what would break it."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.coil_protocol import (
    CHANNELS,
    TEMPERATURE_UNREADABLE,
    VERSION,
    Arm,
    Cause,
    Command,
    Hello,
    Identity,
    Outcome,
    Read,
    Result,
    State,
    Status,
    from_frame,
    layout_hash,
    to_frame,
)
from devices.serial_transfer import Frame, FrameParser, encode
from devices.simulated_coils.firmware import ChannelSettings, Firmware, FirmwareSettings
from tests.devices.firmware.conftest import LIMIT_MA, TEST_LIMIT_MA, TRIP_MA, Bench
from toolkit import InvalidInput


def test_it_says_who_it_is_in_any_state(bench: Bench) -> None:
    bench.arm()
    [frame] = FrameParser().feed(bench.send(encode(to_frame(Hello(9)))))
    identity = from_frame(frame, Identity)
    assert identity is not None
    assert (identity.request, identity.version, bytes(identity.layout), identity.channels) == (9, VERSION, layout_hash(), 3)
    assert identity.limit_ma == (LIMIT_MA,) * 3 + (0,) * 5
    assert identity.test_limit_ma[0] == TEST_LIMIT_MA


def test_a_command_before_arming_moves_nothing(bench: Bench) -> None:
    assert bench.command(1, 100).result == Result.NOT_ARMED
    bench.tick(5)
    assert not bench.device.duty.any() and not bench.device.enabled.any()


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"version": VERSION + 1}, Result.WRONG_VERSION),
        ({"layout": (0,) * 8}, Result.WRONG_LAYOUT),
        ({"mode": State.OFF}, Result.BAD_SETTING),
        ({"mode": State.FROZEN}, Result.BAD_SETTING),
        ({"outcome": 0}, Result.BAD_SETTING),
        ({"outcome": 3}, Result.BAD_SETTING),
        ({"watchdog_ms": 0}, Result.BAD_SETTING),
        ({"watchdog_ms": 1001}, Result.BAD_SETTING),
        ({"limit_ma": (LIMIT_MA + 1, 0, 0, 0, 0, 0, 0, 0)}, Result.BAD_SETTING),
        ({"limit_ma": (-1, 0, 0, 0, 0, 0, 0, 0)}, Result.BAD_SETTING),
        ({"limit_ma": (0, 0, 0, 1, 0, 0, 0, 0)}, Result.BAD_SETTING),
    ],
)
def test_what_is_wrong_about_arming_is_refused_and_outputs_stay_released(bench: Bench, change: dict[str, object], result: Result) -> None:
    right = Arm(1, VERSION, tuple(layout_hash()), State.RUN, Outcome.ZERO, 50, (0,) * CHANNELS)
    status = bench.ask(dataclasses.replace(right, **change))  # type: ignore[arg-type]
    assert (status.result, status.state) == (result, State.OFF)
    assert not bench.device.enabled.any()


@pytest.mark.parametrize("temperature", [8001, 32767, TEMPERATURE_UNREADABLE])
def test_a_hot_or_unreadable_coil_cannot_be_armed(bench: Bench, temperature: int) -> None:
    bench.device.temperature_cdeg[1] = temperature
    assert bench.arm().result == Result.TOO_HOT


def test_arming_needs_the_state_off(bench: Bench) -> None:
    assert bench.arm().result == Result.OK
    assert bench.arm().result == Result.WRONG_STATE


@pytest.mark.parametrize("current", [LIMIT_MA + 1, -LIMIT_MA - 1, 2**31 - 1, -(2**31)])
def test_a_current_over_its_limit_is_refused_whole_never_clipped(bench: Bench, current: int) -> None:
    bench.arm()
    assert bench.command(1, 100, 200, 300).result == Result.OK
    status = bench.command(2, 50, current, 50)
    assert (status.result, status.applied_ma[:3], status.sequence) == (Result.OVER_LIMIT, (100, 200, 300), 1)


def test_at_the_limit_is_allowed_and_a_channel_that_is_not_there_is_not(bench: Bench) -> None:
    bench.arm()
    assert bench.command(1, LIMIT_MA, -LIMIT_MA, 0).result == Result.OK
    assert bench.command(2, 0, 0, 0, 1).result == Result.OVER_LIMIT


def test_the_limit_given_at_arming_and_the_test_limit_both_hold(bench: Bench) -> None:
    bench.arm(limit_ma=1000)
    assert bench.command(1, 1001).result == Result.OVER_LIMIT
    bench.off()
    bench.arm(mode=State.TEST)
    assert bench.command(1, TEST_LIMIT_MA + 1).result == Result.OVER_LIMIT
    assert bench.command(1, TEST_LIMIT_MA).result == Result.OK


@pytest.mark.parametrize("watchdog_ms", [1, 50, 1000])
def test_silence_for_the_watchdog_time_takes_all_channels_to_zero_and_releases_them(bench: Bench, watchdog_ms: int) -> None:
    bench.arm(watchdog_ms=watchdog_ms)
    bench.command(1, 1000, -1000, 500)
    bench.tick(watchdog_ms)
    assert bench.read().state == State.RUN
    bench.tick()
    status = bench.read()
    assert status.state == State.TRIPPED
    assert status.cause[:3] == (Cause.WATCHDOG,) * 3
    assert status.applied_ma == (0,) * CHANNELS
    assert not bench.device.duty.any()
    assert bench.device.enabled[:3].all(), "bridges short the coils first, so that the currents die"
    bench.tick(30)
    assert not bench.device.enabled.any()


def test_frozen_keeps_the_newest_currents_refuses_commands_and_still_watches_temperature(bench: Bench) -> None:
    bench.arm(outcome=Outcome.FREEZE)
    bench.command(1, 1000, -1000, 500)
    bench.tick(60)
    status = bench.read()
    assert (status.state, status.applied_ma[:3]) == (State.FROZEN, (1000, -1000, 500))
    assert bench.command(2, 0).result == Result.NOT_ARMED
    bench.device.temperature_cdeg[2] = 9000
    bench.tick()
    status = bench.read()
    assert (status.state, status.cause[2]) == (State.TRIPPED, Cause.WATCHDOG | Cause.OVER_TEMPERATURE)


def test_reading_and_refused_commands_do_not_feed_the_watchdog(bench: Bench) -> None:
    bench.arm()
    bench.command(1, 1000)
    for _ in range(51):
        bench.command(1, 1000)  # an old sequence
        bench.command(2, LIMIT_MA + 1)  # over the limit
        bench.tick()  # reads
    assert bench.read().state == State.TRIPPED


def test_the_watchdog_counts_through_the_wrap_of_the_clock(library: Path) -> None:
    bench = Bench(library)
    bench.now_ms = 2**32 - 20
    bench.device.tick(bench.now_ms)
    bench.arm()
    bench.command(1, 1000)
    bench.tick(45)
    assert bench.read().state == State.RUN
    bench.tick(10)
    assert bench.read().state == State.TRIPPED


@pytest.mark.parametrize(
    ("sequence", "result", "gaps"),
    [(11, Result.OK, 0), (13, Result.OK, 2), *((old, Result.OLD_SEQUENCE, 0) for old in (10, 9, 10 + 2**31))],
)
def test_a_sequence_must_be_newer_and_gaps_are_counted(bench: Bench, sequence: int, result: Result, gaps: int) -> None:
    bench.arm()
    bench.command(10, 1)
    status = bench.command(sequence, 2)
    assert (status.result, status.gaps) == (result, gaps)


def test_a_sequence_may_wrap_round(bench: Bench) -> None:
    bench.arm()
    bench.command(2**32 - 1, 1)
    assert bench.command(0, 2).result == Result.OK
    assert bench.status.gaps == 0


@pytest.mark.parametrize("measured", [TRIP_MA + 1, -TRIP_MA - 1, 2**31 - 1, -(2**31)])
def test_a_measured_current_beyond_the_trip_ends_everything_at_the_next_tick(bench: Bench, measured: int) -> None:
    bench.arm()
    bench.command(1, 100, 100, 100)
    bench.follows = False
    bench.device.current_ma[1] = measured
    bench.tick()
    status = bench.read()
    assert (status.state, status.cause[:3]) == (State.TRIPPED, (0, Cause.OVER_CURRENT, 0))
    assert not bench.device.duty.any()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_coil_that_does_not_follow_ends_everything_within_its_time(bench: Bench, sign: int) -> None:
    """An open coil: no current whatever the duty."""
    bench.arm(watchdog_ms=1000)
    bench.command(1, 1000 * sign, 0, 0)
    bench.follows = False
    bench.tick(20)
    assert bench.read().state == State.RUN
    bench.tick(1)
    assert bench.read().cause[:3] == (Cause.NOT_FOLLOWING, 0, 0)


def test_an_open_coil_under_alternating_current_is_found_too(bench: Bench) -> None:
    """Near its zeros the set-point is close to no current at all: what was counted before must not be forgotten there."""
    bench.arm(watchdog_ms=1000)
    bench.follows = False
    for k in range(200):
        bench.command(k, round(2000 * np.sin(2 * np.pi * k / 30)), 0, 0)
        bench.tick()
        if bench.read().state == State.TRIPPED:
            break
    assert bench.status.cause[0] == Cause.NOT_FOLLOWING and k < 60


@pytest.mark.parametrize(("temperature", "cause"), [(8001, Cause.OVER_TEMPERATURE), (TEMPERATURE_UNREADABLE, Cause.TEMPERATURE_UNREADABLE)])
def test_hot_or_unreadable_ends_everything(bench: Bench, temperature: int, cause: Cause) -> None:
    bench.arm()
    bench.command(1, 1000)
    bench.device.temperature_cdeg[2] = temperature
    bench.tick()
    assert bench.read().cause[2] == cause
    assert bench.status.state == State.TRIPPED


def test_a_trip_stays_until_off_and_off_works_in_every_state(bench: Bench) -> None:
    bench.arm()
    bench.tick(60)
    assert bench.arm().result == Result.WRONG_STATE
    assert bench.command(1, 1).result == Result.NOT_ARMED
    status = bench.off()
    assert (status.result, status.state, status.cause) == (Result.OK, State.OFF, (0,) * CHANNELS)
    assert bench.arm().result == Result.OK


def test_on_a_sign_change_both_directions_are_cleared_for_the_dead_time(bench: Bench) -> None:
    bench.arm(watchdog_ms=1000)
    bench.follows = False
    bench.command(1, 1000)
    bench.tick(5)
    assert bench.device.duty[0] > 0
    bench.device.current_ma[0] = 3000  # the regulator must now push the other way
    bench.command(2, -4000)
    seen = []
    for _ in range(4):
        bench.tick()
        seen.append(int(np.sign(bench.device.duty[0])))
    assert seen == [0, 0, -1, -1], "dead_ticks is 2"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-LIMIT_MA, LIMIT_MA), st.integers(-4500, 4500)), min_size=1, max_size=40))
def test_never_are_both_sides_on_whatever_is_asked_and_measured(library: Path, steps: list[tuple[int, int]]) -> None:
    bench = Bench(library)
    bench.follows = False
    bench.arm(watchdog_ms=1000)
    for k, (asked, measured) in enumerate(steps):
        bench.command(k, asked, -asked)
        bench.device.current_ma[:2] = measured, asked
        bench.tick()
    assert bench.device.bridge_violations == (0, 0)


def test_damage_is_counted_and_answered_by_nothing(bench: Bench) -> None:
    good = encode(to_frame(Read(1)))
    assert bench.send(good[:-2] + bytes((good[-2] ^ 1, good[-1]))) == b""  # CRC-8
    assert bench.send(encode(Frame(Read.ID, bytes(6)))) == b""  # the check
    assert bench.send(encode(Frame(0x55, b"what"))) == b""  # an id nobody knows
    assert bench.read().damaged == 3


def test_a_command_of_another_layout_is_not_understood(bench: Bench) -> None:
    bench.arm()
    frame = to_frame(Command(1, 1, (5,) * 3 + (0,) * 5))
    assert bench.send(encode(Frame(frame.packet_id, frame.payload[:-5] + frame.payload[-4:]))) == b""
    assert bench.read().applied_ma == (0,) * CHANNELS


@given(st.binary(max_size=300), st.integers(0, 300))
@settings(deadline=None)
def test_after_any_bytes_it_still_answers(library: Path, data: bytes, cut: int) -> None:
    bench = Bench(library)
    bench.send(data[:cut])
    bench.send(data[cut:] + bytes(300))
    assert bench.read().request == 4


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1), st.integers(-32768, 32767))
@settings(deadline=None)
def test_what_the_sensors_say_arrives_unchanged(library: Path, current: int, voltage: int, temperature: int) -> None:
    """C packs what Python unpacks, at the ends of every range."""
    bench = Bench(library)
    bench.device.current_ma[0], bench.device.voltage_mv[1], bench.device.temperature_cdeg[2] = current, voltage, temperature
    bench.device.tick(1)
    status = bench.read()
    assert (status.measured_ma[0], status.voltage_mv[1], status.temperature_cdeg[2]) == (current, voltage, temperature)


def test_the_processors_own_watchdog_is_fed_by_the_tick_and_by_nothing_else(bench: Bench) -> None:
    before = bench.device.alive
    bench.read()
    assert bench.device.alive == before
    bench.tick(3)
    assert bench.device.alive == before + 3


@pytest.mark.parametrize(
    "channel",
    [
        ChannelSettings(100, 101, 200, 8000, 1, 1),
        ChannelSettings(100, 10, 100, 8000, 1, 1),
        ChannelSettings(-1, -1, 200, 8000, 1, 1),
        ChannelSettings(100, 10, 200, 8000, -1, 1),
        ChannelSettings(100, 10, 200, 8000, 1, 1, dead_ticks=0),
    ],
)
def test_settings_that_cannot_be_right_are_refused_at_start(library: Path, channel: ChannelSettings) -> None:
    with pytest.raises(InvalidInput, match="refuses its settings"):
        Firmware(library, FirmwareSettings((channel,)))


def test_a_status_has_room_for_all_that_is_promised(bench: Bench) -> None:
    status = bench.read()
    assert isinstance(status, Status) and status.watchdog_ms == 0
    bench.arm(outcome=Outcome.FREEZE, watchdog_ms=70)
    assert (bench.status.watchdog_ms, bench.status.outcome) == (70, Outcome.FREEZE)
