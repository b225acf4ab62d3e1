"""What a requirement, a control and a hazard are worth follows from the results of the tests, and from nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verification.trace.small import Checkout, evidence, hazard, result
from verification.trace import Matrix, build_matrix

pytestmark = pytest.mark.requirement("CYB-012")
ONE, TWO = "tests/test_a.py::test_one", "tests/test_a.py::test_two"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("checkout"))


def states(matrix: Matrix) -> tuple[str, str, str, str]:
    """Of SAF-001, SAF-002, RC-01 and HAZ-01."""
    first, second = (matrix.requirements[key].state for key in ("SAF-001", "SAF-002"))
    return first, second, matrix.controls["RC-01"].state, matrix.hazards["HAZ-01"].state


def test_without_evidence_nothing_is_verified(checkout: Checkout) -> None:
    assert states(checkout.matrix())[:2] == ("tested", "tested")


def test_a_planned_requirement_keeps_its_control_and_hazard_from_being_verified(checkout: Checkout) -> None:
    matrix = checkout.matrix(evidence())
    assert states(matrix) == ("verified", "verified", "planned", "planned")
    assert matrix.requirements["FRC-001"].state == "planned"


OUTCOMES = st.sampled_from(["passed", "failed", "skipped", "xfailed", "xpassed", None])


@pytest.fixture(scope="module")
def bare(checkout: Checkout) -> Matrix:
    return checkout.matrix()


@given(outcomes=st.tuples(OUTCOMES, OUTCOMES, OUTCOMES))
def test_verified_means_that_something_passed_and_nothing_failed(outcomes: tuple[str | None, ...], bare: Matrix) -> None:
    nodes = (f"{ONE}[1]", f"{ONE}[2]", TWO)
    named = (("SAF-001", "SAF-002"), ("SAF-001", "SAF-002"), ("SAF-002",))
    tests = [result(node, outcome, *ids) for node, outcome, ids in zip(nodes, outcomes, named, strict=True) if outcome is not None]
    first, second, control, harm = states(build_matrix(bare.register, bare.marked, evidence(tests)))
    for state, seen in ((first, outcomes[:2]), (second, outcomes)):
        if "failed" in seen or "xpassed" in seen:
            assert state == "failed"
        else:
            assert state == ("verified" if "passed" in seen else "not executed")
    assert control == harm and (control == "failed") is ("failed" in (first, second))


def test_a_result_counts_only_for_the_requirements_it_names(checkout: Checkout) -> None:
    tests = [result(f"{ONE}[1]", "passed", "SAF-001"), result(f"{ONE}[2]", "passed", "SAF-001"), result(TWO, "skipped", "SAF-002")]
    assert states(checkout.matrix(evidence(tests)))[:2] == ("verified", "not executed")


def test_an_anomaly_excuses_its_outcome_of_its_test_only(checkout: Checkout) -> None:
    for outcome, excused in (("skipped", ("ANO-001",)), ("failed", ()), ("xfailed", ())):
        tests = [result(f"{ONE}[1]", outcome, "SAF-002"), result(TWO, outcome, "SAF-002")]
        one, two = checkout.matrix(evidence(tests)).requirements["SAF-002"].tests
        assert (one.anomalies, two.anomalies) == ((), excused)


def test_risks_are_judged_by_the_files_own_scale(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.files["hazards.yaml"]["hazards"] = [
        hazard("HAZ-01", residual={"severity": 5, "probability": 5}),
        hazard("HAZ-02", controls=[], initial=None, residual=None, residual_note=None, not_applicable="There is no such part in it."),
    ]
    found = checkout.matrix().hazards
    assert (found["HAZ-01"].initial, found["HAZ-01"].residual) == ("acceptable", "unacceptable")
    assert found["HAZ-02"].state == "not applicable" and found["HAZ-02"].initial is None
