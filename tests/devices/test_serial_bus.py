"""The bus against a line that misbehaves: a pseudo-terminal whose other end is scripted here."""

import os
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator

import pytest
import serial

from devices.dynamixel_packet import Instruction, Packet, PacketParser, encode
from devices.serial_bus import SerialBus
from toolkit import DeviceFault, InvalidInput

Answer = Callable[[Packet, int], bytes]


class Line:
    """A pty; `answer(packet, count)` gives the bytes to send for each instruction packet."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        self.requests: list[Packet] = []
        self.answer: Answer = lambda packet, count: b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        parser = PacketParser()
        while True:
            try:
                data = os.read(self.master, 4096)
            except OSError:
                return
            for packet in parser.feed(data):
                self.requests.append(packet)
                reply = self.answer(packet, len(self.requests))
                if reply == b"hang up":
                    self.close()
                    return
                os.write(self.master, reply)

    def close(self) -> None:
        for descriptor in (self.slave, self.master):
            try:
                os.close(descriptor)
            except OSError:
                continue


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


def status(device_id: int, params: bytes = b"", error: int = 0) -> bytes:
    return encode(Packet(device_id, Instruction.STATUS, params, error))


def open_bus(line: Line, retries: int = 0, timeout_s: float = 0.15) -> SerialBus:
    return SerialBus(line.port, 1_000_000, timeout_s, retries)


def test_a_read_returns_the_bytes_of_the_right_device(line: Line) -> None:
    line.answer = lambda packet, count: status(packet.id, b"\x01\x02\x03\x04")
    assert open_bus(line).read(5, 132, 4).params == b"\x01\x02\x03\x04"


@pytest.mark.requirement("SAF-035")
def test_a_silent_line_is_a_fault_that_says_who_and_how_long(line: Line) -> None:
    with pytest.raises(DeviceFault, match=r"no answer from id \[5\] within 150.0 ms \(1 attempts\)"):
        open_bus(line).read(5, 132, 4)


@pytest.mark.requirement("SAF-033")
def test_a_read_is_repeated_as_often_as_allowed_and_no_more(line: Line) -> None:
    with pytest.raises(DeviceFault, match="3 attempts"):
        open_bus(line, retries=2, timeout_s=0.05).read(5, 132, 4)
    assert len(line.requests) == 3


@pytest.mark.requirement("SAF-033")
def test_a_write_is_never_repeated(line: Line) -> None:
    with pytest.raises(DeviceFault, match="write 64"):
        open_bus(line, retries=3, timeout_s=0.05).write(5, 64, b"\x01")
    time.sleep(0.05)
    assert len(line.requests) == 1


def test_a_read_survives_one_lost_answer(line: Line) -> None:
    line.answer = lambda packet, count: b"" if count == 1 else status(packet.id, b"\x07")
    bus = open_bus(line, retries=1)
    assert bus.read(5, 64, 1).params == b"\x07"
    assert (bus.timeouts, bus.retries) == (1, 1)


def test_an_answer_split_over_time_is_put_together(line: Line) -> None:
    def slowly(packet: Packet, count: int) -> bytes:
        frame = status(packet.id, b"\xff\xff\xfd\x01")
        for byte in frame[:-1]:
            os.write(line.master, bytes((byte,)))
            time.sleep(0.001)
        return frame[-1:]

    line.answer = slowly
    assert open_bus(line).read(5, 132, 4).params == b"\xff\xff\xfd\x01"


@pytest.mark.requirement("SAF-034")
@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (status(6, b"\0" * 4), "unexpected answer from id 6"),
        (status(5, b"\0" * 3), "id 5 sent 3 bytes, expected 4"),
        (encode(Packet(5, Instruction.READ, b"\0" * 4)), "unexpected instruction 0x02"),
        (status(5, b"\0" * 4)[:-1] + b"\x00", "no answer"),
        (b"noise" * 20, "no answer"),
    ],
)
def test_an_answer_that_is_not_the_answer_is_a_fault(line: Line, reply: bytes, message: str) -> None:
    line.answer = lambda packet, count: reply
    with pytest.raises(DeviceFault, match=message):
        open_bus(line).read(5, 132, 4)


def test_a_refusal_carries_its_name(line: Line) -> None:
    line.answer = lambda packet, count: status(packet.id, b"", 7)
    with pytest.raises(DeviceFault, match="id 5: write 11 = 04: refused with ACCESS_ERROR"):
        open_bus(line).write(5, 11, b"\x04")


@pytest.mark.requirement("SAF-034")
def test_a_late_answer_is_not_taken_for_the_next_one(line: Line) -> None:
    line.answer = lambda packet, count: b""
    bus = open_bus(line, timeout_s=0.05)
    with pytest.raises(DeviceFault):
        bus.read(5, 132, 4)
    os.write(line.master, status(5, b"old!"))
    line.answer = lambda packet, count: status(5, b"new!")
    time.sleep(0.02)
    assert bus.read(5, 132, 4).params == b"new!"
    assert bus.discarded > 0


@pytest.mark.requirement("SAF-035")
def test_a_hang_up_is_a_fault_at_once_and_not_a_timeout(line: Line) -> None:
    line.answer = lambda packet, count: b"hang up"
    bus = open_bus(line, timeout_s=10.0)
    with pytest.raises(DeviceFault, match="port"):
        bus.read(5, 132, 4)
    with pytest.raises(DeviceFault, match=r"port|write"):
        bus.read(5, 132, 4)


@pytest.mark.requirement("CYB-003")
@pytest.mark.requirement("SAF-035")
@pytest.mark.parametrize("error", [termios.error(5, "the port"), OSError(5, "the port"), serial.SerialException("the port")])
@pytest.mark.parametrize("call", ["write", "in_waiting", "reset_input_buffer"])
def test_whatever_the_port_raises_is_a_device_fault(error: Exception, call: str, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = SerialBus(line.port, 1_000_000, 0.05, 0)

    def fail(*given: object) -> int:
        raise error

    class Port:
        in_waiting = property(fail) if call == "in_waiting" else 3

        def __getattr__(self, name: str) -> object:
            return fail if name == call else lambda *given: 0

    port = bus._port
    honest = port._port
    monkeypatch.setattr(port, "_port", Port())
    with pytest.raises(DeviceFault, match="the port"):
        bus.read(1, 0, 2)
    monkeypatch.undo()
    honest.close()


def test_the_port_is_exclusive(line: Line) -> None:
    bus = open_bus(line)
    with pytest.raises(DeviceFault, match="cannot open"):
        open_bus(line)
    bus.close()


def test_any_pyserial_url_is_a_line() -> None:
    # loop:// returns the request itself: an instruction, hence no answer, and a deadline that holds without a descriptor to wait on.
    bus = SerialBus("loop://", 1_000_000, 0.05, 0)
    with pytest.raises(DeviceFault, match="unexpected instruction 0x02 from id 5"):
        bus.read(5, 132, 4)


@pytest.mark.parametrize(("timeout_s", "retries"), [(0.0, 0), (float("nan"), 0), (1.0, -1), (1.0, 11)])
def test_a_deadline_that_is_none_is_refused(timeout_s: float, retries: int) -> None:
    with pytest.raises(InvalidInput):
        SerialBus("loop://", 1_000_000, timeout_s, retries)
