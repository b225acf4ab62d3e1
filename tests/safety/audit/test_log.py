import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from safety.audit import AuditLog, RecordKind, read_records, verify
from safety.audit import log as log_module
from safety.audit.link import WriterProcess, light_environment
from safety.audit.machine_state import refuse_unresolved
from safety.audit.places import Places
from safety.audit.verify_log import describe
from toolkit import AuditFault, InvalidInput

FAULTY = str(Path(__file__).with_name("faulty_writer.py"))
PATIENCE_S = 20.0


def faulty(fault: str, value: int) -> Callable[[Places], WriterProcess]:
    return lambda places: WriterProcess(places, (FAULTY, fault, str(value)))


def until_fault(step: Callable[[], object]) -> AuditFault:
    """Repeat `step` until it raises AuditFault; the time only bounds a test that would otherwise hang."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        try:
            step()
        except AuditFault as fault:
            return fault
        time.sleep(0.001)
    raise TimeoutError("no AuditFault")


def cycle(number: int) -> dict[str, Any]:
    return {"number": number, "q": np.full(7, 0.25 * number), "ticks": np.arange(7), "plan": np.ones((12, 7), dtype=np.int64)}


def handed_over(directory: Path) -> int:
    """How many records in a good log came from the control process."""
    assert verify(directory).ok
    return sum(record["kind"] not in ("KEY", "CONTROL_LOST") for record in read_records(directory))


class Opened:
    """A log and its writer's process id."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.links: list[WriterProcess] = []
        start = options.pop("start_writer", WriterProcess)

        def start_writer(where: Places) -> WriterProcess:
            self.links.append(start(where))
            return self.links[-1]

        self.log = AuditLog(directory, {"version": "1.2.3"}, start_writer=start_writer, **options)

    @property
    def pid(self) -> int:
        return self.links[-1].pid


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(tmp_path / "audit")
    yield opened
    opened.log.close()


@pytest.mark.requirement("AUD-002")
def test_what_goes_in_comes_out_in_order(tmp_path: Path) -> None:
    with AuditLog(tmp_path / "audit", {"version": "1.2.3", "limits": np.array([0.5, 1.5])}) as log:
        assert [log.append(RecordKind.CYCLE, cycle(number)) for number in range(50)] == list(range(1, 51))
        log.append(RecordKind.EVENT, {"what": "pedal"}, actor="operator", urgent=True)
        log.flush()
        assert log.durable == 52
        name = log.run
    result = verify(tmp_path)
    assert result.intact and result.closed
    first, *cycles, event, last = (record for record in read_records(tmp_path) if record["kind"] != "KEY")
    assert first["data"]["run"] == name and len(cycles) == 50
    assert first["kind"] == "RUN_START" and first["data"]["meta"] == {"limits": [0.5, 1.5], "version": "1.2.3"}
    assert first["data"]["clock"].keys() == {"name", "synchronised", "max_error_s"}
    assert cycles[3]["data"] == {"number": 3, "plan": [[1] * 7] * 12, "q": [0.75] * 7, "ticks": [0, 1, 2, 3, 4, 5, 6]}
    assert (cycles[3]["actor"], event["actor"]) == ("primum", "operator")
    assert last["kind"] == "RUN_END" and last["data"] == {"end": {}, "handed_over": 52, "records": last["seq"]}
    assert all(int(a["mono_ns"]) <= int(b["mono_ns"]) for a, b in pairwise(cycles))
    assert sorted(path.name for path in (tmp_path / "audit").iterdir()) == ["000000.jsonl", "checkpoints"]


def test_the_callers_array_may_change_after_append(opened: Opened) -> None:
    q = np.zeros(7)
    opened.log.append(RecordKind.CYCLE, {"q": q})
    q[:] = 9.0
    opened.log.flush()
    assert list(read_records(opened.log.directory))[-1]["data"] == {"q": [0.0] * 7}


def test_a_record_becomes_durable_without_being_asked_for(opened: Opened) -> None:
    seq = opened.log.append(RecordKind.CYCLE, cycle(0))
    end_s = time.monotonic() + PATIENCE_S
    while opened.log.durable <= seq and time.monotonic() < end_s:
        time.sleep(0.001)
    assert opened.log.durable == seq + 1
    assert handed_over(opened.log.directory) == seq + 1


@pytest.mark.requirement("AUD-006", "AUD-016")
def test_what_an_exception_ended_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the arm"), AuditLog(tmp_path / "audit", {}):
        raise RuntimeError("the arm \udc80")
    assert list(read_records(tmp_path))[-1]["data"]["end"] == {"raised": "RuntimeError: the arm \\udc80"}
    assert verify(tmp_path).closed


@pytest.mark.requirement("AUD-024")
def test_a_payload_that_is_not_finite_is_refused_by_path_and_the_log_goes_on(opened: Opened) -> None:
    with pytest.raises(InvalidInput, match=r"^data\.state\.q\[1\]: not finite: nan"):
        opened.log.append(RecordKind.CYCLE, {"state": {"q": np.array([0.0, np.nan])}})
    assert opened.log.append(RecordKind.CYCLE, cycle(1)) == 1
    opened.log.flush()
    assert handed_over(opened.log.directory) == 2


def test_a_payload_at_the_size_limit_is_taken_and_one_above_is_refused(opened: Opened) -> None:
    with pytest.raises(InvalidInput, match="less than 131072"):
        opened.log.append(RecordKind.EVENT, {"text": "x" * 131_072})
    opened.log.append(RecordKind.EVENT, {"text": "\x01" * 130_900})
    opened.log.flush()
    assert handed_over(opened.log.directory) == 2


@pytest.mark.parametrize("kind", [RecordKind.RUN_START, RecordKind.RUN_END, RecordKind.KEY, RecordKind.CONTROL_LOST, RecordKind.CLOCK_STEP])
def test_the_logs_own_kinds_cannot_be_appended(opened: Opened, kind: RecordKind) -> None:
    with pytest.raises(InvalidInput, match=kind.value):
        opened.log.append(kind, {})


def test_several_threads_may_append(opened: Opened) -> None:
    threads = [threading.Thread(target=lambda: [opened.log.append(RecordKind.EVENT, {}) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened.log.flush()
    assert handed_over(opened.log.directory) == 201


@pytest.mark.requirement("AUD-002")
def test_a_step_of_the_wall_clock_is_a_record(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    real_ns = time.time_ns
    monkeypatch.setattr(log_module.time, "time_ns", lambda: real_ns() - 3_600_000_000_000)
    assert opened.log.append(RecordKind.CYCLE, {}) == 2
    assert opened.log.append(RecordKind.CYCLE, {}) == 3
    opened.log.flush()
    monkeypatch.undo()
    (step,) = (record for record in read_records(opened.log.directory) if record["kind"] == "CLOCK_STEP")
    assert step["kind"] == "CLOCK_STEP" and step["data"]["step_s"] == pytest.approx(-3600.0, abs=1.0)


@pytest.mark.requirement("AUD-003")
def test_an_existing_log_is_refused_and_untouched(tmp_path: Path) -> None:
    AuditLog(tmp_path / "audit", {}).close()
    before = (tmp_path / "audit" / "000000.jsonl").read_bytes()
    with pytest.raises(AuditFault, match="File exists"):
        AuditLog(tmp_path / "audit", {})
    assert (tmp_path / "audit" / "000000.jsonl").read_bytes() == before


def test_a_place_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AuditFault, match=r"cannot be written: .*Not a directory"):
        AuditLog(tmp_path / "file" / "audit", {})


@pytest.mark.requirement("AUD-022")
def test_a_writer_that_does_not_start_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(AuditFault, match="the log writer"):
        AuditLog(tmp_path / "audit", {}, start_writer=lambda places: WriterProcess(places, ("nowhere.py",)))


def test_a_closed_log_takes_no_record(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit", {})
    log.close()
    log.close()
    with pytest.raises(AuditFault, match="closed"):
        log.append(RecordKind.EVENT, {})


@pytest.mark.requirement("AUD-012")
def test_a_killed_writer_is_a_fault_for_every_append_from_then_on(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "audit")
    seq = opened.log.append(RecordKind.EVENT, {}, urgent=True)
    opened.log.flush()
    os.kill(opened.pid, signal.SIGKILL)
    opened.links[-1].wait(PATIENCE_S)
    with pytest.raises(AuditFault, match="writer"):
        opened.log.append(RecordKind.CYCLE, cycle(0))
    for attempt in (opened.log.check, opened.log.flush, lambda: opened.log.append(RecordKind.EVENT, {}), opened.log.close):
        with pytest.raises(AuditFault, match="writer"):
            attempt()
    result = verify(tmp_path)
    assert result.ok and result.state == "open" and handed_over(tmp_path) >= seq + 1


@pytest.mark.requirement("AUD-012")
@pytest.mark.parametrize(
    ("fault", "value", "what"),
    [("full", 9_000, "No space left"), ("size_limit", 6_000, "File too large"), ("sync_fails", 5, "Input/output error")],
)
def test_a_failing_disk_is_a_fault_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, value: int, what: str
) -> None:
    syncs = tmp_path / "syncs"
    monkeypatch.setenv("PRIMUM_TEST_SYNCS", str(syncs))
    opened = Opened(tmp_path / "audit", start_writer=faulty(fault, value))
    raised = until_fault(lambda: opened.log.append(RecordKind.CYCLE, cycle(0)))
    assert what in str(raised)
    for attempt in (opened.log.check, lambda: opened.log.append(RecordKind.EVENT, {}), opened.log.close):
        with pytest.raises(AuditFault, match=what):
            attempt()
    result = verify(tmp_path)
    assert result.ok and not result.intact and what in result.fault
    assert handed_over(tmp_path) >= opened.log.durable >= 1
    if fault == "sync_fails":
        assert syncs.read_text() == "x"


@pytest.mark.requirement("AUD-012")
def test_a_full_file_system_is_a_fault_that_is_noted_on_that_file_system(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)], check=False).returncode:
        pytest.skip("a file system of its own needs the right to mount; the injected disk covers the rest")
    try:
        opened = Opened(place / "audit")
        raised = until_fault(lambda: opened.log.append(RecordKind.CYCLE, cycle(0)))
        assert "No space left" in str(raised)
        assert opened.links[-1].wait(PATIENCE_S)  # it tells the control process first, then the disk
        result = verify(place)
        assert result.ok and handed_over(place) >= opened.log.durable and "No space left" in result.fault
        with pytest.raises(AuditFault):
            opened.log.close()
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.requirement("AUD-013")
def test_a_disk_that_stalls_fills_the_queue_and_never_blocks(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "audit", queue_records=40, start_writer=faulty("stalls", 4))
    raised = until_fault(lambda: opened.log.append(RecordKind.CYCLE, cycle(0)))
    assert "40 records wait" in str(raised)
    with pytest.raises(AuditFault, match="40 records wait"):
        opened.log.check()
    with pytest.raises(AuditFault, match="40 records wait"):
        opened.log.close(timeout_s=0.1)
    opened.links[-1].wait(PATIENCE_S)
    assert opened.log.durable == 1


@pytest.mark.requirement("AUD-013")
def test_a_writer_that_is_stopped_is_a_fault_and_never_blocks(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "audit")
    os.kill(opened.pid, signal.SIGSTOP)
    raised = until_fault(lambda: [opened.log.append(RecordKind.CYCLE, cycle(0)) for _ in range(100)])
    assert "1024 records wait" in str(raised)
    with pytest.raises(AuditFault):
        opened.log.close(timeout_s=0.1)


@pytest.mark.requirement("AUD-012", "AUD-022")
def test_a_writer_that_recovers_after_the_log_was_given_up_does_not_end_it_in_order(tmp_path: Path) -> None:
    """The disk stalls, the queue runs full, the disk comes back: nobody may call this log complete, and the next enable waits."""
    opened = Opened(tmp_path / "audit", state=tmp_path / "state")
    os.kill(opened.pid, signal.SIGSTOP)
    raised = until_fault(lambda: opened.log.append(RecordKind.EVENT, {"text": "x" * 800}))
    assert "1024 records wait" in str(raised)
    os.kill(opened.pid, signal.SIGCONT)
    with pytest.raises(AuditFault, match="1024 records wait"):
        opened.log.close()
    result = verify(tmp_path)
    last = list(read_records(tmp_path))[-1]
    assert (last["kind"], last["data"]["reason"]) == ("CONTROL_LOST", "the control process gave the log up")
    assert last["data"]["handed_over"] == 1025 and last["data"]["taken"] == handed_over(tmp_path)
    assert result.lost == 1025 - last["data"]["taken"] and "1024 records wait" in result.gave_up
    assert result.ok and not result.intact and result.exit_code == 3 and result.vouched == result.records
    assert "1024 records wait" in result.fault
    with pytest.raises(AuditFault, match="did not end in order"):
        refuse_unresolved(tmp_path / "state")


@pytest.mark.requirement("AUD-012", "AUD-023")
def test_records_that_died_with_the_control_process_are_counted(tmp_path: Path) -> None:
    """A burst beyond the socket's buffer stands in the control process; when that is killed, the log says how many went with it."""
    script = tmp_path / "control.py"
    script.write_text(CONTROL)
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, env=light_environment())
    assert process.stdout is not None
    writer, appended = (int(process.stdout.readline()) for _ in range(2))
    process.kill()
    process.wait(PATIENCE_S)
    os.kill(writer, signal.SIGCONT)
    end_s = time.monotonic() + PATIENCE_S
    while verify(tmp_path).state == "open" and time.monotonic() < end_s:
        time.sleep(0.01)
    result = verify(tmp_path)
    last = list(read_records(tmp_path))[-1]["data"]
    assert (last["handed_over"], last["taken"]) == (appended, handed_over(tmp_path)) and last["gave_up"] == ""
    assert result.lost == appended - last["taken"] > 0
    assert result.ok and result.exit_code == 3 and f"{result.lost} records that the control process handed over" in describe(result)


CONTROL = """
import os, signal, sys, time
from pathlib import Path
from safety.audit import AuditLog, RecordKind
from safety.audit.link import WriterProcess, light_environment
links = []
log = AuditLog(Path(sys.argv[1]) / "audit", {}, start_writer=lambda places: links.append(WriterProcess(places)) or links[0])
os.kill(links[0].pid, signal.SIGSTOP)
for number in range(1000):
    last = log.append(RecordKind.EVENT, {"text": "x" * 2000})
print(links[0].pid, last + 1, sep="\\n", flush=True)
time.sleep(60)
"""


@pytest.mark.requirement("AUD-013")
def test_a_burst_beyond_the_sockets_buffer_is_kept_while_the_writer_does_not_run(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "audit")
    os.kill(opened.pid, signal.SIGSTOP)
    for number in range(1000):
        opened.log.append(RecordKind.CYCLE, cycle(number))
    os.kill(opened.pid, signal.SIGCONT)
    opened.log.close()
    assert verify(tmp_path).intact
    assert [record["data"]["number"] for record in read_records(tmp_path) if record["kind"] == "CYCLE"] == list(range(1000))


def test_a_flush_that_takes_too_long_is_a_fault(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "audit", start_writer=faulty("stalls", 4))
    opened.log.append(RecordKind.EVENT, {})
    with pytest.raises(AuditFault, match=r"within 0\.05 s"):
        opened.log.flush(0.05)
    with pytest.raises(AuditFault):
        opened.log.close(timeout_s=0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_writer_outlives_signals_meant_for_the_run(opened: Opened, number: signal.Signals) -> None:
    os.kill(opened.pid, number)
    opened.log.append(RecordKind.EVENT, {}, urgent=True)
    opened.log.flush()
    assert handed_over(opened.log.directory) == 2
