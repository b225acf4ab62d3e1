"""What the control process and the writer process say to each other over one Unix socket that keeps packets apart.

To the writer:  N or U + marshal of a record (U: make it durable at once), F: make everything so far durable at once.
Back:           R: the log is open.  A + int64: every record up to this one is durable.  E + text: the log has failed.

marshal, not pickle: it is several times faster, and it can build nothing but JSON's own types. Both ends are the same
interpreter, the socket has no name, so no third party can speak on it.
"""

import marshal
import os
import socket
import subprocess
import sys
from pathlib import Path
from struct import Struct
from typing import Protocol

from .canonical import Json
from .record import RecordKind

MAX_PACKET = 128 * 1024
NORMAL, URGENT, FLUSH = b"N", b"U", b"F"
READY, ACK, FAILED = b"R", b"A", b"E"
_SEQ = Struct("<q")
_PACKAGE = Path(__file__).resolve().parent


def pack_entry(seq: int, kind: RecordKind, utc_ns: int, mono_ns: int, actor: str, data: Json, *, urgent: bool) -> bytes:
    """Return the packet that hands a record to the writer; arguments as in `Chain.line`."""
    return (URGENT if urgent else NORMAL) + marshal.dumps((seq, kind.value, utc_ns, mono_ns, actor, data))


def unpack_entry(packet: bytes) -> tuple[int, RecordKind, int, int, str, Json]:
    """Return the arguments of `Chain.line` from a packet of kind N or U."""
    seq, kind, utc_ns, mono_ns, actor, data = marshal.loads(memoryview(packet)[1:])  # noqa: S302  # see the module's docstring
    return seq, RecordKind(kind), utc_ns, mono_ns, actor, data


def pack_ack(seq: int) -> bytes:
    """Return the packet that says that every record up to `seq` is durable."""
    return ACK + _SEQ.pack(seq)


def unpack_ack(packet: bytes) -> int:
    """Return the sequence number in a packet of kind A."""
    return int(_SEQ.unpack_from(packet, 1)[0])


# The writer needs this package and numpy, not CasADi and the solvers that `safety/__init__.py` brings: an empty parent package
# lets it start several times faster, in a third of the memory, and live on when one of those fails to load.
_START = """
import runpy, sys, types
sys.modules["safety"] = parent = types.ModuleType("safety")
parent.__path__ = [sys.argv.pop(1)]
program = sys.argv.pop(1)
(runpy.run_path if program.endswith(".py") else runpy.run_module)(program, run_name="__main__")
"""


class WriterLink(Protocol):
    """The control process's hold on a writer process. `sock` is its end of the socket."""

    sock: socket.socket

    def wait(self, timeout_s: float) -> bool:
        """Wait until the process has ended; False if it has not within `timeout_s`."""

    def kill(self) -> None:
        """End the process at once."""


class WriterProcess:
    """A writer in a process and session of its own: a Ctrl-C or a killed process group does not reach it."""

    def __init__(self, directory: Path, program: tuple[str, ...] = ("safety.audit.writer",)) -> None:
        """Start the writer of the log in `directory` (absolute). `program`: a module, or a path ending in .py, and arguments."""
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            for end in (self.sock, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MAX_PACKET)
            arguments = (str(theirs.fileno()), str(os.getpid()), str(directory))
            self._process = subprocess.Popen(
                (sys.executable, "-P", "-c", _START, str(_PACKAGE.parent), *program, *arguments),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": _python_path()},
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


def _python_path() -> str:
    """Where this very package was found comes first: another distribution named `safety` must not be what the writer runs."""
    return os.pathsep.join(part for part in (str(_PACKAGE.parents[1]), os.environ.get("PYTHONPATH", "")) if part)
