"""Ways for a swimmer: a figure of eight in a level plane, and a recorded path; both rest before their begin and after their end."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput

_STILL_M_S = 1e-12


@dataclass(frozen=True, eq=False)
class FigureOfEight:
    """p = centre + (W sin f, H sin 2f, 0), f = 2 pi t / turn_s, for `turns` turns from begin_s on.

    centre_m: (3,), frame B, z up. Called with times (k,) [s] it gives position, velocity and unit direction, (k, 3) each.
    Raises:
        InvalidInput: a number out of range.
    """

    centre_m: FloatArray
    half_width_m: float
    half_height_m: float
    turn_s: float
    turns: float
    begin_s: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre_m", finite_array(self.centre_m, "centre_m", (3,)))
        for name, low, high in (("half_width_m", 1e-6, 1.0), ("half_height_m", 1e-6, 1.0), ("turn_s", 1e-3, 1e6), ("turns", 1e-3, 1e6)):
            finite_number(getattr(self, name), name, low, high)
        finite_number(self.begin_s, "begin_s", -1e12, 1e12)

    @property
    def duration_s(self) -> float:
        return self.turn_s * self.turns

    def begun_at(self, begin_s: float) -> "FigureOfEight":
        """The same way from another moment on."""
        return replace(self, begin_s=begin_s)

    def __call__(self, times_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        t = times_s - self.begin_s
        rate = 2.0 * np.pi / self.turn_s
        f = rate * np.clip(t, 0.0, self.duration_s)
        W, H, flat = self.half_width_m, self.half_height_m, np.zeros_like(f)
        position = self.centre_m + np.column_stack([W * np.sin(f), H * np.sin(2.0 * f), flat])
        velocity = rate * np.column_stack([W * np.cos(f), 2.0 * H * np.cos(2.0 * f), flat])
        along = velocity / np.linalg.norm(velocity, axis=1)[:, None]
        return position, velocity * ((t >= 0.0) & (t <= self.duration_s))[:, None], along


class RecordedPath:
    """Through recorded positions p_m (k, 3) at rising times t_s (k,), C1 and without overshoot (Fritsch and Carlson's slopes, scipy).

    It begins at t_s[0] unless `begun_at` says otherwise. Where it stands, its direction is that of the motion nearest before, else after.
    Raises:
        InvalidInput: fewer than two samples, times that do not rise, a path that never moves.
    """

    def __init__(self, t_s: FloatArray, p_m: FloatArray) -> None:
        self._t, self._p = finite_array(t_s, "t_s", (None,)).copy(), finite_array(p_m, "p_m", (len(t_s), 3)).copy()
        if not (len(self._t) >= 2 and (np.diff(self._t) > 0.0).all()):
            raise InvalidInput("t_s: at least two times, each after the one before")
        steps = np.diff(self._p, axis=0)
        length = np.linalg.norm(steps, axis=1)
        if not (length > 0.0).any():
            raise InvalidInput("p_m: the path never moves")
        moving = np.flatnonzero(length > 0.0)
        nearest = moving[np.maximum(np.searchsorted(moving, np.arange(len(length)), side="right") - 1, 0)]
        self._along = (steps / np.where(length > 0.0, length, 1.0)[:, None])[nearest]
        self.begin_s, self.duration_s = float(self._t[0]), float(self._t[-1] - self._t[0])
        slopes = PchipInterpolator(self._t, self._p, axis=0).derivative()(self._t)
        self._line = CubicHermiteSpline(self._t, self._p, slopes, axis=0)
        self._speed = self._line.derivative()

    def begun_at(self, begin_s: float) -> "RecordedPath":
        """The same way from another moment on."""
        return RecordedPath(self._t - self._t[0] + begin_s, self._p)

    def __call__(self, times_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        t = np.clip(times_s, self._t[0], self._t[-1])
        velocity = np.asarray(self._speed(t)) * ((times_s >= self._t[0]) & (times_s <= self._t[-1]))[:, None]
        speed = np.linalg.norm(velocity, axis=1)[:, None]
        piece = np.clip(np.searchsorted(self._t, t, side="right") - 1, 0, len(self._along) - 1)
        along = np.where(speed > _STILL_M_S, velocity / np.maximum(speed, _STILL_M_S), self._along[piece])
        return np.asarray(self._line(t)), velocity, along
