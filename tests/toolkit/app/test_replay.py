"""`primum audit replay`: a run decides the same again, wherever its directory lies; what was changed is found and named."""

import json
import math
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from safety.audit import canonical_bytes
from tests.toolkit.app.runs import ATTEMPTS, Performed, assert_replays, line_steps, perform, primum, procedure_text, rewrite
from toolkit import SpecificationError
from toolkit.app import replay as app_replay
from toolkit.app.assembly import Assembly
from toolkit.app.control_process import Outcome
from toolkit.app.replay import DECIDES_OTHERWISE, IDENTICAL, LOG_BROKEN, NUMBERS_DIFFER, RunReplay, replay_run
from toolkit.app.results import rewrite_results
from toolkit.models import SerialArm
from verification.replay import replay

pytestmark = pytest.mark.requirement("AUD-027")

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Performed:
    """`primum run` of the slow line in a process of its own. Its directory was moved, and the procedure is gone."""
    folder = tmp_path_factory.mktemp("made")
    procedure = folder / "line.yaml"
    for attempt in range(ATTEMPTS):
        procedure.write_text(procedure_text(line_steps()))
        done = primum("run", str(procedure), "--out", str(folder / f"run{attempt}"), cwd=folder)
        procedure.unlink()
        if done.returncode == 0:
            break
    moved = folder / "elsewhere" / "moved"
    moved.parent.mkdir()
    shutil.move(folder / f"run{attempt}", moved)
    return Performed(moved, Outcome("", "", done.returncode))


@pytest.fixture
def copied(made: Performed, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.directory, tmp_path / "run"))


def command(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return primum("audit", "replay", *(str(word) for word in words))


def cycle_position(run: Performed, fraction: float = 0.5) -> int:
    """The position of a CYCLE in the log that moves and was certified."""
    good = [k for k, r in enumerate(run.records) if r["kind"] == "CYCLE" and r["data"]["verdict"] in ("PASS", "MODIFIED")]
    return good[int(fraction * len(good))]


@pytest.mark.requirement("AUD-027")
def test_a_run_in_another_process_replays_bit_for_bit_after_it_was_moved(made: Performed) -> None:
    done = command(made.directory)
    assert done.returncode == IDENTICAL, done.stdout + done.stderr
    decisions = len(made.cycles) + 2  # enable is certified twice: before the controller is primed, and again just before torque
    assert f"identical: {decisions} decisions recomputed bit for bit, on the build that made the log" in done.stdout
    assert f"replayed: {len(made.cycles)} cycles" in done.stdout and "x real time" in done.stdout and "log: " in done.stdout


@pytest.mark.requirement("AUD-028")
def test_the_report_is_written_again_after_the_run_was_moved(made: Performed, copied: Path) -> None:
    (copied / "report.html").unlink()
    before = json.loads((copied / "run.json").read_text())
    done = primum("report", str(copied))
    assert done.returncode == 0, done.stderr
    assert json.loads((copied / "run.json").read_text()) == before and (copied / "report.html").stat().st_size > 50_000


def one_tick(data: dict[str, Any]) -> None:
    data["ticks"][0] -= 1


def last_bit(data: dict[str, Any]) -> None:
    name = sorted(data["margins"])[0]
    data["margins"][name] = math.nextafter(data["margins"][name], 9.0)


def measured(data: dict[str, Any]) -> None:
    data["state"]["q"][4] += 1e-6


@pytest.mark.requirement("AUD-027")
@pytest.mark.parametrize(
    ("change", "field", "code"),
    [(one_tick, "ticks[0]", DECIDES_OTHERWISE), (last_bit, "margins.abdomen", NUMBERS_DIFFER), (measured, "state.q[4]", NUMBERS_DIFFER)],
    ids=["one tick", "the last bit of a margin", "one measured value"],
)
def test_a_planted_change_is_found_at_its_record_and_field(
    change: Change, field: str, code: int, made: Performed, copied: Path
) -> None:
    position = cycle_position(made)
    rewrite(copied, position, change)
    run = replay_run(copied)
    first = run.found.differences[0]
    assert (first.record, first.cycle, first.field) == (position, made.records[position]["data"]["i"], field)
    assert len(run.found.differences) == 1 and first.size is not None and first.size > 0.0
    assert run.exit_code == code and run.broken and f"record {position} was changed" in run.integrity


def test_the_command_says_where_and_by_how_much(made: Performed, copied: Path) -> None:
    position = cycle_position(made)
    rewrite(copied, position, one_tick)
    done = command(copied, "--all")
    assert done.returncode == DECIDES_OTHERWISE
    ticks = made.records[position]["data"]["ticks"][0]
    where = f"record {position} (cycle {made.records[position]['data']['i']}): ticks[0]"
    assert f"first difference: {where}: logged {ticks - 1}, recomputed {ticks}, apart by 1" in done.stdout
    assert done.stdout.count(where) == 2, "once as the first, once in the list of all"
    assert "not identical: 1 differences in what was decided, sent or remembered" in done.stdout


def test_a_log_that_is_broken_where_replay_does_not_look_is_not_called_whole(made: Performed, copied: Path) -> None:
    rewrite(copied, cycle_position(made), lambda data: data["timing_us"].update(total=1.0))
    run = replay_run(copied)
    assert run.found.is_identical and run.exit_code == LOG_BROKEN


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        text = (directory / file).read_text()
        assert old in text
        (directory / file).write_text(text.replace(old, new))

    return apply


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (edit("procedure.yaml", "radius_m: 0.004", "radius_m: 0.003"), "procedure.yaml: changed since the run: its SHA-256 is"),
        (edit("inputs/profile.yaml", "upper_m: 0.24", "upper_m: 0.25"), "profile.yaml: changed since the run"),
        (edit("inputs/tube.yaml", "losses_max: 2", "losses_max: 3"), "tube.yaml: changed since the run"),
        (lambda directory: (directory / "inputs" / "tube.yaml").unlink(), "tube.yaml: an input of the run is gone"),
        (lambda directory: shutil.rmtree(directory / "audit"), "there is no log here"),
    ],
    ids=["a limit", "the profile", "the tube", "no tube", "no log"],
)
def test_a_directory_whose_inputs_changed_is_refused(damage: Callable[[Path], None], words: str, copied: Path) -> None:
    damage(copied)
    for use in (replay_run, rewrite_results):
        with pytest.raises(SpecificationError, match=words):
            use(copied)


def test_a_refusal_is_one_message_and_exit_code_2(copied: Path) -> None:
    (copied / "inputs" / "path_9.npy").write_bytes(b"")  # what the log does not name is nobody's input
    assert replay_run(copied).exit_code == IDENTICAL
    (copied / "procedure.yaml").unlink()
    done = command(copied)
    assert done.returncode == 2 and "procedure.yaml: an input of the run is gone" in done.stderr and "Traceback" not in done.stderr


def test_a_log_without_kept_inputs_is_refused(copied: Path) -> None:
    rewrite(copied, 0, lambda data: data["meta"].pop("inputs"))
    with pytest.raises(SpecificationError, match="names no kept inputs"):
        replay_run(copied)


def test_an_input_outside_the_directory_is_refused(copied: Path) -> None:
    rewrite(copied, 0, lambda data: data["meta"]["inputs"].update({"../procedure.yaml": {"sha256": "0" * 64}}))
    with pytest.raises(SpecificationError, match="lies in its directory"):
        replay_run(copied)


def other_build(directory: Path, nudge: float) -> RunReplay:
    """A log as another machine would have made it: other versions, and every margin of the vessel in its last bits elsewhere."""
    segment = directory / "audit" / "000000.jsonl"
    records = [json.loads(line) for line in segment.read_bytes().splitlines()]
    records[0]["data"]["meta"]["build"] |= {"casadi": "3.6.0", "libm": "musl", "source": "f" * 64}
    for record in records:
        if record["kind"] == "CYCLE" and "vessel" in record["data"]["margins"]:
            record["data"]["margins"]["vessel"] += nudge
    segment.write_bytes(b"".join(canonical_bytes(record) + b"\n" for record in records))
    return replay_run(directory)


def test_another_build_that_differs_is_listed_with_sizes_and_claims_no_identity(made: Performed, copied: Path) -> None:
    run = other_build(copied, 2.0**-50)
    assert set(run.build) >= {"casadi", "libm", "source"} and run.build["libm"][0] == "musl"
    assert run.exit_code == NUMBERS_DIFFER and not run.found.is_identical
    assert run.statement.startswith("not identical: 0 differences in what was decided") and run.statement.endswith("the build differs")
    (row,) = run.found.by_field
    assert (row.field, row.count) == ("margins.vessel", len(made.cycles))
    assert row.largest is not None and row.largest.size == pytest.approx(2.0**-50, rel=0.1)


def test_another_build_that_agrees_is_identical_and_said_to_be_another(made: Performed, copied: Path) -> None:
    run = other_build(copied, 0.0)
    assert run.found.is_identical and run.statement.endswith("although the build differs") and "casadi" in run.build


@pytest.mark.requirement("AUD-027")
def test_a_program_without_curvature_is_found_at_the_enable(made: Performed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SerialArm, "second_derivative_bounds", lambda self, lower, upper: np.zeros((len(self.point_names), self.n, self.n)))
    run = replay_run(made.directory)
    first = run.found.differences[0]
    assert run.exit_code in (DECIDES_OTHERWISE, NUMBERS_DIFFER) and first.field.startswith("enable.margins.")
    assert made.records[first.record]["data"]["state"] == "ENABLED"
    assert "the log was changed, or the program does not repeat itself" in run.statement


def test_a_run_in_which_nothing_was_decided_is_refused(made: Performed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_replay, "replay", lambda records, *rest: replay([], *rest))
    with pytest.raises(SpecificationError, match="nothing to replay"):
        replay_run(made.directory)


def test_a_stop_by_the_operator_replays(line: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = perform(line, tmp_path, monkeypatch, lambda live: signal.raise_signal(signal.SIGINT))
    assert run.outcome.exit_code == 3 and "operator" in run.outcome.reason
    assert any(call["call"] == "request_stop" for cycle in run.cycles for call in cycle["calls"])
    assert_replays(run, line)
    assert replay_run(run.directory).exit_code == IDENTICAL
