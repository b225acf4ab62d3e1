"""In a draft: everything that a final report would need, each reason with its sentence."""

from ...trace import Gap
from ..blocks import Section, Table, Text, cells


def missing(reasons: tuple[Gap, ...]) -> Section:
    rows = tuple(cells(gap.kind, gap.where, gap.sentence) for gap in reasons)
    text = Text("`primum report` without --draft refuses for these reasons, with exit code 3, and writes nothing.")
    return Section("Missing for a final report", (text, Table(("reason", "where", "what"), (14, 30, 56), rows)))
