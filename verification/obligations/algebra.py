"""Obligations settled by exact algebra: a claim is a non-negative combination of what it rests on, or an identity; rationals throughout."""

from dataclasses import dataclass
from typing import Any

import sympy as sp

from .obligation import Effort, Outcome, Progress, Verdict

_WORDS = {sp.Add: "+", sp.Mul: "*"}


@dataclass(frozen=True)
class CombinationTask:
    """target >= 0 wherever every given >= 0: find rational weights >= 0 with target = sum of weight * given. Polynomials, rational."""

    name: str
    target: sp.Expr
    given: tuple[sp.Expr, ...]

    def question(self) -> dict[str, Any]:
        return {"name": self.name, "variables": self._variables(), "target": expr(self.target)}

    def _variables(self) -> list[str]:
        return sorted({str(x) for e in (self.target, *self.given) for x in e.free_symbols})

    def prove(self, effort: Effort, progress: Progress) -> Outcome:
        """The weights by comparing coefficients: a linear system over the rationals."""
        weights = sp.symbols(f"weight_:{len(self.given)}")
        difference = sp.expand(self.target - sum(w * g for w, g in zip(weights, self.given, strict=True)))
        generators = sp.symbols(self._variables())
        found = sp.linsolve(sp.Poly(difference, *generators).coeffs(), *weights)
        values = next(iter(found), None) if found else None
        if values is None or not all(v.is_rational and v >= 0 for v in values):
            return Outcome(Verdict.UNKNOWN, detail=f"does not hold: {self.target} is no non-negative combination of what it rests on")
        terms = [
            {"multiplier": expr(g), "basis": ["1"], "gram": [[_rational(v)]]} for g, v in zip(self.given, values, strict=True) if v != 0
        ]
        return Outcome(Verdict.PROVED, "sum_of_squares", {**self.question(), "terms": terms}, f"{len(terms)} terms, exact")


@dataclass(frozen=True)
class IdentityTask:
    """left = right, polynomials with rational coefficients. left is written as given, so that the checker does the computation itself."""

    name: str
    left: Any
    right: sp.Expr
    value: sp.Expr

    def question(self) -> dict[str, Any]:
        variables = sorted(str(x) for x in self.right.free_symbols)
        return {"name": self.name, "variables": variables, "relations": [], "left": self.left, "right": expr(self.right)}

    def prove(self, effort: Effort, progress: Progress) -> Outcome:
        if sp.expand(self.value - self.right) != 0:
            return Outcome(Verdict.UNKNOWN, detail=f"does not hold: {sp.expand(self.value)} is not {self.right}")
        return Outcome(Verdict.PROVED, "polynomial_identity", self.question(), f"= {self.right}, exact")


def expr(e: sp.Expr) -> Any:
    """A polynomial as certificates write it (docs/certificates.md)."""
    if e.is_Symbol:
        return str(e)
    if e.is_Rational:
        return _rational(e)
    if e.is_Pow:
        return ["^", expr(e.base), int(e.exp)]
    return [_WORDS[e.func], *(expr(a) for a in e.args)]


def _rational(x: sp.Rational) -> str:
    return str(x.p) if x.q == 1 else f"{x.p}/{x.q}"
