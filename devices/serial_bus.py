"""One request and its replies on a DYNAMIXEL line, with a deadline."""

import time
from collections.abc import Sequence

from toolkit import DeviceFault, InvalidInput

from .dynamixel_packet import BROADCAST_ID, Instruction, Packet, PacketParser, ping, read, sync_read, write
from .serial_port import SerialPort


class SerialBus:
    """A DYNAMIXEL bus behind any pyserial URL (`/dev/ttyUSB0`, `socket://…`, `spy://…`).

    A transaction is a frame, the ids that must answer, and a deadline. Reads are repeated at most `read_retries` times; writes
    never are: a write whose reply was lost may have been executed. Whatever is not the expected answer in time is a DeviceFault that
    says what was expected and what came.

    reply_timeout_s: deadline of one attempt; may be changed between transactions.
    timeouts, retries, crc_errors, discarded: counted since opening.
    """

    def __init__(self, url: str, baud_bits_per_s: int, reply_timeout_s: float, read_retries: int) -> None:
        if not 1e-4 <= reply_timeout_s <= 10.0:
            raise InvalidInput(f"reply_timeout_s: {reply_timeout_s} is outside [0.0001, 10]")
        if not 0 <= read_retries <= 10:
            raise InvalidInput(f"read_retries: {read_retries} is outside [0, 10]")
        self.url = url
        self.reply_timeout_s = reply_timeout_s
        self._read_retries = read_retries
        self._parser = PacketParser()
        self._ahead: _Request | None = None
        self.timeouts = 0
        self.retries = 0
        self._port = SerialPort(url, baud_bits_per_s)

    @property
    def crc_errors(self) -> int:
        """Packets received with a wrong CRC since opening."""
        return self._parser.crc_errors

    @property
    def discarded(self) -> int:
        """Bytes received since opening that belonged to no packet."""
        return self._parser.discarded

    def close(self) -> None:
        """Close the port. Changes nothing on the devices: they hold their newest setpoint."""
        self._port.close()

    def send(self, frame: bytes) -> None:
        """Send a frame that nobody answers (sync write)."""
        self._port.write(frame)

    def ping(self, device_id: int) -> tuple[int, int]:
        """Model number and firmware version of one device."""
        params = self._read_transaction(ping(device_id), (device_id,), 3, "ping")[device_id].params
        return params[0] | params[1] << 8, params[2]

    def read(self, device_id: int, address: int, length: int) -> Packet:
        """`length` bytes from `address` of one device, as its status packet."""
        return self._read_transaction(read(device_id, address, length), (device_id,), length, f"read {address}+{length}")[device_id]

    def sync_read(self, address: int, length: int, ids: Sequence[int], frame: bytes | None = None) -> dict[int, Packet]:
        """The same block of every device; `frame`: the encoded request, if the caller keeps it."""
        request = sync_read(address, length, ids) if frame is None else frame
        return self._read_transaction(request, ids, length, f"sync read {address}+{length}")

    def request_ahead(self, frame: bytes, ids: Sequence[int], length: int) -> None:
        """Send the request of a read now; `collect_ahead` takes its answers later, so that nobody waits for the wire.

        A request whose answers are still out is not sent a second time. Any other transaction takes the answers off the line first.
        """
        if self._ahead is None:
            self._drop_stale_input()
            self.send(frame)
            self._ahead = _Request(tuple(ids), length)

    @property
    def is_ahead(self) -> bool:
        """A request has been sent ahead and its answers are not all here."""
        return self._ahead is not None

    def collect_ahead(self, patience_s: float, what: str) -> dict[int, Packet] | None:
        """The answers of the request sent ahead, after at most patience_s; None while some are missing (they stay expected).

        Raises:
            DeviceFault: nothing was requested, a device refused, or the port is gone.
        """
        if self._ahead is None:
            raise DeviceFault(f"{self.url}: {what}: nothing was requested")
        if not self._collect(self._ahead, time.monotonic() + patience_s):
            return None
        answers, self._ahead = self._ahead.answers, None
        for packet in answers.values():
            _refuse_error(self.url, packet, what)
        return answers

    def forget_ahead(self) -> None:
        """Take the answers of a request sent ahead off the line, whatever they are."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            self._collect(ahead, time.monotonic() + self.reply_timeout_s)

    def write(self, device_id: int, address: int, data: bytes) -> None:
        """Write to one device and wait for its status. Never repeated.

        Raises:
            DeviceFault: no answer in time (the write may or may not have been executed), or the device refused.
        """
        what = f"write {address} = {data.hex(' ')}"
        answers = self._attempt(write(device_id, address, data), (device_id,), 0)
        if isinstance(answers, str):
            raise DeviceFault(f"{self.url}: id {device_id}: {what}: {answers}")
        _refuse_error(self.url, answers[device_id], what)

    def scan(self, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Ping `ids` one after the other; those that answer, with model number and firmware."""
        found = {}
        for device_id in ids:
            answers = self._attempt(ping(device_id), (device_id,), 3)
            if not isinstance(answers, str):
                params = answers[device_id].params
                found[device_id] = (params[0] | params[1] << 8, params[2])
        return found

    def _read_transaction(self, frame: bytes, ids: Sequence[int], length: int, what: str) -> dict[int, Packet]:
        problem = ""
        for attempt in range(1 + self._read_retries):
            if attempt:
                self.retries += 1
            answers = self._attempt(frame, ids, length)
            if not isinstance(answers, str):
                for packet in answers.values():
                    _refuse_error(self.url, packet, what)
                return answers
            problem = answers
        raise DeviceFault(f"{self.url}: {what}: {problem} ({1 + self._read_retries} attempts)")

    def _attempt(self, frame: bytes, ids: Sequence[int], length: int) -> dict[int, Packet] | str:
        """One request; the answers by id, or in words what is missing."""
        self.forget_ahead()
        self._drop_stale_input()
        self.send(frame)
        request = _Request(tuple(ids), length)
        if self._collect(request, time.monotonic() + self.reply_timeout_s):
            return request.answers
        self.timeouts += 1
        return f"no answer from id {request.missing} within {self.reply_timeout_s * 1e3:.1f} ms" + request.bad

    def _collect(self, request: "_Request", deadline: float) -> bool:
        """Receive until every answer is here (True) or the deadline has passed."""
        while request.missing:
            data = self._port.receive(deadline)
            if not data:
                return False
            for packet in self._parser.feed(data):
                request.take(packet)
        return True

    def _drop_stale_input(self) -> None:
        """A late reply of an earlier request must not be taken for the answer to this one."""
        self._parser.reset()
        self._parser.discarded += self._port.drop_input()


class _Request:
    """What was asked of whom, and what has come back so far."""

    def __init__(self, ids: tuple[int, ...], length: int) -> None:
        self.ids, self.length = ids, length
        self.answers: dict[int, Packet] = {}
        self.bad = ""

    @property
    def missing(self) -> list[int]:
        return [i for i in self.ids if i not in self.answers]

    def take(self, packet: Packet) -> None:
        """Keep the answer, or in words why it is none."""
        if packet.instruction != Instruction.STATUS or packet.id == BROADCAST_ID:
            self.bad += f"; unexpected instruction 0x{packet.instruction:02x} from id {packet.id}"
        elif packet.id not in self.ids:
            self.bad += f"; unexpected answer from id {packet.id}"
        elif len(packet.params) != self.length and not packet.error_name:
            self.bad += f"; id {packet.id} sent {len(packet.params)} bytes, expected {self.length}"
        else:
            self.answers[packet.id] = packet


def _refuse_error(url: str, packet: Packet, what: str) -> None:
    """A named error is a refusal; the alert bit alone is not: the answer is valid, and the caller decides."""
    if packet.error_name:
        raise DeviceFault(f"{url}: id {packet.id}: {what}: refused with {packet.error_name}")
