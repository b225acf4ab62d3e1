"""Convex regions in the base frame B, each with the one thing a separating plane needs: its support function.

support_R(n) = max over p in R of n.p. A body lies outside R if some plane n has every body point beyond support_R(n) + r_body.
Lengths in [m], frame B. Everything is a CasADi graph, because shield and filter evaluate it for many configurations a cycle.
`separating_directions` proposes planes; it is never trusted: a bad plane can only refuse.
"""

from dataclasses import dataclass
from typing import Protocol

import casadi as ca
import numpy as np
from scipy.spatial import ConvexHull, QhullError

from toolkit import FloatArray, InvalidInput, finite_array, finite_number

LENGTH_M_MAX = 10.0


class Region(Protocol):
    """A bounded convex set R in frame B."""

    def support(self, n: ca.SX) -> ca.SX:
        """support_R(n), [m] when |n| = 1; n is (3, 1)."""
        ...

    def separating_directions(self, a: ca.SX, b: ca.SX) -> list[ca.SX]:
        """Directions from R towards the segment a-b: candidate planes n (3, 1), |n| <= 1."""
        ...


def unit(d: ca.SX) -> ca.SX:
    """d / |d|, a hair short of one so that rounding cannot lift |n| above 1; zero where |d| = 0, a plane that separates nothing."""
    return d * ((1.0 - 4e-16) / ca.fmax(ca.sqrt(ca.sumsqr(d)), 1e-12))


def clamp01(x: ca.SX) -> ca.SX:
    """x limited to [0, 1]: a parameter along a segment."""
    return ca.fmin(ca.fmax(x, 0.0), 1.0)


def closest_on_segments(a: ca.SX, b: ca.SX, c: ca.SX, d: ca.SX) -> tuple[ca.SX, ca.SX]:
    """Closest points of segments a-b and c-d: (on a-b, on c-d), each (3, 1).

    Minimise |a + s (b - a) - c - t (d - c)| over s, t in [0, 1]: the line solution clamped, then each coordinate re-solved
    against the clamped other. Degenerate (point) and parallel segments fall out of the guarded divisions and the clamping.
    """
    u, v, w = b - a, d - c, a - c
    uu, uv, vv, uw, vw = ca.dot(u, u), ca.dot(u, v), ca.dot(v, v), ca.dot(u, w), ca.dot(v, w)
    tiny = 1e-18
    s = clamp01((uv * vw - vv * uw) / ca.fmax(uu * vv - uv * uv, tiny))
    t = clamp01((uv * s + vw) / ca.fmax(vv, tiny))
    s = clamp01((uv * t - uw) / ca.fmax(uu, tiny))
    return a + s * u, c + t * v


@dataclass(frozen=True, eq=False)
class Capsule:
    """All points within radius_m of the segment p0-p1. A sphere is the capsule with p0 = p1."""

    p0_B_m: FloatArray
    p1_B_m: FloatArray
    radius_m: float

    def __post_init__(self) -> None:
        _check_round(self)

    def support(self, n: ca.SX) -> ca.SX:
        ends = ca.fmax(ca.dot(n, ca.SX(self.p0_B_m)), ca.dot(n, ca.SX(self.p1_B_m)))
        return ends + self.radius_m * ca.sqrt(ca.sumsqr(n))

    def separating_directions(self, a: ca.SX, b: ca.SX) -> list[ca.SX]:
        on_body, on_axis = closest_on_segments(a, b, ca.SX(self.p0_B_m), ca.SX(self.p1_B_m))
        return [unit(on_body - on_axis)]


def sphere(center_B_m: FloatArray, radius_m: float) -> Capsule:
    """The ball |p - center| <= radius."""
    return Capsule(center_B_m, center_B_m, radius_m)


@dataclass(frozen=True, eq=False)
class Cylinder:
    """A finite right circular cylinder with axis p0-p1."""

    p0_B_m: FloatArray
    p1_B_m: FloatArray
    radius_m: float

    def __post_init__(self) -> None:
        _check_round(self)
        if not np.linalg.norm(self.p1_B_m - self.p0_B_m) > 1e-9:
            raise InvalidInput("cylinder: its axis has no length; use a sphere or a capsule")

    @property
    def axis(self) -> FloatArray:
        """Unit vector from p0 to p1."""
        d = self.p1_B_m - self.p0_B_m
        return np.asarray(d / np.linalg.norm(d))

    def support(self, n: ca.SX) -> ca.SX:
        axis = ca.SX(self.axis)
        across = n - ca.dot(n, axis) * axis
        ends = ca.fmax(ca.dot(n, ca.SX(self.p0_B_m)), ca.dot(n, ca.SX(self.p1_B_m)))
        # |across| evaluated a hair large: the projection is rounded too.
        return ends + self.radius_m * (1.0 + 1e-15) * ca.sqrt(ca.sumsqr(across))

    def separating_directions(self, a: ca.SX, b: ca.SX) -> list[ca.SX]:
        axis = ca.SX(self.axis)
        on_body, on_axis = closest_on_segments(a, b, ca.SX(self.p0_B_m), ca.SX(self.p1_B_m))
        away = on_body - on_axis
        return [unit(away), unit(away - ca.dot(away, axis) * axis), axis * (1.0 - 4e-16), -axis * (1.0 - 4e-16)]


@dataclass(frozen=True, eq=False)
class Polytope:
    """The convex hull of vertices (k, 3), full-dimensional."""

    vertices_B_m: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "vertices_B_m", finite_array(self.vertices_B_m, "vertices_B_m", (None, 3)))
        if not 4 <= self.vertices_B_m.shape[0] <= 64:
            raise InvalidInput(f"polytope: {self.vertices_B_m.shape[0]} vertices; 4 to 64 are accepted")
        self._hull()

    def _hull(self) -> ConvexHull:
        try:
            return ConvexHull(self.vertices_B_m)
        except (QhullError, ValueError) as error:
            raise InvalidInput("polytope: its vertices do not span a volume") from error

    def support(self, n: ca.SX) -> ca.SX:
        return ca.mmax(ca.mtimes(ca.SX(self.vertices_B_m), n))

    def separating_directions(self, a: ca.SX, b: ca.SX) -> list[ca.SX]:
        """Face normals, and from each edge of the hull: exact for face-vertex, edge-edge and vertex-vertex contact."""
        hull = self._hull()
        faces = np.unique(np.round(hull.equations[:, :3], 12), axis=0)
        planes = [unit(ca.SX(n)) for n in faces]
        for i, j in sorted({tuple(sorted((t[k], t[k - 1]))) for t in hull.simplices.tolist() for k in range(3)}):
            on_body, on_edge = closest_on_segments(a, b, ca.SX(self.vertices_B_m[i]), ca.SX(self.vertices_B_m[j]))
            planes.append(unit(on_body - on_edge))
        return planes


def box(lower_B_m: FloatArray, upper_B_m: FloatArray) -> Polytope:
    """The axis-aligned box lower <= p <= upper."""
    lower, upper = finite_array(lower_B_m, "lower_B_m", (3,)), finite_array(upper_B_m, "upper_B_m", (3,))
    if not np.all(lower < upper):
        raise InvalidInput(f"box: lower {lower.tolist()} is not below upper {upper.tolist()} on every axis")
    corners = np.array(np.meshgrid(*zip(lower, upper, strict=True), indexing="ij")).reshape(3, 8).T
    return Polytope(corners)


def _check_round(region: Capsule | Cylinder) -> None:
    object.__setattr__(region, "p0_B_m", finite_array(region.p0_B_m, "p0_B_m", (3,)))
    object.__setattr__(region, "p1_B_m", finite_array(region.p1_B_m, "p1_B_m", (3,)))
    finite_number(region.radius_m, "radius_m", 0.0, LENGTH_M_MAX)
