"""Every failure has its reaction: the arm stops, the log says why, the outcome tells, nothing hangs."""

import os
import re
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controllers import TrackingMpc
from tests.toolkit.app.runs import Live, Performed, assert_replays, line_was_late, perform, was_late
from toolkit import JointProposal, SolveReport
from toolkit.app import control_process
from toolkit.app.assembly import Assembly
from toolkit.app.control_process import Outcome
from toolkit.app.figures import truth_figures
from toolkit.app.run_log import read_run_log
from verification.run_directory import read_truth

STILL_RAD_S = 0.02


def stopped_inside(run: Performed, assembly: Assembly, sent: Path | None = None) -> None:
    """In the plant's truth: no constraint was violated, and the arm has come to rest within the tube of the last setpoints.

    And whatever happened, its log says enough to decide all of it again.
    sent: file with the last setpoints, where the log cannot have them: how many cycles pass unlogged is up to the machine.
    """
    log = read_run_log(run.directory / "audit")
    truth = read_truth(run.directory / "truth.bin")
    figures = truth_figures(assembly, log, truth)
    assert min(float(values.min()) for values in figures.margins.values()) >= 0.0
    last = truth.q[-100:]
    speed = np.abs(np.diff(last, axis=0)).max() * truth.rate_hz
    assert speed <= STILL_RAD_S, f"still moving: {speed} rad/s or m/s"
    ticks = log.ticks if sent is None else np.load(sent)
    recent = assembly.profile.tick_map.to_joints(ticks[-(assembly.tube.window + 1) :])
    assert np.all(last[-1] >= recent.min(axis=0) - assembly.tube.e) and np.all(last[-1] <= recent.max(axis=0) + assembly.tube.e)
    assert_replays(run, assembly)


def remembering(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """The file in which the control process leaves the history of its safety layer as motion has ended."""
    honest, file = control_process._Run._shut_down, folder / "sent.npy"

    def shut_down(self: Any, *given: Any) -> Outcome:
        np.save(file, self._layer.memory.history)
        return honest(self, *given)

    monkeypatch.setattr(control_process._Run, "_shut_down", shut_down)
    return file


def test_the_slow_line_itself_completes(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = perform(line, tmp_path, monkeypatch)
    assert (run.outcome.exit_code, run.outcome.status, run.outcome.disabled) == (0, "completed", True)
    assert run.log.intact and run.log.closed
    assert [status["word"] for status in run.statuses if status["step"] == 2]
    stopped_inside(run, line)
    goal = np.array([0.006, 0.005, -0.118])
    reached = line.arm.tip_pose(line.profile.tick_map.to_joints(np.array(run.cycles[-1]["ticks"]))).p_m
    assert np.linalg.norm(reached - goal) <= 1e-3
    assert run.figures(line).status == "completed"


@pytest.mark.requirement("SAF-035", "AUD-016")
def test_a_dead_arm_is_a_device_fault(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = perform(line, tmp_path, monkeypatch, lambda live: live.arm.kill())
    assert_replays(run, line)
    assert run.outcome.exit_code == 4 and run.outcome.reason.startswith("device: ")
    assert not run.outcome.disabled and "torque stays on: the arm cannot be watched" in run.outcome.reason
    assert run.cycles[-1]["verdict"] == "STOP" and run.cycles[-1]["reason"] and not run.cycles[-1]["written"]
    assert run.log.closed and run.of_kind("RUN_END")[0]["end"]["exit_code"] == 4
    assert run.figures(line).status == "device_fault"


@pytest.mark.requirement("SAF-025")
def test_a_dead_control_process_leaves_the_arm_holding_inside_its_margins(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = perform(line, tmp_path, monkeypatch, lambda live: os.kill(live.control_pid, signal.SIGKILL))
    assert run.outcome.exit_code == 3 and "the control process died (exit code -9)" in run.outcome.reason
    assert run.records[-1]["kind"] == "CONTROL_LOST" and run.log.state == "lost"
    stopped_inside(run, line)
    assert run.figures(line).status == "stopped"


@pytest.mark.requirement("SAF-026")
def test_a_control_process_that_hangs_is_ended(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.app.run.SILENCE_S", 1.0)
    run = perform(line, tmp_path, monkeypatch, lambda live: os.kill(live.control_pid, signal.SIGSTOP))
    assert run.outcome.exit_code == 3 and "silent for 1 s and was ended" in run.outcome.reason
    stopped_inside(run, line)


@pytest.mark.requirement("AUD-012")
def test_a_dead_log_writer_is_an_audit_fault(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = remembering(monkeypatch, tmp_path)
    run = perform(line, tmp_path, monkeypatch, lambda live: os.kill(live.writer_pid, signal.SIGKILL), excused=line_was_late)
    assert run.outcome.exit_code == 5 and run.outcome.reason.startswith("log: ") and run.outcome.disabled
    assert run.log.ok and run.log.state == "open", "what was durable is whole, and nobody sealed it"
    stopped_inside(run, line, sent)
    assert run.figures(line).status == "audit_fault"


@pytest.mark.requirement("AUD-012")
def test_a_full_disk_is_an_audit_fault_that_the_log_itself_names(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(live: Live) -> None:
        # A limit on the size of files, on the writer alone: the next group of records does not fit any more.
        size = os.stat(next(tmp_path.glob("run*/audit/000000.jsonl"))).st_size
        resource.prlimit(live.writer_pid, resource.RLIMIT_FSIZE, (size + 1000, size + 1000))

    sent = remembering(monkeypatch, tmp_path)
    run = perform(line, tmp_path, monkeypatch, fill, excused=line_was_late)
    assert run.outcome.exit_code == 5 and "File too large" in run.outcome.reason and run.outcome.disabled
    assert run.log.ok and run.log.state == "open" and "File too large" in run.log.fault
    stopped_inside(run, line, sent)


@pytest.mark.requirement("SAF-017", "SAF-012", "SAF-018")
@pytest.mark.parametrize(
    ("faults", "exit_code", "words"),
    [
        ({"silent": True}, 4, "answer"),
        ({"hardware_error": {3: 32}}, 4, "id 3"),
        ({"torque_lost": frozenset({2})}, 3, "A1: "),
        ({"frozen": frozenset({2})}, 3, "id 2.*clock"),
        ({"drop_every": 1}, 3, "a goal 3 setpoints behind"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_faulty_device_is_held_and_named(
    faults: dict[str, Any], exit_code: int, words: str, line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = perform(line, tmp_path, monkeypatch, lambda live: live.inject(**faults))
    assert run.outcome.exit_code == exit_code, run.outcome
    end = run.of_kind("RUN_END")[0]["end"]
    assert run.log.closed and end["exit_code"] == exit_code
    assert re.search(words, run.outcome.reason), run.outcome.reason
    if "torque_lost" not in faults and "hardware_error" not in faults:  # a drive without torque coasts: no guarantee covers that
        stopped_inside(run, line)


@pytest.mark.requirement("SAF-014", "CYB-004")
def test_a_second_master_on_the_line_is_noticed_held_and_recorded(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign goal that our next setpoint replaces before any sample is taken goes unseen, so there are many.

    Each is too small for A1, and ahead of the motion: behind it, it would be taken for one of ours.
    """

    def interfere(live: Live) -> None:
        for _ in range(60):
            live.inject(foreign_goal_ticks={7: -3})
            time.sleep(0.0007)

    run = perform(line, tmp_path, monkeypatch, interfere)
    assert run.outcome.exit_code == 3 and "a goal we never sent" in run.outcome.reason
    assert run.cycles[-1]["ticks"] is None, "held: nothing more is sent"
    assert "foreign goal" in [said["event"] for said in run.of_kind("SECURITY")]


@pytest.mark.requirement("SAF-015")
def test_single_lost_setpoints_are_covered_and_counted(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a period may be missed as well; that counts as lost too, and then the arm may stop, rightly, on A2."""
    run = perform(line, tmp_path, monkeypatch, lambda live: live.inject(drop_every=8), 0.1)
    assert run.outcome.exit_code == 0 or was_late(run), run.outcome
    behind = [cycle["observed"]["behind"] for cycle in run.cycles if "observed" in cycle and cycle["verdict"] != "STOP"]
    assert 1 <= max(behind) <= line.tube.losses_max
    stopped_inside(run, line)


Broken = Callable[[Callable[[], JointProposal]], JointProposal]


def patch_solver(monkeypatch: pytest.MonkeyPatch, *episodes: tuple[int, int, Broken]) -> None:
    """From the `first` call of the MPC on, `count` calls go to `broken`: (first, count, broken), ..."""
    honest = TrackingMpc.compute
    calls = [0]

    def compute(self: TrackingMpc, *args: Any, **named: Any) -> JointProposal:
        calls[0] += 1
        for first, count, broken in episodes:
            if first <= calls[0] < first + count:
                return broken(lambda: honest(self, *args, **named))
        return honest(self, *args, **named)

    monkeypatch.setattr(TrackingMpc, "compute", compute)


def slow(seconds: float) -> Broken:
    def broken(honest: Callable[[], JointProposal]) -> JointProposal:
        time.sleep(seconds)
        return honest()

    return broken


@pytest.mark.requirement("SAF-007")
def test_a_solver_that_fails_is_late_or_jumps_for_a_while_costs_some_cycles_and_motion_resumes(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six solves without a result: the stored plan. One that is late: a miss. Five far away: kept inside the command class, or refused."""
    nothing = JointProposal(None, SolveReport(False, "diverged", 3, float("inf"), 0.001))
    far = JointProposal(np.array([0.5, 0.5, 0.2, 1.0, 0.5, 0.5, 0.5]), SolveReport(True, "far away", 3, 0.0, 0.001))
    patch_solver(monkeypatch, (60, 6, lambda honest: nothing), (90, 1, slow(0.009)), (110, 5, lambda honest: far))
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 0, run.outcome
    backups = [cycle for cycle in run.cycles if cycle["verdict"] == "BACKUP" and "diverged" in cycle["reason"]]
    assert len(backups) == 6 and all(cycle["proposal"]["q"] is None for cycle in backups)
    misses = run.of_kind("MISS")
    assert misses and all(miss["in_a_row"] <= 2 for miss in misses)
    jumps = [cycle for cycle in run.cycles if cycle["proposal"]["status"] == "far away"]
    assert len(jumps) == 5 and all(cycle["verdict"] in ("MODIFIED", "BACKUP") for cycle in jumps if cycle["written"])
    assert run.cycles[-1]["verdict"] == "PASS"
    stopped_inside(run, line)


@pytest.mark.requirement("SAF-008", "AUD-016")
def test_a_solver_that_raises_ends_the_motion(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(honest: Callable[[], JointProposal]) -> JointProposal:
        raise ZeroDivisionError("pivot")

    patch_solver(monkeypatch, (60, 1, explode))
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 3 and "controller raised ZeroDivisionError: pivot" in run.outcome.reason and run.outcome.disabled
    assert any(cycle["verdict"] == "STOP" and "pivot" in cycle["reason"] for cycle in run.cycles)
    stopped_inside(run, line)


@pytest.mark.requirement("SAF-020")
def test_a_solver_that_takes_fifty_milliseconds_stops_the_arm(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patch_solver(monkeypatch, (60, 1, slow(0.05)))
    run = perform(line, tmp_path, monkeypatch, excused=lambda run: "missed in a row" not in run.outcome.reason and was_late(run))
    assert run.outcome.exit_code == 3 and "missed in a row" in run.outcome.reason and run.outcome.disabled
    misses = run.of_kind("MISS")
    assert max(miss["in_a_row"] for miss in misses) >= 3
    assert run.cycles[-1]["verdict"] == "STOP" and run.cycles[-1]["ticks"] is None, "held: nothing more is sent"
    stopped_inside(run, line)


@pytest.mark.requirement("SAF-030")
def test_a_failure_between_enable_and_the_first_cycle_still_disables(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("no such clock")

    monkeypatch.setattr("toolkit.app.control_process.MonotonicClock", fail)
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 3 and "RuntimeError: no such clock" in run.outcome.reason and run.outcome.disabled
    assert run.log.closed


def test_a_failure_before_torque_refuses_to_enable(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("no such scheduler")

    monkeypatch.setattr("toolkit.app.control_process.request_realtime", fail)
    run = perform(line, tmp_path, monkeypatch)
    assert (run.outcome.status, run.outcome.exit_code) == ("refused", 3) and "RuntimeError: no such scheduler" in run.outcome.reason
    assert run.log.closed and not run.cycles
