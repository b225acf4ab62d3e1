"""|f(q)| <= limit over boxes, for a vector f given as a graph: the square, its monotonicity, its mean value."""

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from toolkit import FloatArray

from ..kernels import Engine, make_kernel
from .bounds import centre_and_reach, magnitude, mean_value, move_to_ends, widest
from .graph import tape_of


class NormTest:
    """Leaf test of |f|^2 <= limit^2. `limit` may be changed between proofs: the kernels stay."""

    def __init__(self, q: ca.SX, f: ca.SX, limit: float, engine: Engine = "auto") -> None:
        g = ca.sumsqr(f)
        self.limit = limit
        self._value = make_kernel(tape_of(q, g), engine)
        self._slope = make_kernel(tape_of(q, g, ca.gradient(g, q)), engine)

    def norm_at(self, q: FloatArray) -> FloatArray:
        """|f| at points (N, n), an upper bound of it."""
        return np.asarray(np.sqrt(self._value(q, q)[1][:, 0]))

    def __call__(self, lower: FloatArray, upper: FloatArray) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """See `LeafTest`."""
        limit = self.limit * self.limit * (1.0 - 2.0**-50)
        passed = self._value(lower, upper)[1][:, 0] <= limit
        split = np.zeros(len(lower), dtype=np.int64)
        rest = np.flatnonzero(~passed)
        if len(rest):
            passed[rest], split[rest] = self._by_slope(lower[rest], upper[rest], limit)
        return passed, split

    def _by_slope(self, lower: FloatArray, upper: FloatArray, limit: float) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        low, high = self._slope(lower, upper)
        slopes = magnitude(low[:, 1:], high[:, 1:])
        at_lower, at_upper = move_to_ends(lower, upper, low[:, 1:], high[:, 1:])
        c, r = centre_and_reach(at_lower, at_upper)
        bound = mean_value(self._value(c, c)[1][:, 0], slopes, np.where(at_lower == at_upper, 0.0, r))
        return bound <= limit, widest(slopes * (upper - lower), lower, upper)
