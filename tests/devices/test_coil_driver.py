"""The driver against the simulated rig: what it does, what it refuses, and what it says when the rig fails."""

import os
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from devices.coil_driver import CoilDriver
from devices.coil_profile import CoilProfile, load_coil_profile
from devices.coil_protocol import CHANNELS, VERSION, Identity, Off, Read, State, Status, from_frame, layout_hash, to_frame
from devices.coil_status import CLOCK_S
from devices.serial_transfer import Frame, FrameParser, encode
from devices.simulated_coils import CoilFaults, SimulatedCoils, launch_simulated_coils
from devices.simulated_coils.firmware import compiler
from toolkit import CertifiedCommand, DeviceFault, InvalidInput, StaleMeasurement, TickArray, Verdict

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler on this host: the rig runs the firmware's own code")
PROFILE = Path(__file__).parents[2] / "examples" / "profiles" / "octomag_coils_sim" / "profile.yaml"


@pytest.fixture(scope="module")
def profile() -> CoilProfile:
    """The example's, with more patience: what is tested here is what happens at a deadline, not how near it can be."""
    profile = load_coil_profile(PROFILE)
    assert profile.watchdog is not None
    connection = profile.connection.model_copy(update={"reply_timeout_ms": 60.0})
    return profile.model_copy(update={"connection": connection, "watchdog": profile.watchdog.model_copy(update={"time_ms": 200})})


@pytest.fixture(scope="module")
def shared_rig(profile: CoilProfile) -> Iterator[SimulatedCoils]:
    with launch_simulated_coils(profile) as rig:
        yield rig


@pytest.fixture
def rig(shared_rig: SimulatedCoils, profile: CoilProfile) -> Iterator[SimulatedCoils]:
    yield shared_rig
    shared_rig.inject(CoilFaults())
    driver = CoilDriver(profile, shared_rig.port)
    driver.connect()
    driver.off()
    driver.close()


@pytest.fixture
def driver(rig: SimulatedCoils, profile: CoilProfile) -> Iterator[CoilDriver]:
    driver = CoilDriver(profile, rig.port)
    driver.connect()
    yield driver
    driver.close()


def certified(*current_ma: int) -> CertifiedCommand:
    """In these tests every current is certified: what the driver refuses, it refuses by itself."""
    ticks = np.array(current_ma + (0,) * (8 - len(current_ma)), dtype=np.int64)
    return CertifiedCommand(ticks, ticks[None], Verdict.PASS)


HOLD = CertifiedCommand(None, np.zeros((0, 8), dtype=np.int64), Verdict.STOP)


def drive(driver: CoilDriver, command: CertifiedCommand, seconds: float) -> None:
    """Write and read, as a cycle does, until the time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        driver.write(command)
        time.sleep(0.01)
        driver.read()


def test_certified_currents_flow_and_are_read_back(driver: CoilDriver) -> None:
    driver.arm()
    drive(driver, certified(2000, -2000, 500), 0.1)
    state = driver.read()
    assert state.applied_a.tolist()[:3] == [2.0, -2.0, 0.5]
    assert state.current_a[:3] == pytest.approx([2.0, -2.0, 0.5], abs=0.05)
    assert state.voltage_v[0] == pytest.approx(2.0 * 0.9, rel=0.05)
    assert all(t is not None and 20 < t < 26 for t in state.temperature_c)
    driver.off()
    assert not driver.may_carry_current and abs(driver.read().current_a).max() < 0.1


def test_a_hold_repeats_the_newest_currents_and_feeds_the_watchdog(driver: CoilDriver) -> None:
    driver.arm()
    driver.write(certified(1500))
    drive(driver, HOLD, 0.45)
    assert driver.read().applied_a[0] == 1.5


def test_nothing_but_a_certified_command_is_accepted(driver: CoilDriver) -> None:
    driver.arm()

    class Disguised(CertifiedCommand):
        pass

    ticks = np.zeros(8, dtype=np.int64)
    fakes = (ticks, SimpleNamespace(ticks=ticks), Disguised(ticks, ticks[None], Verdict.PASS), certified(1).ticks)
    for fake in fakes:
        with pytest.raises(InvalidInput, match="only a CertifiedCommand"):
            driver.write(fake)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="3 currents for 8 coils"):
        three: TickArray = np.zeros(3, dtype=np.int64)
        driver.write(CertifiedCommand(three, three[None], Verdict.PASS))


def test_writing_before_arming_and_after_off_is_refused(driver: CoilDriver) -> None:
    with pytest.raises(DeviceFault, match="not armed"):
        driver.write(certified(1))
    driver.arm()
    driver.off()
    with pytest.raises(DeviceFault, match="not armed"):
        driver.write(certified(1))


def test_over_a_limit_or_too_large_a_step_is_refused_and_nothing_is_sent(driver: CoilDriver) -> None:
    driver.arm()
    with pytest.raises(DeviceFault, match=r"coil_2: 12001 mA is over its limit of 12000"):
        driver.write(certified(0, 12001))
    with pytest.raises(DeviceFault, match=r"step of \[4001, 0.*at most 4000"):
        driver.write(certified(-4001))
    driver.write(certified(4000))
    assert driver.read().applied_a[0] == 4.0


def test_test_currents_and_certified_ones_do_not_mix(driver: CoilDriver) -> None:
    driver.arm_for_test(3)
    with pytest.raises(DeviceFault, match="armed for tests only"):
        driver.write(certified(1))
    driver.set_test_current(3, 1000)
    with pytest.raises(DeviceFault, match="OVER_LIMIT"):
        driver.set_test_current(4, 1000)
    driver.off()
    driver.arm()
    with pytest.raises(DeviceFault, match="cannot test"):
        driver.set_test_current(3, 10)


def test_a_silent_host_lets_the_device_go_to_zero_and_the_driver_says_so(driver: CoilDriver) -> None:
    driver.arm()
    driver.write(certified(3000))
    time.sleep(0.4)
    with pytest.raises(DeviceFault, match=r"TRIPPED: coil_1: watchdog"):
        driver.read()
    with pytest.raises(DeviceFault, match="not trusted"):
        driver.write(certified(3000))


def test_a_dead_host_leaves_no_current(rig: SimulatedCoils, profile: CoilProfile, driver: CoilDriver) -> None:
    """The port closes without another word; whoever comes next finds the coils off, and why."""
    driver.arm()
    driver.write(certified(3000))
    driver.line.close()
    time.sleep(0.6)
    after = CoilDriver(profile, rig.port)
    after.connect()
    state = after.read()
    assert state.state is State.TRIPPED and "watchdog" in state.problem and abs(state.current_a).max() < 0.05
    with pytest.raises(DeviceFault, match="`off` first"):
        after.arm()
    after.off()
    after.arm()
    after.off()
    after.close()


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (CoilFaults(open=frozenset({2})), "coil_3: not following"),
        (CoilFaults(short={2: 0.3}), "coil_3"),
        (CoilFaults(stuck_temperature_c={2: 75.0}), "coil_3.*not the resistance of its temperature"),
        (CoilFaults(reversed=frozenset({2})), "coil_3.*reversed"),
        (CoilFaults(no_temperature=frozenset({2})), "coil_3: temperature unreadable"),
        (CoilFaults(silent=True), "no answer within 60.0 ms"),
        (CoilFaults(extra_latency_ms=200.0), "no answer within 60.0 ms"),
        (CoilFaults(bad_crc_every=1), "no answer within 60.0 ms"),
    ],
    ids=["open", "short", "stuck sensor", "reversed", "no sensor", "silent", "late", "damaged"],
)
def test_a_fault_while_currents_flow_is_found_and_ends_motion(
    rig: SimulatedCoils, driver: CoilDriver, faults: CoilFaults, said: str, record_property: Callable[[str, object], None]
) -> None:
    driver.arm()
    drive(driver, certified(0, 0, 3000), 0.1)
    rig.inject(faults)
    began = time.monotonic()
    with pytest.raises(DeviceFault, match=said):
        drive(driver, certified(0, 0, 3000), 5.0)
    record_property("seconds_to_detect", time.monotonic() - began)
    with pytest.raises(DeviceFault, match="not trusted"):
        driver.write(certified(0, 0, 3000))
    rig.inject(CoilFaults())
    driver.off()
    assert abs(driver.read().current_a).max() < 0.1


def test_every_lost_reply_of_a_read_is_asked_again_and_of_a_write_is_a_fault(rig: SimulatedCoils, driver: CoilDriver) -> None:
    driver.arm()
    rig.inject(CoilFaults(bad_crc_every=2))
    for _ in range(2):  # a lost reply costs 60 ms, and no read feeds the watchdog of 200 ms
        driver.read()
    assert driver.line.retries > 0 and driver.line.crc_errors > 0
    with pytest.raises(DeviceFault, match=r"command \d+: no answer within 60.0 ms \(1 attempts\)"):
        drive(driver, certified(100), 1.0)


def test_pulling_the_cable_is_a_fault_and_leaving_says_what_is_not_known(profile: CoilProfile) -> None:
    with launch_simulated_coils(profile) as rig, pytest.raises(DeviceFault) as caught, CoilDriver(profile, rig.port) as driver:
        driver.connect()
        driver.arm()
        driver.write(certified(1000))
        rig.kill()
        drive(driver, certified(1000), 5.0)
    assert any(word in str(caught.value) for word in ("gone", "hung up", "cannot write"))
    assert "off: not confirmed" in caught.value.__notes__[0] and "'zero' within 200 ms" in caught.value.__notes__[0]


def test_leaving_the_context_takes_currents_off_whatever_was_raised(rig: SimulatedCoils, profile: CoilProfile) -> None:
    with pytest.raises(KeyError), CoilDriver(profile, rig.port) as driver:
        driver.connect()
        driver.arm()
        driver.write(certified(1000))
        raise KeyError("something of the caller's")
    with CoilDriver(profile, rig.port) as driver:
        driver.connect()
        assert driver.read().state is State.OFF


class Scripted:
    """A pty whose other end answers what the test says."""

    def __init__(self, answer: Callable[[Frame], list[Frame]]) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        self._answer = answer
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        parser = FrameParser()
        while True:
            try:
                for frame in parser.feed(os.read(self.master, 4096)):
                    os.write(self.master, b"".join(map(encode, self._answer(frame))))
            except OSError:
                return


def number(frame: Frame) -> int:
    return int.from_bytes(frame.payload[:2], "little")


def identity(frame: Frame, **changes: object) -> Identity:
    right = Identity(number(frame), VERSION, tuple(layout_hash()), 8, 1000, (12000,) * CHANNELS, (1000,) * CHANNELS)
    return Identity(**{**vars(right), **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 7}, rf"speaks coil protocol version 7, layout {layout_hash().hex()}; this driver speaks version {VERSION}"),
        ({"layout": tuple(range(8))}, rf"layout 0001020304050607; this driver speaks version {VERSION}, layout {layout_hash().hex()}"),
        ({"channels": 7}, "has 7 channels, the profile 8 coils"),
        ({"watchdog_ms_max": 199}, "watchdog of 200 ms: the device allows 199"),
        ({"limit_ma": (12000,) * 7 + (11999,)}, "coil_8: limit 12000 mA, the device allows 11999"),
        ({"test_limit_ma": (999,) + (1000,) * 7}, "coil_1: test current 1000 mA, the device allows 999"),
    ],
)
def test_a_device_that_does_not_fit_is_refused_at_connect(profile: CoilProfile, changes: dict[str, object], said: str) -> None:
    device = Scripted(lambda frame: [to_frame(identity(frame, **changes))])
    with pytest.raises(DeviceFault, match=said):
        CoilDriver(profile, device.port).connect()


def test_a_longer_identity_of_a_later_version_is_still_named(profile: CoilProfile) -> None:
    import struct
    import zlib

    from devices.coil_protocol import FREE_SEED

    def later(frame: Frame) -> list[Frame]:
        body = frame.payload[:2] + struct.pack("<H", 2) + b"LAYOUT 2" + bytes(100)
        return [Frame(Identity.ID, body + struct.pack("<I", zlib.crc32(FREE_SEED + bytes((Identity.ID,)) + body)))]

    with pytest.raises(DeviceFault, match=rf"version 2, layout {b'LAYOUT 2'.hex()}; this driver speaks version {VERSION}"):
        CoilDriver(profile, Scripted(later).port).connect()


def test_no_device_is_a_fault_with_the_number_of_attempts(profile: CoilProfile) -> None:
    with pytest.raises(DeviceFault, match=r"hello: no answer within 60.0 ms \(3 attempts\)"):
        CoilDriver(profile, Scripted(lambda frame: []).port).connect()
    with pytest.raises(DeviceFault, match="cannot open"):
        CoilDriver(profile, "/dev/there_is_no_such_port").connect()


def status(frame: Frame, **values: object) -> Frame:
    zero = {name: (0,) * CHANNELS for name in ("cause", "applied_ma", "measured_ma", "voltage_mv", "temperature_cdeg")}
    counters = dict.fromkeys(("result", "state", "outcome", "watchdog_ms", "uptime_ms", "sequence", "damaged", "gaps", "refused"), 0)
    return to_frame(Status(**{"request": number(frame), **counters, **zero, **values}))  # type: ignore[arg-type]


def test_an_answer_to_an_earlier_request_is_not_taken_for_this_one(profile: CoilProfile) -> None:
    def late(frame: Frame) -> list[Frame]:
        if frame.packet_id == Read.ID:
            return [status(Frame(0, (number(frame) - 1).to_bytes(2, "little")))]
        return [to_frame(identity(frame))]

    driver = CoilDriver(profile, Scripted(late).port)
    driver.connect()
    with pytest.raises(DeviceFault, match="read: no answer"):
        driver.read()


def test_a_device_whose_clock_stands_still_is_stale(profile: CoilProfile) -> None:
    """It answers every read, and regulates nothing."""
    driver = CoilDriver(profile, Scripted(lambda f: [status(f, uptime_ms=5) if f.packet_id == Read.ID else to_frame(identity(f))]).port)
    driver.connect()
    driver.read()
    time.sleep(CLOCK_S + 0.01)
    with pytest.raises(StaleMeasurement, match="stands at 5 ms"):
        driver.read()


def test_a_device_that_applies_other_currents_than_sent_is_found(profile: CoilProfile) -> None:
    clock = iter(range(10_000))

    def wrong(frame: Frame) -> list[Frame]:
        if frame.packet_id == 0x20:
            return [to_frame(identity(frame))]
        armed = frame.packet_id in (0x22, 0x23)
        return [status(frame, uptime_ms=next(clock), state=2 if armed else 0, outcome=1, watchdog_ms=200, sequence=1, applied_ma=(99,) * 8)]

    driver = CoilDriver(profile, Scripted(wrong).port)
    driver.connect()
    driver.arm()
    with pytest.raises(DeviceFault, match=r"sent \(100, .* applied \(99, "):
        driver.write(certified(100))


def test_arming_that_reads_back_another_watchdog_is_taken_back(profile: CoilProfile) -> None:
    asked, clock = [], iter(range(10_000))

    def other(frame: Frame) -> list[Frame]:
        asked.append(frame.packet_id)
        if frame.packet_id == 0x20:
            return [to_frame(identity(frame))]
        return [status(frame, uptime_ms=next(clock), state=2 if frame.packet_id == 0x22 else 0, outcome=1, watchdog_ms=5000)]

    driver = CoilDriver(profile, Scripted(other).port)
    driver.connect()
    with pytest.raises(DeviceFault, match=r"read back as \(2, 1, 5000\)"):
        driver.arm()
    assert Off.ID in asked and not driver.may_carry_current


def test_a_coil_that_keeps_its_current_after_off_is_named(profile: CoilProfile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.coil_driver._DECAY_S", 0.02)
    stuck = {"measured_ma": (0, 5000) + (0,) * 6}
    driver = CoilDriver(profile, Scripted(lambda f: [status(f, **stuck) if f.packet_id != 0x20 else to_frame(identity(f))]).port)
    driver.connect()
    with pytest.raises(DeviceFault, match=r"off: still carry current: coil_2 5000 mA; without commands the device goes to 'zero' within"):
        driver.off()


def test_the_answers_are_those_of_the_protocol() -> None:
    assert from_frame(status(Frame(0, b"\x05\x00")), Status) is not None
