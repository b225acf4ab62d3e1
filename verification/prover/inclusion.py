"""A body inside, or outside, a region over a box of configurations: leaf tests, and the search for a configuration where it is not."""

from dataclasses import dataclass

import casadi as ca
import numpy as np

from toolkit import FloatArray
from toolkit.models.joint import Joint
from toolkit.models.rotation import Vector

from ..kernels import Engine, make_kernel
from .convex import nearest_difference
from .graph import position_sx, tape_of
from .leaf_test import LeafTest
from .search import search
from .solid import ROOM_M, Faces, Solid

Path = tuple[tuple[Joint, ...], Vector]
"""The joints that carry a point, from the base on, and where it lies in the last one's frame."""


@dataclass(frozen=True, eq=False)
class Question:
    """Does the hull of the points, grown by `grown_m` (radius and margin), stay inside (keeps_in) or outside the region?

    lower, upper: the box of configurations, shape (n,).
    """

    points: tuple[Path, ...]
    region: Faces | Solid
    keeps_in: bool
    grown_m: float
    lower: FloatArray
    upper: FloatArray

    @property
    def positions(self) -> tuple[ca.SX, ca.SX]:
        """(q, P), P (3, points)."""
        q = ca.SX.sym("q", len(self.lower))
        return q, ca.horzcat(*(position_sx(joints, p_m, q) for joints, p_m in self.points))


@dataclass(frozen=True, eq=False)
class Witness:
    """A configuration at which the answer is no: a point of the body's hull by weights, and for keep-out a point of the region near it."""

    q: FloatArray
    weights: FloatArray
    region_point_m: FloatArray | None
    depth_m: float


class Positions:
    """Body points at configurations in float64, (N, points, 3)."""

    def __init__(self, q: ca.SX, P: ca.SX, engine: Engine) -> None:
        self._kernel, self._count = make_kernel(tape_of(q, P), engine), P.shape[1]

    def __call__(self, q: FloatArray) -> FloatArray:
        low, high = self._kernel(q, q)
        return (0.5 * (low + high)).reshape(len(q), self._count, 3)


def leaf_test(question: Question, engine: Engine = "auto") -> LeafTest:
    """The test whose passing on every part of the box answers yes."""
    q, P = question.positions
    region, grown = question.region, question.grown_m
    points = [P[:, i] for i in range(P.shape[1])]
    if isinstance(region, Faces):
        return LeafTest(q, _below_faces(points, region, grown), engine)
    at = Positions(q, P, engine)
    if not question.keeps_in:
        n, beta = ca.SX.sym("n", 3), ca.SX.sym("beta")
        test = LeafTest(q, ca.vertcat(*(beta - ca.dot(n, p) for p in points)), engine, ca.vertcat(n, beta))
        test.choose = lambda centre: _plane(region, at(centre), grown)
        return test
    limit = region.radius_m - grown
    if not limit > 0.0:  # nothing fits: 1 <= 0 says so for every box
        return LeafTest(q, ca.SX(1.0) + 0.0 * q[0], engine)
    square = limit * limit * (1.0 - 2.0**-48)
    if region.shape == "cylinder":
        return LeafTest(q, _inside_cylinder(points, region, grown, square), engine)
    s = ca.SX.sym("s", 3 * len(points))
    balls = [ca.sumsqr(p - s[3 * i : 3 * i + 3]) - square for i, p in enumerate(points)]
    test = LeafTest(q, ca.vertcat(*balls), engine, s)
    test.choose = lambda centre: _nearest_on_segment(region, at(centre)).reshape(len(centre), -1)
    return test


def _below_faces(points: list[ca.SX], faces: Faces, grown: float) -> ca.SX:
    rows: list[ca.SX] = []
    for n, offset in zip(faces.normals, faces.offsets.tolist(), strict=True):
        room = offset - grown * float(np.linalg.norm(n)) - ROOM_M
        rows += [ca.dot(ca.SX(n), p) - room for p in points]
    return ca.vertcat(*rows)


def _inside_cylinder(points: list[ca.SX], region: Solid, grown: float, square: float) -> ca.SX:
    start, end = region.generators
    axis = (end - start) / np.linalg.norm(end - start)
    Q = ca.SX(np.eye(3) - np.outer(axis, axis))
    caps = Faces(np.stack([axis, -axis]), np.array([axis @ end, -axis @ start]))
    sides = [ca.sumsqr(Q @ (p - ca.SX(start))) - square * (1.0 - 1e-9) for p in points]
    return ca.vertcat(*sides, _below_faces(points, caps, grown))


def _plane(region: Solid, points: FloatArray, grown: float) -> FloatArray:
    """(n, support(n) + grown), a hair large."""
    n = region.plane(points)
    return np.hstack([n, (region.support(n) + grown * (1.0 + 1e-15))[:, None]])


def _nearest_on_segment(region: Solid, points: FloatArray) -> FloatArray:
    """Of the axis of a ball or capsule, the place nearest to each point: (N, points, 3)."""
    a, along = region.generators[0], region.generators[-1] - region.generators[0]
    length = float(along @ along)
    t = np.clip((points - a) @ along / length, 0.0, 1.0) if length > 0.0 else np.zeros(points.shape[:2])
    return np.asarray(a + t[..., None] * along)


def find_witness(question: Question, engine: Engine = "auto", seed: int = 0) -> Witness | None:
    """A configuration at which the answer is no by at least a nanometre, if the search meets one."""
    q, P = question.positions
    at = Positions(q, P, engine)
    place, depth = search(lambda x: violation(question, at(x)), question.lower, question.upper, seed)
    if not depth > 1e-9:
        return None
    points = at(place[None])
    if question.keeps_in:
        each = [violation(question, points[:, i : i + 1])[0] for i in range(points.shape[1])]
        return Witness(place, np.eye(len(each))[int(np.argmax(each))], None, depth)
    region = question.region
    if not isinstance(region, Solid):
        return None
    away, weights = nearest_difference(points, region.generators)
    on_body = np.einsum("npg,npi->ni", weights, points)[0]
    on_axis = on_body - away[0]
    length = float(np.linalg.norm(away[0]))
    return Witness(place, weights[0].sum(axis=1), on_axis + away[0] * min(1.0, 0.999999 * region.radius_m / max(length, 1e-12)), depth)


def violation(question: Question, points: FloatArray) -> FloatArray:
    """By how much the worst point (or the hull) breaks the claim, [m]; (N,)."""
    region, grown = question.region, question.grown_m
    if isinstance(region, Faces):
        over = np.einsum("npi,ki->npk", points, region.normals) - region.offsets + grown * np.linalg.norm(region.normals, axis=1)
        return np.asarray((over / np.linalg.norm(region.normals, axis=1)).max(axis=(1, 2)))
    if not question.keeps_in:
        return np.asarray(grown - region.distance(points))
    beyond = np.linalg.norm(points - _nearest_on_segment(region, points), axis=2)
    return np.asarray(beyond.max(axis=1) + grown - region.radius_m)
