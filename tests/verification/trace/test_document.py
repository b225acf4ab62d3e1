"""The matrix on paper: everything is on it, nothing is loaded, hostile text stays text, the same input gives the same bytes."""

import json
import re
from pathlib import Path

import pytest

from tests.verification.trace.small import TREE, Checkout, evidence, requirement, result, results
from verification.trace import find_gaps
from verification.trace.document import matrix_html, matrix_json

pytestmark = pytest.mark.requirement("CYB-012")


def test_the_json_holds_every_link_state_and_gap(tmp_path: Path) -> None:
    matrix = Checkout(tmp_path).matrix(evidence([*results()[:2], result("tests/test_a.py::test_two", "failed", "SAF-002")]))
    gaps = find_gaps(matrix, TREE)
    whole = json.loads(matrix_json(matrix, gaps, release=False))
    second = next(item for item in whole["requirements"] if item["id"] == "SAF-002")
    assert second["state"] == "failed" and second["hazards"] == ["HAZ-01"]
    assert [test["outcome"] for test in second["tests"]] == ["passed", "failed"]
    assert not whole["complete"] and whole["evidence"]["sha256"] == "0" * 64 and len(whole["gaps"]) == len(gaps)
    assert {gap["kind"] for gap in whole["gaps"] if gap["counts"]} == {"no anomaly", "not verified"}
    assert whole["controls"][0]["requirements"][:2] == ["SAF-001", "SAF-002"]
    assert whole["hazards"][0]["evaluation"]["residual"] == "acceptable"


def test_the_page_names_everything_and_loads_nothing(tmp_path: Path) -> None:
    matrix = Checkout(tmp_path).matrix(evidence())
    page = matrix_html(matrix, find_gaps(matrix, TREE), release=True)
    register = matrix.register
    for identity in (*register.requirements, *register.hazards, *register.controls, *register.anomalies):
        assert f'id="{identity}"' in page
    assert "test_a.py</span> test_one" in page and "code.py:Thing.do" in page and "none yet" in page and TREE.git_commit in page
    assert not re.search(r"(src|href)=\"(?!#)", page) and "default-src 'none'" in page and "<script" not in page


def test_a_page_without_evidence_says_so(tmp_path: Path) -> None:
    matrix = Checkout(tmp_path).matrix()
    assert "No test evidence was given" in matrix_html(matrix, find_gaps(matrix, TREE), release=False)


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.files["safety.yaml"]["requirements"][1] = requirement("SAF-002", sentence="<script>alert(1)</script> & more")
    matrix = checkout.matrix()
    page = matrix_html(matrix, find_gaps(matrix, TREE), release=False)
    assert "<script>" not in page and "&lt;script&gt;alert(1)" in page


def test_the_same_matrix_is_the_same_bytes(tmp_path: Path) -> None:
    for render in (matrix_html, matrix_json):
        first, second = (Checkout(tmp_path / name).matrix(evidence()) for name in ("a", "b"))
        assert render(first, find_gaps(first, TREE), release=False) == render(second, find_gaps(second, TREE), release=False)
