"""Upper bounds over boxes from values and derivatives: monotonicity first, then the mean value."""

import numpy as np
from numpy.typing import NDArray

from toolkit import FloatArray

from .tree import middle


def magnitude(low: FloatArray, high: FloatArray) -> FloatArray:
    """max |x| over the intervals; NaN stays NaN."""
    return np.maximum(np.abs(low), np.abs(high))


def move_to_ends(
    lower: FloatArray, upper: FloatArray, gradient_low: FloatArray, gradient_high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The part of each box on which a function attains its maximum, as far as the signs of its derivatives tell.

    Over a box on which df/dq_j >= 0 everywhere the maximum lies at the upper end of q_j; signs in several coordinates add up.
    """
    rises, falls = gradient_low >= 0.0, gradient_high <= 0.0
    return np.where(rises, upper, lower), np.where(falls & ~rises, lower, upper)


def centre_and_reach(lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
    """c and r with |q - c| <= r over the box; r is rounded up."""
    c = middle(lower, upper)
    r = np.maximum(upper - c, c - lower)
    return c, r * (1.0 + 2.0**-52) + 2.0**-1022


def mean_value(value_at_centre: FloatArray, slopes: FloatArray, reach: FloatArray) -> FloatArray:
    """f(c) + sum_j sup|f_j| r_j, rounded up. value (N,), slopes and reach (N, n)."""
    n = slopes.shape[1]
    total = np.asarray((slopes * reach).sum(axis=1)) * (1.0 + (n + 2) * 2.0**-52) + n * 2.0**-1022
    bound = value_at_centre + total
    return np.asarray(bound + np.abs(bound) * 2.0**-52)


def widest(spread: FloatArray, lower: FloatArray, upper: FloatArray) -> NDArray[np.int64]:
    """Per box the coordinate along which a function varies most; where nothing is known, the widest side."""
    known = np.where(np.isfinite(spread), spread, 0.0)
    sides = upper - lower
    fallback = np.where(sides > 0.0, sides, -1.0)
    use = known.max(axis=1, initial=0.0) > 0.0
    return np.asarray(np.where(use, np.argmax(known, axis=1), np.argmax(fallback, axis=1)), dtype=np.int64)
