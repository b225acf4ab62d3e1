"""Obligation: a body stays inside, or outside, a region from every allowed configuration, with a margin."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from toolkit import FloatArray, InvalidInput
from toolkit import procedure as p

from ..prover.branch_and_bound import Limits, bisect
from ..prover.inclusion import Question, Witness, find_witness, leaf_test
from ..prover.solid import Faces, Solid
from ..prover.symmetry import independent_coordinates
from .obligation import Effort, Outcome, Progress, Verdict, exact

MARGIN_M = Fraction(1, 1000)
_FINEST = 2**30
"""Weights of a witness are rounded to multiples of one over this."""


@dataclass(frozen=True, eq=False)
class InclusionTask:
    """constraint, body: names. asked: with grown_m = radius + margin."""

    constraint: str
    body: str
    asked: Question

    def question(self) -> dict[str, Any]:
        return {"constraint": self.constraint, "body": self.body, "margin": _rational(MARGIN_M)}

    def prove(self, effort: Effort, progress: Progress) -> Outcome:
        witness = find_witness(self.asked, effort.engine, effort.seed)
        if witness is not None:
            detail = f"{witness.depth_m * 1e3:.3g} mm too far at q = {np.round(witness.q, 4).tolist()}"
            return Outcome(Verdict.REFUTED, "inclusion", {**self.question(), "witness": _written(witness)}, detail)
        frozen = self._frozen()
        asked = self.asked
        lower, upper = asked.lower.copy(), asked.upper.copy()
        lower[frozen] = upper[frozen] = 0.5 * lower[frozen] + 0.5 * upper[frozen]
        found = bisect(leaf_test(asked, effort.engine), lower, upper, Limits(effort.seconds), progress)
        if found.tree is None:
            return Outcome(Verdict.UNKNOWN, detail=found.reason)
        box = [[exact(low), exact(high)] for low, high in zip(asked.lower, asked.upper, strict=True)]
        body = {**self.question(), "box": box, "frozen": frozen, "tree": found.tree.text}
        return Outcome(Verdict.PROVED, "inclusion", body, f"{found.tree.leaves} leaves, {found.boxes} boxes")

    def _frozen(self) -> list[int]:
        """Coordinates that drop out: only where each point counts on its own, inside a ball. Those that move nothing are never split."""
        region = self.asked.region
        if not (self.asked.keeps_in and isinstance(region, Solid) and region.shape == "ball"):
            return []
        x, y, z = region.generators[0].tolist()
        moved = {joint.coordinate for joints, _ in self.asked.points for joint in joints}
        for joints, p_m in self.asked.points:
            touched = {joint.coordinate for joint in joints}
            moved -= touched - independent_coordinates(joints, p_m, (x, y, z))
        return sorted(moved)


def _written(witness: Witness) -> dict[str, Any]:
    shares = [Fraction(round(float(w) * _FINEST), _FINEST) for w in witness.weights]
    largest = int(np.argmax(witness.weights))
    shares[largest] += 1 - sum(shares)
    region_point = None if witness.region_point_m is None else [exact(x) for x in witness.region_point_m]
    return {"q": [exact(x) for x in witness.q], "body_weights": [_rational(w) for w in shares], "region_point": region_point}


def _rational(x: Fraction) -> str:
    return str(x.numerator) if x.denominator == 1 else f"{x.numerator}/{x.denominator}"


def region_of(c: p.Region) -> Faces | Solid:
    """A region of a procedure, as the prover sees it.

    Raises:
        InvalidInput: a kind of region that the prover does not know.
    """
    if isinstance(c, p.KeepInHalfSpace):
        return Faces(np.array([c.normal_B]), np.array([c.offset_m]))
    if isinstance(c, p.KeepInPolytope):
        return Faces(np.array([h.normal_B for h in c.half_spaces]), np.array([h.offset_m for h in c.half_spaces]))
    if isinstance(c, p.KeepInBox):
        return Faces(np.vstack([np.eye(3), -np.eye(3)]), np.concatenate([c.upper_B_m, -np.array(c.lower_B_m)]))
    if isinstance(c, p.KeepOutBox):
        corners = np.array(np.meshgrid(*zip(c.lower_B_m, c.upper_B_m, strict=True), indexing="ij")).reshape(3, 8).T
        return Solid("hull", corners, 0.0)
    if isinstance(c, p.KeepOutPolytope):
        return Solid("hull", np.array(c.vertices_B_m), 0.0)
    if isinstance(c, p.KeepInSphere | p.KeepOutSphere):
        return Solid("ball", np.array([c.center_B_m]), c.radius_m)
    if isinstance(c, p.KeepInCapsule | p.KeepOutCapsule):
        return Solid("capsule", _axis(c.start_B_m, c.end_B_m), c.radius_m)
    if isinstance(c, p.KeepInCylinder | p.KeepOutCylinder):
        return Solid("cylinder", _axis(c.start_B_m, c.end_B_m), c.radius_m)
    raise InvalidInput(f"{c.name}: regions of type {type(c).__name__} are unknown to the prover")


def _axis(start: tuple[float, ...], end: tuple[float, ...]) -> FloatArray:
    return np.array([start, end])
