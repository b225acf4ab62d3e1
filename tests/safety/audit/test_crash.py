import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from safety.audit import link, read_records, verify

SCRIPT = str(Path(__file__).with_name("logging_process.py"))
PATIENCE_S = 20.0


def start(directory: Path) -> tuple[subprocess.Popen[bytes], int]:
    process = subprocess.Popen(
        link.light_command(SCRIPT, str(directory)),  # without the solvers: ten times as fast
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=link.light_environment(),
        # A suite that was started in the background ignores interrupts, and so would this process.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no thread of ours holds a lock here
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def wait_for_end(pid: int) -> None:
    """The writer is no child of ours: it is gone when there is no process, or only a zombie, of that number."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.01)
    raise TimeoutError(f"process {pid} did not end")


def acknowledged(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    complete = process.stdout.read().rpartition(b"\n")[0]
    return max((int(line) for line in complete.splitlines()), default=0)


def handed_over(directory: Path) -> int:
    return sum(record["kind"] not in ("KEY", "CONTROL_LOST") for record in read_records(directory))


@pytest.mark.requirement("AUD-023")
@pytest.mark.parametrize("seed", range(5))
def test_no_acknowledged_record_is_lost_when_everything_is_killed_at_once(tmp_path: Path, seed: int) -> None:
    process, writer = start(tmp_path / "audit")
    time.sleep(random.Random(seed).uniform(0.02, 0.3))
    victims = [process.pid, writer]
    random.Random(seed).shuffle(victims)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    process.wait(PATIENCE_S)
    wait_for_end(writer)
    assert verify(tmp_path).ok
    assert handed_over(tmp_path) >= acknowledged(process)


@pytest.mark.requirement("AUD-023", "AUD-006", "SAF-025")
@pytest.mark.parametrize("seed", range(2))
def test_what_a_killed_control_process_handed_over_is_kept_sealed_and_explained(tmp_path: Path, seed: int) -> None:
    process, writer = start(tmp_path / "audit")
    time.sleep(random.Random(100 + seed).uniform(0.02, 0.3))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_S)
    wait_for_end(writer)
    result = verify(tmp_path)
    assert result.ok and result.vouched == result.records and not result.closed and result.last_kind == "CONTROL_LOST"
    last = list(read_records(tmp_path))[-1]["data"]
    assert "without closing" in last["reason"] and last["gave_up"] == ""
    assert last["taken"] == handed_over(tmp_path) >= acknowledged(process)
    assert result.lost == max(0, last["handed_over"] - last["taken"]) and result.intact is (result.lost == 0)


@pytest.mark.requirement("AUD-023", "AUD-012")
def test_a_killed_writer_leaves_a_good_log_and_stops_the_control_process(tmp_path: Path) -> None:
    process, writer = start(tmp_path / "audit")
    time.sleep(0.1)
    os.kill(writer, signal.SIGKILL)
    assert process.wait(PATIENCE_S) == 1
    result = verify(tmp_path)
    assert result.ok and result.state == "open" and handed_over(tmp_path) >= acknowledged(process)


def test_an_interrupt_at_the_terminal_ends_the_run_and_not_its_log(tmp_path: Path) -> None:
    process, writer = start(tmp_path / "audit")
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(PATIENCE_S)
    wait_for_end(writer)
    assert verify(tmp_path).intact
