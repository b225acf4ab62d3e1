"""`primum verify`, and runs with proofs: what is proved is what runs, or the run is refused with both hashes."""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from safety import commanded_rates, plan_check, window_check
from tests.toolkit.app.runs import EXAMPLE, primum
from toolkit import SpecificationError
from toolkit.app import proved
from toolkit.app.assembly import Assembly
from toolkit.app.figures import unproved
from toolkit.app.proof_record import ProofRecord
from toolkit.app.proofs import assumed_of, obligations_of
from toolkit.app.proved import assemble_proved, proof_inputs_of, read_proofs
from toolkit.app.report_data import _certificates
from toolkit.models import SerialArm
from verification.obligations import STANDING_IDS

TAPES = ("tape_points", "tape_rcm_offset", "tape_plan_check")


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Proofs of the example, through the command line."""
    directory = tmp_path_factory.mktemp("verify") / "proofs"
    done = primum("verify", str(EXAMPLE), "--out", str(directory), "--jobs", "2", cwd=directory.parent)
    assert done.returncode == 0, done.stderr
    assert "re-check all of it" in done.stdout and "assumed, or not proved" in done.stdout
    return directory


@pytest.fixture(scope="module")
def record(proofs: Path) -> ProofRecord:
    return read_proofs(proofs)


def test_every_obligation_has_the_verdict_it_should_have(record: ProofRecord) -> None:
    regions = {f"vessel.{body}": "REFUTED" for body in ("shaft", "wrist", "jaw_1", "jaw_2")}
    points = {f"K.{point}": "PROVED" for point in ("trocar", "wrist", "tip", "jaw_1", "jaw_2")}
    standing = dict.fromkeys(STANDING_IDS, "PROVED")
    assert record.verdicts == {**points, "stop_length": "PROVED", "tube_threshold": "PROVED", **regions, **standing}


def test_the_summary_says_in_one_place_what_is_assumed(proofs: Path, example: Assembly) -> None:
    summary = json.loads((proofs / "summary.json").read_bytes())
    assert summary["assumed"] == assumed_of(example)
    text = " ".join(summary["assumed"])
    assert all(f"A{k}:" in text for k in range(1, 8)) and "E-stop" in text and "float_error_m" in text
    assert all(row["sentence"] and row["assumptions"] and float(row["seconds"]) >= 0.0 for row in summary["obligations"])


def test_the_proved_bounds_are_what_the_shield_uses_and_gain_what_they_gain(record: ProofRecord, example: Assembly) -> None:
    assembly = assemble_proved(EXAMPLE, record)
    assert assembly.hashes["proofs"] == record.digest and "proofs" not in example.hashes
    for i, point in enumerate(assembly.arm.point_names):
        assert np.array_equal(assembly.shield.K[i], record.bounds[point])
    ratio = record.bounds["jaw_1"] / np.maximum(example.shield.K[assembly.arm.point_names.index("jaw_1")], 1e-9)
    assert ratio.max() < 1.05 and ratio[0, 1] < 0.85, "yaw and pitch together bend a fifth less than the analytic bound"


def test_an_obligation_is_derived_for_every_mark_and_every_point(example: Assembly) -> None:
    ids = [o.id for o in obligations_of(example, proof_inputs_of(example))]
    assert len(ids) == len(set(ids)) == 11 + len(STANDING_IDS) and ids[5:7] == ["stop_length", "tube_threshold"]


def test_what_the_model_and_the_shield_compute_is_among_the_inputs(example: Assembly, record: ProofRecord) -> None:
    """The same with proved bounds in the shield as without: what was proved before is what runs after."""
    inputs = proof_inputs_of(example)
    assert inputs["tape_plan_check"].decode() == example.shield.tape.text and set(TAPES) == {role for role in inputs if "tape_" in role}
    proved_ = assemble_proved(EXAMPLE, record)
    assert proof_inputs_of(proved_) == inputs and proved_.shield.tape.text != example.shield.tape.text


@pytest.mark.parametrize("part", ["range", "windows", "rates", "rcm"])
def test_any_other_check_of_a_plan_is_another_program(
    example: Assembly, record: ProofRecord, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Each change weakens what certifies a plan, or what a constraint is about, and leaves the body points as they were."""
    if part == "range":
        monkeypatch.setattr(plan_check, "REGISTER", 2.0**32)
    elif part == "windows":
        monkeypatch.setattr(window_check._Build, "_fixed", lambda self, point: self.added_m)
    elif part == "rates":
        of = commanded_rates.CommandedRates.of
        monkeypatch.setattr(commanded_rates.CommandedRates, "of", lambda self, *q: [1.01 * margin for margin in of(self, *q)])
    else:
        offset = SerialArm.rcm_offset_sx
        monkeypatch.setattr(SerialArm, "rcm_offset_sx", lambda self, q: 0.5 * offset(self, q))
    role = "tape_rcm_offset" if part == "rcm" else "tape_plan_check"
    with pytest.raises(SpecificationError, match=f"another {role}"):
        assemble_proved(EXAMPLE, record)


def test_a_constant_changed_after_proving_is_refused_with_both_hashes(
    record: ProofRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(assembly: Assembly) -> dict[str, bytes]:
        return {**proof_inputs_of(assembly), "tape_points": b"tape 1\n"}

    monkeypatch.setattr(proved, "proof_inputs_of", changed)
    with pytest.raises(SpecificationError, match=r"another tape_points: it has SHA-256 [0-9a-f]{64} here, [0-9a-f]{64} in the proofs"):
        assemble_proved(EXAMPLE, record)


@pytest.mark.parametrize("role", ["arm", "tool", "sizes", "published_limits", "procedure", "profile", "tube", "shield", *TAPES])
def test_proofs_about_any_other_input_are_refused(record: ProofRecord, role: str) -> None:
    other = replace(record, inputs={**record.inputs, role: "0" * 64})
    with pytest.raises(SpecificationError, match=f"another {role}"):
        assemble_proved(EXAMPLE, other)
    without = replace(record, inputs={k: v for k, v in record.inputs.items() if k != role})
    with pytest.raises(SpecificationError, match=f"another {role}.*absent"):
        assemble_proved(EXAMPLE, without)


def test_a_run_refuses_proofs_that_the_checker_does_not_accept(proofs: Path, tmp_path: Path) -> None:
    forged = forged_from(proofs, tmp_path)
    done = primum("run", str(EXAMPLE), "--out", str(tmp_path / "run"), "--proofs", str(forged), cwd=tmp_path)
    assert done.returncode == 2 and "the checker does not accept" in done.stderr and not (tmp_path / "run").exists()


def forged_from(proofs: Path, folder: Path) -> Path:
    """The proofs with a bound halved and every hash made to fit: what only a checker notices."""
    forged = Path(shutil.copytree(proofs, folder / "forged"))
    path = next(forged.glob("*_k_tip.json"))
    certificate = json.loads(path.read_bytes())
    entry = next(e for e in certificate["bounds"] if float.fromhex(e["bound"]) > 0.1)
    entry["bound"] = (0.5 * float.fromhex(entry["bound"])).hex()
    path.write_text(json.dumps(certificate))
    summary = json.loads((forged / "summary.json").read_bytes())
    next(row for row in summary["obligations"] if row["file"] == path.name)["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (forged / "summary.json").write_text(json.dumps(summary))
    return forged


HIJACKERS = {
    "says nothing": "",
    "says yes": """
import json, pathlib
for row in json.loads((pathlib.Path(sys.argv[1]) / "summary.json").read_bytes())["obligations"]:
    print(f"ACCEPTED {row['file']}: trust me")
print("ACCEPTED summary.json: all of it")
""",
}


@pytest.mark.parametrize(("what", "where"), [("says nothing", "here"), ("says yes", "PYTHONPATH")])
def test_a_checker_that_lies_in_the_current_directory_is_not_asked(
    proofs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, where: str
) -> None:
    forged_from(proofs, tmp_path)
    package = tmp_path / "verification" / "checker"
    package.mkdir(parents=True)
    (tmp_path / "verification" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import sys\n" + HIJACKERS[what] + "sys.exit(0)\n")
    monkeypatch.chdir(tmp_path)
    if where == "PYTHONPATH":
        monkeypatch.setenv("PYTHONPATH", f".{os.pathsep}{tmp_path}")
    with pytest.raises(SpecificationError, match=r"does not accept these proofs: REJECTED 003_k_tip\.json"):
        read_proofs(Path("forged"))


@pytest.mark.parametrize(
    "printed",
    ["", "ACCEPTED summary.json: 11 of 11", "all good", "{all}\n{first}", "{all}\nACCEPTED 099_x.json: x", "{all}\nREJECTED 001_k.json"],
)
def test_an_exit_code_of_zero_alone_accepts_nothing(proofs: Path, monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    """Every file must have its one ACCEPTED line."""
    files = [*(path.name for path in sorted(proofs.glob("0*.json"))), "summary.json"]
    lines = [f"ACCEPTED {name}: as claimed" for name in files]

    def run(output: str) -> None:
        done = subprocess.CompletedProcess([], 0, stdout=output, stderr="")
        monkeypatch.setattr(proved.subprocess, "run", lambda *words, **options: done)
        assert {row.claim for row in read_proofs(proofs).obligations} == {"as claimed"}

    run("input arm 00\n" + "\n".join(lines))
    for output in (printed.format(all="\n".join(lines), first=lines[0]), "\n".join(lines[1:])):
        with pytest.raises(SpecificationError, match="checker"):
            run(output)


def test_what_a_report_prints_as_proved_are_the_checker_s_words(proofs: Path, tmp_path: Path, example: Assembly) -> None:
    """The prover may write any sentence it likes."""
    boasting = Path(shutil.copytree(proofs, tmp_path / "proofs"))
    summary = json.loads((boasting / "summary.json").read_bytes())
    for row in summary["obligations"]:
        row.update(sentence="The tip never touches the vessel.", assumptions=[])
    (boasting / "summary.json").write_text(json.dumps({**summary, "assumed": []}))
    rows = _certificates(replace(example, proofs=read_proofs(boasting)))
    assert len(rows) == 9 and not any("never touches" in row.claim for row in rows)
    assert next(row for row in rows if row.name == "K.tip").claim.startswith("|d2 tip / dq_j dq_l| <= K_jl")


def test_a_run_refuses_proofs_of_another_procedure(proofs: Path, tmp_path: Path) -> None:
    other = EXAMPLE.parent / "psm_approach.yaml"
    done = primum("run", str(other), "--out", str(tmp_path / "run"), "--proofs", str(proofs), cwd=tmp_path)
    assert done.returncode == 2 and "another procedure" in done.stderr.replace("\n", " ") and not (tmp_path / "run").exists()


def test_a_pair_of_joints_that_a_certificate_leaves_out_is_not_taken_for_zero(proofs: Path) -> None:
    certificate = json.loads(next(proofs.glob("*_k_tip.json")).read_bytes())
    assert np.isfinite(proved.bounds_in(certificate)["tip"]).all()
    del certificate["bounds"][3]
    with pytest.raises(ValueError, match="point:tip: a pair of joints has no bound"):
        proved.bounds_in(certificate)


def test_what_a_run_keeps_of_its_proofs_comes_back_exactly(record: ProofRecord) -> None:
    again = ProofRecord.from_json(record.to_json(), record.directory)
    assert (again.digest, again.inputs, again.obligations, str(again)) == (record.digest, record.inputs, record.obligations, str(record))
    assert all(np.array_equal(again.bounds[name], K) for name, K in record.bounds.items()) and again.bounds.keys() == record.bounds.keys()
    for content in (b"", b"[]", record.to_json().replace(b'"digest"', b'"digset"'), record.to_json()[:-1]):
        with pytest.raises(SpecificationError, match="not the record of checked proofs"):
            ProofRecord.from_json(content, "proofs.json")


def test_what_was_not_proved_is_still_called_unproved(record: ProofRecord) -> None:
    def said(*without: str) -> tuple[bool, bool]:
        rows = tuple(replace(row, verdict="UNKNOWN") if row.id in without else row for row in record.obligations)
        text = " ".join(unproved(replace(record, obligations=rows)))
        return "second-derivative" in text.lower(), "longest stop" in text

    assert said() == (False, False) and said("K.tip") == (True, False) and said("tube_threshold") == (False, True)
    assert len(unproved(None)) == len(unproved(replace(record, obligations=()))) == len(unproved(record)) + 3


def test_what_is_no_directory_of_proofs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="cannot be read as proofs"):
        read_proofs(tmp_path)
    done = primum("verify", str(EXAMPLE), "--out", str(EXAMPLE), cwd=tmp_path)
    assert done.returncode == 2 and "not a directory" in done.stderr.replace("\n", " ")
    done = primum("verify", str(EXAMPLE), "--out", str(tmp_path / "x"), "--engine", "fortran", cwd=tmp_path)
    assert done.returncode == 2 and "allowed are auto, C, numpy" in done.stderr.replace("\n", " ")
