"""The firmware's library, built once; a device with three channels whose hardware the tests play."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.coil_protocol import (
    CHANNELS,
    VERSION,
    Arm,
    Command,
    Message,
    Off,
    Outcome,
    Read,
    State,
    Status,
    from_frame,
    layout_hash,
    to_frame,
)
from devices.serial_transfer import FrameParser, encode
from devices.simulated_coils.firmware import ChannelSettings, Firmware, FirmwareSettings, build_library, compiler

LIMIT_MA, TEST_LIMIT_MA, TRIP_MA = 4000, 300, 5000


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if compiler() is None:
        pytest.skip("no C compiler on this host: the firmware cannot be built")
    return build_library(tmp_path_factory.mktemp("firmware"))


class Bench:
    """The firmware with coils that follow at once, unless a test takes over `device.current_ma`."""

    def __init__(self, library: Path) -> None:
        channel = ChannelSettings(LIMIT_MA, TEST_LIMIT_MA, TRIP_MA, 8000, 45_000, 4_500, dead_ticks=2)
        self.device = Firmware(library, FirmwareSettings((channel,) * 3, follow_ma=500, follow_ms=20, release_ms=30))
        self.now_ms = 0
        self.follows = True
        self.status = self.ask(Read(0))

    def send(self, data: bytes) -> bytes:
        return self.device.receive(data, self.now_ms)

    def ask(self, message: Message) -> Status:
        frames = FrameParser().feed(self.send(encode(to_frame(message))))
        assert len(frames) == 1
        status = from_frame(frames[0], Status)
        assert status is not None and status.request == message.request
        self.status = status
        return status

    def arm(self, mode: State = State.RUN, outcome: Outcome = Outcome.ZERO, watchdog_ms: int = 50, limit_ma: int = LIMIT_MA) -> Status:
        return self.ask(Arm(1, VERSION, tuple(layout_hash()), mode, outcome, watchdog_ms, (limit_ma,) * 3 + (0,) * (CHANNELS - 3)))

    def command(self, sequence: int, *current_ma: int) -> Status:
        return self.ask(Command(2, sequence, current_ma + (0,) * (CHANNELS - len(current_ma))))

    def off(self) -> Status:
        return self.ask(Off(3))

    def read(self) -> Status:
        return self.ask(Read(4))

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            if self.follows:
                self.device.current_ma[:] = self.read().applied_ma
            self.now_ms += 1
            self.device.tick(self.now_ms)


@pytest.fixture
def bench(library: Path) -> Iterator[Bench]:
    bench = Bench(library)
    yield bench
    assert bench.device.bridge_violations == (0, 0), "both sides of a bridge were on, or the dead time was too short"
