"""Residual anomalies: what is known not to work, why that is bearable, and which results of this evidence point to it."""

from ..blocks import Cell, Section, Table, Text, cells
from ..content import VerificationData


def anomalies(data: VerificationData) -> Section:
    rows = []
    tests = data.evidence.tests if data.evidence is not None else ()
    for key, entry in data.matrix.register.anomalies.items():
        excused = [
            f"{test.node_id} ({test.outcome})" for test in tests if test.outcome != "passed" and entry.excuses(test.node_id, test.outcome)
        ]
        about = ", ".join(entry.requirements)
        rows.append(
            cells(key, f"{entry.title}. {entry.description}", entry.risk, about, Cell("; ".join(excused) or "none", mono=bool(excused)))
        )
    text = Text("Every result that is not a pass must point to one of these; the register is docs/requirements/anomalies.yaml.")
    heads = ("", "anomaly", "risk", "requirements", "results in this evidence")
    return Section("Residual anomalies", (text, Table(heads, (9, 33, 25, 11, 22), tuple(rows))))
