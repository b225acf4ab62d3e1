"""sin and cos on intervals from + and * alone: no libm, whose error is nobody's promise.

Reduction: x = n pi/2 + r, n the nearest whole number, |n| <= 2^19.5, |r| < 0.7854. pi/2 = P1 + P2 + P3 + d with P1, P2 of 33 bits, so
that n P1 and n P2 are exact; |d| < 2^-118. Three subtractions of numbers below 0.8 and the rounding of n P3 leave |error of r| < 4e-16.

Taylor to r^17 (sin) and r^18 (cos): remainder < 0.7854^19 / 19! < 9e-20. Horner in r^2 with rounded coefficients: at most 32 roundings act
on any term, so the error is below 32 2^-53 (1 + 1e-14) cosh(0.7854) < 4.8e-15. Together below 5.3e-15 < ERROR = 2^-47.

Between two multiples of pi/2 sin and cos are monotone, so an interval's range is the hull of its ends and of the extrema inside; an
extremum closer than 6e-9 to an end counts as inside. Ends beyond 2^19 rad: [-1, 1].
"""

from math import factorial

import numpy as np

from toolkit import FloatArray

ERROR = 2.0**-47
REDUCIBLE = 2.0**19
HALF_PI_PARTS = (
    float.fromhex("0x1.921fb54400000p+0"), float.fromhex("0x1.0b4611a600000p-34"), float.fromhex("0x1.3198a2e037073p-69")
)  # fmt: skip
TWO_OVER_PI = float.fromhex("0x1.45f306dc9c883p-1")
ONE_OVER_TWO_PI = float.fromhex("0x1.45f306dc9c883p-3")
SINE_TERMS = tuple((-1.0) ** k / factorial(2 * k + 1) for k in range(1, 9))
COSINE_TERMS = tuple((-1.0) ** k / factorial(2 * k) for k in range(1, 10))
NEAR = 1e-9
"""In turns: rounding of x / 2 pi for |x| <= 2^19 is below 4e-11."""


def sine_cosine(a: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ranges of sin and cos over the intervals, each (2, N)."""
    ends = np.stack([-a[0], a[1]])
    n = np.rint(ends * TWO_OVER_PI)
    r = ((ends - n * HALF_PI_PARTS[0]) - n * HALF_PI_PARTS[1]) - n * HALF_PI_PARTS[2]
    s, c = _taylor(r)
    quadrant = n - 4.0 * np.floor(n * 0.25)
    turned = (quadrant == 1.0) | (quadrant == 3.0)
    sine = np.where(turned, c, s)
    sine = np.where(quadrant >= 2.0, -sine, sine)
    cosine = np.where(turned, s, c)
    cosine = np.where((quadrant == 1.0) | (quadrant == 2.0), -cosine, cosine)
    turns = ends * ONE_OVER_TWO_PI
    known = np.maximum(np.abs(ends[0]), np.abs(ends[1])) <= REDUCIBLE
    return _range(sine, turns, known, 0.25, 0.75), _range(cosine, turns, known, 0.0, 0.5)


def _taylor(r: FloatArray) -> tuple[FloatArray, FloatArray]:
    y = r * r
    s, c = np.full_like(y, SINE_TERMS[-1]), np.full_like(y, COSINE_TERMS[-1])
    for term in SINE_TERMS[-2::-1]:
        s *= y
        s += term
    for term in COSINE_TERMS[-2::-1]:
        c *= y
        c += term
    return r + r * (y * s), 1.0 + y * c


def _range(values: FloatArray, turns: FloatArray, known: FloatArray, top: float, bottom: float) -> FloatArray:
    ends = np.stack([np.maximum(-values[0], -values[1]), np.maximum(values[0], values[1])])
    ends += ERROR
    for row, place in enumerate((bottom, top)):
        inside = np.floor(turns[1] - place + NEAR) >= np.ceil(turns[0] - place - NEAR)
        ends[row, inside | np.logical_not(known)] = 1.0
    return np.asarray(np.minimum(ends, 1.0))

