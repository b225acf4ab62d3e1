"""A branching vessel from centre lines and radii: distance to the lumen wall, its normal, and the flow at a point."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput
from .fluid import Fluid
from .pulse_waveform import PulseWaveform
from .vessel_segment import ConePieces, Deepest, Nearest, VesselSegment
from .womersley import Womersley


@dataclass(frozen=True, eq=False)
class Vessel:
    """The lumen is the union of its segments; the first segment is the inlet.

    Raises:
        InvalidInput: no segment, two of one name, a parent that is not listed before its child, a branch that does not start inside its
            parent, or the shares of a parent's branches that do not sum to 1.
    Assumes: rigid walls; round sections.
    """

    segments: tuple[VesselSegment, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", tuple(self.segments))
        seen: dict[str, VesselSegment] = {}
        shares: dict[str, float] = {}
        for k, segment in enumerate(self.segments):
            if segment.name in seen:
                raise InvalidInput(f"segment {segment.name!r}: two of this name")
            if (k == 0) != (segment.parent == "") or (k > 0 and segment.parent not in seen):
                raise InvalidInput(
                    f"{segment.name}.parent: {segment.parent!r}: the first segment has none, each other one listed before it"
                )
            if k == 0 and segment.share != 1.0:
                raise InvalidInput(f"{segment.name}.share: {segment.share}: the inlet carries the whole flow")
            if k > 0:
                depth = seen[segment.parent].nearest(segment.points_m[0]).depth_m
                if not depth > 0.0:
                    raise InvalidInput(f"{segment.name}.points_m: starts {-depth:.3g} m outside its parent {segment.parent!r}")
                shares[segment.parent] = shares.get(segment.parent, 0.0) + segment.share
            seen[segment.name] = segment
        if not seen:
            raise InvalidInput("vessel: no segment")
        for parent, total in shares.items():
            if not abs(total - 1.0) <= 1e-9:
                raise InvalidInput(f"{parent}: the shares of its branches sum to {total:.6g}, not to 1: flow would appear or vanish")

    def wall_distance_m(self, point_m: FloatArray) -> float:
        """A lower bound of the distance from a point of the lumen to its wall; exact away from junctions and bends.

        Raises:
            InvalidInput: a point outside the lumen, or past the open end of a segment that does not branch.
        """
        return self._deepest(point_m)[1].depth_m

    def depth_m(self, point_m: FloatArray) -> float:
        """`wall_distance_m` where that answers; negative outside the lumen and past an open end."""
        return self._found(finite_array(point_m, "point_m", (3,)))[1].depth_m

    def is_inside(self, point_m: FloatArray) -> bool:
        """Whether `wall_distance_m` would answer; InvalidInput for what is not a point."""
        return self.depth_m(point_m) >= 0.0

    def wall_normal(self, point_m: FloatArray) -> FloatArray:
        """Unit vector from the nearest wall into the lumen, the direction in which the distance grows; on the axis one of many.

        Assumes: the radius changes slowly along the line (the cone's slope is left out, an angle of atan(dr/ds)).
        """
        found = self._deepest(point_m)[1]
        inward = found.centre_m - finite_array(point_m, "point_m", (3,))
        inward = inward - found.tangent * float(inward @ found.tangent)
        size = float(np.linalg.norm(inward))
        if size > 1e-9 * found.radius_m:
            return np.asarray(inward / size)
        across = np.cross(found.tangent, np.eye(3)[int(np.argmin(np.abs(found.tangent)))])
        return np.asarray(across / np.linalg.norm(across))

    def flow_m_s(self, point_m: FloatArray, fluid: Fluid, inlet: PulseWaveform, t_s: float) -> FloatArray:
        """Flow velocity at a point, shape (3,): in each segment Womersley's profile along its line, the mean speed from the volume flow.

        `inlet`: mean speed over the section of the inlet's first point. Where segments overlap, the mean of their flows weighted with the
        squared depth: continuous and without slip at the wall of the union, but not divergence-free there.
        Raises:
            InvalidInput: as `wall_distance_m`; a flow that is not laminar.
        """
        point = finite_array(point_m, "point_m", (3,))
        self._deepest(point)
        total, weights = np.zeros(3), 0.0
        for k, at in enumerate(self._each(point)):
            if at.depth_m > 0.0 and not self._is_past_opening(k, at.past_end):
                found = self.segments[k].pieces.nearest(at, point)
                local = Womersley(fluid, found.radius_m, self._local(k, found.radius_m, inlet))
                speed = float(local.speed_m_s([min(found.offset_m, found.radius_m)], t_s)[0])
                total, weights = total + found.depth_m**2 * speed * found.tangent, weights + found.depth_m**2
        return total / weights if weights else total

    def speed_bound_m_s(self, inlet: PulseWaveform) -> float:
        """No flow is faster anywhere: for each segment twice the bound of its fastest mean speed, at its narrowest radius.

        The peak of a Womersley profile is below twice its mean speed (largest for Wo -> 0).
        """
        return max(2.0 * self._local(k, float(s.radius_m.min()), inlet).speed_bound_m_s for k, s in enumerate(self.segments))

    def volume_share(self, name: str) -> float:
        """The part of the inlet's volume flow in a segment before it branches."""
        for segment in self.segments:
            if segment.name == name:
                return segment.share * (self.volume_share(segment.parent) if segment.parent else 1.0)
        raise InvalidInput(f"segment {name!r}: not one of {[segment.name for segment in self.segments]}")

    def _local(self, k: int, radius_m: float, inlet: PulseWaveform) -> PulseWaveform:
        finite_number(radius_m, "radius_m", 1e-6, 1.0)
        scale = self.volume_share(self.segments[k].name) * (float(self.segments[0].radius_m[0]) / radius_m) ** 2
        return PulseWaveform(inlet.rate_hz, scale * inlet.mean_m_s, scale * inlet.harmonics_m_s)

    def _is_past_opening(self, k: int, past_end: int) -> bool:
        """Whether an end was passed that is an opening of the vessel rather than the inside of another segment."""
        name = self.segments[k].name
        return past_end != 0 and (k == 0 if past_end < 0 else all(other.parent != name for other in self.segments))

    def _each(self, point: FloatArray) -> list[Deepest]:
        """Of each segment, where the point is deepest: all their pieces looked at in one go."""
        pieces, parts = self._pieces
        depth, along = pieces.depths(point)
        return [s.pieces.deepest(depth[part], along[part]) for s, part in zip(self.segments, parts, strict=True)]

    @cached_property
    def _pieces(self) -> tuple[ConePieces, list[slice]]:
        """The pieces of all segments together, and which of them each segment's are."""
        each = [segment.pieces for segment in self.segments]
        ends = np.cumsum([0, *(pieces.length_m.size for pieces in each)]).tolist()
        return ConePieces(*map(np.concatenate, zip(*each, strict=True))), [slice(a, b) for a, b in pairwise(ends)]

    def _found(self, point: FloatArray) -> tuple[int, Nearest]:
        candidates = list(enumerate(self._each(point)))
        inside = [(k, at) for k, at in candidates if not self._is_past_opening(k, at.past_end)]
        k, at = max(inside or candidates, key=lambda pair: pair[1].depth_m)
        found = self.segments[k].pieces.nearest(at, point)
        return k, found if inside else replace(found, depth_m=-abs(found.offset_m))

    def _deepest(self, point_m: FloatArray) -> tuple[int, Nearest]:
        point = finite_array(point_m, "point_m", (3,))
        k, found = self._found(point)
        if not found.depth_m >= 0.0:
            where = "past the open end of" if found.past_end else "outside the lumen, nearest to"
            raise InvalidInput(f"point_m: {point.tolist()} is {where} segment {self.segments[k].name!r}, {-found.depth_m:.3g} m away")
        return k, found
