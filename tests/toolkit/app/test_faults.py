"""Every failure has its reaction: the arm stops, the log says why, the outcome tells, nothing hangs."""

import os
import re
import resource
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controllers import TrackingMpc
from tests.toolkit.app.runs import Live, Performed, perform
from toolkit import JointProposal, SolveReport
from toolkit.app.assembly import Assembly
from toolkit.app.figures import truth_figures
from toolkit.app.run_log import read_run_log
from verification.run_directory import read_truth

STILL_RAD_S = 0.02


def stopped_inside(run: Performed, assembly: Assembly) -> None:
    """In the plant's truth: no constraint was violated, and the arm has come to rest within the tube of the last setpoints."""
    log = read_run_log(run.directory / "audit")
    truth = read_truth(run.directory / "truth.bin")
    figures = truth_figures(assembly, log, truth)
    assert min(float(values.min()) for values in figures.margins.values()) >= 0.0
    last = truth.q[-100:]
    speed = np.abs(np.diff(last, axis=0)).max() * truth.rate_hz
    assert speed <= STILL_RAD_S, f"still moving: {speed} rad/s or m/s"
    recent = assembly.profile.tick_map.to_joints(log.ticks[-(assembly.tube.window + 1) :])
    assert np.all(last[-1] >= recent.min(axis=0) - assembly.tube.e) and np.all(last[-1] <= recent.max(axis=0) + assembly.tube.e)


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


def test_a_dead_arm_is_a_device_fault(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = perform(line, tmp_path, monkeypatch, lambda live: live.arm.kill())
    assert run.outcome.exit_code == 4 and run.outcome.reason.startswith("device: ")
    assert not run.outcome.disabled and "not disabled, the arm holds" in run.outcome.reason
    assert run.cycles[-1]["verdict"] == "STOP" and run.cycles[-1]["reason"] and not run.cycles[-1]["written"]
    assert run.log.closed and run.of_kind("RUN_END")[0]["end"]["exit_code"] == 4
    assert run.figures(line).status == "device_fault"


def test_a_dead_control_process_leaves_the_arm_holding_inside_its_margins(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = perform(line, tmp_path, monkeypatch, lambda live: os.kill(live.control_pid, signal.SIGKILL))
    assert run.outcome.exit_code == 3 and "the control process died (exit code -9)" in run.outcome.reason
    assert run.records[-1]["kind"] == "CONTROL_LOST" and run.log.sealed and not run.log.closed
    stopped_inside(run, line)
    assert run.figures(line).status == "stopped"


def test_a_control_process_that_hangs_is_ended(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.app.run.SILENCE_S", 1.0)
    run = perform(line, tmp_path, monkeypatch, lambda live: os.kill(live.control_pid, signal.SIGSTOP))
    assert run.outcome.exit_code == 3 and "silent for 1 s and was ended" in run.outcome.reason
    stopped_inside(run, line)


def test_a_dead_log_writer_is_an_audit_fault(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = perform(line, tmp_path, monkeypatch, lambda live: os.kill(live.writer_pid, signal.SIGKILL))
    assert run.outcome.exit_code == 5 and run.outcome.reason.startswith("log: ") and run.outcome.disabled
    assert run.log.ok and not run.log.sealed, "what was durable is whole, and nobody sealed it"
    stopped_inside(run, line)
    assert run.figures(line).status == "audit_fault"


def test_a_full_disk_is_an_audit_fault_that_the_log_itself_names(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(live: Live) -> None:
        # A limit on the size of files, on the writer alone: the next group of records does not fit any more.
        size = os.stat(next(tmp_path.glob("run*/audit/000000.jsonl"))).st_size
        resource.prlimit(live.writer_pid, resource.RLIMIT_FSIZE, (size + 1000, size + 1000))

    run = perform(line, tmp_path, monkeypatch, fill)
    assert run.outcome.exit_code == 5 and "File too large" in run.outcome.reason and run.outcome.disabled
    assert run.log.ok and not run.log.sealed and "File too large" in run.log.fault
    stopped_inside(run, line)


def test_ctrl_c_stops_along_the_certified_plan_and_disables(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = perform(line, tmp_path, monkeypatch, lambda live: os.kill(os.getpid(), signal.SIGINT))
    assert run.outcome.exit_code == 3 and "Ctrl-C" in run.outcome.reason and run.outcome.disabled
    stops = [cycle for cycle in run.cycles if cycle["verdict"] == "STOP"]
    assert stops and all(cycle["written"] for cycle in stops), "the tail is sent, not an abrupt hold"
    assert run.log.closed
    stopped_inside(run, line)


@pytest.mark.parametrize(
    ("faults", "exit_code", "words"),
    [
        ({"silent": True}, 4, "answer"),
        ({"mute": frozenset({3})}, 4, "id 3"),
        ({"hardware_error": {3: 32}}, 4, "id 3"),
        ({"torque_lost": frozenset({2})}, 4, "id 2.*torque"),
        ({"frozen": frozenset({2})}, 3, "id 2.*clock"),
        ({"drop_every": 1}, 3, "a goal 3 setpoints behind"),
        ({"extra_latency_ms": 12.0}, 3, "missed in a row|old"),
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


def test_a_second_master_on_the_line_is_noticed_and_held(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign goal that our next setpoint replaces before any sample is taken goes unseen, so there are many."""

    def interfere(live: Live) -> None:
        for _ in range(60):
            live.inject(foreign_goal_ticks={1: 40})
            time.sleep(0.0007)

    run = perform(line, tmp_path, monkeypatch, interfere)
    assert run.outcome.exit_code == 3 and "a goal we never sent" in run.outcome.reason
    assert run.cycles[-1]["ticks"] is None, "held: nothing more is sent"


def test_single_lost_setpoints_are_covered_and_counted(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = perform(line, tmp_path, monkeypatch, lambda live: live.inject(drop_every=3), 0.1)
    assert run.outcome.exit_code == 0, run.outcome
    assert 1 <= max(cycle["observed"]["behind"] for cycle in run.cycles if "observed" in cycle) <= line.tube.losses_max
    stopped_inside(run, line)


def patch_solver(monkeypatch: pytest.MonkeyPatch, broken: Any, first: int = 100, count: int = 1) -> None:
    """From its `first` call on, `count` calls of the MPC go to `broken`."""
    honest = TrackingMpc.compute
    calls = [0]

    def compute(self: TrackingMpc, *args: Any, **named: Any) -> JointProposal:
        calls[0] += 1
        if first <= calls[0] < first + count:
            return broken(lambda: honest(self, *args, **named))  # type: ignore[no-any-return]
        return honest(self, *args, **named)

    monkeypatch.setattr(TrackingMpc, "compute", compute)


def test_a_solver_that_fails_for_a_while_costs_a_backup_and_motion_resumes(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = JointProposal(None, SolveReport(False, "diverged", 3, float("inf"), 0.001))
    patch_solver(monkeypatch, lambda honest: nothing, count=6)
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 0, run.outcome
    backups = [cycle for cycle in run.cycles if cycle["verdict"] == "BACKUP" and "diverged" in cycle["reason"]]
    assert len(backups) == 6 and all(cycle["proposal"]["q"] is None for cycle in backups)
    assert run.cycles[-1]["verdict"] == "PASS"
    stopped_inside(run, line)


def test_a_solver_whose_numbers_are_not_finite_is_never_sent(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A NaN raises where a proposal is made, so it counts as a controller that raised."""
    patch_solver(monkeypatch, lambda honest: JointProposal(np.full(7, np.nan), SolveReport(True, "solved", 3, 0.0, 0.001)))
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 3 and "controller raised InvalidInput" in run.outcome.reason
    stopped_inside(run, line)


def test_a_solver_that_raises_ends_the_motion(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(honest: Any) -> JointProposal:
        raise ZeroDivisionError("pivot")

    patch_solver(monkeypatch, explode)
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 3 and "controller raised ZeroDivisionError: pivot" in run.outcome.reason and run.outcome.disabled
    assert any(cycle["verdict"] == "STOP" and "pivot" in cycle["reason"] for cycle in run.cycles)
    stopped_inside(run, line)


def test_a_solver_that_jumps_is_never_followed_further_than_the_command_class(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = JointProposal(np.array([0.5, 0.5, 0.2, 1.0, 0.5, 0.5, 0.5]), SolveReport(True, "solved", 3, 0.0, 0.001))
    patch_solver(monkeypatch, lambda honest: far, count=5)
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 0, run.outcome
    assert any(cycle["verdict"] in ("MODIFIED", "BACKUP") for cycle in run.cycles)
    stopped_inside(run, line)


def slow(seconds: float) -> Any:
    def broken(honest: Any) -> JointProposal:
        time.sleep(seconds)
        return honest()  # type: ignore[no-any-return]

    return broken


def test_a_solver_that_is_late_once_costs_one_period_and_motion_resumes(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setpoint is not written within its period; the next cycle continues the plan instead of solving, and writes in time."""
    patch_solver(monkeypatch, slow(0.006))
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 0, run.outcome
    misses = run.of_kind("MISS")
    assert misses and all(miss["in_a_row"] <= 2 for miss in misses)
    stopped_inside(run, line)


def test_a_solver_that_takes_fifty_milliseconds_stops_the_arm(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.toolkit.app.runs.was_late", lambda reason, called: False)
    patch_solver(monkeypatch, slow(0.05))
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 3 and "missed in a row" in run.outcome.reason and run.outcome.disabled
    misses = run.of_kind("MISS")
    assert max(miss["in_a_row"] for miss in misses) >= 3
    assert run.cycles[-1]["verdict"] == "STOP" and run.cycles[-1]["ticks"] is None, "held: nothing more is sent"
    stopped_inside(run, line)


def test_a_failure_between_enable_and_the_first_cycle_still_disables(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("no such scheduler")

    monkeypatch.setattr("toolkit.app.control_process.request_realtime", fail)
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 3 and "RuntimeError: no such scheduler" in run.outcome.reason and run.outcome.disabled
    assert run.log.closed
