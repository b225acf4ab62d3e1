"""A disk in memory that remembers every operation, and can say what a power cut after any of them may have left.

What a cut may leave of a file: what was synced; and of the bytes after that, any number from the front, some blocks of which hold
zeros instead (their place was allocated, their data never written). A name that its directory's sync did not cover may be there or not,
and with that of a directory goes everything in it.
"""

import os
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safety.audit.link import ACK, unpack_ack

BLOCK = 512


@dataclass
class FileState:
    """Bytes that would survive, bytes that may, and whether the name would survive."""

    synced: bytes = b""
    pending: bytes = b""
    named: bool = False
    removed: bool = False


@dataclass(frozen=True)
class Moment:
    """What is true after one operation: every file's state, and how many records had been acknowledged."""

    operation: str
    files: dict[Path, FileState]
    directories: dict[Path, bool]
    acknowledged: int

    def left_by_a_cut(self, source: random.Random, where: Path, root: Path) -> None:
        """Write one possible state of the disk into `where`; `root` is what `where` stands for."""
        gone = {path for path, named in self.directories.items() if not named and source.random() < 0.5}
        for path, state in self.files.items():
            if gone.isdisjoint(path.parents) and ((state.named and not state.removed) or source.random() < 0.5):
                kept = state.pending[: source.choice((0, len(state.pending), source.randint(0, len(state.pending))))]
                copy = where / path.relative_to(root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(state.synced + _with_holes(kept, source))


@dataclass
class RecordingDisk:
    """A FileLayer. `moments` grows by one at each operation. What stands in the real file system when it is first named is there."""

    moments: list[Moment] = field(default_factory=list)
    acknowledged: int = 0
    _files: dict[Path, FileState] = field(default_factory=dict)
    _directories: dict[Path, bool] = field(default_factory=dict)
    _open: dict[int, Path] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def make_directory(self, path: Path) -> None:
        if path in self._directories or path.exists():
            raise FileExistsError(17, os.strerror(17), str(path))
        if path.parent not in self._directories and not path.parent.exists():
            raise FileNotFoundError(2, os.strerror(2), str(path))
        self._directories[path] = False
        self._happened(f"make {path.name}/")

    def create(self, path: Path) -> int:
        if path in self._files:
            raise FileExistsError(17, os.strerror(17), str(path))
        self._files[path] = FileState()
        descriptor = len(self._open) + 1000
        self._open[descriptor] = path
        self._happened(f"create {path.name}")
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        taken = data[: max(len(data) // 2, 1)] if len(data) > BLOCK else data  # a disk may take less than it was given
        self._files[self._open[descriptor]].pending += taken
        self._happened(f"write {self._open[descriptor].name}")
        return len(taken)

    def sync(self, descriptor: int) -> None:
        state = self._files[self._open[descriptor]]
        state.synced, state.pending = state.synced + state.pending, b""
        self._happened(f"sync {self._open[descriptor].name}")

    def sync_directory(self, path: Path) -> None:
        for name in self._directories:
            self._directories[name] |= name.parent == path
        for name, state in list(self._files.items()):
            if name.parent == path:
                state.named = True
                if state.removed:
                    del self._files[name]
        self._happened(f"sync {path.name}/")

    def close(self, descriptor: int) -> None:
        self._happened(f"close {self._open[descriptor].name}")

    def remove(self, path: Path) -> None:
        self._files[path].removed = True
        self._happened(f"remove {path.name}")

    def heard(self, packet: bytes) -> None:
        """The writer says this to the control process."""
        if packet[:1] == ACK:
            self.acknowledged = max(self.acknowledged, unpack_ack(packet))
            self._happened("acknowledge")

    def _happened(self, operation: str) -> None:
        with self._lock:
            copies = {path: FileState(**vars(state)) for path, state in self._files.items()}
            self.moments.append(Moment(operation, copies, dict(self._directories), self.acknowledged))


class Overheard:
    """A socket whose packets the disk hears before they are sent."""

    def __init__(self, sock: Any, disk: RecordingDisk) -> None:
        self._sock, self._disk = sock, disk

    def send(self, packet: bytes, *flags: int) -> int:
        self._disk.heard(packet)
        return int(self._sock.send(packet, *flags))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def _with_holes(data: bytes, source: random.Random) -> bytes:
    """Some blocks of `data` are zeros, now and then."""
    if source.random() < 0.6:
        return data
    return b"".join(block if source.random() < 0.5 else bytes(len(block)) for block in _blocks(data))


def _blocks(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), BLOCK):
        yield data[at : at + BLOCK]
