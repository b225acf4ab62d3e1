"""Regions as line segments, shape (s, 2, 3), [m] in B: what the picture draws, nothing that safety rests on."""

from itertools import combinations

import numpy as np
from scipy.optimize import linprog
from scipy.spatial import HalfspaceIntersection

from toolkit import FloatArray, InvalidInput

from .regions import BoxRegion, CapsuleRegion, CylinderRegion, PolytopeRegion, Region, SphereRegion

_RING = 24
_MERIDIANS = 8
_FAR_M = 10.0


def wireframe(region: Region, low_m: FloatArray, high_m: FloatArray) -> FloatArray:
    """Segments of a region. low_m, high_m: shape (3,), the box that polytopes are cut off at; one that lies elsewhere is drawn there.

    Raises: InvalidInput: a polytope with no interior at all.
    """
    if isinstance(region, PolytopeRegion):
        edges = _polytope(region, low_m, high_m)
        edges = _polytope(region, np.full(3, -_FAR_M), np.full(3, _FAR_M)) if edges is None else edges
        if edges is None:
            raise InvalidInput(f"region {region.name}: normals, offsets_m: no interior within {_FAR_M} m of the base")
        return edges
    if isinstance(region, BoxRegion):
        return _box(region)
    if isinstance(region, SphereRegion):
        return _sphere(region)
    return _tube(region)


def _tube(region: CapsuleRegion | CylinderRegion) -> FloatArray:
    axis = (region.b_m - region.a_m) / np.linalg.norm(region.b_m - region.a_m)
    u, v = _across(axis)
    rings = [_ring(a, u, v, region.radius_m) for a in np.linspace(region.a_m, region.b_m, 5)]
    angles = 2 * np.pi * np.arange(_MERIDIANS) / _MERIDIANS
    spokes = region.radius_m * (np.cos(angles)[:, None] * u + np.sin(angles)[:, None] * v)
    lines = [np.stack([region.a_m + spokes, region.b_m + spokes], axis=1)]
    if isinstance(region, CapsuleRegion):
        quarter = np.linspace(0, np.pi / 2, 7)[:, None]
        for center, outward in ((region.a_m, -axis), (region.b_m, axis)):
            for spoke in spokes:
                lines.append(_chain(center + np.cos(quarter) * spoke + np.sin(quarter) * region.radius_m * outward))
    return np.concatenate([*rings, *lines])


def _sphere(region: SphereRegion) -> FloatArray:
    x, y, z = np.eye(3)
    rings = [_ring(region.center_m, np.cos(s) * x + np.sin(s) * y, z, region.radius_m) for s in np.pi * np.arange(4) / 4]
    for height in (-0.5, 0.0, 0.5):
        across = region.radius_m * float(np.sqrt(1 - height**2))
        rings.append(_ring(region.center_m + height * region.radius_m * z, x, y, across))
    return np.concatenate(rings)


def _box(region: BoxRegion) -> FloatArray:
    signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], dtype=np.float64)
    corners = region.center_m + (signs * region.half_m) @ region.R.T
    edges = [(a, b) for a, b in combinations(range(8), 2) if np.abs(signs[a] - signs[b]).sum() == 2]
    return np.array([[corners[a], corners[b]] for a, b in edges])


def _polytope(region: PolytopeRegion, low_m: FloatArray, high_m: FloatArray) -> FloatArray | None:
    length = np.linalg.norm(region.normals, axis=1)
    faces = region.normals.shape[0]
    normals = np.concatenate([region.normals / length[:, None], np.eye(3), -np.eye(3)])
    offsets = np.concatenate([region.offsets_m / length, high_m, -low_m])
    # the deepest interior point (Chebyshev centre): max r with n.x + r <= b
    found = linprog([0, 0, 0, -1], A_ub=np.column_stack([normals, np.ones(len(offsets))]), b_ub=offsets, bounds=[(None, None)] * 4)
    if found.x is None or not (found.status == 0 and found.x[3] > 1e-9):
        return None
    corners = HalfspaceIntersection(np.column_stack([normals, -offsets]), found.x[:3]).intersections
    corners = np.unique(np.round(corners, 9), axis=0)
    touching = np.abs(corners @ normals.T - offsets) < 1e-7
    edges = []
    for a, b in combinations(range(len(corners)), 2):
        shared = np.flatnonzero(touching[a] & touching[b])
        # an edge between two cutting planes belongs to the picture's frame, not to the region
        if shared.size >= 2 and shared[0] < faces:
            edges.append([corners[a], corners[b]])
    return np.array(edges).reshape(-1, 2, 3)


def _across(axis: FloatArray) -> tuple[FloatArray, FloatArray]:
    helper = np.eye(3)[int(np.abs(axis).argmin())]
    u = np.cross(axis, helper)
    u /= np.linalg.norm(u)
    return u, np.cross(axis, u)


def _ring(center: FloatArray, u: FloatArray, v: FloatArray, radius_m: float) -> FloatArray:
    angle = 2 * np.pi * np.arange(_RING + 1)[:, None] / _RING
    return _chain(center + radius_m * (np.cos(angle) * u + np.sin(angle) * v))


def _chain(points: FloatArray) -> FloatArray:
    return np.stack([points[:-1], points[1:]], axis=1)
