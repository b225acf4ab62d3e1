"""Proposals of separating planes, in plain floating point: a bad one separates nothing, so it can only fail to show something."""

from collections.abc import Sequence
from math import hypot

import numpy as np
from scipy.spatial import ConvexHull

Vector = Sequence[float]
_TINY = 1e-18


def closest_on_segments(a: Vector, b: Vector, c: Vector, d: Vector) -> tuple[Vector, Vector]:
    """About the closest points of segments a-b and c-d; either may be a point."""
    u, v, w = _minus(b, a), _minus(d, c), _minus(a, c)
    uu, uv, vv, uw, vw = _dot(u, u), _dot(u, v), _dot(v, v), _dot(u, w), _dot(v, w)
    s = _clamped((uv * vw - vv * uw) / max(uu * vv - uv * uv, _TINY))
    t = _clamped((uv * s + vw) / max(vv, _TINY))
    s = _clamped((uv * t - uw) / max(uu, _TINY))
    return [x + s * y for x, y in zip(a, u, strict=True)], [x + t * y for x, y in zip(c, v, strict=True)]


def away_from_segment(a: Vector, b: Vector, p0: Vector, p1: Vector) -> list[Vector]:
    """From the segment p0-p1 towards the segment a-b, along the shortest connection."""
    on_body, on_axis = closest_on_segments(a, b, p0, p1)
    return [_minus(on_body, on_axis)]


def away_from_cylinder(a: Vector, b: Vector, p0: Vector, p1: Vector) -> list[Vector]:
    """Along the shortest connection with the axis, across the axis, and out of both ends."""
    (away,), axis = away_from_segment(a, b, p0, p1), _minus(p1, p0)
    along = _dot(away, axis) / _dot(axis, axis)
    return [away, [x - along * y for x, y in zip(away, axis, strict=True)], axis, [-x for x in axis]]


def away_from_hull(a: Vector, b: Vector, vertices: Sequence[Vector]) -> list[Vector]:
    """Out of each face of the convex hull, and from each of its edges."""
    hull = ConvexHull(np.array(vertices))
    planes: list[Vector] = [list(n) for n in np.unique(np.round(hull.equations[:, :3], 12), axis=0).tolist()]
    for i, j in sorted({tuple(sorted((t[k], t[k - 1]))) for t in hull.simplices.tolist() for k in range(3)}):
        planes += away_from_segment(a, b, vertices[i], vertices[j])
    return planes


def has_length(n: Vector) -> bool:
    """Whether a proposal is a direction at all."""
    return hypot(*n) > 1e-12


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _minus(a: Vector, b: Vector) -> list[float]:
    return [a[0] - b[0], a[1] - b[1], a[2] - b[2]]


def _clamped(x: float) -> float:
    return min(max(x, 0.0), 1.0)
