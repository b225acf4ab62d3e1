"""The laboratories' frames, and a driver for firmware that nobody watches."""

import os
import select
import struct
import tty
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.coil_profile import CoilProfile, load_coil_profile
from devices.lab_firmware import LAYOUTS, LabAction, LabFirmwareDriver, action_frame, parse_action, parse_currents
from devices.serial_transfer import Frame, FrameParser, encode
from tests.devices.test_coil_profile import PROFILE, lab
from toolkit import CertifiedCommand, DeviceFault, InvalidInput, Verdict


class Board:
    """A pty whose other end the test reads and writes as a board would."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.port = os.ttyname(self.slave)
        self._parser = FrameParser()

    def actions(self) -> list[LabAction]:
        """All that has been sent: what was written a moment ago comes through the kernel a moment later."""
        data = b""
        while select.select([self.master], [], [], 0.1)[0]:
            data += os.read(self.master, 65536)
        frames = self._parser.feed(data)
        return [action for frame in frames if (action := parse_action(frame, "serial_transfer_11")) is not None]


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    os.close(board.master)
    os.close(board.slave)


@pytest.fixture
def profile(tmp_path: Path) -> CoilProfile:
    path = tmp_path / "profile.yaml"
    path.write_text(lab("[no_watchdog, no_readback]"), encoding="utf-8")
    return load_coil_profile(path)


def certified(*ticks: int) -> CertifiedCommand:
    array = np.array(ticks, dtype=np.int64)
    return CertifiedCommand(array, array[None], Verdict.PASS)


@pytest.mark.parametrize("layout", LAYOUTS)
@given(st.data())
def test_an_action_comes_back_as_it_was(layout: str, data: st.DataObject) -> None:
    values = tuple(data.draw(st.floats(width=32, allow_nan=False, allow_infinity=False)) for _ in LAYOUTS[layout])
    action = LabAction(layout, values)
    [frame] = FrameParser().feed(encode(action_frame(action)))
    assert parse_action(frame, layout) == action


def test_the_bytes_are_float32_little_endian_in_the_layouts_order() -> None:
    frame = action_frame(LabAction("serial_transfer_11", tuple(float(k) for k in range(11))))
    assert frame == Frame(0, struct.pack("<11f", *range(11)))
    assert LAYOUTS["serial_transfer_11"][7:] == ("acoustic", "gradient", "equal_field", "unused")
    assert [len(names) for names in LAYOUTS.values()] == [11, 10, 17]


def test_an_action_of_another_layout_is_none() -> None:
    frame = action_frame(LabAction("serial_transfer_10", (0.0,) * 10))
    assert parse_action(frame, "serial_transfer_11") is None
    with pytest.raises(InvalidInput, match="10 values for layout 'serial_transfer_11'"):
        action_frame(LabAction("serial_transfer_11", (0.0,) * 10))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e39])
def test_what_is_not_finite_in_32_bits_is_refused_both_ways(bad: float) -> None:
    with pytest.raises(InvalidInput, match="not finite"):
        action_frame(LabAction("serial_transfer_11", (bad,) + (0.0,) * 10))
    raw = struct.pack("<11f", float("nan"), *[0.0] * 10)
    assert parse_action(Frame(0, raw), "serial_transfer_11") is None
    assert parse_currents(Frame(0, struct.pack("<6f", float("inf"), *[0.0] * 5))) is None


def test_connecting_and_leaving_send_zeros_and_ticks_are_thousandths(board: Board, profile: CoilProfile) -> None:
    with LabFirmwareDriver(profile, board.port) as driver:
        driver.connect()
        assert {action.values for action in board.actions()} == {(0.0,) * 11}
        driver.write(certified(500, -250, 0, 0, 1571, 10_000, 0, 0, 0, 0, 0))
        [action] = board.actions()
        assert action.fields["Bx"] == 0.5 and action.fields["By"] == -0.25 and action.fields["freq"] == 10.0
        assert action.fields["gamma"] == pytest.approx(1.571)
    assert {action.values for action in board.actions()} == {(0.0,) * 11}


def test_currents_are_read_with_a_deadline(board: Board, profile: CoilProfile) -> None:
    with LabFirmwareDriver(profile, board.port) as driver:
        driver.connect()
        os.write(board.master, b"\x7e\x00garbage" + encode(Frame(0, struct.pack("<6f", *range(6)))))
        assert driver.currents(0.5).tolist() == [0, 1, 2, 3, 4, 5]
        with pytest.raises(DeviceFault, match=r"no currents within 0\.02 s"):
            driver.currents(0.02)


def test_only_certified_commands_of_the_right_length(board: Board, profile: CoilProfile) -> None:
    with LabFirmwareDriver(profile, board.port) as driver:
        driver.connect()
        with pytest.raises(InvalidInput, match="only a CertifiedCommand"):
            driver.write(np.zeros(11, dtype=np.int64))  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="10 ticks for 11 fields"):
            driver.write(certified(*[0] * 10))


def test_a_pulled_cable_says_that_nobody_watches(profile: CoilProfile) -> None:
    board = Board()
    driver = LabFirmwareDriver(profile, board.port)
    driver.connect()
    os.close(board.slave)
    os.close(board.master)
    with pytest.raises(DeviceFault, match="no watchdog: cut the coils' power"):
        driver.off()
    driver.close()


def test_a_profile_with_a_watchdog_is_not_for_this_driver() -> None:
    with pytest.raises(InvalidInput, match="without a watchdog"):
        LabFirmwareDriver(load_coil_profile(PROFILE))
