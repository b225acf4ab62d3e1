import errno
import os
from pathlib import Path

import pytest

from safety.audit.segment import FAULT_NAME, PosixFiles, SegmentFiles
from toolkit import AuditFault


class RecordingFiles(PosixFiles):
    """The operating system's files, with a list of what was called, and one call that fails."""

    def __init__(self, fails: str = "", at: int = 0, code: int = errno.EIO, short: int = 0) -> None:
        self.calls: list[str] = []
        self._fails, self._at, self._code, self._short = fails, at, code, short

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name == self._fails and self.calls.count(name) == self._at:
            raise OSError(self._code, os.strerror(self._code))

    def create(self, path: Path) -> int:
        self._called("create")
        return super().create(path)

    def write(self, descriptor: int, data: bytes) -> int:
        self._called("write")
        return super().write(descriptor, data[: self._short] if self._short else data)

    def sync(self, descriptor: int) -> None:
        self._called("sync")
        super().sync(descriptor)

    def sync_directory(self, path: Path) -> None:
        self._called("sync_directory")
        super().sync_directory(path)


def test_a_group_is_written_whole_when_the_disk_takes_it_in_pieces(tmp_path: Path) -> None:
    segments = SegmentFiles(tmp_path, RecordingFiles(short=3))
    segments.write(b"0123456789\n")
    assert (tmp_path / "000000.jsonl").read_bytes() == b"0123456789\n"


def test_a_new_segment_is_made_durable_by_name_before_anything_is_written_to_it(tmp_path: Path) -> None:
    files = RecordingFiles()
    SegmentFiles(tmp_path, files).write(b"line\n")
    assert files.calls.index("create") < files.calls.index("sync_directory") < files.calls.index("write") < files.calls.index("sync")


def test_a_full_segment_is_followed_by_the_next(tmp_path: Path) -> None:
    segments = SegmentFiles(tmp_path, PosixFiles(), segment_bytes=10)
    for text in (b"123456\n", b"abcdef\n", b"ABCDEF\n"):
        segments.write(text)
    assert (tmp_path / "000000.jsonl").read_bytes() == b"123456\nabcdef\n"
    assert (tmp_path / "000001.jsonl").read_bytes() == b"ABCDEF\n"


def test_a_log_that_exists_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "000000.jsonl").write_bytes(b"earlier\n")
    with pytest.raises(AuditFault, match=r"000000\.jsonl"):
        SegmentFiles(tmp_path, PosixFiles())
    assert (tmp_path / "000000.jsonl").read_bytes() == b"earlier\n"


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize(("operation", "at"), [("write", 2), ("sync", 2)])
def test_after_an_error_nothing_is_written_or_synced_again(tmp_path: Path, operation: str, at: int, code: int) -> None:
    files = RecordingFiles(operation, at, code)
    segments = SegmentFiles(tmp_path, files)
    segments.write(b"first\n")
    with pytest.raises(AuditFault, match=os.strerror(code)):
        segments.write(b"second\n")
    calls = list(files.calls)
    for attempt in (lambda: segments.write(b"third\n"), lambda: segments.close(b"seal\n")):
        with pytest.raises(AuditFault, match=os.strerror(code)):
            attempt()
    assert files.calls == calls
    assert not (tmp_path / "SEAL").exists()


def test_a_failed_sync_of_a_new_segments_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AuditFault, match="Input/output error"):
        SegmentFiles(tmp_path, RecordingFiles("sync_directory", 1))


def test_a_fault_is_noted_in_room_that_was_kept_for_it(tmp_path: Path) -> None:
    segments = SegmentFiles(tmp_path, PosixFiles())
    size = (tmp_path / FAULT_NAME).stat().st_size
    segments.note_fault("the disk is full " + "x" * 10_000)
    assert (tmp_path / FAULT_NAME).read_text().startswith("the disk is full")
    assert (tmp_path / FAULT_NAME).stat().st_size == size
