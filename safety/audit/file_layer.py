"""What the log does on a disk, as seven operations, so that a test can make each of them fail or cut the power after it."""

import os
from pathlib import Path
from typing import Protocol


class FileLayer(Protocol):
    """All raise OSError."""

    def make_directory(self, path: Path) -> None:
        """Make directory `path`; FileExistsError if there is something, FileNotFoundError if its parent does not exist."""

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

    def remove(self, path: Path) -> None:
        """Remove the name `path`."""


class PosixFiles:
    """The file layer of the operating system."""

    def make_directory(self, path: Path) -> None:
        """Make directory `path`; FileExistsError if there is something, FileNotFoundError if its parent does not exist."""
        path.mkdir()

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

    def remove(self, path: Path) -> None:
        """Remove the name `path`."""
        path.unlink()


def make_directories(path: Path, files: FileLayer) -> None:
    """Make `path` and every parent that it lacks, and return when their names would survive a power cut; one that is there will do.

    A file is no more durable than the names of the directories that lead to it.
    Raises:
        OSError: one of them cannot be made.
    """
    try:
        files.make_directory(path)
    except FileExistsError:
        return
    except FileNotFoundError:
        make_directories(path.parent, files)
        files.make_directory(path)
    files.sync_directory(path.parent)
