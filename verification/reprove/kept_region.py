"""The regions of a procedure as a window needs them: faces and tubes to stay in, convex sets to stay out of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flint import arb, arb_mat

from ..checker.chain import EYE, column, squared
from ..checker.exact import exactly
from ..checker.regions import Faces, Solid, region_of
from ..checker.strict_json import listed, need, number
from . import planes
from .expansion import root
from .planes import Vector


@dataclass(frozen=True)
class Tube:
    """All points within radius of the segment p0-p1; across_only: of its line."""

    p0: Vector
    p1: Vector
    radius: arb
    across_only: bool

    def projector(self) -> arb_mat:
        """Q with |Q| <= 1: the identity, or across the axis."""
        if not self.across_only:
            return EYE
        d = column(self.p1) - column(self.p0)
        return EYE - (d * d.transpose()) * (1 / squared(d))

    def near(self, P: arb_mat) -> arb_mat:
        """A point of the segment, about the nearest to the middle of P; any other would do."""
        at = [float(x.mid()) for x in P.entries()]
        (_, s) = planes.closest_on_segments(at, at, self.p0, self.p1)
        u = [b - a for a, b in zip(self.p0, self.p1, strict=True)]
        length = sum(x * x for x in u)
        t = sum((x - a) * y for x, a, y in zip(s, self.p0, u, strict=True)) / length if length > 0.0 else 0.0
        a, b = column(self.p0), column(self.p1)
        return a + (b - a) * arb(min(max(t, 0.0), 1.0))


@dataclass(frozen=True)
class Avoided:
    """A convex set to stay out of. support(n) = max n.p over it, |n| = 1; directions(a, b): where to look for a plane off a body a-b."""

    support: Callable[[arb_mat], arb]
    directions: Callable[[Vector, Vector], Sequence[Vector]]


def faces_of(c: dict[str, Any]) -> Faces | None:
    """Faces with unit normals, of a region that has some: half-space, polytope, box, the ends of a cylinder."""
    if c["type"] == "keep_in_cylinder":
        start, end, _ = _around(c)
        a, b = column(start), column(end)
        n = (b - a) * (1 / squared(b - a).sqrt())
        return Faces(((n, (n.transpose() * b)[0, 0]), (-n, -(n.transpose() * a)[0, 0])))
    if c["type"] not in ("keep_in_half_space", "keep_in_polytope", "keep_in_box"):
        return None
    _, region = region_of(c)
    need(isinstance(region, Faces), "faces: a region that has none")
    lengths = [(n, offset, squared(n).sqrt()) for n, offset in region.faces]  # type: ignore[union-attr]  # need() has established it
    return Faces(tuple((n * (1 / length), offset / length) for n, offset, length in lengths))


def tube_of(c: dict[str, Any]) -> Tube | None:
    """The tube of a keep-in ball, capsule or cylinder."""
    if c["type"] == "keep_in_sphere":
        center = _vector(c["center_B_m"])
        return Tube(center, center, _radius(c), across_only=False)
    if c["type"] in ("keep_in_capsule", "keep_in_cylinder"):
        start, end, radius = _around(c)
        return Tube(start, end, radius, c["type"] == "keep_in_cylinder")
    return None


def avoided_of(c: dict[str, Any]) -> Avoided:
    """A keep-out region of any kind."""
    if c["type"] == "keep_out_cylinder":
        start, end, radius = _around(c)
        return Avoided(partial(_cylinder_support, start, end, radius), partial(planes.away_from_cylinder, p0=start, p1=end))
    keeps_in, region = region_of(c)
    need(isinstance(region, Solid) and not keeps_in, "not a region to stay out of")
    solid: Solid = region  # type: ignore[assignment]  # need() has just established it
    if solid.shape in ("sphere", "capsule"):
        ends = solid.generators[0], solid.generators[-1]
        return Avoided(solid.support, partial(planes.away_from_segment, p0=ends[0], p1=ends[1]))
    return Avoided(solid.support, partial(planes.away_from_hull, vertices=solid.generators))


def _cylinder_support(start: Vector, end: Vector, radius: arb, n: arb_mat) -> arb:
    a, b = column(start), column(end)
    ends = (n.transpose() * a)[0, 0].max((n.transpose() * b)[0, 0])
    axis = b - a
    across = n - axis * ((n.transpose() * axis)[0, 0] / squared(axis))
    return ends + radius * root(squared(across))


def _around(c: dict[str, Any]) -> tuple[Vector, Vector, arb]:
    start, end = _vector(c["start_B_m"]), _vector(c["end_B_m"])
    need(start != end, "an axis without length")
    return start, end, _radius(c)


def _vector(value: Any) -> Vector:
    return [number({"coordinate": x}, "coordinate", -10, 10) for x in listed(value, 3, 3, "a point")]


def _radius(c: dict[str, Any]) -> arb:
    return arb(exactly(number(c, "radius_m", 0, 10)))
