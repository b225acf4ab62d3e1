"""What the plant's true motion says about constraints and tracking: plain numpy, none of the shield's or the controller's code.

Distances of bodies to regions are in `truth_distance`. Times [s] on one clock, lengths [m], angles [rad].
"""

import numpy as np
from numpy.typing import NDArray

from toolkit import FloatArray, InvalidInput, finite_array, finite_number

BoolArray = NDArray[np.bool_]


def joint_margins(q: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """min(q - lower, upper - q), shape (k, n), [rad] or [m] by joint; negative outside."""
    q = finite_array(q, "q", (None, None))
    lower = finite_array(lower, "lower", (q.shape[1],))
    upper = finite_array(upper, "upper", lower.shape)
    return np.asarray(np.minimum(q - lower, upper - q))


def insertion_margins(q: FloatArray, insertion: int, insertion_m_min: float, wrist: tuple[int, ...], straight_rad: float) -> FloatArray:
    """Margin (k,) of: past the remote centre OR every wrist joint straight; positive exactly where one of the two holds.

    max(q[insertion] - insertion_m_min [m], straight_rad - max |q[wrist]| [rad]): its unit is that of the larger branch.
    """
    q = finite_array(q, "q", (None, None))
    if not (wrist and all(0 <= j < q.shape[1] for j in (insertion, *wrist))):
        raise InvalidInput(f"insertion rule: joints {insertion} and {wrist} of {q.shape[1]}")
    past = q[:, insertion] - finite_number(insertion_m_min, "insertion_m_min", 0.0, 1.0)
    straight = finite_number(straight_rad, "straight_rad", 0.0, np.pi) - np.abs(q[:, list(wrist)]).max(axis=1)
    return np.asarray(np.maximum(past, straight))


def remote_centre_margins(shaft_a: FloatArray, shaft_b: FloatArray, rcm: FloatArray, limit_m: float) -> FloatArray:
    """limit_m - distance (k,) of the remote centre (3,) from the line through two points of the shaft, shapes (k, 3)."""
    a = finite_array(shaft_a, "shaft_a", (None, 3))
    along = finite_array(shaft_b, "shaft_b", a.shape) - a
    length = np.linalg.norm(along, axis=1)
    if not np.all(length > 1e-9):
        raise InvalidInput(f"shaft: its two points coincide at instant {int(np.argmin(length))}")
    offset = np.linalg.norm(np.cross(along, finite_array(rcm, "rcm", (3,)) - a), axis=1) / length
    return np.asarray(finite_number(limit_m, "limit_m", 0.0, 1.0) - offset)


def point_speed(t_s: FloatArray, p: FloatArray, over_s: float = 0.005) -> FloatArray:
    """Mean speed (k,) of a point p (k, 3) between t - over/2 and t + over/2 (shorter at the ends), [m/s]."""
    t_s, p = _path(t_s, p, "point")
    half = 0.5 * finite_number(over_s, "over_s", 1e-6, 10.0)
    before, after = np.maximum(t_s - half, t_s[0]), np.minimum(t_s + half, t_s[-1])
    moved = _at(after, t_s, p) - _at(before, t_s, p)
    return np.asarray(np.linalg.norm(moved, axis=1) / (after - before))


def path_error(t_s: FloatArray, p: FloatArray, path_t_s: FloatArray, path_p: FloatArray, window_s: float) -> FloatArray:
    """Distance (k,) of each point p(t) from the part of a path that is passed between t - window and t + window, [m].

    window_s = 0 compares instant by instant, so a lag counts as error; a window as long as the lag that is allowed compares with
    the path as a curve, and still does not let a point profit from another passage through the same place.
    The path is the polyline through path_p (j, 3) at path_t_s (j,); before its start and after its end it stands still.
    """
    t_s, p = _path(t_s, p, "point", shortest=1)
    path_t_s, path_p = _path(path_t_s, path_p, "path")
    window_s = finite_number(window_s, "window_s", 0.0, 10.0)
    first, last = (np.clip(t_s + shift, path_t_s[0], path_t_s[-1]) for shift in (-window_s, window_s))
    error = np.minimum(np.linalg.norm(p - _at(first, path_t_s, path_p), axis=1), np.linalg.norm(p - _at(last, path_t_s, path_p), axis=1))
    low = np.clip(np.searchsorted(path_t_s, first, side="right") - 1, 0, path_t_s.size - 2)
    high = np.clip(np.searchsorted(path_t_s, last, side="left") - 1, 0, path_t_s.size - 2)
    for ahead in range(int((high - low).max()) + 1):
        i = np.minimum(low + ahead, high)
        start, step, duration = path_p[i], path_p[i + 1] - path_p[i], path_t_s[i + 1] - path_t_s[i]
        square = np.einsum("ij,ij->i", step, step)
        share = np.einsum("ij,ij->i", p - start, step) / np.where(square > 0.0, square, 1.0)
        share = np.clip(share, *(np.clip((end - path_t_s[i]) / duration, 0.0, 1.0) for end in (first, last)))
        error = np.minimum(error, np.linalg.norm(p - start - share[:, None] * step, axis=1))
    return np.asarray(error)


def settled(t_s: FloatArray, passed: BoolArray, settle_s: float = 0.5) -> BoolArray:
    """Which cycles (k,) are PASS and at least settle_s after the last cycle that was not; before the first such cycle all PASS are."""
    t_s = finite_array(t_s, "t_s", (None,))
    passed = np.asarray(passed, dtype=bool)
    if passed.shape != t_s.shape:
        raise InvalidInput(f"passed: expected shape {t_s.shape}, got {passed.shape}")
    latest = np.maximum.accumulate(np.where(passed, -np.inf, t_s)) if t_s.size else t_s
    return np.asarray(passed & (t_s - latest >= finite_number(settle_s, "settle_s", 0.0, 60.0)))


def _path(t_s: FloatArray, p: FloatArray, name: str, shortest: int = 2) -> tuple[FloatArray, FloatArray]:
    t_s = finite_array(t_s, f"{name} t_s", (None,))
    if not (t_s.size >= shortest and np.all(np.diff(t_s) > 0.0)):
        raise InvalidInput(f"{name} t_s: at least {shortest} times that increase strictly are needed, got {t_s.size}")
    return t_s, finite_array(p, name, (t_s.size, 3))


def _at(t_s: FloatArray, path_t_s: FloatArray, path_p: FloatArray) -> FloatArray:
    return np.stack([np.interp(t_s, path_t_s, path_p[:, axis]) for axis in range(3)], axis=1)
