"""Short runs for the tests: a procedure that takes a few seconds, and a run whose control process can be reached."""

import json
import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from controllers import TrackingMpc
from devices import Faults, SimulatedArm, launch_simulated_arm
from safety.audit import Report, canonical_bytes, read_records, verify
from toolkit.app import control_process, pilot, run
from toolkit.app.assembly import Assembly, assemble
from toolkit.app.control_process import Outcome
from toolkit.app.mpc_setup import build_mpc
from toolkit.app.results import write_results
from verification.replay import Replayed, replay
from verification.run_directory import RunSummary

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "procedures" / "psm_trace.yaml"
PROFILE = ROOT / "examples" / "profiles" / "psm_classic_sim" / "profile.yaml"
PRIMUM = (sys.executable, "-m", "toolkit.app")
ATTEMPTS = 4
LINE = 2
"""Index of the step that moves slowly along a line."""


def procedure_text(steps: str, changes: dict[str, str] | None = None) -> str:
    """The example's constraints and assumptions with other steps; absolute paths; `home` is where the simulated arm starts.

    changes: regular expression -> replacement, each of which must occur.
    """
    text = EXAMPLE.read_text().split("steps:")[0] + "steps:\n" + steps
    for old, new in {
        r"\.\./profiles/\S+?\.yaml": str(PROFILE),
        "insertion_m: 0.13,": "insertion_m: 0.12,",
        r"\.\./data": str(ROOT / "examples" / "data"),
        **(changes or {}),
    }.items():
        text, count = re.subn(old, new, text)
        assert count or old == r"\.\./data", f"{old}: not in the example any more"
    return text


def line_steps(speed_m_s: float = 0.01) -> str:
    """9 mm in about one second, in the middle of nowhere."""
    move = f"  - move_cp: {{position_B_m: [0.006, 0.005, -0.118], speed_m_s: {speed_m_s}}}\n"
    return "  - enable: {}\n  - home: {speed_ratio: 0.25}\n" + move + "  - disable: {}\n"


@cache
def line_procedure(folder: Path) -> Assembly:
    """The slow line, assembled once."""
    path = folder / "line.yaml"
    path.write_text(procedure_text(line_steps()))
    return assemble(path)


@cache
def untouched_mpc(assembly: Assembly) -> TrackingMpc:
    """Built once; nothing is computed with it here, so that every process forked from this one finds it as it was built."""
    mpc = build_mpc(assembly)
    assembly.filter, mpc.reference_solver  # noqa: B018  likewise
    return mpc


@dataclass(frozen=True)
class Performed:
    """A run that is over."""

    directory: Path
    outcome: Outcome
    statuses: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        return list(read_records(self.directory / "audit"))

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [record["data"] for record in self.records if record["kind"] == kind]

    @property
    def cycles(self) -> list[dict[str, Any]]:
        return self.of_kind("CYCLE")

    @property
    def log(self) -> Report:
        return verify(self.directory)

    def figures(self, assembly: Assembly) -> RunSummary:
        """run.json as `primum run` would write it."""
        return write_results(assembly, self.directory, self.outcome)


@dataclass(frozen=True)
class Live:
    """What a test can reach of a run that is under way: the simulated arm, the control process, the log's writer."""

    arm: SimulatedArm
    status: dict[str, Any]

    def inject(self, **faults: Any) -> None:
        self.arm.inject(Faults(**faults))

    @property
    def control_pid(self) -> int:
        (process,) = multiprocessing.active_children()
        assert process.pid is not None
        return process.pid

    @property
    def writer_pid(self) -> int:
        (pid,) = [pid for pid, words in children(self.control_pid) if "safety.audit.writer" in words]
        return pid


def perform(
    assembly: Assembly,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    hook: Callable[[Live], None] | None = None,
    at_s: float = 0.3,
    excused: Callable[[Performed], bool] | None = None,
    viewed: Callable[[str], None] | None = None,
) -> Performed:
    """`run_procedure` with a control process that is forked from this one: it inherits the assembly and whatever is patched.

    hook: called once, from the front end, when the line has been followed for at_s seconds.
    excused: which runs that did not complete are made again, at most three times; by default those that were late, if there is no hook.
        A run that ends before its hook was called is always made again.
    """
    launched: list[SimulatedArm] = []

    def launch(*args: Any, **named: Any) -> Any:
        context = launch_simulated_arm(*args, **named)
        enter = context.__enter__

        class Caught:
            def __enter__(self) -> SimulatedArm:
                launched.append(enter())
                return launched[-1]

            def __exit__(self, *error: Any) -> Any:
                return context.__exit__(*error)

        return Caught()

    mpc = untouched_mpc(assembly)
    monkeypatch.setattr(pilot, "build_mpc", lambda assembly: mpc)
    fork = multiprocessing.get_context("fork")
    monkeypatch.setattr(run.multiprocessing, "get_context", lambda kind: fork)
    monkeypatch.setattr(run, "launch_simulated_arm", launch)
    monkeypatch.setattr(control_process, "assemble", lambda path: assembly)
    performed = None
    for attempt in range(2 * ATTEMPTS):  # a process forked from a test runner of many hundred megabytes starts slowly
        statuses: list[dict[str, Any]] = []
        called: list[bool] = []

        def progress(status: dict[str, Any], statuses: list[dict[str, Any]] = statuses, called: list[bool] = called) -> None:
            statuses.append(status)
            if hook is not None and not called and status["step"] == LINE and status["t_s"] >= at_s:
                called.append(True)
                hook(Live(launched[-1], status))

        directory = folder / f"run{attempt}"
        monkeypatch.setenv("PRIMUM_STATE", str(folder / f"state{attempt}"))  # a log without end would block the next attempt
        result = run.run_procedure(Path(assembly.procedure.file), directory, progress, assembly, viewed)
        performed = Performed(directory, result.outcome, statuses)
        if hook is not None and not called:
            continue  # it ended before anything was done to it, and says nothing about what was to be done
        late = was_late(performed) and hook is None
        if result.outcome.exit_code == 0 or not (late if excused is None else excused(performed)):
            return performed
    assert performed is not None
    pytest.fail(f"{2 * ATTEMPTS} runs in a row: this machine is too busy, or the loop too slow: {performed.outcome}")


def assert_replays(run: Performed, assembly: Assembly) -> Replayed:
    """Every decision of the run is found again, bit for bit, from its log alone."""
    found = replay(run.records, assembly.safety_layer(), assembly.profile.tick_map)
    assert found.is_identical, [str(difference) for difference in found.differences[:5]]
    assert found.cycles == len(run.cycles)
    return found


def was_late(run: Performed) -> bool:
    """Whether a run was stopped by missed periods alone, which a busy machine may cause, and which stop a run as they should.

    Either three in a row; or misses that count as lost setpoints (A2), the last of them just before the end.
    """
    misses_at_the_end = any(record["kind"] == "MISS" for record in run.records[-12:])
    return "missed in a row" in run.outcome.reason or ("setpoints behind" in run.outcome.reason and misses_at_the_end)


def line_was_late(run: Performed) -> bool:
    """Whether a run was stopped because servos did not answer in time: where none was told to be silent, the simulated arm had no core."""
    return run.outcome.exit_code == 4 and "no answer from id" in run.outcome.reason


def children(pid: int) -> list[tuple[int, str]]:
    """(pid, command line) of the processes whose parent is `pid`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == pid:
                    found.append((int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
            except (OSError, IndexError):
                continue  # it ended while we looked
    return found


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def primum(*words: str, **named: Any) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own, from a folder that is not the checkout's."""
    environment = os.environ | {"COLUMNS": "200"}
    return subprocess.run([*PRIMUM, *words], capture_output=True, text=True, check=False, timeout=300, env=environment, **named)


def rewrite(directory: Path, position: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the data of one record of a log; the hash chain is broken by it, which is `audit verify`'s business."""
    segment = directory / "audit" / "000000.jsonl"
    lines = segment.read_bytes().split(b"\n")
    record = json.loads(lines[position])
    change(record["data"])
    lines[position] = canonical_bytes(record)
    segment.write_bytes(b"\n".join(lines))


def last_cycle(audit: Path) -> dict[str, Any]:
    """The newest whole CYCLE record of a log that is being written; empty if there is none."""
    try:
        lines = (audit / "000000.jsonl").read_bytes().split(b"\n")[:-1]
    except OSError:
        return {}
    for line in reversed(lines[-5:]):
        record = json.loads(line)
        if record["kind"] == "CYCLE":
            return dict(record["data"])
    return {}
