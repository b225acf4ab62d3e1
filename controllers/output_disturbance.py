"""What the measurement says that the model does not: a slow, bounded offset of each joint from its delayed setpoint."""

from collections import deque

import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, finite_array, finite_number


class OutputDisturbance:
    """d_{k+1} = d_k + (T / tau) (sat(q_measured - y(t - latency)) - d_k), |d| <= bound.

    With x = y + d as the predicted joint the tip error has no offset at rest (gravity droop, friction), while the bound keeps a broken
    encoder from dragging the setpoints along. `sat` limits to the bound; that is the estimator's definition, not a repair of its input.

    period_s: T. latency_s: from a setpoint's write to the joint being there. time_s: tau. bound: shape (n,), [rad] or [m].
    Assumes: one update a period, with the newest setpoint written one period ago.
    """

    def __init__(self, period_s: float, latency_s: float, time_s: float, bound: ArrayLike) -> None:
        self._period_s = finite_number(period_s, "period_s", 1e-4, 1.0)
        self._latency_s = finite_number(latency_s, "latency_s", 0.0, 1.0)
        self._gain = self._period_s / finite_number(time_s, "time_s", period_s, 1e4)
        self._bound = finite_array(bound, "bound", (None,))
        if not np.all(self._bound >= 0.0):
            raise InvalidInput(f"bound: negative: {self._bound.tolist()}")
        self._setpoints: deque[FloatArray] = deque(maxlen=2 + int(np.ceil(self._latency_s / self._period_s)))
        self._value = np.zeros_like(self._bound)

    @property
    def value(self) -> FloatArray:
        """d, shape (n,)."""
        return self._value.copy()

    def reset(self) -> None:
        """Forget everything: d = 0."""
        self._setpoints.clear()
        self._value = np.zeros_like(self._bound)

    def update(self, setpoint: FloatArray, measured: FloatArray | None) -> FloatArray:
        """Take this cycle's newest setpoint and, if there is one, measurement, both shape (n,); returns d."""
        self._setpoints.append(finite_array(setpoint, "setpoint", self._bound.shape))
        if measured is None:
            return self.value
        measured = finite_array(measured, "measured", self._bound.shape)
        # The newest setpoint is one period old when the measurement is read, the one before it two, and so on.
        back = max(self._latency_s / self._period_s - 1.0, 0.0)
        newer = int(np.floor(back))
        if newer + 1 >= len(self._setpoints):
            return self.value
        fraction = back - newer
        delayed = (1.0 - fraction) * self._setpoints[-1 - newer] + fraction * self._setpoints[-2 - newer]
        innovation = np.minimum(np.maximum(measured - delayed, -self._bound), self._bound)
        self._value = self._value + self._gain * (innovation - self._value)
        return self.value
