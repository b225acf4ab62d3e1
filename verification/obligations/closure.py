"""Obligation: what is reachable in a transition system of the running code is closed, without bad states, deadlock or open latch."""

from dataclasses import dataclass
from typing import Any

from ..transitions import TransitionSystem
from .obligation import Effort, Outcome, Progress, Verdict


@dataclass(frozen=True)
class ClosureTask:
    """name: the system is the input `transitions_NAME`, whose content is `system`. unknown: why it could not be extracted, or empty."""

    name: str
    system: TransitionSystem
    unknown: str = ""

    def question(self) -> dict[str, Any]:
        return {"system": self.name}

    def prove(self, effort: Effort, progress: Progress) -> Outcome:
        """The reachable states, all of them; or UNKNOWN with the shortest trace to what is wrong."""
        objection = self.unknown or self.system.objection()
        if objection:
            return Outcome(Verdict.UNKNOWN, detail=f"does not hold: {objection}")
        states = sorted(self.system.reached())
        detail = f"{len(states)} states, {len(self.system.transitions)} transitions, none of {len(self.system.bad)} bad states"
        return Outcome(Verdict.PROVED, "closure", {**self.question(), "states": states}, detail)
