"""g_k(q, p) <= 0 over boxes of q, for functions given as graphs and parameters p chosen anew for every box.

Whatever the choice, a box that passes has the property: a bad separating plane can only fail. Tried in order: the enclosure itself; after
moving to the end of every coordinate along which the function is monotone, the mean value about the centre.
"""

from collections.abc import Callable

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from toolkit import FloatArray

from ..kernels import Engine, make_kernel
from .bounds import centre_and_reach, magnitude, mean_value, move_to_ends, widest
from .graph import tape_of
from .tree import middle

Choose = Callable[[FloatArray], FloatArray]


def no_parameters(centre: FloatArray) -> FloatArray:
    """For functions of q alone."""
    return np.zeros((len(centre), 0))


class LeafTest:
    """All of `functions`, a column of graphs of q (n, 1) and p (m, 1), are <= 0.

    choose: from the centres (N, n) of boxes their parameters (N, m).
    """

    def __init__(self, q: ca.SX, functions: ca.SX, engine: Engine = "auto", p: ca.SX | None = None, choose: Choose = no_parameters) -> None:
        p = ca.SX(0, 1) if p is None else p
        x = ca.vertcat(q, p)
        self.n, self.count, self.choose = q.shape[0], functions.shape[0], choose
        self._value = make_kernel(tape_of(x, functions), engine)
        # Row by row: the gradient of function k follows that of function k - 1.
        self._slope = make_kernel(tape_of(x, functions, ca.jacobian(functions, q).T), engine)

    def value_at(self, q: FloatArray, p: FloatArray) -> FloatArray:
        """Upper bounds of the functions at points, (N, count)."""
        x = np.hstack([q, p])
        return self._value(x, x)[1]

    def __call__(self, lower: FloatArray, upper: FloatArray) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which boxes (N, n) pass, and the coordinate worth splitting where they do not."""
        p = self.choose(middle(lower, upper))
        open_ = ~(self._value(np.hstack([lower, p]), np.hstack([upper, p]))[1] <= 0.0)
        passed, split = np.asarray(~open_.any(axis=1)), np.zeros(len(lower), dtype=np.int64)
        rest = np.flatnonzero(~passed)
        if len(rest):
            passed[rest], split[rest] = self._by_slope(lower[rest], upper[rest], p[rest], open_[rest])
        return passed, split

    def _by_slope(
        self, lower: FloatArray, upper: FloatArray, p: FloatArray, open_: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        low, high = self._slope(np.hstack([lower, p]), np.hstack([upper, p]))
        N, k, n = len(lower), self.count, self.n
        low, high = low[:, k:].reshape(N, k, n), high[:, k:].reshape(N, k, n)
        worst, spread = np.full(N, -np.inf), np.zeros((N, n))
        for i in range(k):
            rows = np.flatnonzero(open_[:, i])
            if not len(rows):
                continue
            slopes = magnitude(low[rows, i], high[rows, i])
            at_lower, at_upper = move_to_ends(lower[rows], upper[rows], low[rows, i], high[rows, i])
            c, r = centre_and_reach(at_lower, at_upper)
            bound = mean_value(self.value_at(c, p[rows])[:, i], slopes, np.where(at_lower == at_upper, 0.0, r))
            bound = np.where(np.isnan(bound), np.inf, bound)  # what could not be bounded is as bad as can be
            leads = bound > worst[rows]
            worst[rows[leads]] = bound[leads]
            spread[rows[leads]] = (slopes * (upper[rows] - lower[rows]))[leads]
        return worst <= 0.0, widest(spread, lower, upper)


def norm_test(q: ca.SX, f: ca.SX, limit: float, engine: Engine = "auto") -> LeafTest:
    """|f(q)| <= limit, for f(q) a vector. `with_limit` gives the same test for another limit without building it anew."""
    square = ca.SX.sym("limit2")
    return with_limit(LeafTest(q, ca.sumsqr(f) - square, engine, square), limit)


def with_limit(test: LeafTest, limit: float) -> LeafTest:
    """Set the limit of a `norm_test`."""
    square = limit * limit * (1.0 - 2.0**-50)
    test.choose = lambda centre: np.full((len(centre), 1), square)
    return test


def norm_at(test: LeafTest) -> Callable[[FloatArray], FloatArray]:
    """|f| of a `norm_test` at points (N, n), for the search."""
    return lambda q: np.sqrt(test.value_at(q, np.zeros((len(q), 1)))[:, 0])
