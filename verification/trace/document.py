"""The matrix as JSON and as one HTML page that opens offline; both the same bytes for the same input."""

import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from .evidence import Evidence
from .gap import Gap, counted
from .matrix import Matrix, TracedRequirement

SCHEMA = "primum/trace/1"
Json = dict[str, Any]


def certificates_text(requirement: TracedRequirement) -> str:
    """The obligations that cover it, or the words that stand for none."""
    stated = requirement.requirement.certificates
    return stated if isinstance(stated, str) else ", ".join(stated)


def hazards_of(matrix: Matrix, requirement: TracedRequirement) -> tuple[str, ...]:
    """Hazards that a requirement answers, through the risk controls it implements."""
    return tuple(sorted({hazard for control in requirement.requirement.controls for hazard in matrix.controls[control].hazards}))


def matrix_json(matrix: Matrix, gaps: tuple[Gap, ...], release: bool) -> str:
    """Every link, state and gap, as text with sorted keys."""
    evidence = matrix.evidence
    whole: Json = {
        "schema": SCHEMA,
        "release": release,
        "complete": not counted(gaps, release),
        "gaps": [{"kind": gap.kind, "where": gap.where, "sentence": gap.sentence, "counts": release or not gap.release} for gap in gaps],
        "evidence": None if evidence is None else _evidence(evidence, matrix.evidence_digest),
        "requirements": [_requirement(matrix, item) for item in matrix.requirements.values()],
        "controls": [
            {**item.control.model_dump(mode="json"), "state": item.state, "requirements": item.requirements, "hazards": item.hazards}
            for item in matrix.controls.values()
        ],
        "hazards": [
            {**item.hazard.model_dump(mode="json"), "state": item.state, "evaluation": {"initial": item.initial, "residual": item.residual}}
            for item in matrix.hazards.values()
        ],
        "anomalies": [anomaly.model_dump(mode="json") for anomaly in matrix.register.anomalies.values()],
    }
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _evidence(evidence: Evidence, digest: str | None) -> Json:
    return {"sha256": digest, "counts": evidence.counts, **evidence.model_dump(mode="json", include={"product", "tester", "started_utc"})}


def _requirement(matrix: Matrix, item: TracedRequirement) -> Json:
    tests = [
        {"node_id": test.node_id, "outcome": test.outcome, "results": test.results, "passed": test.passed, "anomalies": test.anomalies}
        for test in item.tests
    ]
    links = {"group": item.group, "state": item.state, "hazards": hazards_of(matrix, item), "tests": tests}
    return {**item.requirement.model_dump(mode="json"), **links}


def matrix_html(matrix: Matrix, gaps: tuple[Gap, ...], release: bool) -> str:
    """One page: what is missing, then hazards, controls, requirements by group with code, tests and certificates, anomalies, mapping."""
    environment = Environment(
        loader=PackageLoader("verification.trace"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(certificates_text=certificates_text, hazards_of=hazards_of)
    counting = counted(gaps, release)
    return environment.get_template("trace.html").render(
        matrix=matrix, counting=counting, apart=[gap for gap in gaps if gap not in counting], release=release
    )
