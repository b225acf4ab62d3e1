"""What is proposed, and what is certified: two types, so that one can never be taken for the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from .arrays import FloatArray, TickArray, finite_array, tick_array
from .errors import InvalidInput


class Verdict(Enum):
    """What the safety layer did with a proposal.

    PASS: the proposal itself, on the wire's integers. MODIFIED: the nearest the filter found that the shield certified.
    BACKUP: the tail certified in an earlier cycle. STOP: an assumption is violated or nothing may move; the tail or a hold.
    """

    PASS = "PASS"  # noqa: S105 - a verdict, not a secret
    MODIFIED = "MODIFIED"
    BACKUP = "BACKUP"
    STOP = "STOP"


@dataclass(frozen=True)
class SolveReport:
    """How an optimiser ended. `ok` is the only thing a caller may branch on; the rest is for the log."""

    ok: bool
    status: str
    iterations: int
    kkt_residual: float
    time_s: float


@dataclass(frozen=True, eq=False)
class JointProposal:
    """The next joint setpoint a controller would like (CRTK servo_jp). Nothing more than a proposal.

    q: shape (n,), [rad] or [m]; None when the controller has none (a failed solve is a value, never numbers).
    """

    q: FloatArray | None
    report: SolveReport

    def __post_init__(self) -> None:
        if self.q is not None:
            object.__setattr__(self, "q", finite_array(self.q, "proposal.q", (None,)))


@dataclass(frozen=True)
class Margin:
    """How far a constraint is from its limit over everything certified; negative means refused."""

    value: float
    unit: str


@dataclass(frozen=True, eq=False)
class CertifiedCommand:
    """A setpoint the shield has certified. Only `safety/` constructs one; a device accepts no other type.

    ticks: the integers for the wire, shape (n,); None: send nothing, the device holds its newest setpoint.
    plan: everything certified with it, shape (k, n), plan[0] == ticks (checked), ending in rest.
    margins: by constraint name, over all windows of the plan.
    active: names of the constraints that shaped or refused the proposal.
    reason: one sentence when the verdict is not PASS.
    """

    ticks: TickArray | None
    plan: TickArray
    verdict: Verdict
    margins: Mapping[str, Margin] = field(default_factory=dict)
    active: tuple[str, ...] = ()
    reason: str = ""
    time_s: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "plan", tick_array(self.plan, "plan", (None, None)))
        if self.ticks is not None:
            ticks = np.asarray(self.ticks)
            if ticks.dtype.kind not in "iu":
                raise InvalidInput(f"ticks: ticks are integers, got {ticks.dtype} {ticks.tolist()}")
            if not (self.plan.shape[0] and ticks.tolist() == self.plan[0].tolist()):
                raise InvalidInput(f"ticks: {ticks.tolist()} are not the first setpoint of the plan: what is sent is what was certified")
            object.__setattr__(self, "ticks", self.plan[0])
