"""What the control process and the writer process say to each other over one Unix socket that keeps packets apart.

To the writer:  T, first of all, with the descriptor of the page that counts (see `tally`).
                N or U + MessagePack of an entry (U: make it durable at once), F: make everything so far durable at once.
Back:           R: the log is open.  A + int64: so many of the entries handed over are durable.  E + text: the log has failed.

MessagePack by msgspec: a servo cycle is packed in a few microseconds, doubles to the last bit. The socket has no name, so no third
party can speak on it.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from struct import Struct
from typing import Any, Protocol

import msgspec
import numpy as np

from toolkit import InvalidInput

from .canonical import plain
from .places import Places
from .record import RecordKind, Stamp

MAX_PACKET = 128 * 1024
NORMAL, URGENT, FLUSH = b"N", b"U", b"F"
READY, ACK, FAILED = b"R", b"A", b"E"
_COUNT = Struct("<q")
_PACKAGE = Path(__file__).resolve().parent
_NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")  # a double whose exponent has all bits set; also found by chance in other bytes


def _simpler(value: object) -> object:
    """What msgspec does not know, as what it knows."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


_PACKER = msgspec.msgpack.Encoder(enc_hook=_simpler)
_UNPACKER = msgspec.msgpack.Decoder(tuple[str, int, int | None, int, str, dict[str, Any]])


def pack_entry(kind: RecordKind, stamp: Stamp, actor: str, data: Mapping[str, object], *, urgent: bool) -> bytes:
    """Return the packet that hands a record to the writer.

    A CYCLE, of which there are hundreds a second, is packed as it is, and looked through only if it may hold a number that is not
    finite or a type that msgspec does not know. Everything else is checked value by value.

    Assumes: the keys in a CYCLE are strings, and its values of the types that `canonical.plain` takes. A key that is a number would
    become its text, bytes their base64.
    Raises:
        InvalidInput: the payload has no canonical form; the message has the path of the field at fault.
    """
    entry = (kind.value, stamp.utc_ns, stamp.error_us, stamp.mono_ns, actor)
    packet = None
    if kind is RecordKind.CYCLE:
        try:
            packet = _PACKER.encode((*entry, data))
        except (TypeError, ValueError, OverflowError, RecursionError):  # the slow way says what is wrong, and where
            packet = None
    if packet is None or _NOT_FINITE.search(packet):
        packet = _PACKER.encode((*entry, plain(data, "data")))
    if len(packet) >= MAX_PACKET:
        raise InvalidInput(f"data: {len(packet)} bytes in one record; less than {MAX_PACKET} are allowed")
    return (URGENT if urgent else NORMAL) + packet


def unpack_entry(packet: bytes) -> tuple[RecordKind, Stamp, str, dict[str, Any]]:
    """Return the arguments of `Chain.line` from a packet of kind N or U."""
    kind, utc_ns, error_us, mono_ns, actor, data = _UNPACKER.decode(memoryview(packet)[1:])
    return RecordKind(kind), Stamp(utc_ns, error_us, mono_ns), actor, data


def pack_ack(count: int) -> bytes:
    """Return the packet that says that the first `count` entries handed over are durable."""
    return ACK + _COUNT.pack(count)


def unpack_ack(packet: bytes) -> int:
    """Return the count in a packet of kind A."""
    return int(_COUNT.unpack_from(packet, 1)[0])


# A program of this package needs numpy, not CasADi and the solvers that `safety/__init__.py` brings: an empty parent package lets it
# start several times faster, in a third of the memory, and live on when one of those fails to load.
_START = """
import runpy, sys, types
sys.modules["safety"] = parent = types.ModuleType("safety")
parent.__path__ = [sys.argv.pop(1)]
program = sys.argv.pop(1)
(runpy.run_path if program.endswith(".py") else runpy.run_module)(program, run_name="__main__")
"""


def light_command(*program: str) -> list[str]:
    """Return the command that runs a program of this package alone. program: a module, or a path ending in .py, and its arguments."""
    return [sys.executable, "-P", "-c", _START, str(_PACKAGE.parent), *program]


def light_environment() -> dict[str, str]:
    """Return the environment for `light_command`: where this very package was found comes first, before any other named `safety`."""
    path = os.pathsep.join(part for part in (str(_PACKAGE.parents[1]), os.environ.get("PYTHONPATH", "")) if part)
    return os.environ | {"PYTHONPATH": path}


class WriterLink(Protocol):
    """The control process's hold on a writer process. `sock` is its end of the socket."""

    sock: socket.socket

    def wait(self, timeout_s: float) -> bool:
        """Wait until the process has ended; False if it has not within `timeout_s`."""

    def kill(self) -> None:
        """End the process at once."""


class WriterProcess:
    """A writer in a process and session of its own: a Ctrl-C or a killed process group does not reach it."""

    def __init__(self, places: Places, program: tuple[str, ...] = ("safety.audit.writer",)) -> None:
        """Start the writer of the log in `places`. `program`: a module, or a path ending in .py, and arguments."""
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            for end in (self.sock, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MAX_PACKET)
            arguments = (str(theirs.fileno()), str(os.getpid()), places.to_text())
            self._process = subprocess.Popen(
                light_command(*program, *arguments),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                env=light_environment(),
            )
        self.pid = self._process.pid

    def wait(self, timeout_s: float) -> bool:
        """Wait until the process has ended; False if it has not within `timeout_s`."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
