"""From a cycle to its record, from records to arrays, from arrays to figures; without a run."""

import gc
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from safety import Memory
from safety.audit import canonical_bytes
from toolkit import CertifiedCommand, CycleRecord, JointProposal, JointState, Margin, SolveReport, Verdict
from toolkit.app import realtime, run_log
from toolkit.app.assembly import Assembly
from toolkit.app.control_process import Outcome
from toolkit.app.cycle_payload import cycle_payload
from toolkit.app.figures import STATUS_OF, assumption_figures, summarise, truth_figures
from toolkit.app.run_log import read_run_log
from verification.run_directory import EXIT_CODES, Truth

TICKS = np.array([1, 2, 3])
CALLS = [{"call": "certify", "now_s": 1.0}, {"call": "commit"}]


@dataclass(frozen=True)
class Decided:
    certified: CertifiedCommand = field(
        default_factory=lambda: CertifiedCommand(
            TICKS, np.array([TICKS, TICKS + 1, TICKS + 1]), Verdict.MODIFIED, {"vessel": Margin(0.002, "m")}, ("vessel",), "kept off vessel"
        )
    )


def record(**changes: Any) -> CycleRecord[Memory | None]:
    state = JointState(q=np.ones(3), q_dot=np.zeros(3), ticks=TICKS, goal_ticks=TICKS, t_s=1.0, healthy=True)
    proposal = JointProposal(np.ones(3), SolveReport(False, "diverged", 3, float("inf"), 1.5e-3))
    memory = Memory(np.array([TICKS - 2, TICKS - 1, TICKS]), np.array([TICKS + 1]), 1)
    values = {"index": 7, "started_s": 0.999, "state": state, "proposal": proposal, "memory": memory, "decided": Decided()}
    return CycleRecord(**{**values, "written": True, "trouble": "", "fault": None, "timing_s": {"total": 0.0031}, **changes})  # type: ignore[arg-type]


def test_a_payload_holds_inputs_and_result_in_numbers_the_log_accepts() -> None:
    payload = cycle_payload(record(), CALLS)
    canonical_bytes(payload)
    assert payload["verdict"] == "MODIFIED" and payload["ticks"] == [1, 2, 3] and payload["margins"] == {"vessel": 0.002}
    assert payload["memory"] == {"history": {"first": [-1, 0, 1], "steps": [[1, 1, 1], [1, 1, 1]]}, "plan": [[2, 3, 4]], "lost": 1}
    assert payload["next_plan"] == {"first": [1, 2, 3], "steps": [[1, 1, 1], [0, 0, 0]]}
    assert payload["proposal"]["kkt"] is None, "infinity is not JSON"
    assert payload["proposal"]["us"] == 1500.0 and payload["timing_us"] == {"total": 3100.0}
    assert "trouble" not in payload and "observed" not in payload and payload["calls"] == CALLS


def test_a_payload_without_measurement_says_so() -> None:
    hold = Decided(CertifiedCommand(None, TICKS[None], Verdict.STOP, {}, ("A4",), "A4: no answer"))
    payload = cycle_payload(record(state=None, proposal=None, memory=None, decided=hold, written=False, trouble="no answer"), CALLS)
    assert payload["ticks"] is None and payload["trouble"] == "no answer" and payload["written"] is False
    assert not {"state", "proposal", "memory"} & set(payload)


def records(cycles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = [{"kind": "RUN_START", "data": {"meta": {"procedure": "p"}}, "utc_ns": "1000000000", "mono_ns": "0"}]
    made += [{"kind": "CYCLE", "data": cycle, "utc_ns": "0", "mono_ns": "0"} for cycle in cycles]
    made.append({"kind": "MISS", "data": {"i": 1, "in_a_row": 1, "why": ""}, "utc_ns": "0", "mono_ns": "2500000000"})
    made.append({"kind": "STATE", "data": {"state": "DISABLED"}, "utc_ns": "0", "mono_ns": "3000000000"})
    made.append({"kind": "RUN_END", "data": {"end": {"exit_code": 0}}, "utc_ns": "0", "mono_ns": "0"})
    return made


def cycle(t_s: float, step: int = 2, **changes: Any) -> dict[str, Any]:
    payload = {**cycle_payload(record(started_s=t_s), CALLS), "reference_tip_m": [0.0, 0.0, t_s]}
    return {**payload, "step": {"index": step, "t_s": t_s, "follows_path": True}, **changes}


def test_a_log_becomes_arrays_with_nan_where_nothing_was(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"ticks": None, "written": False, "reference_tip_m": None, "margins": {}, "verdict": "STOP"}
    monkeypatch.setattr(run_log, "read_records", lambda path: iter(records([cycle(1.0), cycle(1.005, **held)])))
    log = read_run_log(Path("audit"))
    assert log.t_s.tolist() == [1.0, 1.005] and log.verdict == (Verdict.MODIFIED, Verdict.STOP)
    assert log.ticks.tolist() == [[1, 2, 3], [1, 2, 3]], "a hold keeps the newest setpoint in force"
    assert np.isnan(log.reference_tip_m[1]).all() and np.isnan(log.margins["vessel"][1])
    assert log.mpc_us.tolist() == [1500.0, 1500.0] and log.missed_t_s.tolist() == [2.5]
    assert log.start["procedure"] == "p" and log.end == {"exit_code": 0} and log.motion_ended_s == 3.0
    assert log.passed.tolist() == [False, False]


def test_a_solve_that_was_skipped_has_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    skipped = JointProposal(np.ones(3), SolveReport(True, "plan continued", 0, 0.0, 0.0))
    one = {**cycle(1.0), "proposal": cycle_payload(record(proposal=skipped), CALLS)["proposal"]}
    monkeypatch.setattr(run_log, "read_records", lambda path: iter(records([one])))
    assert np.isnan(read_run_log(Path("audit")).mpc_us).all()


@pytest.mark.parametrize(("exit_code", "status"), STATUS_OF.items())
def test_a_run_without_a_cycle_has_figures_that_say_so(
    exit_code: int, status: str, line: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "read_records", lambda path: iter(records([])))
    reason = "" if exit_code == 0 else "why"
    summary = summarise(line, read_run_log(Path("audit")), None, Outcome(status, reason, exit_code))
    assert (summary.status, summary.exit_code, summary.reason, summary.cycles) == (status, exit_code, reason, 0)
    assert EXIT_CODES[summary.status] == exit_code
    assert summary.truth is None and summary.cycle_ms is None and summary.tip_error_m is None and summary.pass_fraction_settled is None
    assert not summary.proved and summary.unproved


def test_bounds_of_the_assumptions_come_from_the_procedure_and_maxima_from_the_log(
    line: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [{"tube_use": 0.2, "behind": 1, "age_s": 0.004}, {"tube_use": 0.7, "behind": 0, "age_s": 0.006}]
    made = [cycle(1.0 + 0.005 * i, observed=observed) for i, observed in enumerate(seen)]
    monkeypatch.setattr(run_log, "read_records", lambda path: iter(records(made)))
    rows = {row.id: row for row in assumption_figures(line, read_run_log(Path("audit")))}
    assert (rows["A1"].bound, rows["A1"].measured_max) == (1.0, 0.7)
    assert (rows["A2"].bound, rows["A2"].measured_max) == (line.tube.losses_max, 1.0)
    assert (rows["A4"].bound, rows["A4"].measured_max) == (line.procedure.assumptions.A4.age_s_max, 0.006)
    assert rows["A5"].bound == line.procedure.assumptions.A5.eps_R_m and rows["A5"].measured_max is None


def test_true_margins_fall_with_the_distance_to_the_vessel(line: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plant that stands still, and one that stands in the vessel: the second has a negative margin there and nowhere else."""
    monkeypatch.setattr(run_log, "read_records", lambda path: iter(records([])))
    q = np.array([0.0, 0.0, 0.12, 0.0, 0.0, 0.0, 0.2])
    points = np.array(line.arm.points(q))
    shift = np.array([0.0103, -0.02, -0.1467]) - points[line.arm.point_names.index("tip")]
    names = [f"q_{name}" for name in line.arm.joint_names]
    columns = ("t_s", *names, *(f"{point}_{axis}_m" for point in line.arm.point_names for axis in "xyz"))
    rows = [[1e-3 * i, *q, *(points + (shift if i == 2 else 0.0)).ravel()] for i in range(3)]
    figures = truth_figures(line, read_run_log(Path("audit")), Truth(columns, 1000.0, np.array(rows), 0))
    assert figures.margins["vessel"][0] > 0.02 and figures.margins["vessel"][2] < -0.004
    assert figures.margins["abdomen"].min() > 0.0 and figures.margins["joint_limits.rad"].min() > 0.0


@pytest.mark.parametrize("granted", [True, False])
def test_what_the_system_grants_is_told_and_a_refusal_is_no_error(granted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(*args: object) -> None:
        if not granted:
            raise PermissionError("not you")

    for module, name in ((gc, "collect"), (gc, "freeze"), (gc, "disable")):
        monkeypatch.setattr(module, name, lambda: None)
    monkeypatch.setattr(os, "sched_setscheduler", call)
    monkeypatch.setattr(os, "sched_setaffinity", call)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    monkeypatch.setattr(realtime, "lock_memory", lambda: granted)
    assert realtime.request_realtime() == realtime.RealtimeGrant(granted, True, granted, granted)
