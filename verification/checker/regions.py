"""Regions of a procedure in the two shapes an inclusion needs: intersections of half-spaces, and grown convex hulls. No cylinders."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any

from flint import arb, arb_mat

from .chain import column, squared
from .strict_json import listed, need, number

Vector = Sequence[float]


@dataclass(frozen=True)
class Faces:
    """{p : n.p <= offset for all faces}; a normal counts with the length it has."""

    faces: tuple[tuple[arb_mat, arb], ...]


@dataclass(frozen=True)
class Solid:
    """The hull of the generators grown by radius: a sphere, capsule, box (its corners, lowest first, highest last) or polytope."""

    shape: str
    generators: tuple[Vector, ...]
    radius: float

    def support(self, n: arb_mat) -> arb:
        """max of n.p over the solid."""
        return reduce(arb.max, [(n.transpose() * column(g))[0, 0] for g in self.generators]) + self.radius * squared(n).sqrt()

    def gap_squared(self, p: arb_mat) -> arb:
        """Squared distance of p from the segment of the generators of a sphere or capsule."""
        a, along = column(self.generators[0]), column(self.generators[-1]) - column(self.generators[0])
        need(self.shape in ("sphere", "capsule"), "a distance is only known for spheres and capsules")
        t = ((p - a).transpose() * along)[0, 0] / squared(along) if self.shape == "capsule" else arb(0)
        return squared(p - a - along * t.max(arb(0)).min(arb(1)))

    def holds(self, x: Vector) -> bool:
        """Whether the point certainly lies in the solid."""
        if self.shape == "box":
            return all(low <= v <= high for low, v, high in zip(self.generators[0], x, self.generators[-1], strict=True))
        return bool(self.gap_squared(column(x)) <= arb(self.radius) ** 2)

    def direction_to(self, points: Sequence[Vector]) -> arb_mat:
        """About the shortest vector from the hull of the generators to that of the points (Frank and Wolfe, pairwise steps).

        A proposal in floating point: unless it is zero, a bad one separates nothing and can only make the checker bisect or refuse.
        """
        vertices = [tuple(a - b for a, b in zip(p, g, strict=True)) for p in points for g in self.generators]
        x = min(vertices, key=lambda v: _dot(v, v))
        weights = {vertices.index(x): 1.0}
        for _ in range(40):
            values = [_dot(x, v) for v in vertices]
            to, away = min(range(len(vertices)), key=values.__getitem__), max(weights, key=values.__getitem__)
            step = [a - b for a, b in zip(vertices[to], vertices[away], strict=True)]
            if values[away] - values[to] <= 1e-6 * _dot(x, x) or not _dot(step, step) > 0.0:
                break
            share = min((values[away] - values[to]) / _dot(step, step), weights[away])
            x = tuple(a + share * b for a, b in zip(x, step, strict=True))
            weights[to], weights[away] = weights.get(to, 0.0) + share, weights[away] - share
            weights = {i: weight for i, weight in weights.items() if weight > 1e-15}
        return column(x)


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _vector(value: Any) -> Vector:
    return tuple(number({"coordinate": x}, "coordinate", -10, 10) for x in listed(value, 3, 3, "a point or normal"))


def region_of(c: dict[str, Any]) -> tuple[bool, Faces | Solid]:
    """Whether bodies stay in, and the region."""
    kind = c["type"]
    keeps_in, shape = kind.startswith("keep_in_"), kind.removeprefix("keep_in_").removeprefix("keep_out_")
    if kind in ("keep_in_half_space", "keep_in_polytope"):
        faces = [c] if shape == "half_space" else listed(c["half_spaces"], 1, 100, "half_spaces")
        return True, Faces(tuple((column(_vector(f["normal_B"])), arb(number(f, "offset_m", -10, 10))) for f in faces))
    if shape == "box":
        low, high = _vector(c["lower_B_m"]), _vector(c["upper_B_m"])
        need(all(a < b for a, b in zip(low, high, strict=True)), "box: lower is not below upper")
        if not keeps_in:
            return False, Solid("box", tuple(product(*zip(low, high, strict=True))), 0.0)
        unit = [[float(i == k) for i in range(3)] for k in range(3)]
        sides = [side for n, a, b in zip(unit, low, high, strict=True) for side in ((column(n), arb(b)), (-column(n), -arb(a)))]
        return True, Faces(tuple(sides))
    if kind == "keep_out_polytope":
        return False, Solid("polytope", tuple(_vector(v) for v in listed(c["vertices_B_m"], 4, 200, "vertices_B_m")), 0.0)
    exact = kind in (f"keep_in_{shape}", f"keep_out_{shape}")
    need(exact and shape in ("sphere", "capsule"), f"constraint of type {kind[:40]}: not a region an inclusion can be about")
    ends = tuple(_vector(end) for end in ([c["center_B_m"]] if shape == "sphere" else [c["start_B_m"], c["end_B_m"]]))
    need(shape == "sphere" or ends[0] != ends[1], "capsule: its axis has no length")
    return keeps_in, Solid(shape, ends, number(c, "radius_m", 0, 10))
