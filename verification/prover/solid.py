"""Regions as the prover sees them: what must hold of the points of a body, linear or quadratic in a point.

A body is the hull of its points plus a radius; `grown` is that radius plus the margin asked for.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit import FloatArray

from .convex import nearest_difference

Shape = Literal["hull", "ball", "capsule", "cylinder"]
ROOM_M = 1e-12
"""[m] Rounding of the offsets and normals below, a few operations on lengths under ten."""


@dataclass(frozen=True, eq=False)
class Solid:
    """conv(generators) grown by radius_m ("hull", "ball", "capsule"), or the right cylinder about two generators. generators: (g, 3)."""

    shape: Shape
    generators: FloatArray
    radius_m: float

    def support(self, n: FloatArray) -> FloatArray:
        """An upper bound of max n.p over the solid, n (N, 3)."""
        reach: FloatArray = (n @ self.generators.T).max(axis=1)
        if self.shape == "cylinder":
            axis = self.generators[1] - self.generators[0]
            across = n - np.outer(n @ axis, axis) / (axis @ axis)
            return np.asarray(reach + self.radius_m * np.linalg.norm(across, axis=1) + ROOM_M)
        return np.asarray(reach + self.radius_m * np.linalg.norm(n, axis=1) + ROOM_M)

    def plane(self, points: FloatArray) -> FloatArray:
        """Unit normals (N, 3) from the solid towards the hulls of points (N, p, 3); zero where they meet."""
        away, _ = nearest_difference(points, self.generators)
        candidates = [away]
        if self.shape == "cylinder":
            axis = self.generators[1] - self.generators[0]
            across = away - np.outer(away @ axis, axis) / (axis @ axis)
            ones = np.ones((len(away), 1))
            candidates += [across, ones * axis, ones * -axis]
        units = [_unit(c) for c in candidates]
        gaps = np.array([np.einsum("npi,ni->np", points, n).min(axis=1) - self.support(n) for n in units])
        return np.asarray(np.stack(units, axis=1)[np.arange(len(away)), np.argmax(gaps, axis=0)])

    def distance(self, points: FloatArray) -> FloatArray:
        """About the distance of the hulls of points (N, p, 3) from the solid; below zero inside; a lower estimate for a cylinder."""
        away, _ = nearest_difference(points, self.generators)
        if self.shape == "cylinder":
            n = self.plane(points)
            return np.asarray(np.einsum("npi,ni->np", points, n).min(axis=1) - self.support(n))
        return np.asarray(np.linalg.norm(away, axis=1) - self.radius_m)


def _unit(v: FloatArray) -> FloatArray:
    length = np.linalg.norm(v, axis=1, keepdims=True)
    return np.where(length > 1e-12, v / np.where(length > 1e-12, length, 1.0), 0.0)


@dataclass(frozen=True, eq=False)
class Faces:
    """{p: normals p <= offsets}, normals (k, 3) of any length."""

    normals: FloatArray
    offsets: FloatArray

