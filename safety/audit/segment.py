"""The files of the log: append-only segments, each created exclusively, and the checkpoints in both places.

An error of write or fsync is final, whichever file it hits. After a failed fsync the kernel may drop the dirty pages and report
success the next time (PostgreSQL wiki, "Fsync Errors"), so it is never called again: the log ends there, and a record
acknowledged before stays true.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit import AuditFault

from .file_layer import FileLayer, make_directories

SEGMENT_BYTES = 256 * 2**20
CHECKPOINTS_NAME = "checkpoints"
FAULT_NAME = "FAULT"  # room kept for one sentence: a full disk cannot take a new file, but a block it already gave
_FAULT_BYTES = 4096


def segment_name(index: int) -> str:
    """Return the file name of segment `index`: 000000.jsonl, 000001.jsonl, ..."""
    return f"{index:06d}.jsonl"


class _AppendOnly:
    """One file that is created, appended to and synced."""

    def __init__(self, path: Path, files: FileLayer) -> None:
        self._path, self._files = path, files
        with self._named():
            self._descriptor = files.create(path)
            files.sync_directory(path.parent)

    def append(self, data: bytes) -> None:
        """Return when `data` is durable."""
        with self._named():
            view = memoryview(data)
            while view:
                view = view[self._files.write(self._descriptor, bytes(view)) :]
            self._files.sync(self._descriptor)

    def close(self) -> None:
        with self._named():
            self._files.close(self._descriptor)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """An error of a descriptor does not say which file it is about."""
        try:
            yield
        except OSError as error:
            raise AuditFault(f"{self._path} cannot be written: {error.strerror or error}") from error


class LogFiles:
    """Makes groups of lines, and the checkpoints that cover them, durable, until the first error.

    Raises:
        AuditFault: from any method, on the first error of the file layer; from then on every method raises it again.
    """

    def __init__(self, directory: Path, files: FileLayer, second: Path | None = None, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Create the files of a new log, and its directory with the parents that it lacks.

        Args:
            second: the file that takes each checkpoint a second time; its directory exists.
        """
        self._directory, self._files, self._segment_bytes = directory, files, segment_bytes
        self._index, self._size = 0, 0
        self._failure = ""
        with self._last_attempt():
            make_directories(directory, files)
            self._segment = _AppendOnly(directory / segment_name(0), files)
            self._checkpoints = [_AppendOnly(path, files) for path in (directory / CHECKPOINTS_NAME, second) if path is not None]
            reserved = _AppendOnly(directory / FAULT_NAME, files)
            reserved.append(b" " * (_FAULT_BYTES - 1) + b"\n")
            reserved.close()

    def write(self, lines: bytes, checkpoint: bytes = b"") -> None:
        """Append whole lines, then a checkpoint over everything up to them; return when both are durable."""
        with self._last_attempt():
            if lines:
                self._segment.append(lines)
            if checkpoint:
                for place in self._checkpoints:
                    place.append(checkpoint)
            self._size += len(lines)
            if self._size >= self._segment_bytes:
                self._segment.close()
                self._index, self._size = self._index + 1, 0
                self._segment = _AppendOnly(self._directory / segment_name(self._index), self._files)

    def close(self) -> None:
        """Close every file, and give back the room kept for a fault."""
        with self._last_attempt():
            for file in (self._segment, *self._checkpoints):
                file.close()
            self._files.remove(self._directory / FAULT_NAME)
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

    @contextmanager
    def _last_attempt(self) -> Iterator[None]:
        if self._failure:
            raise AuditFault(self._failure)
        try:
            yield
        except AuditFault as error:
            self._failure = str(error)
            raise
        except OSError as error:
            self._failure = f"the log in {self._directory} cannot be written: {error}"
            raise AuditFault(self._failure) from error
