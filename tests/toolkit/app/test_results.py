"""What is said of a run afterwards comes from its log: how it ended, which assumption ended with it, and whether the log is whole."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from safety.audit import AuditLog, RecordKind, verify
from safety.audit.link import WriterProcess
from safety.audit.places import Places
from toolkit import AuditFault, InvalidInput, SpecificationError
from toolkit.app import replay, results
from toolkit.app.assembly import Assembly
from toolkit.app.log_export import export_csv
from toolkit.app.log_view import log_rows
from toolkit.app.replay import replay_run
from toolkit.app.report_data import report_data
from toolkit.app.results import Results, outcome_of, read_results, rewrite_results
from toolkit.app.run_inputs import read_inputs, run_meta
from toolkit.app.run_log import read_run_log
from toolkit.app.verification_report import _truth_fault
from verification.report import ReportData, findings
from verification.run_directory import RunSummary

Cycle = dict[str, Any]
DEVICE = {"device": {"profile": "psm_classic_sim", "port": "p", "serial_number": "simulated", "servos": []}}
COMPLETED = {"status": "completed", "reason": "", "exit_code": 0, "problems": []}


def cycle(number: int, **changes: Any) -> Cycle:
    ticks = [2048, 2048, 26404, 2049, 2047, 1422, 2674]
    return {
        "i": number,
        "t_s": 100.0 + 0.005 * number,
        "written": True,
        "verdict": "PASS",
        "ticks": ticks,
        "next_plan": {"first": ticks, "steps": []},
        "margins": {"vessel": 0.002, "tip_speed": 0.01},
        "active": [],
        "reason": "",
        "timing_us": {"total": 3000.0, "certify": 200.0},
        "observed": {"tube_use": 0.2, "behind": 1, "age_s": 0.004},
        "step": {"index": 2, "t_s": 0.005 * number, "follows_path": False},
        "calls": [{"call": "certify", "now_s": 100.0}, {"call": "commit"}],
        **changes,
    }


class Made:
    """Makes run directories on the slow line's own inputs, with a log whose cycles are made up."""

    def __init__(self, line: Assembly, root: Path) -> None:
        self.line, self._root, self._count = line, root, 0

    def __call__(self, *records: tuple[RecordKind, dict[str, Any]], end: dict[str, Any] | str = COMPLETED, **meta: Any) -> Path:
        """end: what RUN_END says, or "lost" (the control process is gone), "open" (the writer is killed)."""
        directory = self._root / f"run{self._count}"
        self._count += 1
        directory.mkdir()
        links: list[WriterProcess] = []

        def start(places: Places) -> WriterProcess:
            links.append(WriterProcess(places))
            return links[0]

        log = AuditLog(directory / "audit", run_meta(self.line, directory) | meta, start_writer=start)
        for kind, data in records:
            log.append(kind, data)
        log.flush()
        if end == "open":
            os.kill(links[0].pid, signal.SIGKILL)
            links[0].wait(20.0)
            with pytest.raises(AuditFault):
                log.close()
        elif end == "lost":
            log._release(20.0)
        elif isinstance(end, dict):
            log.close(end)
        return directory


@pytest.fixture
def made(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Every run here is of the line's own inputs, and assembling those anew takes seconds."""
    for module in (results, replay):
        monkeypatch.setattr(module, "read_inputs", lambda directory, start: line if "inputs" in start else read_inputs(directory, start))
    return Made(line, tmp_path)


def cycles(count: int = 20, **last: Any) -> list[tuple[RecordKind, dict[str, Any]]]:
    """Good cycles, the last one with changes."""
    return [(RecordKind.CYCLE, cycle(k, **(last if k == count - 1 else {}))) for k in range(count)]


def said(directory: Path) -> list[str]:
    """What failed, as report.html has it."""
    return [f"{finding.what}: {finding.detail}" for finding in findings(data_of(read_results(directory), directory))]


def data_of(found: Results, directory: Path) -> ReportData:
    return report_data(found.assembly, found.log, found.figures, found.summary, verify(directory / "audit"), "run")


# -- how it ended --


@pytest.mark.requirement("AUD-016", "AUD-033")
@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (COMPLETED, ("completed", "", 0)),
        ({"status": "stopped", "reason": "A4: late", "exit_code": 3, "problems": []}, ("stopped", "A4: late", 3)),
        ({"status": "completed", "reason": "", "exit_code": 0, "problems": ["not disabled"]}, ("stopped", "not disabled", 4)),
        ({"status": "stopped", "reason": "x; not off", "exit_code": 4, "problems": ["not off"]}, ("stopped", "x; not off", 4)),
        ({"status": "refused", "reason": "enable refused: it moves", "exit_code": 3}, ("refused", "enable refused: it moves", 3)),
        ({"raised": "RuntimeError: x"}, ("stopped", "ended by RuntimeError: x", 3)),
        ({}, ("stopped", "the log was closed without a word on how the run ended", 3)),
        ("lost", ("stopped", "CONTROL_LOST: the control process ended, or closed its end, without closing the log", 3)),
        ("open", ("stopped", "the log has no end: its writer died, the end was cut off, or the run goes on", 3)),
    ],
)
def test_how_a_run_ended_is_what_its_log_says(made: Made, end: Any, outcome: tuple[str, str, int]) -> None:
    found = outcome_of(read_run_log(made(*cycles(3), end=end) / "audit"))
    assert (found.status, found.reason, found.exit_code) == outcome


@pytest.mark.parametrize("end", [{"exit_code": 7}, {"exit_code": "0"}, {"exit_code": True}, {"exit_code": 3, "reason": 5}])
def test_an_end_that_no_run_has_is_refused(made: Made, end: dict[str, Any]) -> None:
    with pytest.raises(SpecificationError, match="RUN_END: no run ends with"):
        outcome_of(read_run_log(made(*cycles(1), end=end) / "audit"))


@pytest.mark.requirement("AUD-033")
@pytest.mark.parametrize("end", ["lost", "open"])
def test_a_run_json_that_claims_completion_changes_nothing(made: Made, end: str) -> None:
    directory = made(*cycles(), end=end)
    lying = rewrite_results(made(*cycles()))
    assert lying.status == "completed"
    lying.write(directory)
    assert rewrite_results(directory).status == RunSummary.read(directory).status == "stopped"
    assert any(finding.startswith("Run stopped (exit code 3)") for finding in said(directory))


@pytest.mark.requirement("AUD-033")
@pytest.mark.parametrize("end", ["lost", "open", {"status": "refused", "reason": "why", "exit_code": 3}])
@pytest.mark.parametrize("count", [0, 5])
def test_a_run_without_run_json_without_cycles_or_without_end_has_a_report(made: Made, end: Any, count: int) -> None:
    directory = made((RecordKind.EVENT, DEVICE), *cycles(count), end=end)
    assert not (directory / "run.json").exists()
    assert rewrite_results(directory).exit_code == 3
    page = (directory / "report.html").read_text()
    assert "abdomen" in page and "vessel" in page and "insertion" in page, "constraints come from the procedure where no cycle had them"
    data = data_of(read_results(directory), directory)
    assert {c.kept for c in data.constraints if not c.margin.value.size} <= {None}
    assert count or all(c.kept is None for c in data.constraints)


def test_a_report_that_cannot_be_made_leaves_no_old_one_behind(made: Made) -> None:
    directory = made(*cycles())
    rewrite_results(directory)
    (directory / "truth.bin").write_bytes(b"not a record of motion\n")
    with pytest.raises(SpecificationError):
        rewrite_results(directory)
    assert not (directory / "report.html").exists()


# -- which assumption ended --


def held_back(reason: str) -> Cycle:
    return {"verdict": "STOP", "ticks": None, "written": False, "reason": reason, "active": [reason[:2]], "observed": {}}


@pytest.mark.requirement("AUD-033")
@pytest.mark.parametrize(
    ("records", "assumption", "at_s"),
    [
        (cycles(20, **held_back("A4: an old sample")), "A4", 0.095),
        (cycles(20, calls=[{"call": "certify", "latch": {"assumption": "A2", "reason": "three missed", "reaction": "HOLD"}}]), "A2", 0.095),
        (cycles(20, **held_back("A3: device not healthy: torque off")), "A3", 0.095),
    ],
    ids=["the reason of a stop", "what was latched before a call", "the device"],
)
def test_an_assumption_whose_violation_stopped_the_run_is_never_shown_as_held(
    made: Made, records: list[tuple[RecordKind, Cycle]], assumption: str, at_s: float
) -> None:
    """The largest age that was measured is within its bound: the sample that was not came too late to be measured."""
    directory = made((RecordKind.EVENT, DEVICE), *records, end={"status": "stopped", "reason": "stopped", "exit_code": 3})
    rows = {row.id: row for row in data_of(read_results(directory), directory).assumptions}
    assert rows[assumption].outcome == "violated" and rows[assumption].violated_at_s == pytest.approx(at_s)
    assert {row.outcome for name, row in rows.items() if name in ("A1", "A2", "A3", "A4") and name != assumption} == {"held"}
    (finding,) = [finding for finding in said(directory) if finding.startswith(f"Assumption {assumption} violated")]
    assert f"at {at_s:.3f} s: the claim ends there ({rows[assumption].violation})" in finding


def test_the_end_alone_names_the_assumption(made: Made) -> None:
    directory = made(*cycles(), end={"status": "stopped", "reason": "A1: a joint is 3.00 times its monitored tube", "exit_code": 3})
    assert [(one.assumption, one.reason) for one in read_run_log(directory / "audit").violated] == [
        ("A1", "a joint is 3.00 times its monitored tube")
    ]


def test_a_stop_that_the_operator_asked_for_ends_no_assumption(made: Made) -> None:
    stop = {"verdict": "STOP", "reason": "stop: by the operator", "active": ["stop"]}
    directory = made(*cycles(20, **stop), end={"status": "stopped", "reason": "stop: by the operator", "exit_code": 3})
    assert read_run_log(directory / "audit").violated == ()


def test_the_device_is_held_only_by_the_record_of_what_was_read_of_it(made: Made) -> None:
    other = {"device": DEVICE["device"] | {"profile": "another"}}
    for events, outcome in (([], "not measured"), ([(RecordKind.EVENT, DEVICE)], "held"), ([(RecordKind.EVENT, other)], "violated")):
        directory = made(*events, *cycles())
        rows = {row.id: row for row in data_of(read_results(directory), directory).assumptions}
        assert rows["A3"].outcome == outcome


@pytest.mark.requirement("AUD-033")
def test_a_stop_that_took_longer_than_its_period_is_counted_though_it_wrote_nothing(made: Made) -> None:
    late = held_back("A4: an old sample") | {"timing_us": {"total": 20_833.2}}
    directory = made(*cycles(20, **late), end={"status": "stopped", "reason": "A4: an old sample", "exit_code": 3})
    summary = read_results(directory).summary
    assert (summary.deadline_misses, summary.overruns) == (0, 1) and summary.cycle_ms is not None and summary.cycle_ms.max > 20.0
    assert "Too many cycles longer than the period: 1 of 20 cycles; at most 0.5% expected" in said(directory)
    rewrite_results(directory)
    assert "cycles longer than the period 1" in (directory / "report.html").read_text()


# -- whether the log is whole --


@pytest.mark.requirement("AUD-033")
def test_the_report_of_a_run_shows_a_log_that_was_changed_in_red(made: Made) -> None:
    directory = made(*cycles())
    segment = directory / "audit" / "000000.jsonl"
    text = segment.read_text()
    segment.write_text(text.replace('"total":3000', '"total":2000', 1))
    rewrite_results(directory)
    page = (directory / "report.html").read_text()
    assert "Nothing failed" not in page and "The log is not intact" in page and "000000.jsonl:" in page
    segment.write_text(text)
    rewrite_results(directory)
    assert "The log is not intact" not in (directory / "report.html").read_text()


# -- records that are none --


@pytest.mark.parametrize(
    ("position", "damage", "what"),
    [
        (0, lambda data: data.pop("meta"), "record 0: not what RUN_START says: KeyError: 'meta'"),
        (0, lambda data: data.update(meta=[]), "record 0: not what RUN_START says"),
        (0, lambda data: data["meta"].update(build={"primum": 1}), "record 0: .*meta.build.primum is 1"),
        (0, lambda data: data["meta"].pop("inputs"), "names no kept inputs"),
        (-1, lambda data: data.pop("margins"), "not what CYCLE says: KeyError: 'margins'"),
        (-1, lambda data: data.update(margins={"vessel": "wide"}), "not what CYCLE says: ValueError"),
        (-1, lambda data: data.update(verdict="GOOD"), "not what CYCLE says: ValueError"),
        (-1, lambda data: data.update(ticks=[1, 2]), "another size than in the first cycle"),
        (-1, lambda data: data.update(step=None), "not what CYCLE says: TypeError"),
        (-1, lambda data: data.update(calls=[{"latch": 5}]), "not what CYCLE says: TypeError"),
    ],
)
def test_a_record_that_says_something_else_is_one_clear_error(
    made: Made, position: int, damage: Callable[[dict[str, Any]], Any], what: str
) -> None:
    directory = made(*cycles(4))
    segment = directory / "audit" / "000000.jsonl"
    records = [json.loads(line) for line in segment.read_bytes().splitlines()]
    chosen = [record for record in records if record["kind"] == ("CYCLE" if position else "RUN_START")][position]
    damage(chosen["data"])
    segment.write_text("".join(json.dumps(record) + "\n" for record in records))
    with pytest.raises(SpecificationError, match=what):
        read_results(directory)


@pytest.mark.parametrize("name", ["report.html", "run.json.partial"])
def test_a_directory_that_cannot_be_written_is_one_clear_error(made: Made, name: str) -> None:
    directory = made(*cycles(4))
    (directory / name).mkdir()
    with pytest.raises(InvalidInput, match=r"(report\.html: cannot be replaced|run\.json: cannot be written)"):
        rewrite_results(directory)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"data":{},"seq":1,"mono_ns":"1","utc_ns":"1","actor":"a"}', "not a record: kind is None"),
        (b"9" * 5000, "not JSON|not a JSON object"),
        (b"\xff", "not JSON"),
    ],
    ids=["deep", "no kind", "a wide integer", "no text"],
)
@pytest.mark.parametrize("use", [replay_run, read_results, lambda run: list(log_rows(run, 0.0, 1e9, ()))], ids=["replay", "report", "show"])
def test_a_line_that_is_no_record_is_named_with_its_place(made: Made, bad: bytes, what: str, use: Callable[[Path], Any]) -> None:
    directory = made(*cycles(4))
    segment = directory / "audit" / "000000.jsonl"
    lines = segment.read_bytes().splitlines()
    lines[3] = bad
    segment.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(SpecificationError, match=rf"000000\.jsonl:4: ({what})"):
        use(directory)


@pytest.mark.parametrize("data", [{}, {"meta": []}, {"meta": 5}])
def test_a_replay_of_a_log_whose_first_record_says_nothing_is_refused(made: Made, data: dict[str, Any]) -> None:
    directory = made(*cycles(4))
    segment = directory / "audit" / "000000.jsonl"
    first, rest = segment.read_bytes().split(b"\n", 1)
    segment.write_bytes(json.dumps(json.loads(first) | {"data": data}).encode() + b"\n" + rest)
    with pytest.raises(SpecificationError, match="RUN_START says nothing of the run"):
        replay_run(directory)


@pytest.mark.parametrize("data", [{"margins": 3}, {"margins": {"a": "b", "c": 1}}, {"active": 5}, {"timing_us": []}])
def test_a_cycle_that_holds_something_else_is_shown_as_it_is_and_not_exported(made: Made, tmp_path: Path, data: dict[str, Any]) -> None:
    directory = made((RecordKind.CYCLE, {"verdict": "PASS", **data}))
    assert any(row.kind == "CYCLE" and "PASS" in row.text for row in log_rows(directory, 0.0, 1e9, ()))
    if data != {"margins": {"a": "b", "c": 1}}:
        with pytest.raises(SpecificationError, match="not what CYCLE says"):
            export_csv(directory, tmp_path / "log.csv")


# -- the true motion --


def plant(line: Assembly, directory: Path, from_s: float, to_s: float) -> None:
    """A plant that stands still."""
    q = np.array([0.0, 0.0, 0.12, 0.0, 0.0, 0.0, 0.2])
    points = np.array(line.arm.points(q)).ravel()
    names = [f"q_{name}" for name in line.arm.joint_names] + [f"{p}_{axis}_m" for p in line.arm.point_names for axis in "xyz"]
    rows = np.array([[t, *q, *points] for t in np.arange(from_s, to_s, 1e-3)])
    head = json.dumps({"primum_truth": 1, "columns": ["t_s", *names], "rate_hz": 1000.0}) + "\n"
    (directory / "truth.bin").write_bytes(head.encode() + rows.astype("<f8").tobytes())


@pytest.mark.requirement("AUD-031")
@pytest.mark.parametrize(
    ("from_s", "to_s", "fault"),
    [(99.0, 101.0, ""), (99.0, 100.05, "does not cover the run"), (100.05, 101.0, "does not cover"), (0.0, 0.0, "is gone")],
)
def test_a_simulated_run_without_a_whole_record_of_its_motion_is_told(
    made: Made, from_s: float, to_s: float, fault: str
) -> None:
    directory = made(*cycles())
    if to_s:
        plant(made.line, directory, from_s, to_s)
    found = _truth_fault(read_results(directory))
    assert (fault in found) if fault else found == ""
