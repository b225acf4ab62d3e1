"""Fewer points without losing what matters: no extreme of a series and no corner of a path disappears."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from toolkit import FloatArray


def keep_extremes(value: FloatArray, limit: int) -> NDArray[np.intp]:
    """Indices of at most about `limit` samples, among them first, last, and the lowest and highest of every bucket.

    Args: value: shape (k,). limit: >= 8. Returns: increasing indices; all k of them when k <= limit.
    """
    k = value.shape[0]
    if k <= limit:
        return np.arange(k)
    edges = np.linspace(0, k, limit // 2 + 1).astype(int)
    chosen = {0, k - 1}
    for start, stop in pairwise(edges):
        part = value[start:stop]
        chosen.update((int(start + part.argmin()), int(start + part.argmax())))
    return np.array(sorted(chosen), dtype=np.intp)


def keep_shape(points: FloatArray, tolerance_m: float) -> NDArray[np.intp]:
    """Indices of a polyline that stays within tolerance_m of every given point (Ramer, Douglas and Peucker, 1972-73).

    Args: points: shape (k, 3), [m].
    """
    k = points.shape[0]
    kept = np.zeros(k, dtype=bool)
    if k == 0:
        return np.flatnonzero(kept)
    kept[[0, k - 1]] = True
    stack = [(0, k - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        distance = _segment_distance(points[first + 1 : last], points[first], points[last])
        worst = int(distance.argmax())
        if distance[worst] > tolerance_m:
            middle = first + 1 + worst
            kept[middle] = True
            stack += [(first, middle), (middle, last)]
    return np.flatnonzero(kept)


def _segment_distance(points: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    along = b - a
    squared = float(along @ along)
    s = np.clip((points - a) @ along / squared, 0.0, 1.0) if squared > 0 else np.zeros(points.shape[0])
    return np.asarray(np.linalg.norm(points - a - s[:, None] * along, axis=1), dtype=np.float64)
