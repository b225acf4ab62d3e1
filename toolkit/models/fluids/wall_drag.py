"""Drag of a sphere near a flat wall, over its drag far away. x = a/h, radius over height of the centre: 0 far away, 1 at contact.

Towards the wall, Brenner's exact series (Brenner 1961), alpha = acosh(1/x), m = 2n + 1:

    lambda = 4/3 sinh(alpha) sum_{n>=1} n (n+1) / ((2n-1)(2n+3)) [ (2 sinh(m alpha) + m sinh(2 alpha))
                                                                   / (4 sinh^2(m alpha / 2) - m^2 sinh^2(alpha)) - 1 ]

Its truncation 1/(1 - 9/8 x + 1/2 x^3) is 3.7 times too low at x = 0.9 and is not here. Along the wall, Faxen's series

    lambda = 1 / (1 - 9/16 x + 1/8 x^3 - 45/256 x^4 - 1/16 x^5)

which is a truncation too: `PARALLEL_X_MAX` says how far it holds, and beyond that it is refused.
Both are for creeping flow and a plane wall; a curved lumen of radius R is plane to the extent that a << R.
"""

import functools
import math

import casadi as ca
import numpy as np
from numpy.polynomial import chebyshev

from ...arrays import finite_number

PERPENDICULAR_X_MAX = 1.0 / (1.0 + 1e-5)
"""Closer than 1e-5 radii the roughness of any real sphere decides, not this series."""
PARALLEL_X_MAX = 0.65
"""There Faxen's series is 1.1 % above the solution with Blake's images (a test computes it); at x = 0.89 it would be 4 % off."""
GRAPH_X_MAX = 0.99
_TAIL = 1e-13


def wall_factor_perpendicular(x: float) -> float:
    """lambda for motion towards or away from the wall, to about 1e-12 relative.

    Raises:
        InvalidInput: x outside [0, PERPENDICULAR_X_MAX].
    """
    finite_number(x, "x = a/h", 0.0, PERPENDICULAR_X_MAX)
    if x < 1e-8:  # the sum is 1 + 9/8 x + O(x^2); acosh(1/0) is not a number
        return 1.0 + 1.125 * x
    alpha = math.acosh(1.0 / x)
    n = np.arange(1, _terms(alpha) + 1, dtype=np.float64)
    # Everything times exp(-m alpha), and the 1 subtracted on paper: neither overflow nor cancellation.
    m = 2.0 * n + 1.0
    e, s2 = np.exp(-m * alpha), math.sinh(alpha) ** 2
    numerator = (m * math.sinh(2.0 * alpha) + 2.0 + m**2 * s2 - 2.0 * e) * e
    denominator = np.expm1(-m * alpha) ** 2 - m**2 * s2 * e
    return float(4.0 / 3.0 * math.sinh(alpha) * np.sum((n * (n + 1.0) / ((2.0 * n - 1.0) * (2.0 * n + 3.0))) * numerator / denominator))


def wall_factor_parallel(x: float) -> float:
    """lambda for motion along the wall, within 1.1 %.

    Raises:
        InvalidInput: x outside [0, PARALLEL_X_MAX].
    """
    return float(1.0 / _faxen(finite_number(x, "x = a/h", 0.0, PARALLEL_X_MAX)))


def wall_factor_perpendicular_graph(x: ca.SX) -> ca.SX:
    """lambda as a smooth graph, within 1e-8 of the series on [0, GRAPH_X_MAX]. A graph cannot refuse: keep x below by a constraint."""
    return _clenshaw(_smooth_part(), _chebyshev_argument(x)) / (1.0 - x)


def wall_factor_parallel_graph(x: ca.SX) -> ca.SX:
    """Faxen's series as a graph. A graph cannot refuse: keep x <= PARALLEL_X_MAX by a constraint."""
    return ca.SX(1.0 / _faxen(x))


def _faxen(x: float | ca.SX) -> float | ca.SX:
    return 1.0 - 9.0 / 16.0 * x + x**3 / 8.0 - 45.0 / 256.0 * x**4 - x**5 / 16.0


def _terms(alpha: float) -> int:
    """How many terms leave a tail below 1e-13 of a sum that is about 1 / sinh(alpha).

    For exp(m alpha) >= 2 (2 + m^2 sinh^2 alpha) a term is at most t(m) = 0.8 q(m) exp(-m alpha), q = 2 + m sinh 2 alpha + m^2 sinh^2 alpha;
    for m >= 4/alpha each following t is smaller by exp(-alpha) at least, so that the tail is at most t / (1 - exp(-alpha)).
    """
    s2, sinh_2 = math.sinh(alpha) ** 2, math.sinh(2.0 * alpha)
    m = max(3.0, 4.0 / alpha)
    while True:
        q = 2.0 + m * sinh_2 + m**2 * s2
        settled = m * alpha >= math.log(2.0 * (2.0 + m**2 * s2))
        if settled and math.log(0.8 * q) - m * alpha - math.log(-math.expm1(-alpha)) <= math.log(_TAIL / max(1.0, math.sinh(alpha))):
            return math.ceil((m - 1.0) / 2.0)
        m *= 1.05


def _chebyshev_argument(x: ca.SX) -> ca.SX:
    """lambda (1 - x) has (1 - x) log(1 - x) at contact; in the square root of 1 - x a polynomial comes much closer to it."""
    low = math.sqrt(1.0 - GRAPH_X_MAX)
    root = (1.0 - x) ** 0.5
    return (2.0 * root - 1.0 - low) / (1.0 - low)


@functools.cache
def _smooth_part() -> tuple[float, ...]:
    """Chebyshev coefficients of lambda (1 - x), smooth and of order one up to contact."""
    low, degree = math.sqrt(1.0 - GRAPH_X_MAX), 16
    s = chebyshev.chebpts1(degree + 1)
    x = np.maximum(1.0 - (0.5 * ((1.0 - low) * s + 1.0 + low)) ** 2, 0.0)
    value = [wall_factor_perpendicular(float(one)) * (1.0 - float(one)) for one in x]
    return tuple(float(c) for c in chebyshev.chebfit(s, value, degree))


def _clenshaw(coefficients: tuple[float, ...], s: ca.SX) -> ca.SX:
    after, value = ca.SX(0.0), ca.SX(0.0)
    for c in reversed(coefficients[1:]):
        value, after = c + 2.0 * s * value - after, value
    return coefficients[0] + s * value - after
