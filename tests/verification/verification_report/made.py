"""A made-up run with everything a final report needs: nothing in it is a reason to refuse."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safety.audit import Report
from tests.verification.report.conftest import make
from tests.verification.trace.small import COMMIT, TREE, Checkout, evidence, requirement, result
from verification.trace import Evidence, Register, build_matrix, find_gaps, load_register, marked_tests
from verification.trace.installed import InstalledPackage
from verification.trace.lock_file import LockedPackage
from verification.trace.sbom import Environment, Part
from verification.verification_report import Build, LogIntegrity, VerificationData, no_proofs

GROUPS = {"workspace": "WSP", "force": "FRC", "audit": "AUD", "cybersecurity": "CYB", "magnetic": "MAG"}
IDS = ["SAF-001", "SAF-002", *(f"{prefix}-001" for prefix in GROUPS.values())]
TESTS = f"""
import pytest


@pytest.mark.requirement({", ".join(repr(key) for key in IDS)})
def test_one(): ...


def test_two(): ...
"""
ONE, TWO = "tests/test_a.py::test_one", "tests/test_a.py::test_two"
REQUIRED = {"K.tip": "The second derivatives of body point tip are bounded by K.", "stop_length": "A stop is no longer than a plan may be."}


@dataclass(frozen=True)
class Rejected:
    """What a checker says of a file; accepted without a reason."""

    file: str
    claim: str = "claimed"
    reason: str = ""


def sound_register(root: Path) -> Register:
    """A small checkout without anything planned."""
    checkout = Checkout(root, tests=TESTS)
    for group, prefix in GROUPS.items():
        checkout.files[f"{group}.yaml"]["requirements"] = [requirement(f"{prefix}-001")]
    checkout.files["anomalies.yaml"]["anomalies"][0] |= {"tests": [TWO], "outcomes": ["xfailed"]}
    return load_register(checkout.write())


def sound_evidence(one: str = "passed", two: str = "passed", **changes: Any) -> Evidence:
    return evidence([result(ONE, one, *IDS, reason="because"), result(TWO, two, reason="because")], **changes)


def traced(data: VerificationData, found: Evidence | None) -> VerificationData:
    """The same data with other evidence, and the gaps that follow from it."""
    register = data.matrix.register
    matrix = build_matrix(register, marked_tests(register.root), found, "ab" * 32 if found is not None else None)
    return replace(data, matrix=matrix, gaps=find_gaps(matrix, TREE))


def part(name: str, version: str) -> Part:
    installed = InstalledPackage(name, version, "", "MIT", "Somebody", ())
    return Part(LockedPackage(name, version, "", ("0" * 64,)), installed, "Somebody", "MIT", None, (), False, "")


def sound(root: Path, **run: Any) -> VerificationData:
    """run: fields of the run's data that are to be different."""
    build = Build("0.1.0", COMMIT, "5" * 64, {"python": "3.11.7", "library": "1.0"})
    report = Report(
        directory="audit",
        run="0f" * 16,
        state="closed",
        records=12,
        good=12,
        segments=1,
        vouched=12,
        vouched_by="checkpoints:7",
        vouched_utc_ns=1_790_000_000_000_000_000,
        checkpoints=2,
        signatures=2,
        operator="primum-operator+01020304",
        operator_checked=True,
        last_kind="RUN_END",
    )
    started = {"started_utc": "2026-11-22T14:03:11+00:00", "run_name": "psm_trace"}
    register = sound_register(root)
    matrix = build_matrix(register, marked_tests(register.root))
    data = VerificationData(
        run=make(duration_s=8.0, **(started | run)),
        ran=build,
        now=build,
        matrix=matrix,
        gaps=(),
        proofs=no_proofs(REQUIRED),
        log=LogIntegrity(report, "primum/audit/0f\n12\nroot=\n\n— primum/audit/0f signature="),
        environment=Environment((part("library", "1.0"),), (), ()),
        files={"run.json": "1" * 64, "audit/000000.jsonl": "2" * 64},
    )
    return traced(data, sound_evidence())
