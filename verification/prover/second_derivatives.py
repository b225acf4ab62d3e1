"""K_jk >= sup |d2P / dq_j dq_k| over a box, for a point of a serial chain (guarantee, section 1.1).

A rigid motion keeps the norm of a vector it turns, so the joints before the first one that q_j or q_k moves are left out, and that joint
itself is frozen where its coordinate moves nothing else. Two ways to a bound:

    direct   |D_jk| <= K over the box, D_jk = d2P / dq_j dq_k
    outer    where both move one joint each and the nearer one, say of q_j, turns: D_jk = M_j' v, v = dP_rest/dq_k, |M_j'| = |gain_j|,
             so |D_jk| <= |gain_j| |v| <= K. Depends on fewer coordinates; sharp where v can lie across axis j.

The supremum is estimated by search; K is set above it by the first of `GAPS` whose tree stays small enough, and the better way counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import casadi as ca
import numpy as np

from toolkit import FloatArray
from toolkit.models.joint import Joint
from toolkit.models.rotation import Vector

from ..kernels import Engine
from .branch_and_bound import Limits, Progress, bisect
from .graph import position_sx
from .leaf_test import LeafTest, norm_at, norm_test, with_limit
from .search import largest
from .tree import SINGLE_LEAF, Tree

GAPS = ((1e-6, 32), (0.003, 1000), (0.006, 1000), (0.01, 1000), (0.02, 1000), (0.04, 2000), (0.08, 8000))
"""How far above the estimated supremum a bound is set, and how many leaves its tree may have."""
OUTER_IS_AS_GOOD = 1.003
BOUND_MIN = 1e-9
"""Where a derivative vanishes but for the rounding of constants; the checker takes those as known to 1e-15 only."""


@dataclass(frozen=True)
class DerivativeBound:
    """|D_jk| <= bound over the box, as the leaves of the tree show; `estimate` is the largest value met."""

    j: int
    k: int
    bound: float
    outer: bool
    tree: Tree
    estimate: float


@dataclass(frozen=True, eq=False)
class SecondDerivatives:
    """The bounds wanted for one point: joints of its path from the base, its place in the last frame, the box (n,)."""

    joints: tuple[Joint, ...]
    p_m: Vector
    lower: FloatArray
    upper: FloatArray

    @property
    def n(self) -> int:
        return len(self.lower)

    def moved_by(self, coordinate: int) -> list[int]:
        return [i for i, joint in enumerate(self.joints) if joint.coordinate == coordinate]

    def vanishes(self, j: int, k: int) -> bool:
        """Exactly zero: a coordinate moves nothing, or only slides stand nearer the base."""
        pairs = [(a, b) for a in self.moved_by(j) for b in self.moved_by(k)]
        return all(self.joints[min(a, b)].is_prismatic for a, b in pairs)

    def outer_joint(self, j: int, k: int) -> Joint | None:
        """The nearer joint of a pair of coordinates that move one joint each, if it turns."""
        moved = self.moved_by(j) + self.moved_by(k)
        first = self.joints[min(moved)]
        return first if j != k and len(moved) == 2 and not first.is_prismatic else None

    def derivative(self, j: int, k: int, outer: bool) -> tuple[ca.SX, ca.SX]:
        """(q, the vector whose norm is to be bounded)."""
        moved = self.moved_by(j) + self.moved_by(k)
        rest = self.joints[max(moved) if outer else min(moved) :]
        q = ca.SX.sym("q", self.n)
        P = position_sx(rest, self.p_m, q, with_base=False)
        first = rest[0]
        D = ca.jacobian(P, q[first.coordinate]) * self.joints[min(moved)].gain if outer else ca.jacobian(ca.jacobian(P, q[k]), q[j])
        if sum(joint.coordinate == first.coordinate for joint in rest) == 1:
            D = ca.substitute(D, q[first.coordinate], ca.SX(-first.offset / first.gain))
        return q, ca.densify(D)


def bound_second_derivatives(
    wanted: SecondDerivatives, engine: Engine = "auto", seconds: float = 60.0, progress: Progress | None = None
) -> list[DerivativeBound] | str:
    """A bound for every pair j <= k, in lexicographic order; or why one could not be had."""
    found = []
    pairs = [(j, k) for j in range(wanted.n) for k in range(j, wanted.n)]
    for done, (j, k) in enumerate(pairs, 1):
        bound = _bound_pair(wanted, j, k, engine, seconds / len(pairs))
        if isinstance(bound, str):
            return f"pair {j}, {k}: {bound}"
        found.append(bound)
        if progress is not None:
            progress(done / len(pairs))
    return found


def _bound_pair(wanted: SecondDerivatives, j: int, k: int, engine: Engine, seconds: float) -> DerivativeBound | str:
    if wanted.vanishes(j, k):
        return DerivativeBound(j, k, 0.0, False, SINGLE_LEAF, 0.0)
    ways: dict[bool, tuple[LeafTest, float]] = {}
    for outer in (True, False) if wanted.outer_joint(j, k) is not None else (False,):
        test = norm_test(*wanted.derivative(j, k, outer), 0.0, engine)
        ways[outer] = test, largest(norm_at(test), wanted.lower, wanted.upper)
    if True in ways and ways[True][1] <= ways[False][1] * OUTER_IS_AS_GOOD:
        del ways[False]
    best: DerivativeBound | None = None
    reason = ""
    for outer, (test, estimate) in ways.items():
        for gap, leaves in GAPS:
            bound = max(estimate * (1.0 + gap), BOUND_MIN)
            if best is not None and bound >= best.bound:
                break
            found = bisect(with_limit(test, bound), wanted.lower, wanted.upper, Limits(seconds, nodes=2 * leaves - 1))
            if found.tree is not None:
                best = DerivativeBound(j, k, bound, outer, found.tree, ways.get(False, ways.get(True, (test, estimate)))[1])
                break
            reason = found.reason
    return best or reason


def as_matrix(bounds: Sequence[DerivativeBound], n: int) -> FloatArray:
    """K, shape (n, n), symmetric."""
    K = np.zeros((n, n))
    for b in bounds:
        K[b.j, b.k] = K[b.k, b.j] = b.bound
    return K
