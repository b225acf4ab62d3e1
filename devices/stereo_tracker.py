"""Where a bead is, from two cameras that look at it at right angles.

A view sees a point p at column u . (p - o) / scale and row v . (p - o) / scale, orthographically: o is the place of the first
pixel's centre, u and v the directions of columns and rows in frame B. Both views share v: each measures the height, and the two must agree.

    p = u_0 (u_0 . o_0 + scale x_0) + u_1 (u_1 . o_1 + scale x_1) + v (h_0 + h_1) / 2,    h_k = v . o_k + scale y_k,    z_gap = |h_0 - h_1|

Assumes: telecentric lenses; a bead that no view hides.
"""

from dataclasses import dataclass

import numpy as np

from toolkit import DeviceFault, FloatArray, InvalidInput, StaleMeasurement, finite_array, finite_number

from .bead_finder import BeadSpec, Detection, Window, find_beads
from .camera import CameraFrame, FrameWatch


@dataclass(frozen=True, eq=False)
class View:
    """origin_m: (3,), of pixel (0, 0). scale_m_px: [m/px]. column_axis, row_axis: (3,), unit vectors of frame B at right angles.

    Raises:
        InvalidInput: not finite, no unit vector, not at right angles, or a scale outside [1e-9, 1e-2].
    """

    origin_m: FloatArray
    scale_m_px: float
    column_axis: FloatArray
    row_axis: FloatArray

    def __post_init__(self) -> None:
        for name in ("origin_m", "column_axis", "row_axis"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name, (3,)))
        finite_number(self.scale_m_px, "scale_m_px", 1e-9, 1e-2)
        axes = np.array([self.column_axis, self.row_axis])
        if not np.abs(axes @ axes.T - np.eye(2)).max() <= 1e-9:
            raise InvalidInput(f"view: column_axis {axes[0].tolist()} and row_axis {axes[1].tolist()}: unit vectors at right angles")

    def pixel(self, p_m: FloatArray) -> tuple[float, float]:
        """(column, row) at which a point is seen."""
        from_origin = (p_m - self.origin_m) / self.scale_m_px
        return float(self.column_axis @ from_origin), float(self.row_axis @ from_origin)


@dataclass(frozen=True)
class StereoLimits:
    """age_s_max, missing_max: as FrameWatch has them. skew_s_max: by how much the exposures of one number may be apart.

    z_gap_m_max: by how much the two heights may disagree. window_m: half the side of the square that is searched about the last place.
    """

    age_s_max: float
    missing_max: int
    skew_s_max: float
    z_gap_m_max: float
    window_m: float

    def __post_init__(self) -> None:
        finite_number(self.skew_s_max, "skew_s_max", 0.0, 1.0)
        finite_number(self.z_gap_m_max, "z_gap_m_max", 1e-9, 1.0)
        finite_number(self.window_m, "window_m", 1e-9, 1.0)


@dataclass(frozen=True, eq=False)
class TrackedPoint:
    """number: of its frames. t_s: end of the later exposure. p_m: (3,), frame B. sigma_m: largest standard deviation along an axis, by the
    pictures' noise alone. z_gap_m: by how much the two heights disagree.
    """

    number: int
    t_s: float
    p_m: FloatArray
    sigma_m: float
    z_gap_m: float


@dataclass(frozen=True)
class _Sighting:
    number: int
    t_s: float
    bead: Detection


class StereoTracker:
    """Feed it each camera's frames as they come. Not thread-safe.

    Args:
        views: of camera 0 and camera 1: one scale, one row axis, column axes at right angles.
        spec: what the bead looks like; its window must be larger than the bead.
    Raises:
        InvalidInput: views that make no point, or a window smaller than two radii of the bead.
    """

    def __init__(self, views: tuple[View, View], spec: BeadSpec, limits: StereoLimits) -> None:
        first, second = views
        across = abs(float(first.column_axis @ second.column_axis))
        if not (np.abs(first.row_axis - second.row_axis).max() <= 1e-9 and across <= 1e-9 and first.scale_m_px == second.scale_m_px):
            raise InvalidInput("views: one scale and one row axis for both, and column axes at right angles")
        self._half_px = limits.window_m / first.scale_m_px
        if not self._half_px >= 2.0 * spec.radius_px:
            raise InvalidInput(f"window_m: {limits.window_m} m is {self._half_px:.1f} px, at least two radii ({2 * spec.radius_px} px)")
        self._views, self._spec, self._limits = views, spec, limits
        self._watches = tuple(FrameWatch(limits.age_s_max, limits.missing_max) for _ in views)
        self._last: list[_Sighting | None] = [None, None]
        self._newest_s: list[float | None] = [None, None]

    @property
    def missed(self) -> tuple[int, int]:
        """Frames of each camera that never came."""
        return self._watches[0].missed, self._watches[1].missed

    def see(self, camera: int, frame: CameraFrame, now_s: float) -> TrackedPoint | None:
        """The bead's place when this frame completes a pair of one number, else None.

        Raises:
            InvalidInput: a camera that is not 0 or 1.
            StaleMeasurement: an old or frozen picture; no bead or several; exposures apart; heights that disagree. The message says which.
            DeviceFault: too many frames missing.
        """
        if camera not in (0, 1):
            raise InvalidInput(f"camera {camera}: there are cameras 0 and 1")
        try:
            self._watches[camera].check(frame, now_s)
        except (StaleMeasurement, DeviceFault) as error:
            raise type(error)(f"{error} (camera {camera})") from error
        self._newest_s[camera] = frame.t_s
        self._last[camera] = _Sighting(frame.number, frame.t_s, self._find(camera, frame))
        return self._pair()

    def require_alive(self, now_s: float) -> None:
        """Raise StaleMeasurement when a camera that has once been seen gives nothing any more: a frame that does not come cannot tell."""
        for camera, newest_s in enumerate(self._newest_s):
            if newest_s is not None and not now_s - newest_s <= self._limits.age_s_max:
                raise StaleMeasurement(f"camera {camera}: no new frame for {now_s - newest_s:.4f} s, at most {self._limits.age_s_max}")

    def _find(self, camera: int, frame: CameraFrame) -> Detection:
        before = self._last[camera]
        self._last[camera] = None
        found = []
        if before is not None:
            found = find_beads(frame, self._spec, Window.about(before.bead.x_px, before.bead.y_px, self._half_px, frame.image.shape))
        if not found:
            found = find_beads(frame, self._spec)
        count = sum(bead.count for bead in found)
        if count != 1:
            shown = f"{count} beads" if count else "no bead"
            raise StaleMeasurement(f"camera {camera}: frame {frame.number} shows {shown}, one is needed")
        return found[0]

    def _pair(self) -> TrackedPoint | None:
        first, second = self._last
        if first is None or second is None or first.number != second.number:
            return None
        limits, number = self._limits, first.number
        skew_s = abs(first.t_s - second.t_s)
        if not skew_s <= limits.skew_s_max:
            raise StaleMeasurement(f"cameras: the frames {number} were exposed {skew_s:.4f} s apart, at most {limits.skew_s_max}")
        scale, row_axis = self._views[0].scale_m_px, self._views[0].row_axis
        heights, p_m = [], np.zeros(3)
        for view, seen in zip(self._views, (first, second), strict=True):
            p_m = p_m + view.column_axis * (float(view.column_axis @ view.origin_m) + scale * seen.bead.x_px)
            heights.append(float(row_axis @ view.origin_m) + scale * seen.bead.y_px)
        gap_m = abs(heights[0] - heights[1])
        if not gap_m <= limits.z_gap_m_max:
            raise StaleMeasurement(f"cameras: the frames {number} disagree by {gap_m:.3g} m on the height, at most {limits.z_gap_m_max}")
        sigma_m = scale * max(first.bead.sigma_px, second.bead.sigma_px)
        return TrackedPoint(number, max(first.t_s, second.t_s), p_m + 0.5 * row_axis * sum(heights), sigma_m, gap_m)
