"""Which part of this report speaks to which topic of a standard. By topic only."""

from ...trace import Topic
from ..blocks import Block, Cell, Section, Subtitle, Table, Text, cells
from ..content import VerificationData


def mapping(data: VerificationData) -> Section:
    blocks: list[Block] = [
        Text("To help a reader find things. No text of a standard is quoted; conformity is neither claimed nor implied.")
    ]
    for standard in data.matrix.register.standards:
        rows = tuple(_row(data, topic) for topic in standard.topics)
        table = Table(("topic", "clause", "requirements and their state", "where to look", "missing"), (24, 10, 20, 24, 22), rows)
        blocks += [Subtitle(standard.name), Text(standard.scope, "soft"), table]
    return Section("By topic of standards and guidance", tuple(blocks))


def _row(data: VerificationData, topic: Topic) -> tuple[Cell, ...]:
    states = ", ".join(f"{key} {data.matrix.requirements[key].state}" for key in topic.requirements)
    return cells(topic.topic, topic.clause or "", states, topic.evidence, topic.missing or "")
