"""Body points over a joint box: Taylor's formula of second order with Lagrange's remainder, in Arb balls.

    |f(q) - f(c) - sum_j f_j(c) (q_j - c_j)| <= 1/2 sum_jl sup |f_jl| r_j r_l        for all q of the box, |q_j - c_j| <= r_j
The second derivatives are enclosed over this very box by the checker's jets: nobody's K is taken on trust. `stated` is the same
remainder with the K that the shield used, for comparing its arithmetic with this one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from flint import arb, arb_mat

from ..checker.chain import Path, column, squared
from ..checker.problem import Problem
from .servo_hull import JointBox

Bounds = Sequence[Sequence[float]]


class Reach(NamedTuple):
    """Largest value over the box: first + rest, shown; first + stated is what the shield's formula says."""

    first: arb
    rest: arb
    stated: arb


@dataclass(frozen=True)
class Expansion:
    """value (3, 1) and first (3, n) at c; second (3, m): the second derivatives that are not zero, over the box.

    weights: r_j r_l of each column of `second`, halved where j = l (each other pair stands for two). stated: 1/2 sum K_jl r_j r_l.
    """

    value: arb_mat
    first: arb_mat
    second: arb_mat
    r: list[arb]
    weights: list[arb]
    stated: arb

    def along(self, n: arb_mat) -> Reach:
        """sup of n.f over the box."""
        row = n.transpose()
        return Reach(
            (row * self.value)[0, 0] + _weighted((row * self.first).entries(), self.r),
            _weighted((row * self.second).entries(), self.weights),
            self.stated,
        )

    def norm(self, Q: arb_mat, s: arb_mat) -> Reach:
        """sup of |Q (f - s)| over the box."""
        return Reach(
            root(squared(Q * (self.value - s))) + _weighted(_lengths(Q * self.first), self.r),
            _weighted(_lengths(Q * self.second), self.weights),
            self.stated,
        )


def expand(path: Path, box: JointBox, K: Bounds) -> Expansion:
    """Expand the end of a path."""
    c, r, n = box.c, box.r, len(box.low)
    pairs = [(j, k) for j in range(n) for k in range(j, n)]
    at = path.derivatives([(x, x) for x in c], [(j,) for j in range(n)])
    over = path.derivatives(box.outward, pairs)
    known = [(pair, D) for pair in pairs if (D := over[pair]) is not None]
    weights = [r[j] * r[k] / (2 if j == k else 1) for (j, k), _ in known]
    stated = sum((arb(K[j][k]) * r[j] * r[k] for j in range(n) for k in range(n)), arb(0)) / 2
    zero = column([0, 0, 0])
    first = [zero if (d := at[(j,)]) is None else d for j in range(n)]
    return Expansion(column(at[()].entries()), _beside(first), _beside([D for _, D in known] or [zero]), r, weights or [arb(0)], stated)  # type: ignore[union-attr]  # the point itself is never None


@dataclass(frozen=True)
class WindowGeometry:
    """A joint box and what is expanded over it, each path once. K: of every body point, and `rcm_offset`, as the shield used it."""

    problem: Problem
    box: JointBox
    K: Mapping[str, Bounds]
    _known: dict[str, Expansion] = field(default_factory=dict, repr=False)

    def point(self, name: str) -> Expansion:
        """The expansion of a body point."""
        if name not in self._known:
            self._known[name] = expand(self.problem.model.points[name], self.box, self.K[name])
        return self._known[name]

    @cached_property
    def centre(self) -> Expansion:
        """The remote centre as the shaft sees it: its first two entries are the offset from the shaft line."""
        return expand(centre_path(self.problem), self.box, self.K["rcm_offset"])


def centre_path(problem: Problem) -> Path:
    """The remote centre, carried by the joints in front of the shaft in reverse."""
    if problem.model.centre is None:
        raise ValueError("this arm has no remote centre")
    to_shaft, centre = problem.model.centre
    return to_shaft.reversed(centre)


def root(square: arb) -> arb:
    """The root of what is a square, and no less than zero even where its enclosure reaches below."""
    return square.sqrt() if square >= 0 else arb(0).union(square.upper().sqrt())


def _beside(columns: Sequence[arb_mat]) -> arb_mat:
    entries = [v.entries() for v in columns]
    return arb_mat(3, len(columns), [e[i] for i in range(3) for e in entries])


def _lengths(columns: arb_mat) -> list[arb]:
    m = columns.ncols()
    e = columns.entries()
    return [root(e[i] * e[i] + e[m + i] * e[m + i] + e[2 * m + i] * e[2 * m + i]) for i in range(m)]


def _weighted(values: Sequence[arb], weights: Sequence[arb]) -> arb:
    return sum((abs(x) * w for x, w in zip(values, weights, strict=True)), arb(0))
