"""An arm from Python, with CRTK's names, against the simulated arm."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from safety.audit import RecordKind, read_records, verify
from tests.toolkit.app.runs import ATTEMPTS, Performed, assert_replays, children
from tests.toolkit.app.test_records import Decided, record
from toolkit import DeviceFault, InvalidInput, NoSafeCommand, OperatingState, Verdict
from toolkit.app.assembly import Assembly
from toolkit.app.control_process import Outcome
from toolkit.app.session import ArmSession

GOAL_M = np.array([0.004, 0.002, -0.116])


def session(line: Assembly, folder: Path, use: Callable[[ArmSession], None]) -> Path:
    """Use a session; again, at most twice, when the only trouble was that this process was late (its thread shares it with the tests)."""
    for attempt in range(ATTEMPTS):
        directory = folder / f"session{attempt}"
        with ArmSession.open(line.procedure.file, directory) as arm:
            try:
                use(arm)
                return directory
            except (AssertionError, NoSafeCommand):
                if attempt == ATTEMPTS - 1 or not late(arm):
                    raise
    raise AssertionError("not reached")


def late(arm: ArmSession) -> bool:
    return arm.verdicts["MISS"] > 0 and ("missed in a row" in arm._reason() or "setpoints behind" in arm._reason())


def test_the_lines_of_the_readme_move_the_arm_and_leave_a_log(line: Assembly, tmp_path: Path) -> None:
    def use(arm: ArmSession) -> None:
        assert arm.operating_state is OperatingState.DISABLED
        arm.enable()
        assert arm.operating_state is OperatingState.ENABLED
        assert arm.home().wait(20.0)
        handle = arm.move_cp(GOAL_M)
        assert arm.is_busy
        assert handle.wait(20.0), handle.reason
        assert not arm.is_busy and handle.reason == ""
        state, t_s = arm.measured_js()
        pose, _ = arm.measured_cp()
        assert 0.0 <= time.monotonic() - t_s <= 0.1 and state.healthy
        assert np.linalg.norm(pose.p_m - GOAL_M) <= 1e-3, "within the tube of the setpoint"
        assert np.linalg.norm(line.arm.tip_pose(arm.setpoint_jp()).p_m - GOAL_M) <= 3e-4
        assert arm.verdicts["PASS"] >= 20
        arm.disable()
        assert arm.operating_state is OperatingState.DISABLED
        # The second time is like the first: what was latched is gone.
        arm.enable()
        q = arm.setpoint_jp()
        q[3] += 0.05
        assert arm.move_jp(q).wait(10.0)
        arm.disable()

    directory = session(line, tmp_path, use)
    states = [r["data"]["state"] for r in read_records(directory / "audit") if r["kind"] == "STATE"]
    assert states == ["ENABLED", "DISABLED", "ENABLED", "DISABLED"]
    assert verify(directory).closed and verify(directory).intact
    assert_replays(Performed(directory, Outcome("", "", 0)), line)
    assert (directory / "truth.bin").stat().st_size > 0


@pytest.mark.requirement("SAF-042")
def test_a_stream_of_servo_setpoints_is_followed_and_goes_stale(line: Assembly, tmp_path: Path) -> None:
    def use(arm: ArmSession) -> None:
        arm.enable()
        start = arm.measured_cp()[0].p_m
        begun, handle = time.monotonic(), None
        while (t := time.monotonic() - begun) < 0.5:
            handle = arm.servo_cp(start + np.array([0.006 * t, 0.0, 0.0]))
            assert not handle.is_busy
            time.sleep(0.01)
        assert arm._layer.violation is None, arm._reason()
        assert arm.measured_cp()[0].p_m[0] - start[0] >= 1e-3
        time.sleep(0.6)  # the sender is silent: the arm holds where it came to rest
        before = arm.setpoint_jp()
        time.sleep(0.1)
        assert np.array_equal(arm.setpoint_jp(), before)
        assert handle is not None and "stale" in handle.reason
        assert arm.operating_state is OperatingState.ENABLED, "stale is no fault: the next command moves again"
        assert arm.move_cp(start).wait(10.0)

    session(line, tmp_path, use)


@pytest.mark.requirement("SAF-023")
def test_motion_is_refused_unless_enabled(line: Assembly, tmp_path: Path) -> None:
    with ArmSession.open(line.procedure.file, tmp_path / "run") as arm:
        path = [GOAL_M, GOAL_M]
        for motion in (arm.home, lambda: arm.move_cp(GOAL_M), lambda: arm.servo_jp(np.zeros(7)), lambda: arm.follow(path, 10.0)):
            with pytest.raises(NoSafeCommand, match=r"DISABLED.*enable it first"):
                motion()
        state, _ = arm.measured_js()
        assert state.q.shape == (7,) and not state.healthy, "measured, but not enabled"
        arm.enable()
        with pytest.raises(InvalidInput, match="ENABLED"):
            arm.enable()
        with pytest.raises(InvalidInput, match="not finite"):
            arm.servo_jp([float("nan")] * 7)
        with pytest.raises(InvalidInput):
            arm.move_cp([0.0, 0.0])
        arm.disable()
        arm.disable()
        with pytest.raises(NoSafeCommand, match="DISABLED"):
            arm.home()
    with pytest.raises(InvalidInput, match="already holds something"):
        ArmSession.open(line.procedure.file, tmp_path / "run")


@pytest.mark.requirement("SAF-030")
def test_an_exception_inside_disables_the_arm_and_closes_the_log(line: Assembly, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError, match="the user's own"), ArmSession.open(line.procedure.file, tmp_path) as arm:
        arm.enable()
        arm.move_cp(GOAL_M)
        time.sleep(0.2)
        raise ZeroDivisionError("the user's own")
    assert arm.operating_state is OperatingState.DISABLED
    records = list(read_records(tmp_path / "audit"))
    assert records[-2]["data"]["state"] == "DISABLED" and records[-1]["kind"] == "RUN_END"
    assert "the user's own" in records[-1]["data"]["end"]["raised"]
    assert verify(tmp_path).closed


def test_a_dead_device_pauses_the_arm_and_the_motion_says_why(line: Assembly, tmp_path: Path) -> None:
    with pytest.raises(DeviceFault) as caught, ArmSession.open(line.procedure.file, tmp_path) as arm:
        arm.enable()
        handle = arm.move_cp(GOAL_M)
        time.sleep(0.2)
        (simulator,) = [pid for pid, words in children(os.getpid()) if "devices.simulated_arm" in words]
        os.kill(simulator, signal.SIGKILL)
        assert not handle.wait(5.0) and handle.reason
        assert arm.operating_state is OperatingState.PAUSED
        with pytest.raises(NoSafeCommand, match="PAUSED"):
            arm.home()
    assert "primum-arm-" in str(caught.value), "it names the line"
    assert verify(tmp_path).ok


@pytest.mark.requirement("AUD-006")
@pytest.mark.parametrize(
    ("verdict", "urgent"), [(Verdict.PASS, False), (Verdict.MODIFIED, False), (Verdict.BACKUP, True), (Verdict.STOP, True)]
)
def test_a_cycle_that_braked_is_made_durable_at_once(line: Assembly, tmp_path: Path, verdict: Verdict, urgent: bool) -> None:
    appended: list[tuple[RecordKind, bool]] = []

    class Log:
        def append(self, kind: RecordKind, data: dict[str, Any], *, urgent: bool = False) -> None:
            appended.append((kind, urgent))

    arm = ArmSession(line, tmp_path)
    arm._log = Log()  # type: ignore[assignment]
    decided = Decided(replace(Decided().certified, verdict=verdict))
    arm._record(record(decided=decided))
    assert appended == [(RecordKind.CYCLE, urgent)]
