"""Outward rounding by inflation: what makes a round-to-nearest result a bound.

Enclosures are arrays of shape (2, N): row 0 holds -lower, row 1 upper, so that both rows are upper bounds and are rounded the same way
(and negation is a swap of rows).

    outward(x)     = fl(x + fl(|x| 2^-52 + 2^-1022)) >= every real whose rounding to nearest is x
    outward_sum(x) = fl(x + fl(|x| 2^-52))           >= every sum of two float64 whose rounding is x; zero stays zero

Proof. Let x be normal, 2^k <= |x| < 2^(k+1), so that the float64 above x is at most u = 2^(k-52) away. 2^(k-52) is a float64 (k >= -1022)
and rounding is monotone, so fl(|x| 2^-52) >= u, also where it underflows; and fl(x + e) is at least the float64 above x. For subnormal x
a product, quotient or root is off by at most 2^-1075 < 2^-1022, and a sum is exact. An overflow stays infinite or becomes NaN: neither is
a bound, and the kernels turn both into NaN at their end.
"""

import numpy as np

from toolkit import FloatArray, SolverFailure

ULP = 2.0**-52
TINY = 2.0**-1022


def outward(x: FloatArray) -> FloatArray:
    """Upper bounds of the exact values that were rounded to x, in place. NaN and infinity stay non-finite."""
    slack = np.abs(x)
    slack *= ULP
    slack += TINY
    x += slack
    return x


def outward_sum(x: FloatArray) -> FloatArray:
    """Upper bounds of the exact sums that were rounded to x, in place."""
    slack = np.abs(x)
    slack *= ULP
    x += slack
    return x


def enclose(lower: FloatArray, upper: FloatArray) -> FloatArray:
    """(N,), (N,) -> (2, N). Both rows NaN where lower <= upper fails or an end is not finite: such a box is no box."""
    rows = np.array([-lower, upper])
    rows[:, ~((lower <= upper) & np.isfinite(lower) & np.isfinite(upper))] = np.nan
    return rows


def check_arithmetic() -> None:
    """Refuse to compute where float64 does not round to nearest or subnormal operands count as zero.

    A shared library built with -ffast-math can switch the processor to flush-to-zero for the whole process.

    Raises:
        SolverFailure: the arithmetic is not what the enclosures rely on.
    """
    one, third = np.array([1.0]), np.array([1.0]) / 3.0
    nearest = one + 2.0**-53 == one and one + 1.5 * 2.0**-52 == 1.0 + 2.0**-51 and -one - 2.0**-53 == -one
    nearest = nearest and float(third[0]).hex() == "0x1.5555555555555p-2"
    if not (nearest and (np.array([5e-324]) * 2.0**1022)[0] == 2.0**-52):
        raise SolverFailure("float64 does not round to nearest here, or subnormal numbers are taken as zero: no bound can be computed")
