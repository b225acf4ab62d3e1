"""Page one: nothing that failed, was assumed or is unproved may be missing from it, nothing else may look like a failure."""

from dataclasses import replace

import pytest

from safety.audit import Problem
from tests.verification.verification_report.made import sound_evidence, traced
from verification.report import Assumption
from verification.verification_report import LogIntegrity, Obligation, VerificationData, refusals
from verification.verification_report.blocks import Bullets, Cell, Subtitle, Table, Text
from verification.verification_report.first_page import failures, first_page


def parts(data: VerificationData) -> dict[str, str]:
    """Text of page one by subtitle; "" is what stands before the first."""
    found = {"": ""}
    head = ""
    for block in first_page(data, (), draft=False):
        if isinstance(block, Subtitle):
            head = block.text
            found[head] = ""
        elif isinstance(block, Table):
            found[head] += "\n".join(" | ".join(cell.text for cell in row) for row in block.rows) + "\n"
        elif isinstance(block, Bullets):
            found[head] += "\n".join(block.items)
        elif isinstance(block, Text):
            found[head] += block.text
    return found


def with_proofs(data: VerificationData, *obligations: Obligation) -> VerificationData:
    return replace(data, proofs=replace(data.proofs, directory="proofs", obligations=obligations))


@pytest.mark.requirement("AUD-032")
def test_the_four_answers_stand_in_their_order_and_in_short_before_them(data: VerificationData) -> None:
    assert list(parts(data)) == ["", "What is guaranteed", "Under which assumptions", "What is unproved", "What failed"]
    assert [line.partition(" |")[0] for line in parts(data)[""].splitlines()] == [
        "Guaranteed",
        "Assumed",
        "Unproved",
        "Failed",
        "Tests",
        "Log",
    ]


@pytest.mark.requirement("AUD-032")
def test_every_assumption_has_its_bound_and_measured_maximum(data: VerificationData) -> None:
    rows = parts(data)["Under which assumptions"].splitlines()
    assert [row.partition(" |")[0] for row in rows] == ["A1", "A2", "A3", "A4", "A5", "A6", "A7"]
    assert rows[3].endswith("10 ms | 6.100 ms | held")
    assert "Not monitored." in rows[4] and rows[4].endswith("– | not measured")
    assert "not measured: A5, A7" in parts(data)[""]


@pytest.mark.requirement("AUD-032")
def test_a_constraint_that_was_violated_is_said_twice(data: VerificationData) -> None:
    broken = replace(data.run.constraints[1], truth_min=-0.0003)
    hurt = replace(data, run=replace(data.run, constraints=(data.run.constraints[0], broken)))
    assert "-0.3000 mm" in parts(hurt)["What is guaranteed"] and "VIOLATED" in parts(hurt)["What is guaranteed"]
    assert "Constraint vessel violated" in parts(hurt)["What failed"]
    assert "1 of 2 constraints seen kept" in parts(hurt)[""]


def test_an_assumption_that_was_violated_failed(data: VerificationData) -> None:
    late = Assumption("A4", "Age of a measurement.", 0.010, 0.025, "s", "stamps", "hold", violated_at_s=3.2)
    hurt = replace(data, run=replace(data.run, assumptions=(late,)))
    assert "Assumption A4 violated" in parts(hurt)["What failed"] and "violated" in parts(hurt)["Under which assumptions"]


def test_failed_tests_and_a_broken_log_failed(data: VerificationData) -> None:
    report = replace(data.log.report, problem_count=2, problems=[Problem("000000.jsonl", 7, 6, 6, "was changed")])
    hurt = replace(traced(data, sound_evidence(one="failed")), log=LogIntegrity(report, ""))
    said = parts(hurt)["What failed"]
    assert "Tests: 1 failed." in said and "Requirement SAF-001 is not shown" in said
    assert "The log is not intact: 2 problems, the first: 000000.jsonl:7: record 6 was changed" in said


def test_what_is_unproved_and_what_is_refuted_is_no_failure_and_is_named(data: VerificationData) -> None:
    proofs = with_proofs(
        data, Obligation("K.tip", "PROVED", ""), Obligation("stop_length", "UNPROVED", ""), Obligation("vessel.shaft", "REFUTED", "")
    )
    assert failures(proofs) == failures(data)
    said = parts(proofs)["What is unproved"]
    assert "No checked certificate for 1 obligation: stop_length." in said and "with a witness" in said and "vessel.shaft" in said
    assert "before any certificate was checked" in said, "what the run said of proofs is older than they are"
    assert "1 of 3 obligations proved by a checked certificate, 1 refuted" in parts(proofs)[""]


def test_keys_that_nobody_vouches_for_are_unproved(data: VerificationData) -> None:
    nobody = replace(data, log=LogIntegrity(replace(data.log.report, operator="", operator_checked=False), ""))
    unchecked = replace(data, log=LogIntegrity(replace(data.log.report, operator_checked=False), ""))
    assert "no operator vouches" in parts(nobody)["What is unproved"]
    assert "certificate was not checked" in parts(unchecked)["What is unproved"]
    assert "keys" not in parts(data)["What is unproved"]


def test_many_reasons_are_grouped_and_counted(data: VerificationData) -> None:
    bare = traced(data, None)
    reasons = (*refusals(bare), *(replace(refusals(bare)[0], kind="not run", where=f"tests/a.py::test_{i:03d}") for i in range(200)))
    table = first_page(bare, reasons, draft=True)[1]
    assert isinstance(table, Table)
    row = next(row for row in table.rows if row[0] == Cell("not run", "bad"))
    assert row[1].text == "200" and row[2].text.startswith("test_000, test_001") and row[2].text.endswith("more") and len(row[2].text) < 120
