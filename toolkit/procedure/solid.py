"""The solid of a region as the sublevel set of one convex function, and the deepest point of several solids together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import linprog
from scipy.spatial import ConvexHull

from ..arrays import FloatArray
from ..errors import InvalidInput
from .region import AroundSegment, Box, KeepInCylinder, KeepInHalfSpace, KeepInPolytope, KeepOutCylinder, KeepOutPolytope, Region, Sphere

WORLD_M = 1.0
CUTS_MAX = 200
GAP_M = 1e-7


class Solid(Protocol):
    """{p : g(p) <= 0} for a convex g with |grad g| <= 1, in frame B, [m]."""

    def violation(self, p: FloatArray) -> FloatArray:
        """g(p): points (k, 3) -> (k,), [m]; negative inside, zero on the surface, positive outside."""
        ...

    def slope(self, p: FloatArray) -> FloatArray:
        """A subgradient of g at one point (3,), shape (3,)."""
        ...


@dataclass(frozen=True, eq=False)
class Faces:
    """g(p) = max_i (n_i . p - b_i): half-space, box, polytope. normals: shape (m, 3), unit; offsets: shape (m,)."""

    normals: FloatArray
    offsets: FloatArray

    def violation(self, p: FloatArray) -> FloatArray:
        return np.asarray((p @ self.normals.T - self.offsets).max(axis=1))

    def slope(self, p: FloatArray) -> FloatArray:
        return np.asarray(self.normals[np.argmax(self.normals @ p - self.offsets)])


@dataclass(frozen=True, eq=False)
class Around:
    """g(p) = |p - nearest point of the segment| - radius: ball (start = end), capsule."""

    start: FloatArray
    end: FloatArray
    radius: float

    def _from_segment(self, p: FloatArray) -> FloatArray:
        along = self.end - self.start
        square = float(along @ along)
        share = (p - self.start) @ along / square if square > 0.0 else np.zeros(p.shape[0])
        nearest = self.start + np.minimum(np.maximum(share, 0.0), 1.0)[:, None] * along
        return np.asarray(p - nearest)

    def violation(self, p: FloatArray) -> FloatArray:
        return np.asarray(np.linalg.norm(self._from_segment(p), axis=1) - self.radius)

    def slope(self, p: FloatArray) -> FloatArray:
        d = self._from_segment(p[None])[0]
        length = float(np.linalg.norm(d))
        return np.asarray(d / length if length > 0.0 else np.zeros(3))


@dataclass(frozen=True, eq=False)
class FlatEnded:
    """g(p) = max(distance from the axis - radius, distance beyond either end): a finite cylinder."""

    start: FloatArray
    end: FloatArray
    radius: float

    def _parts(self, p: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        axis = (self.end - self.start) / np.linalg.norm(self.end - self.start)
        along = (p - self.start) @ axis
        return np.asarray(axis), np.asarray(along), np.asarray(p - self.start - along[:, None] * axis)

    def violation(self, p: FloatArray) -> FloatArray:
        _, along, across = self._parts(p)
        beyond = np.maximum(-along, along - np.linalg.norm(self.end - self.start))
        return np.asarray(np.maximum(np.linalg.norm(across, axis=1) - self.radius, beyond))

    def slope(self, p: FloatArray) -> FloatArray:
        axis, along, across = self._parts(p[None])
        radial = float(np.linalg.norm(across[0]))
        candidates = [radial - self.radius, -float(along[0]), float(along[0]) - float(np.linalg.norm(self.end - self.start))]
        outwards = across[0] / radial if radial > 0.0 else np.zeros(3)
        return np.asarray([outwards, -axis, axis][int(np.argmax(candidates))])


def solid_of(region: Region) -> Solid:
    """The region's solid, whether bodies are kept inside it or outside.

    Raises:
        InvalidInput: a region type without a solid (a type was added to the schema and not here).
    """
    if isinstance(region, Box):
        return Faces(np.vstack([np.eye(3), -np.eye(3)]), np.concatenate([region.upper_B_m, np.negative(region.lower_B_m)]))
    if isinstance(region, KeepInHalfSpace):
        return Faces(np.array([region.normal_B]), np.array([region.offset_m]))
    if isinstance(region, KeepInPolytope):
        return Faces(np.array([h.normal_B for h in region.half_spaces]), np.array([h.offset_m for h in region.half_spaces]))
    if isinstance(region, KeepOutPolytope):
        equations = ConvexHull(np.array(region.vertices_B_m)).equations
        return Faces(equations[:, :3], -equations[:, 3])
    if isinstance(region, Sphere):
        return Around(np.array(region.center_B_m), np.array(region.center_B_m), region.radius_m)
    if isinstance(region, AroundSegment):
        shape = FlatEnded if isinstance(region, KeepInCylinder | KeepOutCylinder) else Around
        return shape(np.array(region.start_B_m), np.array(region.end_B_m), region.radius_m)
    raise InvalidInput(f"{region.name}: no solid for {type(region).__name__}")


def deepest_point(solids: Sequence[Solid]) -> tuple[FloatArray, float, float]:
    """Minimise f(p) = max_i g_i(p) over |p_axis| <= 1 m by Kelley's cutting planes.

    Every cut g(p_k) + s_k . (p - p_k) <= f(p) is below f because g is convex, so the linear programme's value is a lower bound of
    the minimum: positive proves that the solids have no common point in that cube.

    Returns:
        The best point found, shape (3,); f there; the lower bound. Stops when they agree within 1e-7 m, or within a fifth when
        the best point is inside (deep enough to work with).
    """
    cuts, limits = [], []
    point, best, best_f, bound = np.zeros(3), np.zeros(3), np.inf, -np.inf
    box = [(-WORLD_M, WORLD_M)] * 3 + [(-10.0 * WORLD_M, 10.0 * WORLD_M)]
    for _ in range(CUTS_MAX):
        values = [float(solid.violation(point[None])[0]) for solid in solids]
        for solid, value in zip(solids, values, strict=True):
            slope = solid.slope(point)
            cuts.append([*slope, -1.0])
            limits.append(float(slope @ point) - value)
        if max(values) < best_f:
            best, best_f = point, max(values)
        solved = linprog([0.0, 0.0, 0.0, 1.0], A_ub=np.array(cuts), b_ub=np.array(limits), bounds=box)
        if not (solved.success and solved.x is not None and solved.fun is not None):
            raise InvalidInput(f"regions: the linear programme ended with: {solved.message}")
        point, bound = np.asarray(solved.x[:3], dtype=np.float64), float(solved.fun)
        if best_f - bound <= max(GAP_M, -0.2 * bound if best_f < 0.0 else 0.0):
            break
    return best, best_f, bound
