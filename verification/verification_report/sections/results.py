"""Test results by requirement."""

from ...trace import TracedRequirement, TracedTest
from ..blocks import Block, Cell, Section, Subtitle, Table, Text, Tone, cells
from ..content import VerificationData

STATE: dict[str, Tone] = {"verified": "ok", "failed": "bad", "untested": "bad", "not executed": "bad", "planned": "warn", "tested": "warn"}
OUTCOME: dict[str, Tone] = {"passed": "ok", "failed": "bad", "xpassed": "bad", "skipped": "warn", "xfailed": "warn", "not executed": "bad"}


def results(data: VerificationData) -> Section:
    evidence, matrix = data.evidence, data.matrix
    blocks: list[Block] = []
    if evidence is None:
        blocks.append(Text("There is no test evidence: links are shown, outcomes are not known.", "bad"))
    else:
        counted = ", ".join(f"{count} {outcome}" for outcome, count in evidence.counts.items())
        whole = "to its own end" if evidence.complete else "NOT to its own end"
        text = (
            f"{len(evidence.tests)} results: {counted}. {evidence.collected} tests collected, {evidence.deselected} left out by choice; "
            f"the session came {whole}."
        )
        how = (
            f"To repeat: `pytest --evidence DIR` at commit {evidence.product.git_commit} with the packages of requirements.lock. "
            f"SHA-256 of evidence.json: {matrix.evidence_digest}."
        )
        blocks += [Text(text), Text(how)]
    states: dict[str, int] = {}
    for item in matrix.requirements.values():
        states[item.state] = states.get(item.state, 0) + 1
    blocks.append(Text("Requirements: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items())) + "."))
    for group, identities in matrix.register.groups.items():
        rows = tuple(row for key in identities for row in _rows(matrix.requirements[key]))
        blocks += [
            Subtitle(f"Requirements: {group}"),
            Table(("", "requirement and its tests", "results", "outcome"), (10, 66, 11, 13), rows),
        ]
    blocks += _others(data)
    return Section("Test results by requirement", tuple(blocks))


def _rows(item: TracedRequirement) -> tuple[tuple[Cell, ...], ...]:
    requirement = item.requirement
    sentence = requirement.sentence + (f" Not built: {requirement.reason}" if requirement.reason else "")
    head = cells(requirement.id, sentence, "", Cell(item.state, STATE.get(item.state, "")))
    return (head, *(_test_row(test) for test in item.tests))


def _test_row(test: TracedTest) -> tuple[Cell, ...]:
    known = f" ({', '.join(test.anomalies)})" if test.anomalies else ""
    passed = f"{test.passed} of {test.results}" if test.results else ""
    return cells("", Cell(test.node_id, "soft", mono=True), Cell(passed, "soft"), Cell(test.outcome + known, OUTCOME.get(test.outcome, "")))


def _others(data: VerificationData) -> tuple[Block, ...]:
    """Results of tests that name no requirement: the ones that did not pass, and how many did."""
    if data.evidence is None:
        return ()
    unmarked = [test for test in data.evidence.tests if not test.requirements]
    bad = tuple(
        cells(Cell(test.node_id, mono=True), Cell(test.outcome, OUTCOME.get(test.outcome, "")), test.reason)
        for test in unmarked
        if test.outcome != "passed"
    )
    text = Text(f"{len(unmarked)} results are of tests that name no requirement; {len(unmarked) - len(bad)} of them passed.")
    return (
        Subtitle("Tests that name no requirement"),
        text,
        Table(("test", "outcome", "reason"), (48, 12, 40), bad, empty="All of them passed."),
    )
