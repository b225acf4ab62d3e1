"""What a replay found: all differences counted, by field; the first ones kept as they are."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from .difference import Difference

KEPT_MAX = 100_000
"""Differences kept one by one: another build may differ in the last bit of every number of hours of motion."""


@dataclass
class FieldFindings:
    """All differences in one field, list positions left out: how many, the first, and the largest if they are numbers."""

    field: str
    first: Difference
    count: int = 0
    largest: Difference | None = None

    def add(self, difference: Difference) -> None:
        """Count one more."""
        self.count += 1
        if difference.size is not None and (self.largest is None or difference.size > (self.largest.size or 0.0)):
            self.largest = difference


@dataclass
class Replayed:
    """What a replay found.

    decisions: how many were recomputed, enables included. motion_s: from the first cycle to the last, [s].
    decisive, beside: differences of what was decided, sent or remembered, and of the numbers and words beside it.
    differences: the first KEPT_MAX of them, in the order of the log. fields: all of them, by field.
    """

    records: int = 0
    cycles: int = 0
    decisions: int = 0
    motion_s: float = 0.0
    decisive: int = 0
    beside: int = 0
    differences: list[Difference] = field(default_factory=list)
    fields: dict[str, FieldFindings] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many differences there are."""
        return self.decisive + self.beside

    @property
    def is_identical(self) -> bool:
        """Every decision, margin and memory agrees bit for bit, and there was at least one to compare."""
        return self.decisions > 0 and self.count == 0

    @property
    def by_field(self) -> list[FieldFindings]:
        """The most frequent first."""
        return sorted(self.fields.values(), key=lambda found: -found.count)

    def add(self, differences: Iterable[Difference]) -> bool:
        """Take in differences; whether one of them is decisive."""
        before = self.decisive
        for difference in differences:
            if difference.is_decisive:
                self.decisive += 1
            else:
                self.beside += 1
            if len(self.differences) < KEPT_MAX:
                self.differences.append(difference)
            name = difference.field.partition("[")[0]
            self.fields.setdefault(name, FieldFindings(name, difference)).add(difference)
        return self.decisive > before
