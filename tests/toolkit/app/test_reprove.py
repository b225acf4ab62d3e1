"""`primum audit reprove`: a real run is re-proved from its directory alone; what was changed in it is found or refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controllers import InverseKinematics
from tests.toolkit.app.conftest import Primum, Recorded
from tests.toolkit.app.runs import rewrite
from toolkit import Pose, SpecificationError
from toolkit.app.assembly import Assembly
from toolkit.app.reprove import FILE, LOG_BROKEN, NOT_REPROVED, REPROVED, reprove_run
from toolkit.procedure import joint_vector

pytestmark = pytest.mark.requirement("AUD-036")
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def copied(short: Recorded, tmp_path: Path) -> Path:
    return Path(shutil.copytree(short.directory, tmp_path / "run"))


def middle(short: Recorded) -> int:
    """The position of a certified CYCLE while the arm moves."""
    good = [k for k, r in enumerate(short.records) if r["kind"] == "CYCLE" and r["data"]["verdict"] in ("PASS", "MODIFIED")]
    return good[len(good) // 2]


def span(short: Recorded, position: int) -> tuple[float, float]:
    """A part of the run around one record, in seconds."""
    t_s = (int(short.records[position]["mono_ns"]) - int(short.records[0]["mono_ns"])) * 1e-9
    return t_s - 0.02, t_s + 0.02


def test_a_run_is_re_proved_from_its_directory_after_it_was_moved(copied: Path, short: Recorded, primum: Primum) -> None:
    code, stdout, stderr = primum("audit", "reprove", copied)
    assert code == REPROVED, stdout + stderr
    stated = json.loads((copied / FILE).read_text())
    assert stated["ok"] and stated["held"] + stated["passed"] == len(short.cycles) and stated["held"] > 0.5 * len(short.cycles)
    assert stated["enables"] == 2 and stated["samples"] > 0 and stated["failures"] == []
    for constraint in stated["constraints"]:
        assert constraint["smallest"] > 0.0 and constraint["failed"] == 0
        assert constraint["difference"] < (1e-10 if constraint["name"] == "insertion" else 1e-12)
    for words in (
        "It detects afterwards; it prevents nothing.",
        "vessel",
        "not covered: tip_speed",
        "and the monitors of A1 to A4 held",
        "log: ",
    ):
        assert words in stdout


def in_the_vessel(line: Assembly) -> list[int]:
    """Ticks that put the tip on the vessel's axis."""
    q = joint_vector(line.procedure, "home", line.arm)
    found = InverseKinematics(line.arm).solve_near(Pose(line.arm.tip_pose(q).R, np.array([0.0103, -0.025, -0.1467])), q)
    assert found.reached
    return [int(y) for y in line.profile.tick_map.to_ticks(found.q)]


def test_a_plan_edited_to_enter_the_vessel_is_reported_with_its_cycle(
    copied: Path, short: Recorded, line: Assembly, primum: Primum
) -> None:
    position = middle(short)
    cycle, target = short.records[position]["data"]["i"], in_the_vessel(line)

    def enters(data: dict[str, Any]) -> None:
        plan = data["next_plan"]
        end = [sum(column) for column in zip(plan["first"], *plan["steps"], strict=True)]
        plan["steps"] += [[b - a for a, b in zip(end, target, strict=True)], [0] * 7]

    rewrite(copied, position, enters)
    low, high = span(short, position)
    code, stdout, _ = primum("audit", "reprove", copied, "--from", low, "--to", high, "--processes", 1)
    assert code == NOT_REPROVED
    assert f"cycle {cycle} (record {position}), window" in stdout and "of its plan: vessel: not re-proved: -" in stdout
    assert f"NOT re-proved: {json.loads((copied / FILE).read_text())['failed']} findings of the part from {low:g} s to" in stdout
    assert f"in cycle {cycle}. It detects afterwards" in stdout


def test_a_margin_edited_in_the_log_is_reported(copied: Path, short: Recorded) -> None:
    position = middle(short)
    rewrite(copied, position, lambda data: data["margins"].update(vessel=data["margins"]["vessel"] + 1e-8))
    run = reprove_run(copied, *span(short, position), processes=1)
    assert run.exit_code == NOT_REPROVED and run.broken
    assert [f.constraint for f in run.found.failures] == ["vessel"] and "more than eta" in run.found.failures[0].what


def test_a_log_that_is_broken_elsewhere_is_not_called_whole(copied: Path, short: Recorded) -> None:
    position = middle(short)
    rewrite(copied, position, lambda data: data["timing_us"].update(total=1.0))
    run = reprove_run(copied, *span(short, position), processes=1)
    assert run.found.ok and run.exit_code == LOG_BROKEN and f"record {position} was changed" in run.integrity


@pytest.mark.parametrize("tick", [1.5, True, "7", 2**40], ids=["a half", "true", "text", "too wide"])
def test_a_tick_that_is_no_whole_number_is_refused(tick: object, copied: Path, short: Recorded, primum: Primum) -> None:
    position = middle(short)

    def spoil(data: dict[str, Any]) -> None:
        data["next_plan"]["first"][3] = tick

    segment = copied / "audit" / "000000.jsonl"
    lines = segment.read_bytes().split(b"\n")
    record = json.loads(lines[position])
    spoil(record["data"])
    lines[position] = json.dumps(record).encode()
    segment.write_bytes(b"\n".join(lines))
    code, _, stderr = primum("audit", "reprove", copied)
    assert code == 2 and f"record {position}: next_plan" in stderr and not (copied / FILE).exists()


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        text = (directory / file).read_text()
        assert old in text
        (directory / file).write_text(text.replace(old, new))

    return apply


def model_hash(directory: Path) -> None:
    rewrite(directory, 0, lambda data: data["meta"]["hashes"].update(model="0" * 64))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (edit("procedure.yaml", "radius_m: 0.004", "radius_m: 0.003"), "procedure.yaml: changed since the run: its SHA-256 is"),
        (edit("inputs/profile.yaml", "upper_m: 0.24", "upper_m: 0.25"), "profile.yaml: changed since the run"),
        (edit("inputs/tube.yaml", "losses_max: 2", "losses_max: 3"), "tube.yaml: changed since the run"),
        (model_hash, "model: SHA-256 0000.* in the log.*this would be about another run"),
        (lambda directory: shutil.rmtree(directory / "audit"), "there is no log here"),
        (lambda directory: rewrite(directory, 0, lambda data: data.pop("meta")), "first record"),
    ],
    ids=["a region", "a limit", "the tube", "the model", "no log", "no start"],
)
def test_a_directory_that_is_not_that_of_the_run_is_refused(damage: Callable[[Path], None], words: str, copied: Path) -> None:
    damage(copied)
    with pytest.raises(SpecificationError, match=words):
        reprove_run(copied)
    assert not (copied / FILE).exists()


def test_an_empty_part_shows_nothing_and_is_refused(copied: Path, primum: Primum) -> None:
    for words, problem in (
        (("--from", 1e6), "nothing to re-prove"),
        (("--from", 3, "--to", 2), "0 <= from < to"),
        (("--from", "nan"), "from"),
    ):
        code, stdout, stderr = primum("audit", "reprove", copied, *words)
        assert code == 2 and problem in stderr and "re-proved" not in stdout
