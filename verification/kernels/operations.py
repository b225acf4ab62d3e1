"""Interval operations on batches, numpy only: each result contains every value the operation takes on the operands.

An enclosure is (2, N) or (2, 1), rows -lower and upper (see `rounding`). Operands are never changed. An operation without a value
somewhere in its operands gives NaN. An operand's end that is not finite is no bound, whatever comes out: who evaluates a tape must look
at every register (`numpy_kernel`). numpy's warnings are the caller's to silence.
"""

import numpy as np

from toolkit import FloatArray

from .rounding import outward, outward_sum


def constant(value: float) -> FloatArray:
    return np.array([[-value], [value]])


def negate(a: FloatArray) -> FloatArray:
    return a[::-1]


def add(a: FloatArray, b: FloatArray) -> FloatArray:
    return outward_sum(a + b)


def subtract(a: FloatArray, b: FloatArray) -> FloatArray:
    return outward_sum(a + b[::-1])


def twice(a: FloatArray) -> FloatArray:
    return a + a  # exact, or infinite


def scale(a: FloatArray, factor: float) -> FloatArray:
    """factor a, for one number."""
    return outward(a * factor if factor >= 0.0 else a[::-1] * -factor)


def multiply(a: FloatArray, b: FloatArray) -> FloatArray:
    """The four products of ends; rounding to nearest is symmetric, so p and -p are each other's negatives exactly."""
    return _hull(a * b, a * b[::-1])


def _hull(same: FloatArray, cross: FloatArray) -> FloatArray:
    """Of four products or quotients: (lower lower, upper upper) and (-lower upper, -upper lower)."""
    ends = np.empty(same.shape)
    np.maximum(np.maximum(cross[0], cross[1]), -np.minimum(same[0], same[1]), out=ends[0])
    np.maximum(np.maximum(same[0], same[1]), -np.minimum(cross[0], cross[1]), out=ends[1])
    return outward(ends)


def square(a: FloatArray) -> FloatArray:
    """{x^2}: not a * a, which forgets that both factors are the same x."""
    size = outward(np.maximum(a[0], a[1]) ** 2)
    nearest = np.minimum(a[0], a[1])  # below zero: its absolute value is the distance of the interval from zero
    low = np.where(nearest < 0.0, outward(-(nearest * nearest)), 0.0 * nearest)
    return np.stack([np.minimum(low, 0.0), size])


def absolute(a: FloatArray) -> FloatArray:
    return np.stack([np.minimum(np.minimum(a[0], a[1]), 0.0), np.maximum(a[0], a[1])])


def square_root(a: FloatArray) -> FloatArray:
    """NaN where the interval reaches below zero: there is no root there to enclose."""
    return np.stack([np.minimum(outward(-np.sqrt(-a[0])), 0.0), outward(np.sqrt(a[1]))])


def reciprocal(a: FloatArray) -> FloatArray:
    """NaN where the interval holds zero or is not finite: 1 / infinity would look like a number again."""
    ends = outward(np.stack([-1.0 / a[1], -1.0 / a[0]]))
    ends[:, ~(((a[0] < 0.0) | (a[1] < 0.0)) & np.isfinite(a).all(axis=0))] = np.nan
    return ends


def divide(a: FloatArray, b: FloatArray) -> FloatArray:
    """The four quotients of ends, each rounded once (a times 1/b would lose 1/tiny). NaN where b holds zero or is not finite."""
    ends = _hull(a / b, a / b[::-1])
    defined = ((b[0] < 0.0) | (b[1] < 0.0)) & np.isfinite(b).all(axis=0)
    ends[:, ~np.broadcast_to(defined, ends.shape[1:])] = np.nan
    return ends


def power(a: FloatArray, exponent: int) -> FloatArray:
    """x^k for a whole k, |k| <= 64, by squares: an even power knows its sign, an odd one is monotone and taken end by end."""
    if exponent < 0:
        return reciprocal(power(a, -exponent))
    if exponent == 0:
        return np.stack([0.0 * a[0] - 1.0, 0.0 * a[1] + 1.0])
    if exponent % 2 == 0:
        return square(power(a, exponent // 2))
    if exponent == 1:
        return a
    low, high = np.stack([a[0], -a[0]]), np.stack([-a[1], a[1]])
    return np.stack([_power_of_points(low, exponent)[0], _power_of_points(high, exponent)[1]])


def _power_of_points(x: FloatArray, exponent: int) -> FloatArray:
    result = x
    for digit in bin(exponent)[3:]:
        result = square(result)
        if digit == "1":
            result = multiply(result, x)
    return result


def minimum(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.stack([np.maximum(a[0], b[0]), np.minimum(a[1], b[1])])


def maximum(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.stack([np.minimum(a[0], b[0]), np.maximum(a[1], b[1])])
