"""The kill campaign: kill -9 at random instants, of the log's writer, of the control process, or of all at once.

Whatever was acknowledged must be in the log; the log must verify up to its last record, in both places; a writer that died must
block the next enable; and after a control process that died alone, the writer must have ended the log in order.
"""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from safety.audit import read_log, verify_log
from safety.audit.link import light_command, light_environment
from safety.audit.machine_state import unresolved_logs

VICTIM = str(Path(__file__).with_name("kill_victim.py"))
TARGETS = ("writer", "all", "control")
STARTING_SHARE = 0.2
"""So many are killed while the log is being opened; the others once it is at work, so that a slow machine changes nothing."""
LATEST_S = 0.5
PATIENCE_S = 30.0
WRITERS_OWN = ("KEY", "CONTROL_LOST")


@dataclass(frozen=True)
class KillCase:
    """One kill. acknowledged, kept: records. torn_bytes: what was cut in the middle. problem: empty if everything held."""

    target: str
    after_s: float
    acknowledged: int
    kept: int
    torn_bytes: int
    problem: str


@dataclass(frozen=True)
class KillResult:
    """What became of the cases."""

    cases: tuple[KillCase, ...]

    @property
    def failed(self) -> tuple[KillCase, ...]:
        return tuple(case for case in self.cases if case.problem)

    @property
    def vacuous(self) -> bool:
        """Too few kills hit a log at work for the rest to mean anything."""
        return sum(case.acknowledged > 0 for case in self.cases) < len(self.cases) / 3

    @property
    def ok(self) -> bool:
        return not self.failed and not self.vacuous

    def __str__(self) -> str:
        targets = ", ".join(f"{name} {count}" for name, count in sorted(Counter(case.target for case in self.cases).items()))
        acknowledged, kept = sum(case.acknowledged for case in self.cases), sum(case.kept for case in self.cases)
        working, torn = sum(case.acknowledged > 0 for case in self.cases), sum(case.torn_bytes > 0 for case in self.cases)
        lines = [
            f"{len(self.cases)} kills ({targets}), {working} of them of a log at work: {len(self.failed)} failed",
            f"{acknowledged} records acknowledged, {kept} found, {torn} logs with a torn tail",
        ]
        if self.vacuous:
            lines.append("too few kills hit a log at work: this shows nothing")
        return "\n".join([*lines, *(f"{case.target} after {case.after_s * 1e3:.0f} ms: {case.problem}" for case in self.failed)])


def run_kill_campaign(cases: int, seed: int, progress: Callable[[int], None] | None = None) -> KillResult:
    """Kill `cases` times, each a fresh log in a directory of its own, the targets in turn."""
    done = []
    for case in range(cases):
        with TemporaryDirectory(prefix="primum-kill-") as name:
            done.append(kill_once(Path(name), TARGETS[case % len(TARGETS)], random.Random(f"{seed}/{case}")))  # noqa: S311  # no secret
        if progress is not None:
            progress(case + 1)
    return KillResult(tuple(done))


def kill_once(root: Path, target: str, instant: random.Random) -> KillCase:
    """Start a control process with a log in `root`, kill at a random instant, look at what is left."""
    (root / "second").mkdir()
    process = subprocess.Popen(
        light_command(VICTIM, str(root)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=light_environment(),
    )
    with process:
        if process.stdout is None:
            raise RuntimeError("the control process has no output")
        writer = int(process.stdout.readline())
        heard = b"" if instant.random() < STARTING_SHARE else process.stdout.readline()
        after_s = instant.uniform(0.0, LATEST_S)
        time.sleep(after_s)
        victims = {"writer": [writer], "control": [process.pid], "all": instant.sample([writer, process.pid], 2)}[target]
        for pid in victims:
            with suppress(ProcessLookupError):  # the other one may have brought it down already
                os.kill(pid, signal.SIGKILL)
        said = (heard + process.stdout.read()).rpartition(b"\n")[0]  # ends when the control process does: a dead writer stops it
        process.wait(PATIENCE_S)
    _wait_for_end(writer)
    acknowledged = max((int(line) for line in said.splitlines()), default=0)
    return _examined(root, target, after_s, acknowledged)


def _examined(root: Path, target: str, after_s: float, acknowledged: int) -> KillCase:
    if not (root / "audit" / "000000.jsonl").exists():  # killed before the first file
        return KillCase(target, after_s, acknowledged, 0, 0, "acknowledged records are gone with the log" if acknowledged else "")
    copies = list((root / "second").iterdir())
    report = verify_log.verify(root, copies=copies)
    records = read_log.read_records(root)
    kept = sum(next(records)["kind"] not in WRITERS_OWN for _ in range(report.good))
    blocked = bool(unresolved_logs(root / "state"))
    problem = ""
    if not report.ok or report.good != report.records:
        problem = f"the log does not verify: {report.problem}"
    elif kept < acknowledged:
        problem = f"{acknowledged} records were acknowledged, {kept} are there"
    elif target == "control" and acknowledged and not (report.state == "lost" and report.vouched == report.records and not blocked):
        problem = f"the writer did not end the log in order: {report.state}, {report.vouched} of {report.records} vouched for"
    elif target != "control" and acknowledged and not (report.state == "open" and blocked):
        problem = f"the next enable is not blocked: {report.state}"
    return KillCase(target, after_s, acknowledged, kept, report.torn_tail_bytes, problem)


def _wait_for_end(pid: int) -> None:
    """The writer is no child of ours: it is gone when there is no process, or only a zombie, of that number."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        try:
            state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.01)
    raise TimeoutError(f"the writer, process {pid}, did not end")
