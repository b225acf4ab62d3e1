"""The traceability matrix: hazard -> control -> requirement -> code -> test (outcome) -> certificate."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .anomaly import Anomaly
from .control import RiskControl
from .evidence import Evidence
from .hazard import Evaluation, Hazard
from .marked_tests import MarkedTest
from .register import Register
from .requirement import Requirement

State = Literal["verified", "failed", "not executed", "tested", "untested", "planned", "not applicable"]
"""verified: a test passed and none failed. failed: one failed. not executed: tests exist, none passed or failed in the evidence.

tested: tests exist and there is no evidence to look into. untested: no test. planned: stated, not built.
"""
WORST_FIRST: tuple[State, ...] = ("failed", "untested", "not executed", "planned", "tested", "verified", "not applicable")


@dataclass(frozen=True)
class TracedTest:
    """A test function, with the results of its parameters in the evidence; none without evidence or if it was not run.

    outcome: the worst of the results; `not executed` without any. passed: how many of the results did.
    """

    node_id: str
    line: int
    outcome: str
    results: int
    passed: int
    duration_s: float
    anomalies: tuple[str, ...]


@dataclass(frozen=True)
class TracedRequirement:
    requirement: Requirement
    group: str
    tests: tuple[TracedTest, ...]
    state: State


@dataclass(frozen=True)
class TracedControl:
    """requirements: those that implement it."""

    control: RiskControl
    requirements: tuple[str, ...]
    hazards: tuple[str, ...]
    state: State


@dataclass(frozen=True)
class TracedHazard:
    """initial, residual: what the file's own scale makes of the classes."""

    hazard: Hazard
    state: State
    initial: Evaluation | None
    residual: Evaluation | None


@dataclass(frozen=True)
class Matrix:
    """Everything linked; mappings by id, in the order of the files. evidence_digest: SHA-256 of the evidence file."""

    register: Register
    requirements: dict[str, TracedRequirement]
    controls: dict[str, TracedControl]
    hazards: dict[str, TracedHazard]
    marked: tuple[MarkedTest, ...]
    evidence: Evidence | None
    evidence_digest: str | None

    @property
    def root(self) -> Path:
        return self.register.root


BAD = {"failed", "xpassed"}
"""Outcomes of a test that show a requirement not to hold (xpassed: an anomaly that no longer is one, so that its entry is wrong)."""
ORDER = ("failed", "xpassed", "xfailed", "skipped", "passed")


def build_matrix(
    register: Register, marked: tuple[MarkedTest, ...], evidence: Evidence | None = None, evidence_digest: str | None = None
) -> Matrix:
    """Link the register with the tests and, if there is some, with their evidence. Judges nothing: `gap.find_gaps` does."""
    group_of = {identity: group for group, identities in register.groups.items() for identity in identities}
    traced = {
        identity: _traced(requirement, group_of[identity], marked, evidence, tuple(register.anomalies.values()))
        for identity, requirement in register.requirements.items()
    }
    controls = {}
    for identity, control in register.controls.items():
        implementing = tuple(key for key, item in traced.items() if identity in item.requirement.controls)
        hazards = tuple(key for key, hazard in register.hazards.items() if identity in hazard.controls)
        controls[identity] = TracedControl(control, implementing, hazards, _worst(traced[key].state for key in implementing))
    scale = register.scale
    hazards_ = {
        identity: TracedHazard(
            hazard,
            "not applicable" if hazard.not_applicable else _worst(controls[key].state for key in hazard.controls),
            scale.evaluate(hazard.initial) if hazard.initial else None,
            scale.evaluate(hazard.residual) if hazard.residual else None,
        )
        for identity, hazard in register.hazards.items()
    }
    return Matrix(register, traced, controls, hazards_, marked, evidence, evidence_digest)


def _worst(states: Iterable[State]) -> State:
    return min(states, key=WORST_FIRST.index, default="untested")


def _traced(
    requirement: Requirement, group: str, marked: tuple[MarkedTest, ...], evidence: Evidence | None, anomalies: tuple[Anomaly, ...]
) -> TracedRequirement:
    tests = tuple(_with_results(test, requirement.id, evidence, anomalies) for test in marked if requirement.id in test.requirements)
    return TracedRequirement(requirement, group, tests, _state(requirement, tests, evidence))


def _with_results(test: MarkedTest, requirement: str, evidence: Evidence | None, anomalies: tuple[Anomaly, ...]) -> TracedTest:
    """A mark may stand on one parameter only, so the results are those that name the requirement themselves."""
    tests = evidence.tests if evidence is not None else ()
    results = [result for result in tests if result.test == test.node_id and requirement in result.requirements]
    return TracedTest(
        node_id=test.node_id,
        line=test.line,
        outcome=min((result.outcome for result in results), key=ORDER.index, default="not executed"),
        results=len(results),
        passed=sum(result.outcome == "passed" for result in results),
        duration_s=sum(result.duration_s for result in results),
        anomalies=tuple(
            sorted({anomaly.id for result in results for anomaly in anomalies if anomaly.excuses(result.node_id, result.outcome)})
        ),
    )


def _state(requirement: Requirement, tests: tuple[TracedTest, ...], evidence: Evidence | None) -> State:
    if requirement.planned:
        return "planned"
    if not tests:
        return "untested"
    if evidence is None:
        return "tested"
    outcomes = {test.outcome for test in tests}
    if outcomes & BAD:
        return "failed"
    return "verified" if any(test.passed for test in tests) else "not executed"
