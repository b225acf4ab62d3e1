"""One vessel segment: a centre line with a radius at each of its points."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput


@dataclass(frozen=True)
class Nearest:
    """Where a point lies in a segment. depth_m: a lower bound of its distance to the segment's wall, negative outside.

    past_end: -1 before the start plane, +1 after the end plane, else 0.
    """

    depth_m: float
    centre_m: FloatArray
    tangent: FloatArray
    radius_m: float
    offset_m: float
    past_end: int


@dataclass(frozen=True, eq=False)
class VesselSegment:
    """points_m: shape (n, 3), n >= 2. radius_m: shape (n,), linear in between. parent: the segment it leaves; "" for the inlet.

    share: the part of the parent's volume flow that goes this way, (0, 1]; 1 for the inlet.
    Raises:
        InvalidInput: contradictory geometry: points too close, a radius that is not positive or changes faster than the line advances, a
            centre line that turns by more than 60 degrees at a point, or that a later part of the same segment comes back into.
    """

    name: str
    points_m: FloatArray
    radius_m: FloatArray
    parent: str = ""
    share: float = 1.0

    def __post_init__(self) -> None:
        points = finite_array(self.points_m, f"{self.name}.points_m", (None, 3))
        radius = finite_array(self.radius_m, f"{self.name}.radius_m", (points.shape[0],))
        object.__setattr__(self, "points_m", points)
        object.__setattr__(self, "radius_m", radius)
        finite_number(self.share, f"{self.name}.share", 1e-6, 1.0)
        if not self.name.strip() or points.shape[0] < 2:
            raise InvalidInput(f"segment {self.name!r}: a name and at least two points are needed, got {points.shape[0]}")
        if not np.all(radius >= 1e-6):
            raise InvalidInput(f"{self.name}.radius_m: must be at least 1e-6 m: {radius.tolist()}")
        steps = np.diff(points, axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        if not np.all(lengths >= 1e-6):
            raise InvalidInput(f"{self.name}.points_m: neighbours closer than 1e-6 m: {lengths.min():.3g} m")
        if not np.all(np.abs(np.diff(radius)) < lengths):
            raise InvalidInput(f"{self.name}.radius_m: changes faster than the centre line advances")
        tangents = steps / lengths[:, None]
        if not np.all(np.sum(tangents[1:] * tangents[:-1], axis=1) >= 0.5):
            raise InvalidInput(f"{self.name}.points_m: the centre line turns by more than 60 degrees at a point")
        self._refuse_return(lengths)

    def _refuse_return(self, lengths: FloatArray) -> None:
        """Two points of the line further apart along it than half a turn of their lumens, but whose lumens overlap."""
        s = np.concatenate([[0.0], np.cumsum(lengths)])
        apart = np.linalg.norm(self.points_m[:, None] - self.points_m[None], axis=2)
        both = self.radius_m[:, None] + self.radius_m[None]
        along = np.abs(s[:, None] - s[None])
        wrong = (apart < both) & (along > 0.5 * np.pi * both)
        if np.any(wrong):
            i, j = (int(k) for k in np.argwhere(wrong)[0])
            raise InvalidInput(
                f"{self.name}.points_m: the lumen at point {j} overlaps the lumen at point {i}: the segment runs into itself"
            )

    def nearest(self, point_m: FloatArray) -> Nearest:
        """The cone piece in which the point is deepest.

        A piece is the union of spheres whose centre and radius run linearly from point k to point k + 1; the distance from inside it to its
        surface is r(s) - |p - c(s)| at the sphere s where that is largest, and never more than the distance to the wall of the whole lumen.
        """
        return self.pieces.nearest(self.pieces.deepest(*self.pieces.depths(point_m)), point_m)

    @cached_property
    def pieces(self) -> "ConePieces":
        """The pieces between neighbouring points, in the line's order."""
        step = np.diff(self.points_m, axis=0)
        length = np.linalg.norm(step, axis=1)
        return ConePieces(self.points_m[:-1], step, length, self.radius_m[:-1], np.diff(self.radius_m) / length)


class Deepest(NamedTuple):
    """The piece in which a point is deepest, how deep, where along the piece's line it is projected to, and as in `Nearest`."""

    piece: int
    depth_m: float
    along_m: float
    past_end: int


class ConePieces(NamedTuple):
    """Of each piece: first point (n, 3), way to the next (n, 3), its length, radius at the first point, its growth a metre, (n,)."""

    start_m: FloatArray
    step_m: FloatArray
    length_m: FloatArray
    radius_m: FloatArray
    slope: FloatArray

    def depths(self, point_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Of each piece, (n,): the depth of the point in it, and where along its line the point is projected to [m]."""
        relative = point_m - self.start_m
        along = np.einsum("ni,ni->n", relative, self.step_m) / self.length_m
        off = relative - (along / self.length_m)[:, None] * self.step_m
        across = np.sqrt(np.einsum("ni,ni->n", off, off))
        # d/ds of r0 + slope s - sqrt((along - s)^2 + across^2) vanishes where the wall's normal passes through the point.
        s = np.minimum(np.maximum(along + across * self.slope / np.sqrt(1.0 - self.slope**2), 0.0), self.length_m)
        return self.radius_m + self.slope * s - np.hypot(along - s, across), along

    def deepest(self, depth: FloatArray, along: FloatArray) -> Deepest:
        """Where the point is deepest; depth, along: what `depths` says of these pieces."""
        k, last = int(depth.argmax()), depth.size - 1
        past = -1 if k == 0 and along[0] < 0.0 else 1 if k == last and along[last] > self.length_m[last] else 0
        return Deepest(k, float(depth[k]), float(along[k]), past)

    def nearest(self, at: Deepest, point_m: FloatArray) -> Nearest:
        """What there is to know of where the point is deepest."""
        k = at.piece
        here = min(max(at.along_m, 0.0), float(self.length_m[k]))
        tangent = self.step_m[k] / self.length_m[k]
        centre = self.start_m[k] + here * tangent
        radius_m = float(self.radius_m[k] + self.slope[k] * here)
        return Nearest(at.depth_m, centre, tangent, radius_m, float(np.linalg.norm(point_m - centre)), at.past_end)
