"""Obligation: K_jl >= sup |d2f / dq_j dq_l| over the joint limits inflated by e, for one body point or the remote centre's offset."""

from dataclasses import dataclass
from typing import Any

from ..prover.second_derivatives import SecondDerivatives, bound_second_derivatives
from .obligation import Effort, Outcome, Progress, Verdict, exact


@dataclass(frozen=True, eq=False)
class SecondDerivativeTask:
    """function: "point:NAME" or "rcm_offset"."""

    function: str
    wanted: SecondDerivatives

    def question(self) -> dict[str, Any]:
        box = [[exact(low), exact(high)] for low, high in zip(self.wanted.lower, self.wanted.upper, strict=True)]
        return {"function": self.function, "box": box}

    def prove(self, effort: Effort, progress: Progress) -> Outcome:
        found = bound_second_derivatives(self.wanted, effort.engine, effort.seconds, progress)
        if isinstance(found, str):
            return Outcome(Verdict.UNKNOWN, detail=found)
        bounds = [
            {"j": b.j, "l": b.k, "bound": exact(b.bound), "rule": "outer" if b.outer else "direct", "tree": b.tree.text} for b in found
        ]
        leaves = sum(b.tree.leaves for b in found)
        detail = f"{leaves} leaves; largest K {max(b.bound for b in found):.4g}"
        return Outcome(Verdict.PROVED, "second_derivative_bound", {**self.question(), "bounds": bounds}, detail)
