"""The files of the log: append-only segments, each created exclusively, whose rotation keeps the chain.

An error of write or fsync is final. After a failed fsync the kernel may drop the dirty pages and report success the next time
(PostgreSQL wiki, "Fsync Errors"), so it is never called again: the log ends there, and a record acknowledged before stays true.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from toolkit import AuditFault

from .record import SEAL_NAME

SEGMENT_BYTES = 256 * 2**20
FAULT_NAME = "FAULT"  # room kept for one sentence: a full disk cannot take a new file, but a block it already gave
_FAULT_BYTES = 4096


def segment_name(index: int) -> str:
    """Return the file name of segment `index`: 000000.jsonl, 000001.jsonl, ..."""
    return f"{index:06d}.jsonl"


class FileLayer(Protocol):
    """The five operations the log does on a disk, so that a test can make each of them fail. All raise OSError."""

    def create(self, path: Path) -> int:
        """Create `path` for appending and return its descriptor; FileExistsError if it exists."""

    def write(self, descriptor: int, data: bytes) -> int:
        """Write some of `data`, at least one byte, and return how many."""

    def sync(self, descriptor: int) -> None:
        """Return when everything written to `descriptor` would survive a power cut."""

    def sync_directory(self, path: Path) -> None:
        """Return when the names in directory `path` would survive a power cut."""

    def close(self, descriptor: int) -> None:
        """Close `descriptor`."""


class PosixFiles:
    """The file layer of the operating system."""

    def create(self, path: Path) -> int:
        """Create `path` for appending and return its descriptor; FileExistsError if it exists."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)

    def write(self, descriptor: int, data: bytes) -> int:
        """Write some of `data`, at least one byte, and return how many."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Return when everything written to `descriptor` would survive a power cut."""
        os.fsync(descriptor)

    def sync_directory(self, path: Path) -> None:
        """Return when the names in directory `path` would survive a power cut."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, descriptor: int) -> None:
        """Close `descriptor`."""
        os.close(descriptor)


class SegmentFiles:
    """Makes groups of lines durable, in segments, until the first error.

    Raises:
        AuditFault: from any method, on the first error of the file layer; from then on every method raises it again.
    """

    def __init__(self, directory: Path, files: FileLayer, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._directory, self._files, self._segment_bytes = directory, files, segment_bytes
        self._index, self._size, self._descriptor, self._durable_bytes = 0, 0, -1, 0
        self._failure = ""
        with self._last_attempt():
            self._open_segment()
            self._reserve_fault_file()

    def write(self, group: bytes) -> None:
        """Append whole lines and return when they are durable."""
        with self._last_attempt():
            self._append(group)
            self._size += len(group)
            self._durable_bytes += len(group)
            if self._size >= self._segment_bytes:
                self._files.close(self._descriptor)
                self._index, self._size = self._index + 1, 0
                self._open_segment()

    def close(self, seal: bytes) -> None:
        """Close the newest segment, seal the log, and give back the room kept for a fault."""
        with self._last_attempt():
            self._files.close(self._descriptor)
            self._descriptor = self._files.create(self._directory / SEAL_NAME)
            self._append(seal)
            self._files.close(self._descriptor)
            (self._directory / FAULT_NAME).unlink()
            self._files.sync_directory(self._directory)

    def note_fault(self, text: str) -> None:
        """Leave `text` in the room kept for it, as well as a failing disk allows. It is not part of the chain."""
        room = text.encode("utf-8")[: _FAULT_BYTES - 1].ljust(_FAULT_BYTES - 1) + b"\n"
        descriptor = os.open(self._directory / FAULT_NAME, os.O_WRONLY)
        try:
            os.pwrite(descriptor, room, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._files.write(self._descriptor, bytes(view)) :]
        self._files.sync(self._descriptor)

    def _open_segment(self) -> None:
        self._descriptor = self._files.create(self._directory / segment_name(self._index))
        self._files.sync_directory(self._directory)

    def _reserve_fault_file(self) -> None:
        descriptor = self._files.create(self._directory / FAULT_NAME)
        try:
            os.write(descriptor, b" " * (_FAULT_BYTES - 1) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._files.sync_directory(self._directory)

    @contextmanager
    def _last_attempt(self) -> Iterator[None]:
        if self._failure:
            raise AuditFault(self._failure)
        try:
            yield
        except OSError as error:
            self._failure = f"the log in {self._directory} cannot be written after byte {self._durable_bytes}: {error}"
            raise AuditFault(self._failure) from error
