"""Every kind of gap is found where it was planted, and a sound checkout has none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.verification.trace.small import SENTENCE, TESTS, TREE, Checkout, anomaly, evidence, hazard, requirement, result, results, soup
from verification.trace import counted

pytestmark = pytest.mark.requirement("CYB-012", "AUD-020")
ONE, TWO = "tests/test_a.py::test_one", "tests/test_a.py::test_two"


def test_a_sound_checkout_has_no_gap_but_what_is_planned(tmp_path: Path) -> None:
    gaps = Checkout(tmp_path).gaps(evidence())
    assert counted(gaps, release=False) == ()
    assert {(gap.kind, gap.where) for gap in counted(gaps, release=True)} == {
        ("planned", identity) for identity in ("WSP-001", "FRC-001", "AUD-001", "CYB-001", "MAG-001")
    }


def test_without_evidence_only_links_are_judged(tmp_path: Path) -> None:
    gaps = Checkout(tmp_path).gaps()
    assert counted(gaps, release=False) == ()
    assert ("no evidence", "evidence") in {(gap.kind, gap.where) for gap in counted(gaps, release=True)}


def control(identity: str) -> dict[str, Any]:
    return {"id": identity, "measure": SENTENCE, "kind": "protection"}


def unused_control(of: Checkout) -> None:
    of.files["controls.yaml"]["controls"].append(control("RC-02"))


def unimplemented_control(of: Checkout) -> None:
    unused_control(of)
    of.files["hazards.yaml"]["hazards"] = [hazard("HAZ-01", controls=["RC-01", "RC-02"])]


LINKS: list[tuple[Callable[[Checkout], Any], str, str]] = [
    (lambda of: setattr(of, "tests", TESTS.replace("SAF-001", "SAF-099")), "unknown id", f"{ONE} (line 9)"),
    (lambda of: setattr(of, "tests", TESTS.replace("SAF-001", "SAF-099")), "no test", "SAF-001"),
    (lambda of: setattr(of, "code", "class Thing: ...\n"), "no code", "SAF-001"),
    (lambda of: of.files["safety.yaml"]["requirements"].append(requirement("SAF-003")), "no test", "SAF-003"),
    (lambda of: of.files["hazards.yaml"].update(hazards=[hazard("HAZ-01"), hazard("HAZ-02", controls=[])]), "no control", "HAZ-02"),
    (unused_control, "no hazard", "RC-02"),
    (unused_control, "no requirement", "RC-02"),
    (unimplemented_control, "no requirement", "RC-02"),
    (lambda of: of.files["anomalies.yaml"].update(anomalies=[anomaly(tests=["tests/test_a.py::test_gone"])]), "stale anomaly", "ANO-001"),
    (lambda of: of.files["soup.yaml"].update(soup=[soup("python")]), "no rationale", "library"),
    (lambda of: of.files["soup.yaml"]["soup"].append(soup("unused")), "no rationale", "unused"),
]


@pytest.mark.parametrize(("plant", "kind", "where"), LINKS, ids=[f"{kind} {where}" for _, kind, where in LINKS])
def test_a_planted_gap_between_files_is_found_with_and_without_evidence(
    plant: Callable[[Checkout], Any], kind: str, where: str, tmp_path: Path
) -> None:
    checkout = Checkout(tmp_path)
    plant(checkout)
    for found in (None, evidence()):
        assert (kind, where) in {(gap.kind, gap.where) for gap in counted(checkout.gaps(found), release=False)}


def with_two(outcome: str, **changes: Any) -> list[dict[str, Any]]:
    return [*results()[:2], result(TWO, outcome, "SAF-002", **changes)]


def with_ones(outcome: str) -> list[dict[str, Any]]:
    return [*(result(f"{ONE}[{x}]", outcome, "SAF-001", "SAF-002") for x in (1, 2)), results()[2]]


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        (with_two("skipped", reason="too busy"), set()),  # ANO-001 excuses it, and SAF-002 has other tests that passed
        (with_two("failed"), {("no anomaly", TWO), ("not verified", "SAF-002"), ("not verified", "RC-01")}),
        (with_two("xfailed"), {("no anomaly", TWO)}),
        (with_two("xpassed"), {("no anomaly", TWO), ("not verified", "SAF-002"), ("not verified", "RC-01")}),
        (
            with_ones("skipped"),
            {("no anomaly", f"{ONE}[1]"), ("no anomaly", f"{ONE}[2]"), ("not verified", "SAF-001"), ("not verified", "RC-01")},
        ),
        (results()[:2], {("not run", TWO)}),
        (results()[2:], {("not run", ONE), ("not verified", "SAF-001"), ("not verified", "RC-01")}),
        ([*results(), result("tests/test_b.py::test_x", "passed", "SAF-099")], {("unknown id", "tests/test_b.py::test_x")}),
    ],
)
def test_results_that_leave_something_open_are_gaps(tests: list[dict[str, Any]], expected: set[tuple[str, str]], tmp_path: Path) -> None:
    gaps = counted(Checkout(tmp_path).gaps(evidence(tests)), release=False)
    assert {(gap.kind, gap.where) for gap in gaps} == expected


@pytest.mark.parametrize(("named", "bearable"), [(["SAF-002"], True), (["SAF-001"], False), ([], False)])
def test_a_failure_is_bearable_only_if_an_anomaly_that_names_the_requirement_explains_it(
    named: list[str], bearable: bool, tmp_path: Path
) -> None:
    checkout = Checkout(tmp_path)
    checkout.files["anomalies.yaml"]["anomalies"] = [anomaly(outcomes=["failed"], requirements=named)]
    assert (counted(checkout.gaps(evidence(with_two("failed"))), release=False) == ()) is bearable
    assert checkout.matrix(evidence(with_two("failed"))).requirements["SAF-002"].state == "failed", "it is shown as what it is"


@pytest.mark.requirement("CYB-013")
@pytest.mark.parametrize(("version", "commit"), [("0.2.0", TREE.git_commit), (TREE.version, "beef"), (TREE.version, "")])
def test_evidence_of_another_version_is_a_gap(version: str, commit: str, tmp_path: Path) -> None:
    gaps = Checkout(tmp_path).gaps(evidence(), replace(TREE, version=version, git_commit=commit))
    assert {gap.kind for gap in counted(gaps, release=False)} == {"other version"}


def test_a_tree_with_changes_is_still_of_its_commit_and_no_release(tmp_path: Path) -> None:
    product = {"name": "primum", "version": "0.1.0", "git_commit": TREE.git_commit, "dirty": True}
    gaps = Checkout(tmp_path).gaps(evidence(product=product), replace(TREE, git_commit=f"{TREE.git_commit}+changes"))
    assert counted(gaps, release=False) == ()
    assert any("changes that no commit holds" in gap.sentence for gap in counted(gaps, release=True))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"complete": False}, "not complete"),
        ({"deselected": 1, "collected": 4}, "1 tests were deselected"),
        ({"tests": results()[:2], "collected": 2}, "1 tests of the tree have no result"),
    ],
)
def test_a_session_that_left_something_out_is_no_release(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    gaps = counted(Checkout(tmp_path).gaps(evidence(**changes)), release=True)
    assert any(gap.kind == "no evidence" and words in gap.sentence for gap in gaps)


def test_an_unacceptable_residual_risk_is_no_release(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.files["hazards.yaml"]["hazards"] = [hazard("HAZ-01", residual={"severity": 5, "probability": 5})]
    gaps = checkout.gaps(evidence())
    assert counted(gaps, release=False) == () and "residual risk" in {gap.kind for gap in counted(gaps, release=True)}
