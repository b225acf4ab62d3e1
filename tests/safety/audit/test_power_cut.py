import os
import random
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from safety.audit import AuditLog, RecordKind, read_records, verify_log
from safety.audit.places import Places
from safety.audit.writer import serve

from .recording_disk import Overheard, RecordingDisk

pytestmark = pytest.mark.requirement("AUD-023")

SEEDS = 3
CYCLES = 60


class WriterThread:
    """A writer in this process, on a disk in memory."""

    def __init__(self, places: Places, disk: RecordingDisk) -> None:
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        places = replace(places, segment_bytes=8_000)

        def run() -> None:
            with theirs:
                overheard: Any = Overheard(theirs, disk)
                self.status = serve(overheard, places, disk, os.getppid())

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def kill(self) -> None:
        raise AssertionError("the writer did not end")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RecordingDisk]:
    """A run of several segments and checkpoints on the recording disk; its root directory stands in no file system."""
    root = tmp_path_factory.mktemp("disk")
    disk = RecordingDisk()
    directory, second = root / "new" / "run" / "audit", root / "second"
    with AuditLog(directory, {}, second=second, start_writer=lambda places: WriterThread(places, disk)) as log:
        for number in range(CYCLES):
            log.append(RecordKind.CYCLE, {"number": number, "q": [0.1 * number] * 7})
            if number % 7 == 0:
                log.append(RecordKind.STATE if number % 2 else RecordKind.EVENT, {"state": "ENABLED"}, urgent=True)
                log.flush()
    return root, disk


def test_the_recorded_run_crosses_every_kind_of_boundary(recorded: tuple[Path, RecordingDisk]) -> None:
    _, disk = recorded
    operations = {moment.operation for moment in disk.moments}
    assert {"make run/", "create 000002.jsonl", "write checkpoints", "sync checkpoints", "remove FAULT", "acknowledge"} <= operations
    assert len(disk.moments) > 100 and disk.moments[-1].acknowledged == disk.acknowledged > CYCLES


def test_a_power_cut_at_any_boundary_loses_no_acknowledged_record_and_leaves_a_log_that_verifies(
    recorded: tuple[Path, RecordingDisk], tmp_path: Path
) -> None:
    root, disk = recorded
    torn = 0
    for index, moment in enumerate(disk.moments):
        for seed in range(SEEDS):
            where = tmp_path / f"{index}-{seed}"
            moment.left_by_a_cut(random.Random(index * SEEDS + seed), where, root)
            place = f"cut {seed} after operation {index}: {moment.operation}"
            if not (where / "new" / "run" / "audit" / "000000.jsonl").exists():
                assert moment.acknowledged == 0, place
                continue
            run = where / "new" / "run"
            report = verify_log.verify(run, copies=list((where / "second").glob("*")))
            kept = sum(record["kind"] not in ("KEY", "CONTROL_LOST") for record in good(run, report.good))
            assert report.ok, f"{place}: {report.problem}"
            assert kept >= moment.acknowledged, place
            written = b"".join(path.read_bytes() for path in sorted((run / "audit").glob("*.jsonl")))
            whole = sum(len(line) for line in written.splitlines(keepends=True)[: report.good])
            assert report.torn_tail_bytes == len(written) - whole, place
            torn += report.torn_tail_bytes > 0
    assert torn > 20


def good(where: Path, count: int) -> list[dict[str, Any]]:
    """The first records: what comes after may be zeros."""
    records = read_records(where)
    return [next(records) for _ in range(count)]


def test_a_disk_that_loses_what_it_had_synced_is_found_out(recorded: tuple[Path, RecordingDisk], tmp_path: Path) -> None:
    """The forgery against the test above: a power cut that drops synced records must not pass."""
    root, disk = recorded
    moment = next(moment for moment in reversed(disk.moments) if moment.operation == "sync checkpoints")
    for state in moment.files.values():
        if state.synced.startswith(b'{"actor"'):
            state.synced = state.synced[: state.synced[:-1].rfind(b"\n") + 1]
    moment.left_by_a_cut(random.Random(0), tmp_path, root)
    assert not verify_log.verify(tmp_path / "new" / "run", copies=[tmp_path / "second"]).ok


class Forgetful(RecordingDisk):
    """Does not make the name of a directory durable."""

    def sync_directory(self, path: Path) -> None:
        if path.name not in ("new", "run") and not path.name.startswith("disk"):
            super().sync_directory(path)


def test_a_directory_whose_name_was_not_synced_takes_acknowledged_records_with_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The forgery against the test above: the simulation sees a parent that nobody synced."""
    root, where = tmp_path_factory.mktemp("disk"), tmp_path_factory.mktemp("cuts")
    disk = Forgetful()
    with AuditLog(root / "new" / "run" / "audit", {}, start_writer=lambda places: WriterThread(places, disk)) as log:
        log.append(RecordKind.EVENT, {}, urgent=True)
        log.flush()
    moment = disk.moments[-1]
    lost = 0
    for seed in range(20):
        moment.left_by_a_cut(random.Random(seed), where / str(seed), root)
        lost += not (where / str(seed) / "new" / "run" / "audit" / "000000.jsonl").exists()
    assert moment.acknowledged > 0 and lost > 0
