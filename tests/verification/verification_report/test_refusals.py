"""Each reason to refuse, caused; and nothing refused where there is none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from safety.audit import Problem
from tests.verification.trace.small import COMMIT, evidence
from tests.verification.verification_report.made import ONE, sound_evidence, traced
from verification.trace import Evidence
from verification.trace.sbom import Environment
from verification.verification_report import LogIntegrity, RefusedReport, VerificationData, build_document, refusals
from verification.verification_report.blocks import Cell, Table
from verification.verification_report.first_page import first_page
from verification.verification_report.sections import missing

Change = Callable[[VerificationData], VerificationData]


def kinds(data: VerificationData) -> set[str]:
    return {reason.kind for reason in refusals(data)}


@pytest.mark.requirement("AUD-031")
def test_a_sound_set_of_data_has_no_reason(data: VerificationData) -> None:
    assert refusals(data) == ()
    assert not build_document(data, (), draft=False).draft


def with_log(**changes: Any) -> Change:
    return lambda data: replace(data, log=LogIntegrity(replace(data.log.report, **changes), ""))


def with_proofs(**changes: Any) -> Change:
    return lambda data: replace(data, proofs=replace(data.proofs, directory="proofs", **changes))


def with_evidence(found: Evidence | None) -> Change:
    return lambda data: traced(data, found)


def with_environment(environment: Environment | None) -> Change:
    return lambda data: replace(data, environment=environment, environment_problem="" if environment else "no lock file")


PRODUCT = {"name": "primum", "version": "0.1.0", "git_commit": COMMIT, "dirty": False}
CAUSES: dict[str, tuple[str, str, Change]] = {
    "the run's tree was dirty": ("dirty tree", "run", lambda d: replace(d, ran=replace(d.ran, commit=COMMIT + "+changes"))),
    "the run is of no checkout": ("dirty tree", "run", lambda d: replace(d, ran=replace(d.ran, commit=""))),
    "the report's tree is dirty": ("dirty tree", "report", lambda d: replace(d, now=replace(d.now, commit=COMMIT + "+changes"))),
    "the evidence's tree was dirty": ("no evidence", "evidence", with_evidence(sound_evidence(product=PRODUCT | {"dirty": True}))),
    "the run is of another version": ("other version", "run", lambda d: replace(d, ran=replace(d.ran, version="0.0.9"))),
    "the run is of another commit": ("other version", "run", lambda d: replace(d, ran=replace(d.ran, commit="badcafe"))),
    "the run is of another source": ("other version", "run", lambda d: replace(d, ran=replace(d.ran, source="6" * 64))),
    "a library of the run is not the locked one": (
        "other version", "run", lambda d: replace(d, ran=replace(d.ran, libraries={"library": "0.9"}))
    ),
    "the evidence is of another commit": ("other version", "evidence", with_evidence(sound_evidence(product=PRODUCT | {"git_commit": ""}))),
    "the evidence is of another version": ("other version", "evidence", with_evidence(sound_evidence(product=PRODUCT | {"version": "1"}))),
    "a library of the evidence is not the locked one": ("other version", "evidence", with_evidence(sound_evidence(tools={"library": "2"}))),
    "there is no lock file": ("other version", "lock", with_environment(None)),
    "lock and environment differ": (
        "other version", "lock", with_environment(Environment((), (), ("library: locked 1.0, installed 2",)))
    ),
    "the proofs are about other inputs": ("other version", "proofs", with_proofs(differing=("procedure: another",))),
    "a certificate fails its check": ("certificate", "proofs", with_proofs(rejected=("001_k_tip.json: rejected by the checker: a hole",))),
    "there is no evidence": ("no evidence", "evidence", with_evidence(None)),
    "the evidence was cut short": ("no evidence", "evidence", with_evidence(sound_evidence(complete=False))),
    "a requirement has no executed test": (
        "not verified", "SAF-001", with_evidence(evidence([]))
    ),
    "a risk control has no executed test": (
        "not verified", "RC-01", with_evidence(evidence([]))
    ),
    "a failed test has no anomaly": ("no anomaly", ONE, with_evidence(sound_evidence(one="failed"))),
    "a skipped test has no anomaly": ("no anomaly", "tests/test_a.py::test_two", with_evidence(sound_evidence(two="skipped"))),
    "the log was changed": ("log", "audit", with_log(problem_count=1, problems=[Problem("000000.jsonl", 7, 6, 6, "was changed")])),
    "the log has no end": ("log", "audit", with_log(state="open", vouched=10)),
    "its signatures were not checked": ("log", "audit", with_log(signatures=None)),
    "a place lacks the last checkpoint": ("log", "audit", with_log(short=True)),
    "the control process was lost": ("log", "audit", with_log(state="lost", last_kind="CONTROL_LOST")),
    "records were lost": ("log", "audit", with_log(state="lost", lost=3)),
    "the log was given up": ("log", "audit", with_log(state="lost", gave_up="the queue is full")),
    "no operator key was given": ("operator key", "audit", with_log(operator_checked=False)),
    "no operator vouches for the log's keys": ("operator key", "audit", with_log(operator="", operator_checked=False)),
    "the true motion of a simulated arm is gone": ("true motion", "truth.bin", lambda d: replace(d, truth_fault="gone")),
    "run.json was changed": ("run.json", "run.json: verdicts", lambda d: replace(d, run_json=("run.json: verdicts",))),
    "nobody is named as the tester": ("tester", "report", with_evidence(sound_evidence(tester={"name": "unknown", "source": "unknown"}))),
}  # fmt: skip


@pytest.mark.requirement("AUD-031")
@pytest.mark.parametrize("cause", CAUSES)
def test_a_reason_refuses_the_report_and_stands_on_page_one_of_a_draft(data: VerificationData, cause: str) -> None:
    kind, where, change = CAUSES[cause]
    reasons = refusals(change(data))
    assert any(reason.kind == kind and reason.where == where for reason in reasons), [str(reason) for reason in reasons]
    with pytest.raises(RefusedReport, match=kind) as refused:
        build_document(change(data), reasons, draft=False)
    assert refused.value.exit_code == 3
    assert all(str(reason) in str(refused.value) for reason in reasons), "every reason is listed"
    page_one = first_page(change(data), reasons, draft=True)
    rows = [row for block in page_one[:2] if isinstance(block, Table) for row in block.rows]
    assert Cell(kind, "bad") in [row[0] for row in rows], "on top of page one"
    (listed,) = [block for block in missing(reasons).blocks if isinstance(block, Table)]
    assert len(listed.rows) == len(reasons)


@pytest.mark.requirement("AUD-031")
def test_an_outcome_with_its_anomaly_is_no_reason(data: VerificationData) -> None:
    assert refusals(traced(data, sound_evidence(two="xfailed"))) == ()
    assert "no anomaly" in kinds(traced(data, sound_evidence(two="skipped"))), "the anomaly excuses another outcome"


@pytest.mark.requirement("AUD-031")
def test_a_tester_named_for_the_report_is_enough(data: VerificationData) -> None:
    nobody = traced(data, sound_evidence(tester={"name": "unknown", "source": "unknown"}))
    assert kinds(nobody) == {"tester"}
    assert refusals(replace(nobody, tester="A. Reviewer")) == ()


def test_several_reasons_are_all_told_once(data: VerificationData) -> None:
    bad = replace(
        traced(data, None), run_json=("run.json: cycles", "run.json: cycles"), ran=replace(data.ran, commit="x+changes", version="9")
    )
    reasons = refusals(bad)
    assert len(reasons) == len(set(reasons)) and {"dirty tree", "other version", "run.json", "no evidence"} <= {r.kind for r in reasons}


@pytest.mark.requirement("AUD-031")
def test_a_draft_from_which_nothing_is_missing_is_still_a_draft(data: VerificationData) -> None:
    document = build_document(data, (), draft=True)
    assert document.draft and "DRAFT" in str(document.first[0])


def test_the_section_after_page_one_lists_what_is_missing(data: VerificationData) -> None:
    bare = traced(data, None)
    document = build_document(bare, refusals(bare), draft=True)
    assert document.sections[0] == missing(refusals(bare))
