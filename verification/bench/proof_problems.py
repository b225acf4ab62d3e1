"""The static properties that provers are compared on: a PSM's wrist with three joints moving, its closed jaws with six; 1 mm of room."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from toolkit import FloatArray
from toolkit.models import psm_classic
from toolkit.models.joint import Joint
from toolkit.models.rotation import Vector

from ..prover.inclusion import Positions, Question, violation
from ..prover.search import search
from ..prover.solid import Faces, Solid
from ..prover.symmetry import independent_coordinates

ROOM_M = 1e-3
_LOWER = np.array([-0.8, -0.6, 0.05, -1.5, -1.3, -1.3])
_UPPER = np.array([0.8, 0.6, 0.20, 1.5, 1.3, 1.3])
_NORMAL = np.array([0.6, 0.0, -0.8])
_CENTRE = np.array([0.12, 0.10, -0.20])  # 0.05 m beyond the reach


@dataclass(frozen=True, eq=False)
class ProofProblem:
    """One point, one region. lower, upper: of the joints; those that symmetry freezes have no width. limit_m: offset or radius."""

    name: str
    question: Question
    lower: FloatArray
    upper: FloatArray
    limit_m: float

    @property
    def path(self) -> tuple[tuple[Joint, ...], Vector]:
        return self.question.points[0]


def proof_problems() -> list[ProofProblem]:
    """3 joints: half-space, ball, keep-out; 6 joints: the same, the ball after the coordinates it does not depend on are frozen."""
    arm = psm_classic()
    jaw = next(p for p in arm.body_points if p.name == "jaw_1")
    points = {3: (arm.joints[:3], arm.joints[3].X_PJ.p_m), 6: (arm.joints[:6], jaw.p_m)}
    found = []
    for n, path in points.items():
        for kind, make in _KINDS.items():
            found.append(_problem(f"{n} joints, {kind}", path, n, make, kind == "ball" and n == 6))
    return found


_KINDS: dict[str, Callable[[float], tuple[Faces | Solid, bool]]] = {
    "half-space": lambda limit: (Faces(_NORMAL[None], np.array([limit])), True),
    "ball": lambda limit: (Solid("ball", np.zeros((1, 3)), limit), True),
    "keep-out sphere": lambda limit: (Solid("ball", _CENTRE[None], limit), False),
}


def _problem(
    name: str, path: tuple[tuple[Joint, ...], Vector], n: int, make: Callable[[float], tuple[Faces | Solid, bool]], reduce: bool
) -> ProofProblem:
    lower, upper = _LOWER[:n].copy(), _UPPER[:n].copy()
    region, keeps_in = make(0.1)
    trial = Question((path,), region, keeps_in, 0.0, lower, upper)
    q, P = trial.positions
    at = Positions(q, P, "auto")
    worst = max(search(lambda x: violation(trial, at(x)), lower, upper, seed)[1] for seed in range(3))
    limit = 0.1 + worst + ROOM_M if keeps_in else 0.1 - worst - ROOM_M
    region, _ = make(limit)
    if reduce:
        frozen = sorted(independent_coordinates(*path, (0.0, 0.0, 0.0)))
        lower[frozen] = upper[frozen] = 0.0
    return ProofProblem(name, Question((path,), region, keeps_in, 0.0, lower, upper), lower, upper, limit)
