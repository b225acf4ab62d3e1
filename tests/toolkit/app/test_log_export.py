"""Exports, checked as a reviewer would: with jq-free JSON, sha256sum and openssl, and nothing of ours."""

import csv
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from safety.audit import RecordKind, verify
from safety.audit.canonical import Json, encode_plain
from safety.audit.verify_log import leaf_hash, parse_strictly
from toolkit import SpecificationError
from toolkit.app import cli, log_export
from toolkit.app.log_export import export_csv
from verification.campaign.made_log import MadeLog, make_log

pytestmark = pytest.mark.requirement("AUD-007")
LOG = make_log(40, checkpoint_every=7, segment_lines=15)
TOOLS = ("bash", "sed", "base64", "sha256sum", "openssl")


def export_json(run: Path, out: Path) -> tuple[Path, Path]:
    return log_export.export_json(run, out, verify(run))


def place(directory: Path, log: MadeLog = LOG) -> Path:
    (directory / "audit").mkdir(parents=True)
    (directory / "second").mkdir()
    log.write(directory / "audit", directory / "second")
    return directory


def by_the_script(file: Path) -> subprocess.CompletedProcess[str]:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    assert not missing, f"the recipe needs {missing}"
    script = file.with_suffix(".verify.sh")
    return subprocess.run(["bash", str(script), str(file)], text=True, capture_output=True, check=False, timeout=300)


def test_the_json_export_keeps_every_line_exactly_and_is_json(tmp_path: Path) -> None:
    out, script = export_json(place(tmp_path / "run"), tmp_path / "log.json")
    found = json.loads(out.read_text("utf-8"))
    assert [record["seq"] for record in found["records"]] == list(range(40))
    lines = out.read_text("utf-8").split('"records": [\n')[1].split("\n ]\n}")[0].split("\n")
    assert [line.removesuffix(",").encode() for line in lines] == LOG.lines
    assert [note.encode() for note in found["checkpoints"]] == [note[:-1] for note in LOG.checkpoints]
    assert found["verified_when_exported"]["vouched"] == 40 and "sha256sum" in " ".join(found["how_to_verify"])
    assert script.name == "log.verify.sh"


def test_the_recipe_with_sha256sum_and_openssl_accepts_the_export(tmp_path: Path) -> None:
    out, _ = export_json(place(tmp_path / "run"), tmp_path / "log.json")
    done = by_the_script(out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"good: 40 records, 40 of them under {len(LOG.checkpoints)} signed checkpoints\n"


def changed_value(log: MadeLog) -> MadeLog:
    lines = log.lines
    lines[22] = lines[22].replace(b'"written":true', b'"written":false')
    return log.with_lines(lines)


def chained_anew(log: MadeLog) -> MadeLog:
    lines = changed_value(log).lines
    for seq in range(23, len(lines)):
        lines[seq] = encode_plain(parse_strictly(lines[seq]) | {"prev": leaf_hash(lines[seq - 1]).hex()})
    return log.with_lines(lines)


def another_key_for_an_epoch(log: MadeLog) -> MadeLog:
    """The thief appends a KEY record of an epoch that has its key, to sign with his own."""
    lines = log.lines[: log.sizes[2]]
    thief = json.loads(make_log(seed=9).lines[1])["data"]["vkey"].rpartition("+")[2]
    key = parse_strictly(lines[-1])
    forged = {"seq": len(lines), "prev": leaf_hash(lines[-1]).hex()}
    forged |= {"data": {"epoch": key["data"]["epoch"], "vkey": f"primum/audit/{log.run}+00000000+{thief}"}}
    return replace(log.with_lines([*lines, encode_plain(key | forged)]), checkpoints=log.checkpoints[:3])


@pytest.mark.parametrize(
    ("tampered", "what"),
    [
        (changed_value(LOG), "record 23 does not follow"),
        (chained_anew(LOG), "the root of the first 28 records"),
        (LOG.with_lines(LOG.lines[:30]), "the end was cut off"),
        (LOG.with_lines(LOG.lines[:9] + LOG.lines[10:]), "record 9 does not follow"),
        (
            replace(LOG, checkpoints=(*LOG.checkpoints[:2], *make_log(40, checkpoint_every=7, seed=1).checkpoints[2:])),
            "the root of the first 21",
        ),
        (replace(LOG, checkpoints=LOG.checkpoints[:2] + LOG.checkpoints[3:]), "the signature of checkpoint 2"),
        (another_key_for_an_epoch(LOG), "of an epoch that has its key"),
    ],
)
def test_the_recipe_refuses_a_tampered_export(tmp_path: Path, tampered: MadeLog, what: str) -> None:
    out, _ = export_json(place(tmp_path / "run", tampered), tmp_path / "log.json")
    done = by_the_script(out)
    assert done.returncode == 5 and done.stdout.startswith("NOT INTACT") and what in done.stdout


def without_its_end(log: MadeLog) -> MadeLog:
    """Cut off at a checkpoint, with the checkpoints after it: only a copy elsewhere tells it from a run that goes on."""
    return replace(log.with_lines(log.lines[: log.sizes[2]]), checkpoints=log.checkpoints[:3])


def with_a_tail_of_its_own(log: MadeLog) -> MadeLog:
    lines = without_its_end(log).lines
    more = parse_strictly(log.lines[5]) | {"seq": len(lines), "prev": leaf_hash(lines[-1]).hex()}
    return replace(log.with_lines([*lines, encode_plain(more)]), checkpoints=log.checkpoints[:3])


@pytest.mark.parametrize(
    ("log", "what"),
    [
        (without_its_end(LOG), "the log has no end"),
        (with_a_tail_of_its_own(LOG), "22 records, 21 of them under 3 signed checkpoints: who can write the file can make up the rest"),
        (replace(LOG, checkpoints=()), "40 records, 0 of them under 0 signed checkpoints"),
        (make_log(40, checkpoint_every=7, end=None), "who can write the file can make up the rest"),
    ],
    ids=["cut at a checkpoint", "a made-up tail", "no checkpoints", "open"],
)
def test_the_recipe_calls_nothing_good_that_is_not_all_vouched_for(tmp_path: Path, log: MadeLog, what: str) -> None:
    out, _ = export_json(place(tmp_path / "run", log), tmp_path / "log.json")
    done = by_the_script(out)
    assert done.returncode == 3 and done.stdout.startswith("NOT ALL VOUCHED FOR: ") and what in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(("data", "code"), [({}, 0), ({"gave_up": "the queue is full"}, 3), ({"handed_over": 99}, 3)])
def test_the_recipe_accepts_a_log_that_the_writer_ended_unless_its_end_tells_of_losses(
    tmp_path: Path, data: dict[str, Json], code: int
) -> None:
    lost = make_log(40, checkpoint_every=7, end=RecordKind.CONTROL_LOST, end_data=data)
    out, _ = export_json(place(tmp_path / "run", lost), tmp_path / "log.json")
    done = by_the_script(out)
    assert done.returncode == code and ("records were lost" in done.stdout) is (code == 3), done.stdout + done.stderr


def test_nothing_may_stand_after_the_end_in_the_recipe(tmp_path: Path) -> None:
    lines = LOG.lines
    more = parse_strictly(lines[5]) | {"seq": len(lines), "prev": leaf_hash(lines[-1]).hex()}
    out, _ = export_json(place(tmp_path / "run", LOG.with_lines([*lines, encode_plain(more)])), tmp_path / "log.json")
    done = by_the_script(out)
    assert done.returncode == 5 and "record 40 stands after RUN_END" in done.stdout


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize(
    ("log", "code", "says"),
    [(LOG, 0, "written: "), (changed_value(LOG), 5, "NOT INTACT"), (without_its_end(LOG), 3, "NOTHING CONTRADICTS, BUT")],
    ids=["intact", "changed", "cut"],
)
def test_the_command_prints_what_the_verifier_says_and_exits_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str, log: MadeLog, code: int, says: str
) -> None:
    run, out = place(tmp_path / "run", log), tmp_path / f"log.{form}"
    monkeypatch.setattr("sys.argv", ["primum", "audit", "export", str(run), "--format", form, "--out", str(out)])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    said = capsys.readouterr().out
    assert (exit_.value.code or 0) == code and said.startswith(says) and f"written: {out}" in said and out.exists()


def test_csv_has_a_row_a_cycle_units_in_the_header_and_the_hash_of_each_record(tmp_path: Path) -> None:
    lines = LOG.lines
    record = parse_strictly(lines[2])
    lines[2] = encode_plain(record | {"data": record["data"] | {"calls": [{"call": "enable", "first": {"units": {"vessel": "m"}}}]}})
    log = LOG.with_lines(lines)
    rows = export_csv(place(tmp_path / "run", log), tmp_path / "log.csv")
    with (tmp_path / "log.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    cycles = [(parse_strictly(line), leaf_hash(line).hex()) for line in log.lines if parse_strictly(line)["kind"] == "CYCLE"]
    assert rows == len(table) == len(cycles)
    for row, (cycle, leaf) in zip(table, cycles, strict=True):
        assert row["leaf_sha256"] == leaf and int(row["seq"]) == cycle["seq"] and row["reason"] == cycle["data"]["reason"]
        assert float(row["q_1 [rad or m]"]) == cycle["data"]["state"]["q"][1]
        assert float(row["margin vessel [m]"]) == cycle["data"]["margins"]["vessel"]
        assert float(row["certify [us]"]) == cycle["data"]["timing_us"]["certify"]
    assert "margin tip_speed [unit as in the procedure]" in table[0] and "t [s, monotonic clock]" in table[0]


def test_an_export_never_writes_over_a_file(tmp_path: Path) -> None:
    run = place(tmp_path / "run")
    for name in ("log.json", "log.verify.sh", "log.csv"):
        (tmp_path / name).write_text("mine")
        for export in (export_json, export_csv):
            if (export is export_csv) == (name == "log.csv"):
                with pytest.raises(SpecificationError, match="exists"):
                    export(run, tmp_path / ("log.csv" if export is export_csv else "log.json"))
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()
    with pytest.raises(SpecificationError, match="cannot be written"):
        export_csv(run, tmp_path / "nowhere" / "log.csv")


def test_a_line_that_is_no_text_stops_the_export_with_its_place(tmp_path: Path) -> None:
    run = place(tmp_path / "run")
    segment = run / "audit" / "000001.jsonl"
    segment.write_bytes(b"\xff\n" + segment.read_bytes())
    for export in (export_json, export_csv):
        with pytest.raises(SpecificationError, match=r"000001\.jsonl:1"):
            export(run, tmp_path / f"{export.__name__}.out")
        assert not (tmp_path / f"{export.__name__}.out").exists(), "nothing half done"
