"""An obligation: a sentence, its assumptions, and a task that tries to prove it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from ..kernels import Engine

Progress = Callable[[float], None]


class Verdict(Enum):
    """PROVED and REFUTED come with a certificate; a time-out, or anything else that was not decided, is UNKNOWN."""

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Effort:
    """What a task may spend. seconds: wall time. seed: of the search for counterexamples."""

    engine: Engine = "auto"
    seconds: float = 60.0
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """kind, body: of the certificate (docs/certificates.md) without format, verdict and inputs; empty for UNKNOWN. detail: in words."""

    verdict: Verdict
    kind: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    detail: str = ""


class Task(Protocol):
    """Plain data that can be sent to another process, and what to do with it."""

    def prove(self, effort: Effort, progress: Progress) -> Outcome: ...
    def question(self) -> dict[str, Any]:
        """What is asked, as fields of the certificate: an earlier certificate with these fields answers it."""
        ...


@dataclass(frozen=True, eq=False)
class Obligation:
    """id: as in docs/certificates.md. sentence: plain words and the equation. assumptions: what the claim takes for granted."""

    id: str
    sentence: str
    assumptions: tuple[str, ...]
    task: Task


def exact(x: float) -> str:
    """A float as certificates hold it."""
    return (float(x) + 0.0).hex()
