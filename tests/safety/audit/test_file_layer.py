"""Directories that survive a power cut."""

from pathlib import Path

import pytest

from safety.audit.file_layer import PosixFiles, make_directories
from safety.audit.machine_state import OpenLog
from toolkit.app.run import new_directory

from .recording_disk import RecordingDisk

pytestmark = pytest.mark.requirement("AUD-023")


def test_each_directory_that_is_made_is_synced_into_its_parent_before_anything_is_put_into_it(tmp_path: Path) -> None:
    disk = RecordingDisk()
    make_directories(tmp_path / "a" / "b" / "c", disk)
    done = [moment.operation for moment in disk.moments]
    assert done == ["make a/", f"sync {tmp_path.name}/", "make b/", "sync a/", "make c/", "sync b/"]
    make_directories(tmp_path / "a" / "b" / "c", disk)
    assert len(disk.moments) == 6, "one that is there will do"
    assert set(disk.moments[-1].directories.values()) == {True}


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError):
        make_directories(tmp_path / "file" / "a", PosixFiles())


def test_run_directory_and_machine_state_are_made_this_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    honest = PosixFiles.sync_directory

    def sync_directory(self: PosixFiles, path: Path) -> None:
        synced.append(path)
        honest(self, path)

    monkeypatch.setattr(PosixFiles, "sync_directory", sync_directory)
    new_directory(tmp_path / "runs" / "mine")
    OpenLog(tmp_path / "home" / "state", "run", tmp_path)
    assert synced == [tmp_path, tmp_path / "runs", tmp_path, tmp_path / "home"]
