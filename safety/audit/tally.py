"""What the control process tells the writer beside the socket, which may be full: how many records it handed over, and that it gave up.

One page of memory that both processes see. What the control process stored there before it was killed, the writer still reads.

    bytes 0..7 records handed over, int64   8..15 length of the text, int64   16.. why the control process gave the log up, UTF-8
"""

import mmap
import os
import socket
from contextlib import suppress

from toolkit import AuditFault

TALLY = b"T"
TALLY_BYTES = 4096
_WORDS = 2
_TEXT = 8 * _WORDS


class Tally:
    """One end's view of the page. The control process writes, the writer reads."""

    def __init__(self, descriptor: int) -> None:
        """Map the page; the descriptor may be closed then. OSError, ValueError: it is no such page."""
        self._page = mmap.mmap(descriptor, TALLY_BYTES)
        self._words = memoryview(self._page).cast("q")

    @property
    def handed_over(self) -> int:
        """Of how many records `append` has returned."""
        return self._words[0]

    @handed_over.setter
    def handed_over(self, count: int) -> None:
        self._words[0] = count

    @property
    def gave_up(self) -> str:
        """Why the control process gave the log up; empty: it did not."""
        return bytes(self._page[_TEXT : _TEXT + self._words[1]]).decode("utf-8", "replace")

    def give_up(self, reason: str) -> None:
        """Say that no record will come any more, and why. The first reason stands."""
        if not self._words[1]:
            text = (reason or "no reason").encode("utf-8", "replace")[: TALLY_BYTES - _TEXT]
            self._page[_TEXT : _TEXT + len(text)] = text
            self._words[1] = len(text)  # last: whoever sees a length finds the text


def share_tally(sock: socket.socket) -> Tally:
    """Make the page and send it over the socket, before anything else. That nobody is there any more, the next use of the socket shows.

    Raises:
        OSError: there is no memory for it.
    """
    descriptor = os.memfd_create("primum-tally")
    try:
        os.ftruncate(descriptor, TALLY_BYTES)
        with suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(sock, [TALLY], [descriptor])
        return Tally(descriptor)
    finally:
        os.close(descriptor)


def take_tally(sock: socket.socket) -> Tally:
    """The page that `share_tally` sent at the other end.

    Raises:
        AuditFault: the control process ended before it sent one.
    """
    packet, descriptors, *_ = socket.recv_fds(sock, len(TALLY), 1)
    if packet != TALLY or len(descriptors) != 1:
        raise AuditFault("the control process ended before it began")
    try:
        return Tally(descriptors[0])
    finally:
        os.close(descriptors[0])
