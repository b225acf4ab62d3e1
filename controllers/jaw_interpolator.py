"""The jaw beside the controller: a target is reached at bounded speed and acceleration, period by period."""

import math

from toolkit import finite_number


class JawInterpolator:
    """y+ = y + T v+, with |v+| <= speed, |v+ - v| <= T a, and v+ the largest from which the target can still be met.

    A step at v and braking by T a in every step after it cover, with k = ceil(v / (T a)) steps,  D(v) = k v T - a T^2 k (k - 1) / 2.
    D(v) = d is solved for v by the least k with a T^2 k (k + 1) / 2 >= d.

    period_s: T. speed, acceleration: the jaw's share of the command class, [rad/s], [rad/s^2]. lower, upper: its limits, [rad].
    """

    def __init__(self, period_s: float, speed: float, acceleration: float, lower: float, upper: float) -> None:
        self._T = finite_number(period_s, "period_s", 1e-4, 1.0)
        self._speed = finite_number(speed, "speed", 1e-6, 1e3)
        self._acceleration = finite_number(acceleration, "acceleration", 1e-6, 1e6)
        self._lower = finite_number(lower, "lower", -100.0, 100.0)
        self._upper = finite_number(upper, "upper", self._lower, 100.0)

    def target(self, value: float) -> float:
        """Check a target; raises InvalidInput outside the jaw's limits."""
        return finite_number(value, "jaw", self._lower, self._upper)

    def next(self, y: float, dy: float, target: float | None) -> float:
        """The next setpoint from the newest, y, its rate dy = (y_k - y_{k-1}) / T, and the target; None: come to rest."""
        wanted = 0.0 if target is None else self._rate_towards(self.target(target) - y)
        change = self._acceleration * self._T
        return y + self._T * min(max(wanted, dy - change), dy + change)

    def _rate_towards(self, way: float) -> float:
        quantum, distance = self._acceleration * self._T**2, abs(way)
        k = max(1, math.ceil(0.5 * (math.sqrt(1.0 + 8.0 * distance / quantum) - 1.0)))
        rate = (distance + 0.5 * quantum * k * (k - 1)) / (k * self._T)
        return math.copysign(min(self._speed, rate), way)
