"""`primum report RUN` with evidence, proofs, a key: on a real run, gathered, refused, drafted."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.toolkit.app.conftest import Primum, Recorded
from tests.verification.trace.small import evidence
from toolkit.app import verification_report
from toolkit.app.proved import proof_inputs_of
from toolkit.app.run_inputs import read_inputs
from toolkit.app.run_log import read_run_log
from toolkit.app.verification_report import Sources, gather, required_obligations
from toolkit.app.version import version_info
from verification.campaign.small_proofs import write_directory
from verification.trace import write_evidence
from verification.verification_report import RefusedReport, VerificationData, refusals


@pytest.fixture
def run(short: Recorded, tmp_path: Path) -> Path:
    """A copy of a short run that may be changed."""
    return Path(shutil.copytree(short.directory, tmp_path / "run"))


@pytest.fixture(scope="module")
def gathered(short: Recorded) -> VerificationData:
    return gather(Sources(short.directory))


def reasons(data: VerificationData, kind: str) -> list[str]:
    return [str(reason) for reason in refusals(data) if reason.kind == kind]


@pytest.mark.requirement("AUD-031")
def test_a_final_report_is_refused_with_every_reason_and_nothing_written(primum: Primum, run: Path) -> None:
    before = sorted(path.name for path in run.iterdir())
    code, out, err = primum("report", run, "--pdf")
    assert code == 3 and "refused: no verification report" in err
    assert "no evidence: evidence: none was given" in err and "planned: FRC-003" in err
    assert sorted(path.name for path in run.iterdir()) == before and "verification" not in out


@pytest.mark.requirement("AUD-031", "AUD-032")
def test_a_draft_is_written_under_another_name(primum: Primum, run: Path) -> None:
    code, out, _ = primum("report", run, "--pdf", "--draft", "--tester", "A. Tester")
    assert code == 0 and out.count("DRAFT") >= 2
    assert (run / "verification_report_DRAFT.pdf").read_bytes().startswith(b"%PDF")
    page = (run / "verification_report_DRAFT.html").read_text()
    assert "A. Tester, as given with --tester" in page and "K.jaw_1" in page and "DRAFT: not a verification report" in page
    assert not (run / "verification_report.pdf").exists()


def test_the_run_report_is_still_what_it_was(primum: Primum, run: Path) -> None:
    code, out, _ = primum("report", run)
    assert code == 0 and "report.html" in out and not list(run.glob("verification_report*"))


def test_data_come_from_the_log_and_agree_with_run_json(gathered: VerificationData, short: Recorded) -> None:
    assert gathered.run_json == () and gathered.log.report.ok
    assert len(gathered.run.cycles.verdict) == short.summary.cycles
    assert gathered.ran.version == gathered.now.version and gathered.ran.libraries == gathered.now.libraries
    assert gathered.log.note.startswith("primum/audit/") and str(gathered.log.report.records) in gathered.log.note.split("\n")
    assert {"run.json", "procedure.yaml", "truth.bin", "audit/000000.jsonl"} <= set(gathered.files)
    assert gathered.files["run.json"] == hashlib.sha256((short.directory / "run.json").read_bytes()).hexdigest()


@pytest.mark.requirement("AUD-031")
def test_a_changed_record_refuses(run: Path) -> None:
    segment = run / "audit" / "000000.jsonl"
    lines = segment.read_bytes().split(b"\n")
    middle = len(lines) // 2
    lines[middle] = lines[middle].replace(b'"schema":2', b'"schema":3')
    segment.write_bytes(b"\n".join(lines))
    assert reasons(gather(Sources(run)), "log")


@pytest.mark.requirement("AUD-031")
@pytest.mark.parametrize("draft", [[], ["--draft"]])
def test_a_log_that_cannot_be_read_refuses_even_a_draft(primum: Primum, run: Path, draft: list[str]) -> None:
    segment = run / "audit" / "000000.jsonl"
    lines = segment.read_bytes().split(b"\n")
    lines[len(lines) // 2] = b'{"kind":"CYCLE","data":{}}'
    segment.write_bytes(b"\n".join(lines))
    (run / "verification_report.html").write_text("of yesterday")
    code, _, err = primum("report", run, "--tester", "A. Tester", *draft)
    assert code == 3 and "log: audit: 000000.jsonl" in err and "verification_report.html is an earlier report" in err
    assert [path.name for path in run.glob("verification_report*")] == ["verification_report.html"]


@pytest.mark.requirement("AUD-031")
def test_figures_written_by_hand_refuse(run: Path) -> None:
    figures = json.loads((run / "run.json").read_text())
    figures["deadline_misses"] += 1
    (run / "run.json").write_text(json.dumps(figures))
    assert reasons(gather(Sources(run)), "run.json")[0].startswith("run.json: run.json: deadline_misses")


@pytest.mark.requirement("AUD-031")
def test_evidence_of_another_commit_refuses(run: Path, tmp_path: Path) -> None:
    write_evidence(evidence([]), tmp_path / "evidence")
    found = reasons(gather(Sources(run, evidence=tmp_path / "evidence")), "other version")
    assert any("of commit c0ffee" in reason for reason in found)


@pytest.mark.requirement("AUD-031")
def test_a_tree_with_changes_refuses(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = version_info() | {"git_commit": "a" * 40 + "+changes"}
    monkeypatch.setattr(verification_report, "version_info", lambda: told)
    data = gather(Sources(run))
    assert any("the program that writes this report had changes" in reason for reason in reasons(data, "dirty tree"))
    assert any(f"{'a' * 40} writes this report" in reason for reason in reasons(data, "other version"))


@pytest.mark.requirement("AUD-031")
def test_proofs_that_nobody_checked_refuse(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification_report, "CHECKER", "verification.no_such_checker.directory")
    summary = {"format": "primum-proofs/1", "name": "x", "inputs": {}, "obligations": [], "assumed": []}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    data = gather(Sources(run, proofs=tmp_path))
    assert "no checker" in reasons(data, "certificate")[0]
    assert {item.verdict for item in data.proofs.obligations} == {"UNPROVED"}


@pytest.mark.requirement("AUD-031")
def test_proofs_are_compared_with_all_that_ran(run: Path, tmp_path: Path) -> None:
    """Made for the run's own inputs, K apart; then with the tape of another program, and with one that no run has."""
    assembly = read_inputs(run, read_run_log(run / "audit").start)
    inputs, stop = proof_inputs_of(assembly), {"stop_length": ("PROVED", {"kind": "stop_length", "periods": 40})}
    unknown = [id_ for id_ in required_obligations(assembly) if id_ not in stop]
    write_directory(tmp_path / "own", inputs, stop, unknown)
    data = gather(Sources(run, proofs=tmp_path / "own"))
    assert data.proofs.proved == 1 and reasons(data, "certificate") == [] and data.proofs.assumed[0].startswith("A1: ")
    assert [reason for reason in data.proofs.differing if "analytic bounds K, from no proofs" not in reason] == []
    other = {**inputs, "tape_points": b"another program", "tape_shield": b"and more"}
    write_directory(tmp_path / "other", other, stop, unknown)
    data = gather(Sources(run, proofs=tmp_path / "other"))
    assert [reason.partition(":")[0] for reason in data.proofs.differing[:-1]] == ["tape_points", "tape_shield"]
    assert data.proofs.proved == 0 and len([reason for reason in refusals(data) if reason.kind == "other version"]) >= 3


def test_what_must_be_proved_follows_from_the_procedure(gathered: VerificationData, short: Recorded) -> None:
    assembly = read_inputs(short.directory, read_run_log(short.directory / "audit").start)
    required = required_obligations(assembly)
    assert {"K.tip", "K.jaw_1", "K.jaw_2", "stop_length", "tube_threshold"} <= set(required)
    assert [item.id for item in gathered.proofs.obligations] == list(required)
    assert {item.why for item in gathered.proofs.obligations} == {"no proofs were given"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--evidence", "nowhere"], "no test evidence"),
        (["--proofs", "nowhere"], "no proofs"),
        (["--key", "nowhere.pub"], "nowhere.pub"),
    ],
)
def test_a_source_that_is_not_there_is_bad_input(primum: Primum, run: Path, words: list[str], told: str) -> None:
    code, _, err = primum("report", run, *words, "--draft")
    assert code == 2 and told in err and not list(run.glob("verification_report*"))


def test_a_directory_that_is_no_run_is_bad_input(primum: Primum, tmp_path: Path) -> None:
    code, _, err = primum("report", tmp_path, "--draft")
    assert code == 2 and "refused" in err


def test_refused_is_an_error_with_its_own_exit_code() -> None:
    assert RefusedReport(()).exit_code == 3
