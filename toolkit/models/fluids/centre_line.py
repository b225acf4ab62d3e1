"""A smooth curve through given points by its arc length: the axis of a vessel, and a path along it."""

from functools import cached_property

import numpy as np
from scipy.interpolate import CubicSpline

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput
from .vessel_segment import VesselSegment

_PIECES = 60


class CentreLine:
    """A cubic spline through points, (k, 3) [m], parametrised by the length of their chords: |dp/ds| = 1 within a few percent.

    Raises:
        InvalidInput: fewer than three points, two in one place, not finite.
    """

    def __init__(self, points_m: FloatArray) -> None:
        points = finite_array(points_m, "points_m", (None, 3))
        chords = np.linalg.norm(np.diff(points, axis=0), axis=1)
        if not (len(points) >= 3 and chords.min() > 1e-6):
            raise InvalidInput(f"points_m: three points or more, none twice, got {points.tolist()}")
        self._spline = CubicSpline(np.concatenate([[0.0], np.cumsum(chords)]), points)

    @property
    def length_m(self) -> float:
        """Its last parameter."""
        return float(self._spline.x[-1])

    @cached_property
    def knots_m(self) -> FloatArray:
        """The parameter of each point, (k,) [m]."""
        return np.array(self._spline.x)

    def at(self, s_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points and unit tangents, (k, 3) each, at parameters (k,)."""
        slope = self._spline(s_m, 1)
        return np.asarray(self._spline(s_m)), np.asarray(slope / np.linalg.norm(slope, axis=1)[:, None])

    def slope(self, s_m: FloatArray) -> FloatArray:
        """dp/ds, (k, 3)."""
        return np.asarray(self._spline(s_m, 1))

    def segment(self, name: str, begin: int, end: int, radius_m: float, parent: str, share: float) -> VesselSegment:
        """A tube about it from its point `begin` to its point `end`."""
        s = np.linspace(self.knots_m[begin], self.knots_m[end], _PIECES)
        return VesselSegment(name, self._spline(s), np.full(_PIECES, radius_m), parent, share)


class AlongLine:
    """Along a centre line, from `inset_m` after its begin to `inset_m` before its end, in `duration_s` from `begin_s` on.

    Before and after it stands. Called with times (k,) [s] it gives position, velocity and the line's direction, (k, 3) each.
    Raises:
        InvalidInput: the insets leave nothing of the line.
    """

    def __init__(self, line: CentreLine, inset_m: float, duration_s: float, begin_s: float = 0.0) -> None:
        self.duration_s = finite_number(duration_s, "duration_s", 1e-3, 1e6)
        self._line, self._inset, self._begin_s = line, finite_number(inset_m, "inset_m", 0.0, 1.0), begin_s
        self._way = line.length_m - 2.0 * self._inset
        if not self._way > 0.0:
            raise InvalidInput(f"inset_m: {inset_m} at each end leave nothing of a line of {line.length_m:.4g} m")

    def begun_at(self, begin_s: float) -> "AlongLine":
        """The same way from another moment on."""
        return AlongLine(self._line, self._inset, self.duration_s, begin_s)

    def __call__(self, times_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        part = (times_s - self._begin_s) / self.duration_s
        s = self._inset + self._way * np.clip(part, 0.0, 1.0)
        moves = (part >= 0.0) & (part <= 1.0)
        position, along = self._line.at(s)
        return position, self._line.slope(s) * (self._way / self.duration_s * moves)[:, None], along
