"""What a re-proof found: smallest margins with their place, what could not be shown, samples outside, cycles by what held."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT_MAX = 1000
"""Failures kept one by one; all are counted."""


@dataclass(frozen=True)
class Failure:
    """A window that was not re-proved, or a plan that is none. window: which setpoint of the plan it ends in; margin: None if unknown."""

    cycle: int | None
    record: int
    window: int | None
    constraint: str
    margin: float | None
    what: str

    def __str__(self) -> str:
        place = f"cycle {self.cycle} (record {self.record})" if self.cycle is not None else f"enable (record {self.record})"
        window = "" if self.window is None else f", window {self.window} of its plan"
        return f"{place}{window}: {self.constraint}: {self.what}"


@dataclass
class ConstraintFindings:
    """smallest: a lower bound that holds for every configuration of every window; cycle, record, window: where.

    failed: windows whose bound is below zero. difference: largest |logged - the shield's formula evaluated exactly|, eta's part in it.
    """

    name: str
    unit: str
    smallest: float | None = None
    cycle: int | None = None
    record: int | None = None
    window: int | None = None
    failed: int = 0
    difference: float | None = None
    difference_cycle: int | None = None


@dataclass
class Reproof:
    """windows, different: of all plans, and how many had to be computed. part: empty, or which part of the run was looked at.

    held: cycles re-proved, with a sample that broke no monitored assumption, and none broken since enable. passed: cycles re-proved
    without that. open: cycles of which a window was not re-proved.
    outside: samples outside their box; unnoticed: those the run went on after as if nothing had been.
    eta_m, second_derivatives: what the run's shield used.
    """

    part: str = ""
    plans: int = 0
    enables: int = 0
    windows: int = 0
    different: int = 0
    held: int = 0
    passed: int = 0
    open: int = 0
    samples: int = 0
    outside: int = 0
    unnoticed: int = 0
    largest_use: float = 0.0
    failed: int = 0
    constraints: list[ConstraintFindings] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    not_covered: list[str] = field(default_factory=list)
    eta_m: float = 0.0
    second_derivatives: str = ""

    @property
    def cycles(self) -> int:
        """Cycles that decided something."""
        return self.held + self.passed + self.open

    @property
    def ok(self) -> bool:
        """Every window of every plan was re-proved, every number agrees within eta, and no sample left its box unnoticed."""
        return self.plans > 0 and self.failed == 0

    def fail(self, failure: Failure) -> None:
        """Count one more."""
        self.failed += 1
        if len(self.failures) < KEPT_MAX:
            self.failures.append(failure)

    @property
    def cycles_failed(self) -> Sequence[int | None]:
        """Cycles of the failures that were kept, ascending."""
        return sorted({failure.cycle for failure in self.failures}, key=lambda cycle: -1 if cycle is None else cycle)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for a file."""
        return asdict(self) | {"ok": self.ok, "cycles": self.cycles}
