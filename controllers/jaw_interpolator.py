"""The jaw beside the controller: a target is reached at bounded speed and acceleration, period by period."""

import math

from toolkit import finite_number


class JawInterpolator:
    """y+ = y + T v+, with |v+| <= speed, |v+ - v| <= T acceleration, and v+ small enough to stop at the target.

        v+ = sign(d) min(speed, the v with which  v T + braking way(v) <= |d|),  then limited to v +- T acceleration

    Braking from v in steps of T a covers v^2 / (2 a) - v T / 2 after the step itself, hence v = sqrt((a T/2)^2 + 2 a |d|) - a T / 2.

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
        half = 0.5 * self._acceleration * self._T
        wanted = 0.0
        if target is not None:
            way = self.target(target) - y
            wanted = math.copysign(min(self._speed, math.sqrt(half**2 + 2.0 * self._acceleration * abs(way)) - half), way)
            if abs(way) <= 2.0 * half * self._T:
                wanted = way / self._T
        change = self._acceleration * self._T
        return y + self._T * min(max(wanted, dy - change), dy + change)
