"""A small, sound checkout for the tests: two requirements, a control, a hazard, two tests, one anomaly."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from verification.trace import Evidence, Gap, Matrix, TreeState, build_matrix, find_gaps, load_register, marked_tests


class NoAliases(yaml.SafeDumper):
    """PyYAML without the anchors it makes for equal lists."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


SENTENCE = "A sentence that is long enough."
EVALUATION = [["acceptable"] * 5] * 4 + [["acceptable"] * 4 + ["unacceptable"]]
COMMIT = "c0ffee"


def requirement(identity: str, **changes: Any) -> dict[str, Any]:
    base = {"id": identity, "sentence": SENTENCE, "rationale": SENTENCE, "source": "topic", "controls": ["RC-01"]}
    return base | {"code": ["code.py:Thing.do"], "certificates": "by test"} | changes


def hazard(identity: str, **changes: Any) -> dict[str, Any]:
    base = {"id": identity, "cause": SENTENCE, "situation": SENTENCE, "effect": SENTENCE, "controls": ["RC-01"]}
    risks = {"initial": {"severity": 5, "probability": 4}, "residual": {"severity": 5, "probability": 1}, "residual_note": SENTENCE}
    return base | risks | changes


def levels() -> list[dict[str, Any]]:
    return [{"level": level, "name": f"level {level}", "meaning": SENTENCE} for level in range(1, 6)]


def soup(name: str) -> dict[str, Any]:
    said = {"support": SENTENCE, "end_of_support": None, "risk_class": "offline", "rationale": SENTENCE, "controls": SENTENCE}
    return {"name": name, "supplier": "Somebody", "licence": "MIT", **said}


def anomaly(**changes: Any) -> dict[str, Any]:
    base = {"id": "ANO-001", "title": "known", "description": SENTENCE, "found_in": "0.1.0", "risk": SENTENCE, "requirements": ["SAF-001"]}
    return base | {"tests": ["tests/test_a.py::test_two"], "outcomes": ["skipped"]} | changes


def files() -> dict[str, dict[str, Any]]:
    """The contents of docs/requirements by file name."""
    groups = {"safety": "SAF", "workspace": "WSP", "force": "FRC", "audit": "AUD", "cybersecurity": "CYB", "magnetic": "MAG"}
    planned = {"status": "planned", "reason": SENTENCE, "code": [], "certificates": "none yet"}
    whole = {
        "controls.yaml": {"about": SENTENCE, "controls": [{"id": "RC-01", "measure": SENTENCE, "kind": "design"}]},
        "hazards.yaml": {
            "about": SENTENCE,
            "scale": {"note": SENTENCE, "severity": levels(), "probability": levels(), "evaluation": EVALUATION},
            "hazards": [hazard("HAZ-01")],
        },
        "anomalies.yaml": {"about": SENTENCE, "anomalies": [anomaly()]},
        "mapping.yaml": {
            "about": SENTENCE,
            "standards": [
                {"name": "A standard", "scope": SENTENCE, "topics": [{"topic": "tests", "requirements": ["SAF-001"], "evidence": SENTENCE}]}
            ],
        },
        "soup.yaml": {"about": SENTENCE, "soup": [soup("python"), soup("library")]},
        **{
            f"{group}.yaml": {
                "group": group,
                "about": SENTENCE,
                "requirements": [requirement(f"{prefix}-001", **planned)],
            }
            for group, prefix in groups.items()
        },
    }
    whole["safety.yaml"]["requirements"] = [requirement("SAF-001"), requirement("SAF-002")]
    return whole


TESTS = """
import pytest

pytestmark = [pytest.mark.requirement("SAF-002")]


@pytest.mark.requirement("SAF-001")
@pytest.mark.parametrize("x", [1, 2])
def test_one(x): ...


def test_two(): ...
"""


def result(node_id: str, outcome: str = "passed", *requirements: str, reason: str = "") -> dict[str, Any]:
    return {"node_id": node_id, "outcome": outcome, "duration_s": 0.5, "requirements": list(requirements), "reason": reason}


def results() -> list[dict[str, Any]]:
    ones = [result(f"tests/test_a.py::test_one[{x}]", "passed", "SAF-001", "SAF-002") for x in (1, 2)]
    return [*ones, result("tests/test_a.py::test_two", "passed", "SAF-002")]


def evidence(tests: list[dict[str, Any]] | None = None, **changes: Any) -> Evidence:
    tests = results() if tests is None else tests
    base = {
        "schema": "primum/test-evidence/1",
        "product": {"name": "primum", "version": "0.1.0", "git_commit": COMMIT, "dirty": False},
        "machine": {"name": "here"},
        "tools": {"python": "3"},
        "tester": {"name": "Somebody", "source": "git"},
        "command": ["pytest"],
        "started_utc": "2026-01-01T00:00:00+00:00",
        "finished_utc": "2026-01-01T00:01:00+00:00",
        "collected": len(tests),
        "deselected": 0,
        "complete": True,
        "exit_status": 0,
        "tests": tests,
    }
    return Evidence.model_validate(base | changes)


TREE = TreeState("0.1.0", COMMIT, ("library", "python"))


@dataclass
class Checkout:
    """A checkout on disk; `files` may be changed before it is written."""

    root: Path
    files: dict[str, dict[str, Any]] = field(default_factory=files)
    tests: str = TESTS
    code: str = "class Thing:\n    def do(self): ...\n"

    def write(self) -> Path:
        folder = self.root / "docs" / "requirements"
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_text(yaml.dump(content, sort_keys=False, Dumper=NoAliases))
        (self.root / "tests").mkdir(exist_ok=True)
        (self.root / "tests" / "test_a.py").write_text(self.tests)
        (self.root / "code.py").write_text(self.code)
        return self.root

    def matrix(self, found: Evidence | None = None) -> Matrix:
        root = self.write()
        return build_matrix(load_register(root), marked_tests(root), found, "0" * 64 if found else None)

    def gaps(self, found: Evidence | None = None, tree: TreeState = TREE) -> tuple[Gap, ...]:
        return find_gaps(self.matrix(found), tree)
