"""One request and its reply to a coil driver, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

from toolkit import DeviceFault

from .coil_profile import CoilConnection
from .coil_protocol import VERSION, Hello, Identity, Message, Status, foreign_identity, from_frame, layout_hash, to_frame
from .serial_port import SerialPort
from .serial_transfer import Frame, FrameParser, encode

Reply = TypeVar("Reply", Identity, Status)
Make = Callable[[int], Message]
_LOOK_S = 1e-3


class CoilLine:
    """Requests are numbered, and only the reply with that number counts: a late one is dropped. Only what may be repeated is.

    timeouts, retries, crc_errors, malformed, discarded: counted since opening.
    """

    def __init__(self, url: str, connection: CoilConnection) -> None:
        self.url = url
        self._port = SerialPort(url, connection.baud_bits_per_s)
        self._timeout_s = connection.reply_timeout_ms * 1e-3
        self._retries = connection.read_retries
        self._parser = FrameParser()
        self._request, self._posted_s = 0, 0.0
        self.timeouts = self.retries = 0

    @property
    def crc_errors(self) -> int:
        """Frames received with a wrong CRC since opening."""
        return self._parser.crc_errors

    @property
    def malformed(self) -> int:
        """Frames received since opening that cannot be frames."""
        return self._parser.malformed

    @property
    def discarded(self) -> int:
        """Bytes received since opening that belonged to no frame."""
        return self._parser.discarded

    def close(self) -> None:
        """Close the port. The device's watchdog does the rest."""
        self._port.close()

    def identify(self) -> Identity:
        """Who is there. Raises DeviceFault naming both sides when version or layout differ, or when nobody answers."""
        identity = self._ask(Hello, Identity, "hello", repeat=True)
        theirs, mine = bytes(identity.layout), layout_hash()
        if identity.version != VERSION or theirs != mine:
            raise self._other_protocol(identity.version, theirs)
        return identity

    def ask(self, make: Make, what: str, *, repeat: bool) -> Status:
        """The status that answers a request, whatever its result.

        Args:
            make: the message of a request number. repeat: it changes nothing, or may be executed twice.
        Raises:
            DeviceFault: no answer in time.
        """
        return self._ask(make, Status, what, repeat=repeat)

    def _ask(self, make: Make, kind: type[Reply], what: str, *, repeat: bool) -> Reply:
        attempts = 1 + (self._retries if repeat else 0)
        for attempt in range(attempts):
            if attempt:
                self.retries += 1
            self.post(make)
            reply = self._collect(kind)
            if reply is not None:
                return reply
        raise self._no_answer(what, attempts)

    def post(self, make: Make) -> None:
        """Send a request, and leave its reply to `collect`. What has come before is dropped. Raises DeviceFault: it cannot be sent."""
        self._parser.reset()
        self._parser.discarded += self._port.drop_input()
        self._request = (self._request + 1) & 0xFFFF
        self._port.write(encode(to_frame(make(self._request))))
        self._posted_s = time.monotonic()

    def collect(self, what: str) -> Status:
        """The status that answers the request posted last. Raises DeviceFault: none has come within the deadline since it was posted."""
        reply = self._collect(Status)
        if reply is None:
            raise self._no_answer(what, 1)
        return reply

    def _no_answer(self, what: str, attempts: int) -> DeviceFault:
        return DeviceFault(f"{self.url}: {what}: no answer within {self._timeout_s * 1e3:.1f} ms ({attempts} attempts)")

    def _collect(self, kind: type[Reply]) -> Reply | None:
        # A reply that has come in time counts, however late it is looked for.
        deadline = max(self._posted_s + self._timeout_s, time.monotonic() + _LOOK_S)
        while data := self._port.receive(deadline):
            for frame in self._parser.feed(data):
                reply = from_frame(frame, kind)
                if reply is not None and reply.request == self._request:
                    return reply
                self._refuse_foreign(frame)
        self.timeouts += 1
        return None

    def _refuse_foreign(self, frame: Frame) -> None:
        foreign = foreign_identity(frame)
        if foreign is not None and (foreign[0] != VERSION or foreign[1] != layout_hash()):
            raise self._other_protocol(*foreign)

    def _other_protocol(self, version: int, layout: bytes) -> DeviceFault:
        return DeviceFault(
            f"{self.url}: the device speaks coil protocol version {version}, layout {layout.hex()}; this driver speaks version {VERSION}, "
            f"layout {layout_hash().hex()}: load firmware and driver of one release"
        )
