import errno
import os
from pathlib import Path

import pytest

from safety.audit.file_layer import PosixFiles
from safety.audit.segment import FAULT_NAME, LogFiles
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
    segments = LogFiles(tmp_path, RecordingFiles(short=3))
    segments.write(b"0123456789\n")
    assert (tmp_path / "000000.jsonl").read_bytes() == b"0123456789\n"


def test_a_new_segment_is_made_durable_by_name_before_anything_is_written_to_it(tmp_path: Path) -> None:
    files = RecordingFiles()
    LogFiles(tmp_path, files).write(b"line\n")
    assert files.calls.index("create") < files.calls.index("sync_directory") < files.calls.index("write") < files.calls.index("sync")


@pytest.mark.requirement("AUD-008")
def test_a_full_segment_is_followed_by_the_next(tmp_path: Path) -> None:
    segments = LogFiles(tmp_path, PosixFiles(), segment_bytes=10)
    for text in (b"123456\n", b"abcdef\n", b"ABCDEF\n"):
        segments.write(text)
    assert (tmp_path / "000000.jsonl").read_bytes() == b"123456\nabcdef\n"
    assert (tmp_path / "000001.jsonl").read_bytes() == b"ABCDEF\n"


@pytest.mark.requirement("AUD-003")
def test_a_log_that_exists_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "000000.jsonl").write_bytes(b"earlier\n")
    with pytest.raises(AuditFault, match=r"000000\.jsonl"):
        LogFiles(tmp_path, PosixFiles())
    assert (tmp_path / "000000.jsonl").read_bytes() == b"earlier\n"


@pytest.mark.requirement("AUD-012")
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("operation", ["write", "sync"])
@pytest.mark.parametrize(("place", "at"), [("000000.jsonl", 5), ("checkpoints", 6), ("second", 7)])
def test_after_an_error_in_any_file_nothing_is_written_or_synced_again(
    tmp_path: Path, operation: str, place: str, at: int, code: int
) -> None:
    files = RecordingFiles(operation, at, code)  # FAULT, then segment and two checkpoints for each group
    log = LogFiles(tmp_path, files, tmp_path / "second")
    log.write(b"first\n", b"vouched\n\n")
    with pytest.raises(AuditFault, match=rf"{place} cannot be written: {os.strerror(code)}"):
        log.write(b"second\n", b"vouched\n\n")
    calls = list(files.calls)
    for attempt in (lambda: log.write(b"third\n"), log.close):
        with pytest.raises(AuditFault, match=os.strerror(code)):
            attempt()
    assert files.calls == calls


@pytest.mark.parametrize("operation", ["create", "sync_directory"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_file_that_cannot_be_made_is_an_error(tmp_path: Path, operation: str, at: int) -> None:
    with pytest.raises(AuditFault, match="Input/output error"):
        LogFiles(tmp_path, RecordingFiles(operation, at), tmp_path / "second")


def test_the_next_segment_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    log = LogFiles(tmp_path, RecordingFiles("create", 4, errno.ENOSPC), segment_bytes=5)
    with pytest.raises(AuditFault, match=r"000001\.jsonl cannot be written: No space"):
        log.write(b"first\n")


@pytest.mark.requirement("AUD-011")
def test_a_checkpoint_stands_in_both_places_after_the_records_it_covers(tmp_path: Path) -> None:
    files = RecordingFiles()
    (tmp_path / "elsewhere").mkdir()
    log = LogFiles(tmp_path, files, tmp_path / "elsewhere" / "run.checkpoints")
    files.calls.clear()
    log.write(b"line\n", b"vouched\n\n")
    assert files.calls == ["write", "sync"] * 3
    assert (tmp_path / "checkpoints").read_bytes() == (tmp_path / "elsewhere" / "run.checkpoints").read_bytes() == b"vouched\n\n"


@pytest.mark.requirement("AUD-011")
def test_a_second_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AuditFault, match=r"nowhere/x cannot be written: No such file"):
        LogFiles(tmp_path, PosixFiles(), tmp_path / "nowhere" / "x")


@pytest.mark.requirement("AUD-006", "AUD-012")
def test_a_fault_is_noted_in_room_that_was_kept_for_it(tmp_path: Path) -> None:
    log = LogFiles(tmp_path, PosixFiles())
    size = (tmp_path / FAULT_NAME).stat().st_size
    log.note_fault("the disk is full " + "x" * 10_000)
    assert (tmp_path / FAULT_NAME).read_text().startswith("the disk is full")
    assert (tmp_path / FAULT_NAME).stat().st_size == size


def test_a_log_that_ended_in_order_has_no_room_for_a_fault(tmp_path: Path) -> None:
    LogFiles(tmp_path, PosixFiles()).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000.jsonl", "checkpoints"]
