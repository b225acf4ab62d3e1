"""Distances between the arm's true bodies and regions, in plain numpy, sharing nothing with the shield that they judge.

A body is a segment a-b (or a point, a = b) with a radius; its axis is given at k instants, shapes (k, 3). A region is convex.
The signed distance of a body to a region R to be kept out of is

    min over s in [0, 1] of  d_R(a + s (b - a))  - r_body,

d_R the signed distance of a point: Euclidean outside R, minus the depth inside. It is the exact gap while the two are apart;
once the axis is inside R it is minus the depth of its deepest point, less the radius. All lengths [m], all in one frame.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from toolkit import FloatArray, InvalidInput, finite_array

_HALVINGS = 100  # (2/3)^100 of the segment


def segment_distance(a0: FloatArray, a1: FloatArray, b0: FloatArray, b1: FloatArray) -> FloatArray:
    """Distance between segments a0-a1 and b0-b1, shapes (k, 3) or (3,), broadcast together; result (k,).

    The minimum over the square of both parameters lies inside it, where the two lines are nearest, or on its rim, where an end of
    one segment meets the other. Every candidate is a pair of points of the two segments, so none can come out too small. Near
    parallel the inner one alone loses half its digits; with the rim it agrees with extended precision to 1e-14 of the lengths.
    """
    a0, a1, b0, b1 = np.broadcast_arrays(*(np.atleast_2d(p) for p in (a0, a1, b0, b1)))
    u, v, w = a1 - a0, b1 - b0, a0 - b0
    uu, vv, uv = _dot(u, u), _dot(v, v), _dot(u, v)
    across = uu * vv - uv * uv
    s = _unit_interval(uv * _dot(v, w) - vv * _dot(u, w), across)
    t = _unit_interval(_dot(v, w + s[:, None] * u), vv)
    s = _unit_interval(_dot(u, t[:, None] * v - w), uu)
    inner = np.linalg.norm(w + s[:, None] * u - t[:, None] * v, axis=1)
    rim = [
        point_segment_distance(a0, b0, b1),
        point_segment_distance(a1, b0, b1),
        point_segment_distance(b0, a0, a1),
        point_segment_distance(b1, a0, a1),
    ]
    return np.asarray(np.minimum.reduce([inner, *rim]))


def point_segment_distance(p: FloatArray, b0: FloatArray, b1: FloatArray) -> FloatArray:
    """Distance of points p (k, 3) to the segment b0-b1, shapes (k, 3) or (3,); result (k,)."""
    p, b0, b1 = np.broadcast_arrays(*(np.atleast_2d(x) for x in (p, b0, b1)))
    v = b1 - b0
    t = _unit_interval(_dot(p - b0, v), _dot(v, v))
    return np.asarray(np.linalg.norm(p - b0 - t[:, None] * v, axis=1))


def keep_out_capsule(
    points_a: FloatArray, points_b: FloatArray, body_radius: float, p0: FloatArray, p1: FloatArray, radius: float
) -> FloatArray:
    """Signed distance (k,) of a body to the capsule of `radius` around p0-p1; a sphere is p0 = p1.

    Where the axes cross it is minus the sum of the radii: the depth of a point on the capsule's axis.
    """
    a, b, p0, p1 = _axes(points_a, points_b, p0, p1)
    return np.asarray(segment_distance(a, b, p0, p1) - _length(radius, "radius") - _length(body_radius, "body_radius"))


def keep_out_cylinder(
    points_a: FloatArray, points_b: FloatArray, body_radius: float, p0: FloatArray, p1: FloatArray, radius: float
) -> FloatArray:
    """Signed distance (k,) of a body to the finite cylinder with flat ends at p0 and p1.

    A signed distance to a convex set is convex along the body's axis; its minimum is found by ternary search.
    """
    a, b, p0, p1 = _axes(points_a, points_b, p0, p1)
    height = float(np.linalg.norm(p1 - p0))
    if not height > 0.0:
        raise InvalidInput("cylinder: its axis has no length")
    direction, middle = (p1 - p0) / height, 0.5 * (p0 + p1)
    _length(radius, "radius")

    def signed(share: FloatArray) -> FloatArray:
        d = a + share[:, None] * (b - a) - middle
        along = d @ direction
        beyond = np.abs(along) - 0.5 * height
        outward = np.linalg.norm(d - along[:, None] * direction, axis=1) - radius
        outside = np.hypot(np.maximum(beyond, 0.0), np.maximum(outward, 0.0))
        return np.asarray(outside + np.minimum(np.maximum(beyond, outward), 0.0))

    return np.asarray(_least_convex(signed, a.shape[0]) - _length(body_radius, "body_radius"))


def keep_out_polytope(points_a: FloatArray, points_b: FloatArray, body_radius: float, vertices: FloatArray) -> FloatArray:
    """Signed distance (k,) of a body to the convex hull of `vertices` (m, 3), which spans a volume.

    Apart, a segment is nearest to a convex polytope either with one of its ends to a face or anywhere to an edge.
    """
    a, b = _axis(points_a, points_b)
    vertices = finite_array(vertices, "vertices", (None, 3))
    try:
        hull = ConvexHull(vertices)
    except (QhullError, ValueError) as error:
        raise InvalidInput("polytope: its vertices do not span a volume") from error
    normals, offsets = hull.equations[:, :3], -hull.equations[:, 3]
    triangles = vertices[hull.simplices]
    gap = np.full(a.shape[0], np.inf)
    for first, second in _edges(hull.simplices):
        gap = np.minimum(gap, segment_distance(a, b, vertices[first], vertices[second]))
    for triangle, normal, offset in zip(triangles, normals, offsets, strict=True):
        for end in (a, b):
            height = end @ normal - offset
            gap = np.where(_above_triangle(end, triangle, normal), np.minimum(gap, np.abs(height)), gap)
    depth = _least_convex(lambda share: _most(a + share[:, None] * (b - a), normals, offsets), a.shape[0])
    return np.asarray(np.where(depth < 0.0, depth, gap) - _length(body_radius, "body_radius"))


def keep_out_box(points_a: FloatArray, points_b: FloatArray, body_radius: float, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Signed distance (k,) of a body to the box lower <= p <= upper, shapes (3,)."""
    lower, upper = _corners(lower, upper)
    corners = np.array(np.meshgrid(*zip(lower, upper, strict=True), indexing="ij")).reshape(3, 8).T
    return keep_out_polytope(points_a, points_b, body_radius, corners)


def keep_in_faces(points_a: FloatArray, points_b: FloatArray, body_radius: float, normals: FloatArray, offsets: FloatArray) -> FloatArray:
    """Margin (k,) of a body inside {p : normals p <= offsets}, (m, 3) and (m,): half-space, box, polytope.

    min over faces of offset - max(n.a, n.b), less the radius; normals of any length, distances are Euclidean.
    """
    a, b = _axis(points_a, points_b)
    normals = finite_array(normals, "normals", (None, 3))
    offsets = finite_array(offsets, "offsets", (normals.shape[0],))
    length = np.linalg.norm(normals, axis=1)
    if not (length.size and np.all(length > 0.0)):
        raise InvalidInput("normals: none, or one without length")
    normals, offsets = normals / length[:, None], offsets / length
    most = np.maximum(_most(a, normals, offsets), _most(b, normals, offsets))
    return np.asarray(-most - _length(body_radius, "body_radius"))


def keep_in_box(points_a: FloatArray, points_b: FloatArray, body_radius: float, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Margin (k,) of a body inside the box lower <= p <= upper, shapes (3,)."""
    lower, upper = _corners(lower, upper)
    return keep_in_faces(points_a, points_b, body_radius, np.vstack([np.eye(3), -np.eye(3)]), np.concatenate([upper, -lower]))


def keep_in_capsule(
    points_a: FloatArray, points_b: FloatArray, body_radius: float, p0: FloatArray, p1: FloatArray, radius: float
) -> FloatArray:
    """Margin (k,) of a body inside the capsule of `radius` around p0-p1 (p0 = p1: a ball). The worst point is an end of the body."""
    a, b, p0, p1 = _axes(points_a, points_b, p0, p1)
    farthest = np.maximum(point_segment_distance(a, p0, p1), point_segment_distance(b, p0, p1))
    return np.asarray(_length(radius, "radius") - farthest - _length(body_radius, "body_radius"))


def keep_in_cylinder(
    points_a: FloatArray, points_b: FloatArray, body_radius: float, p0: FloatArray, p1: FloatArray, radius: float
) -> FloatArray:
    """Margin (k,) of a body inside the finite cylinder with flat ends at p0 and p1. The worst point is an end of the body."""
    a, b, p0, p1 = _axes(points_a, points_b, p0, p1)
    height = float(np.linalg.norm(p1 - p0))
    if not height > 0.0:
        raise InvalidInput("cylinder: its axis has no length")
    direction = (p1 - p0) / height
    margin = np.full(a.shape[0], np.inf)
    for end in (a, b):
        along = (end - p0) @ direction
        outward = np.linalg.norm(end - p0 - along[:, None] * direction, axis=1)
        margin = np.minimum.reduce([margin, along, height - along, _length(radius, "radius") - outward])
    return np.asarray(margin - _length(body_radius, "body_radius"))


def _least_convex(function: Callable[[FloatArray], FloatArray], k: int) -> FloatArray:
    """Least value on [0, 1] of k convex functions at once."""
    low, high = np.zeros(k), np.ones(k)
    least = np.minimum(function(low), function(high))
    for _ in range(_HALVINGS):
        third = (high - low) / 3.0
        left, right = low + third, high - third
        at_left, at_right = function(left), function(right)
        least = np.minimum.reduce([least, at_left, at_right])
        low, high = np.where(at_left > at_right, left, low), np.where(at_left > at_right, high, right)
    return np.asarray(least)


def _above_triangle(p: FloatArray, triangle: FloatArray, normal: FloatArray) -> FloatArray:
    """Which points (k, 3) project into the triangle (3, 3) along its normal; an edge is left to the edges' own distance."""
    inside = np.ones(p.shape[0], dtype=bool)
    centre = triangle.mean(axis=0)
    for corner, following in zip(triangle, np.roll(triangle, -1, axis=0), strict=True):
        inward = np.cross(normal, following - corner)
        inward = inward if inward @ (centre - corner) > 0.0 else -inward
        inside &= (p - corner) @ inward >= 0.0
    return inside


def _edges(simplices: NDArray[np.int32]) -> list[tuple[int, int]]:
    return sorted({(min(t[i], t[i - 1]), max(t[i], t[i - 1])) for t in simplices.tolist() for i in range(3)})


def _most(p: FloatArray, normals: FloatArray, offsets: FloatArray) -> FloatArray:
    return np.asarray((p @ normals.T - offsets).max(axis=1))


def _dot(x: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->i", x, y))


def _unit_interval(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """numerator / denominator limited to [0, 1]; 0 where the denominator is not positive, a point that is as good as any there."""
    safe = np.where(denominator > 0.0, denominator, 1.0)
    return np.asarray(np.clip(np.where(denominator > 0.0, numerator, 0.0) / safe, 0.0, 1.0))


def _axis(points_a: FloatArray, points_b: FloatArray) -> tuple[FloatArray, FloatArray]:
    a = finite_array(points_a, "points_a", (None, 3))
    return a, finite_array(points_b, "points_b", a.shape)


def _axes(
    points_a: FloatArray, points_b: FloatArray, p0: FloatArray, p1: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    return *_axis(points_a, points_b), finite_array(p0, "p0", (3,)), finite_array(p1, "p1", (3,))


def _corners(lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
    low, high = finite_array(lower, "lower", (3,)), finite_array(upper, "upper", (3,))
    if not np.all(low < high):
        raise InvalidInput(f"box: lower {low.tolist()} is not below upper {high.tolist()} on every axis")
    return low, high


def _length(value: float, name: str) -> float:
    if not 0.0 <= value < np.inf:
        raise InvalidInput(f"{name}: {value!r} is outside [0, inf)")
    return float(value)
