"""What is missing in a matrix. A gap is a sentence with a place; `release` ones count only when a release is to be judged.

| kind | a gap when | counts |
|---|---|---|
| unknown id | a test names a requirement that does not exist | always |
| no code | the code that a requirement names does not exist | always |
| no test | no test names an implemented requirement | always |
| no control | a hazard that applies has no risk control | always |
| no requirement | no requirement implements a risk control | always |
| no hazard | a risk control answers no hazard | always |
| no rationale | a direct dependency has no SOUP entry, or an entry has no dependency | always |
| stale anomaly | an anomaly names a test that does not exist | always |
| other version | the evidence is of another commit or version than the tree | with evidence |
| not verified | no test of an implemented requirement passed, or one failed unexplained; or a control has such a one | with evidence |
| not run | a test that names a requirement has no result | with evidence |
| no anomaly | a test failed, was skipped, or failed as expected, and no anomaly explains that outcome | with evidence |
| planned | a requirement is stated and not built | release |
| residual risk | a residual risk counts as unacceptable by the file's own scale | release |
| no evidence | there is none; or of a tree with changes, or of a session that was cut short or left tests out | release |
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .code_reference import missing_code
from .evidence import Evidence
from .matrix import BAD, Matrix, TracedTest


@dataclass(frozen=True)
class Gap:
    """kind: as in the table above. where: an id, a test or a file. release: counts for a release only."""

    kind: str
    where: str
    sentence: str
    release: bool = False

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.sentence}"


@dataclass(frozen=True)
class TreeState:
    """What the working tree is now, to compare evidence with. direct_dependencies: normalised names, as pyproject.toml has them."""

    version: str
    git_commit: str
    direct_dependencies: tuple[str, ...]


def find_gaps(matrix: Matrix, tree: TreeState) -> tuple[Gap, ...]:
    """Every gap, those that always count first."""
    found = [*_of_tests(matrix), *_of_requirements(matrix), *_of_risks(matrix), *_of_soup(matrix, tree), *_of_release(matrix)]
    if matrix.evidence is not None:
        found += [*_of_version(matrix.evidence, tree), *_of_results(matrix), *_of_outcomes(matrix, matrix.evidence)]
    return tuple(sorted(found, key=lambda gap: gap.release))


def counted(gaps: tuple[Gap, ...], release: bool) -> tuple[Gap, ...]:
    """The gaps that count: all of them for a release, otherwise those that always do."""
    return tuple(gap for gap in gaps if release or not gap.release)


def _of_tests(matrix: Matrix) -> Iterator[Gap]:
    for test in matrix.marked:
        for unknown in sorted(set(test.requirements) - set(matrix.requirements)):
            yield Gap("unknown id", f"{test.node_id} (line {test.line})", f"{unknown} is no requirement")
    known = {test.node_id for test in matrix.marked}
    for identity, anomaly in matrix.register.anomalies.items():
        for name in anomaly.tests:
            if name.partition("[")[0] not in known:
                yield Gap("stale anomaly", identity, f"{name}: no such test")


def _of_requirements(matrix: Matrix) -> Iterator[Gap]:
    for identity, item in matrix.requirements.items():
        for reference in item.requirement.code:
            missing = missing_code(matrix.root, reference)
            if missing is not None:
                yield Gap("no code", identity, missing)
        if item.state == "untested":
            yield Gap("no test", identity, "no test names it")


def _of_risks(matrix: Matrix) -> Iterator[Gap]:
    for identity, control in matrix.controls.items():
        if not control.requirements:
            yield Gap("no requirement", identity, "no requirement implements it")
        if not control.hazards:
            yield Gap("no hazard", identity, "it answers no hazard")
    for identity, hazard in matrix.hazards.items():
        if hazard.hazard.not_applicable is None and not hazard.hazard.controls:
            yield Gap("no control", identity, "it applies and has no risk control")


def _of_soup(matrix: Matrix, tree: TreeState) -> Iterator[Gap]:
    entries = {entry.name for entry in matrix.register.soup.soup}
    for name in sorted(set(tree.direct_dependencies) - entries):
        yield Gap("no rationale", name, "a direct dependency without entry in soup.yaml")
    for name in sorted(entries - set(tree.direct_dependencies)):
        yield Gap("no rationale", name, "an entry in soup.yaml that is no direct dependency")


def _of_version(evidence: Evidence, tree: TreeState) -> Iterator[Gap]:
    product = evidence.product
    if product.version != tree.version:
        yield Gap("other version", "evidence", f"of version {product.version}, this is {tree.version}")
    commit = tree.git_commit.partition("+")[0]
    if product.git_commit != commit:
        yield Gap("other version", "evidence", f"of commit {product.git_commit or 'unknown'}, this is {commit or 'unknown'}")


def _of_results(matrix: Matrix) -> Iterator[Gap]:
    unverified = {identity: why for identity in matrix.requirements if (why := _unverified(matrix, identity)) is not None}
    for identity, why in unverified.items():
        yield Gap("not verified", identity, why)
    for identity, control in matrix.controls.items():
        blamed = [key for key in control.requirements if key in unverified]
        if blamed:
            yield Gap("not verified", identity, f"requirements that implement it are not verified: {', '.join(blamed)}")
    for test in {test.node_id: test for item in matrix.requirements.values() for test in item.tests}.values():
        if test.outcome == "not executed":
            yield Gap("not run", test.node_id, "it shows a requirement and has no result in the evidence")


def _unverified(matrix: Matrix, identity: str) -> str | None:
    """Why it is not verified. A failure is bearable only if a test passed and an anomaly that names the requirement explains it."""
    item = matrix.requirements[identity]
    if item.state in ("planned", "untested"):
        return None  # a gap of its own kind
    if not any(test.passed for test in item.tests):
        return "no test of it passed"
    unexplained = [test.node_id for test in item.tests if test.outcome in BAD and not _explained(matrix, test, identity)]
    return f"failed, and no anomaly that names {identity} explains it: {', '.join(unexplained)}" if unexplained else None


def _explained(matrix: Matrix, test: TracedTest, identity: str) -> bool:
    return any(identity in matrix.register.anomalies[key].requirements for key in test.anomalies)


def _of_outcomes(matrix: Matrix, evidence: Evidence) -> Iterator[Gap]:
    anomalies = tuple(matrix.register.anomalies.values())
    for test in evidence.tests:
        if test.outcome != "passed" and not any(anomaly.excuses(test.node_id, test.outcome) for anomaly in anomalies):
            yield Gap("no anomaly", test.node_id, f"{test.outcome} ({test.reason or 'no reason given'}), and no anomaly explains that")
        for unknown in sorted(set(test.requirements) - set(matrix.requirements)):
            yield Gap("unknown id", test.node_id, f"the evidence says it shows {unknown}, which is no requirement")


def _of_release(matrix: Matrix) -> Iterator[Gap]:
    for identity, item in matrix.requirements.items():
        if item.state == "planned":
            yield Gap("planned", identity, str(item.requirement.reason), release=True)
    for identity, hazard in matrix.hazards.items():
        if hazard.residual == "unacceptable":
            yield Gap("residual risk", identity, str(hazard.hazard.residual_note), release=True)
    evidence = matrix.evidence
    if evidence is None:
        yield Gap("no evidence", "evidence", "none was given", release=True)
        return
    if evidence.product.dirty:
        yield Gap("no evidence", "evidence", "the tree had changes that no commit holds", release=True)
    left_out = sorted({test.node_id for test in matrix.marked} - {test.test for test in evidence.tests})
    if left_out:
        yield Gap("no evidence", "evidence", f"{len(left_out)} tests of the tree have no result, the first is {left_out[0]}", release=True)
    if not evidence.complete or evidence.deselected:
        how = f"the session was {'' if evidence.complete else 'not '}complete, {evidence.deselected} tests were deselected"
        yield Gap("no evidence", "evidence", how, release=True)
