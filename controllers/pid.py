"""PID with each component clipped to a box: what micro-robot laboratories run today, kept here to compare with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, finite_array, finite_number


@dataclass(frozen=True, eq=False)
class PidGains:
    """proportional [1/s], integral [1/s^2], derivative [-]: from position error to velocity."""

    proportional: float
    integral: float
    derivative: float

    def __post_init__(self) -> None:
        for name in ("proportional", "integral", "derivative"):
            finite_number(getattr(self, name), name, 0.0, 1e6)


class ClippedPid:
    """w = clip(M (k_p e + k_i sum e T + k_d de/T), -limit, limit), e = reference - position.

    to_input: M, shape (m, n), from velocity to input. limit: shape (m,), > 0. The integral stands still while any component is clipped.
    The box lets the norm of the input reach sqrt(m) times one limit, and clipping turns the input's direction: neither is repaired.
    """

    def __init__(self, gains: PidGains, to_input: ArrayLike, limit: ArrayLike, period_s: float) -> None:
        self._gains = gains
        self._M = finite_array(to_input, "to_input", (None, None))
        m, n = self._M.shape
        self._limit = finite_array(limit, "limit", (m,))
        if not np.all(self._limit > 0.0):
            raise InvalidInput(f"limit: must be positive: {self._limit.tolist()}")
        self._period_s = finite_number(period_s, "period_s", 1e-4, 10.0)
        self._sum, self._before = np.zeros(n), np.full(n, np.nan)

    def compute(self, position: ArrayLike, reference: ArrayLike) -> FloatArray:
        """The clipped input, shape (m,). InvalidInput: a shape, or not finite."""
        n = self._M.shape[1]
        error = finite_array(reference, "reference", (n,)) - finite_array(position, "position", (n,))
        change = np.zeros(n) if np.isnan(self._before).any() else (error - self._before) / self._period_s
        total = self._sum + error * self._period_s
        wanted = self._M @ (self._gains.proportional * error + self._gains.integral * total + self._gains.derivative * change)
        clipped = np.clip(wanted, -self._limit, self._limit)
        if np.array_equal(wanted, clipped):
            self._sum = total
        self._before = error
        return np.asarray(clipped)
