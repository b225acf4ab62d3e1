"""Regions as the report draws them: plain numbers, independent of the code that enforced them.

All positions are p_B in the arm's base frame B, [m]. `keep` says on which side the bodies stay.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from toolkit import FloatArray, InvalidInput, finite_array, finite_number

Keep = Literal["in", "out"]
_FAR_M = 100.0


def _check_label(name: str, keep: str) -> None:
    if not name:
        raise InvalidInput("region: a region has a name")
    if keep not in ("in", "out"):
        raise InvalidInput(f"region {name}: keep: {keep!r}: 'in' or 'out'")


def _check_axis(name: str, a_m: FloatArray, b_m: FloatArray) -> None:
    if not np.linalg.norm(b_m - a_m) > 0:
        raise InvalidInput(f"region {name}: a_m and b_m are the same point; a sphere says that better")


@dataclass(frozen=True, eq=False)
class PolytopeRegion:
    """{p : normals p <= offsets_m}; one row is a half-space. Unbounded ones are cut off near the path when drawn.

    normals: shape (f, 3), any length > 0. offsets_m: shape (f,), in the units of normals times metres.
    """

    name: str
    keep: Keep
    normals: FloatArray
    offsets_m: FloatArray

    def __post_init__(self) -> None:
        _check_label(self.name, self.keep)
        object.__setattr__(self, "normals", finite_array(self.normals, f"region {self.name}: normals", (None, 3)))
        object.__setattr__(self, "offsets_m", finite_array(self.offsets_m, f"region {self.name}: offsets_m", (self.normals.shape[0],)))
        if not (self.normals.shape[0] >= 1 and np.all(np.linalg.norm(self.normals, axis=1) > 0)):
            raise InvalidInput(f"region {self.name}: normals: at least one face, and no zero normal")


@dataclass(frozen=True, eq=False)
class CapsuleRegion:
    """All points within radius_m of the segment a_m b_m."""

    name: str
    keep: Keep
    a_m: FloatArray
    b_m: FloatArray
    radius_m: float

    def __post_init__(self) -> None:
        _check_label(self.name, self.keep)
        object.__setattr__(self, "a_m", finite_array(self.a_m, f"region {self.name}: a_m", (3,)))
        object.__setattr__(self, "b_m", finite_array(self.b_m, f"region {self.name}: b_m", (3,)))
        finite_number(self.radius_m, f"region {self.name}: radius_m", 1e-9, _FAR_M)
        _check_axis(self.name, self.a_m, self.b_m)


@dataclass(frozen=True, eq=False)
class CylinderRegion:
    """All points within radius_m of the axis, between the planes through a_m and b_m."""

    name: str
    keep: Keep
    a_m: FloatArray
    b_m: FloatArray
    radius_m: float

    def __post_init__(self) -> None:
        _check_label(self.name, self.keep)
        object.__setattr__(self, "a_m", finite_array(self.a_m, f"region {self.name}: a_m", (3,)))
        object.__setattr__(self, "b_m", finite_array(self.b_m, f"region {self.name}: b_m", (3,)))
        finite_number(self.radius_m, f"region {self.name}: radius_m", 1e-9, _FAR_M)
        _check_axis(self.name, self.a_m, self.b_m)


@dataclass(frozen=True, eq=False)
class SphereRegion:
    """All points within radius_m of center_m."""

    name: str
    keep: Keep
    center_m: FloatArray
    radius_m: float

    def __post_init__(self) -> None:
        _check_label(self.name, self.keep)
        object.__setattr__(self, "center_m", finite_array(self.center_m, f"region {self.name}: center_m", (3,)))
        finite_number(self.radius_m, f"region {self.name}: radius_m", 1e-9, _FAR_M)


@dataclass(frozen=True, eq=False)
class BoxRegion:
    """{center_m + R_BR s : |s_i| <= half_m_i}; R is R_BR, shape (3, 3), identity for an axis-aligned box."""

    name: str
    keep: Keep
    center_m: FloatArray
    half_m: FloatArray
    R: FloatArray = field(default_factory=lambda: np.eye(3))

    def __post_init__(self) -> None:
        _check_label(self.name, self.keep)
        object.__setattr__(self, "center_m", finite_array(self.center_m, f"region {self.name}: center_m", (3,)))
        object.__setattr__(self, "half_m", finite_array(self.half_m, f"region {self.name}: half_m", (3,)))
        object.__setattr__(self, "R", finite_array(self.R, f"region {self.name}: R", (3, 3)))
        if not np.all(self.half_m > 0):
            raise InvalidInput(f"region {self.name}: half_m: every half side is > 0, got {self.half_m.tolist()}")
        if not np.abs(self.R @ self.R.T - np.eye(3)).max() <= 1e-6:
            raise InvalidInput(f"region {self.name}: R: not a rotation: {self.R.tolist()}")


Region = PolytopeRegion | CapsuleRegion | CylinderRegion | SphereRegion | BoxRegion
