"""How a run ends: at rest and without torque; a drive that runs away loses its power; what cannot be done is said."""

import os
import select
import signal
import termios
from pathlib import Path
from typing import Any

import pytest

from devices import DynamixelArm, servo_setup
from devices.control_table import TORQUE_ENABLE
from tests.toolkit.app.runs import LINE, Live, Performed, assert_replays, perform, was_late
from tests.toolkit.app.test_faults import patch_solver, stopped_inside
from toolkit import DeviceFault, JointProposal, SolveReport
from toolkit.app import control_process
from toolkit.app.assembly import Assembly
from toolkit.app.pilot import Pilot
from verification.run_directory import read_truth

RUNAWAY_RAD_S = 10.0 / 56.5
"""Of the yaw joint, when its simulated drive runs away."""


def states(run: Performed) -> list[str]:
    return [data["state"] for data in run.of_kind("STATE")]


def end(run: Performed) -> dict[str, Any]:
    return dict(run.of_kind("RUN_END")[0]["end"])


def spied_disable(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """A file to which the control process writes how it called disable."""
    told, honest = folder / "disabled", DynamixelArm.disable

    def disable(self: DynamixelArm, *, trusted: bool = True) -> None:
        with told.open("a") as file:
            file.write(f"trusted={trusted} ")
        honest(self, trusted=trusted)

    monkeypatch.setattr(DynamixelArm, "disable", disable)
    return told


def yaw_speed_at_the_end(run: Performed) -> float:
    yaw = read_truth(run.directory / "truth.bin").q[-200:, 0]
    return float(abs(yaw[-1] - yaw[0])) / 0.199


@pytest.mark.requirement("SAF-013", "SAF-029")
def test_a_drive_that_runs_away_from_the_stop_loses_its_power(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A1 ends motion, the deviation grows past twice the tube, and torque goes off at once."""
    told = spied_disable(monkeypatch, tmp_path)
    run = perform(line, tmp_path, monkeypatch, lambda live: live.inject(runaway=frozenset({1})))
    assert run.outcome.exit_code == 3 and "A1: the deviation grew to" in run.outcome.reason, run.outcome
    assert "power was cut at once" in run.outcome.reason and run.outcome.disabled
    assert told.read_text() == "trusted=False " and states(run) == ["ENABLED", "FAULT"]
    uses = [cycle["observed"]["tube_use"] for cycle in run.cycles if "observed" in cycle][-2:]
    assert uses[1] >= 2.0 and run.cycles[-1]["ticks"] is None
    assert yaw_speed_at_the_end(run) <= 0.1 * RUNAWAY_RAD_S
    assert run.log.closed and end(run)["problems"] == ["power was cut at once"]
    assert_replays(run, line)


@pytest.mark.requirement("SAF-013", "SAF-029")
def test_a_drive_that_runs_away_from_a_hold_loses_its_power(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hardware error of another servo ends the cycles at once: only the ending sees the drive run."""
    told = spied_disable(monkeypatch, tmp_path)
    run = perform(line, tmp_path, monkeypatch, lambda live: live.inject(hardware_error={3: 32}, runaway=frozenset({1})))
    assert run.outcome.exit_code == 4 and "id 3" in run.outcome.reason, run.outcome
    assert "power was cut: the arm does not follow its newest setpoint: id 1" in run.outcome.reason and run.outcome.disabled
    assert told.read_text() == "trusted=False " and states(run) == ["ENABLED", "FAULT"]
    assert yaw_speed_at_the_end(run) <= 0.1 * RUNAWAY_RAD_S


@pytest.mark.requirement("SAF-029")
def test_after_a_device_fault_the_arm_rests_before_torque_goes_off(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, calls, read = spied_disable(monkeypatch, tmp_path), [0], DynamixelArm.read

    def failing(self: DynamixelArm) -> Any:
        calls[0] += 1
        if calls[0] == 150:
            self._distrust()
            raise DeviceFault("one sample lost")
        return read(self)

    monkeypatch.setattr(DynamixelArm, "read", failing)
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 4 and "one sample lost" in run.outcome.reason, run.outcome
    assert told.read_text() == "trusted=True " and run.outcome.disabled and states(run) == ["ENABLED", "DISABLED"]
    stopped_inside(run, line)


def failing_enable(monkeypatch: pytest.MonkeyPatch, error: Exception, silent: frozenset[int]) -> None:
    """Servo 5 gets its torque and then `error`; from then on the servos in `silent` answer no write."""
    honest, failed = servo_setup.write_checked, list[int]()

    def write_checked(bus: Any, device_id: int, register: Any, value: int) -> None:
        if failed and device_id in silent:
            raise DeviceFault(f"id {device_id}: no answer")
        honest(bus, device_id, register, value)
        if register is TORQUE_ENABLE and value == 1 and device_id == 5:
            failed.append(1)
            raise error

    monkeypatch.setattr(servo_setup, "write_checked", write_checked)


@pytest.mark.requirement("SAF-030")
@pytest.mark.parametrize("error", [termios.error(5, "the port"), ZeroDivisionError("the port"), DeviceFault("the port")], ids=repr)
def test_whatever_ends_enable_is_an_outcome_without_torque(
    error: Exception, line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_enable(monkeypatch, error, frozenset())
    run = perform(line, tmp_path, monkeypatch)
    assert (run.outcome.status, run.outcome.exit_code) == ("refused", 4) and "the port" in run.outcome.reason
    assert "torque" not in run.outcome.reason and states(run) == ["DISABLED"] and not run.cycles
    assert run.log.closed and end(run)["status"] == "refused" and end(run)["exit_code"] == 4


@pytest.mark.requirement("SAF-030")
def test_an_enable_that_cannot_take_torque_off_again_is_a_device_fault_that_names_the_servo(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_enable(monkeypatch, DeviceFault("id 5: refused"), frozenset({4}))
    run = perform(line, tmp_path, monkeypatch)
    assert (run.outcome.status, run.outcome.exit_code, run.outcome.disabled) == ("device_fault", 4, False)
    for said in (run.outcome.reason, end(run)["reason"], run.of_kind("STATE")[0]["reason"]):
        assert "id 5: refused" in said and "torque may be on" in said and "id 4: no answer" in said
    assert states(run) == ["FAULT"] and end(run)["status"] == "device_fault" and run.log.closed
    assert run.figures(line).status == "device_fault"


@pytest.mark.requirement("SAF-028")
def test_a_stop_that_is_asked_for_before_torque_is_on_refuses_to_enable(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = control_process._Run._prepare

    def prepare(self: Any, device: DynamixelArm) -> Any:
        os.kill(os.getppid(), signal.SIGINT)
        assert select.select([self._pipe], [], [], 60.0)[0], "the front end says so"
        return honest(self, device)

    monkeypatch.setattr(control_process._Run, "_prepare", prepare)
    run = perform(line, tmp_path, monkeypatch)
    assert run.outcome.exit_code == 3 and run.outcome.reason == "enable refused: stopped by the operator (Ctrl-C)"
    assert states(run) == ["DISABLED"] and not run.cycles and run.log.closed
    assert run.of_kind("OPERATOR")[-1] == {"action": "stop", "reason": "stopped by the operator (Ctrl-C)"}
    assert run.figures(line).status == "stopped"


@pytest.mark.requirement("SAF-028")
def test_a_stop_is_heard_in_every_cycle(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a single report of the control process, which is when it once listened."""
    calls, compute = [0], Pilot.compute

    def interrupting(self: Pilot, *given: Any) -> JointProposal:
        calls[0] += 1
        if calls[0] == 100:
            os.kill(os.getppid(), signal.SIGINT)
        return compute(self, *given)

    monkeypatch.setattr(control_process, "STATUS_EVERY", 10**9)
    monkeypatch.setattr(Pilot, "compute", interrupting)
    run = perform(line, tmp_path, monkeypatch, excused=was_late)
    assert (run.outcome.exit_code, run.outcome.reason, run.outcome.disabled) == (3, "stopped by the operator (Ctrl-C)", True)
    assert run.cycles[-1]["step"]["index"] <= LINE
    stopped_inside(run, line)


@pytest.mark.requirement("SAF-007")
def test_a_solver_that_fails_for_good_ends_the_run(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = JointProposal(None, SolveReport(False, "diverged", 3, float("inf"), 0.001))
    patch_solver(monkeypatch, (90, 10**9, lambda honest: nothing))
    run = perform(line, tmp_path, monkeypatch, excused=was_late)
    assert run.outcome.exit_code == 3 and run.outcome.reason == "stop: no proposal for 1 s: diverged" and run.outcome.disabled
    failed = [cycle for cycle in run.cycles if cycle["verdict"] == "BACKUP" and "diverged" in cycle["reason"]]
    assert 100 <= len(failed) <= 201
    stopped_inside(run, line)


@pytest.mark.requirement("SAF-027", "SAF-028")
def test_signals_meant_for_all_leave_the_control_process_to_its_parent(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def everything(live: Live) -> None:
        for number in control_process.IGNORED_SIGNALS:
            os.kill(live.control_pid, number)

    run = perform(line, tmp_path, monkeypatch, everything, excused=was_late)
    assert (run.outcome.exit_code, run.outcome.status) == (0, "completed")


@pytest.mark.requirement("SAF-027")
def test_a_front_end_that_fails_lets_the_control_process_stop_along_its_plan(
    line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(live: Live) -> None:
        raise RuntimeError("the terminal is gone")

    with pytest.raises(RuntimeError, match="the terminal is gone"):
        perform(line, tmp_path, monkeypatch, fail)
    run = Performed(max(tmp_path.glob("run*")), control_process.Outcome("", "", 0))
    assert end(run)["reason"] == "the front end is gone" and run.log.closed and states(run) == ["ENABLED", "DISABLED"]
    stopped_inside(run, line)
