"""Obligation: a setpoint and its stop take at most N_max periods, from every step of the command class."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from .obligation import Effort, Outcome, Progress, Verdict


@dataclass(frozen=True)
class StopLengthTask:
    """v_ticks, a_ticks: the command class. brake_m_s2: gentlest stop planned.

    tip_step_m: the most a rate-limited point can move per period, as the stop's planner reckons; None if some have no speed limit.
    """

    v_ticks: tuple[int, ...]
    a_ticks: tuple[int, ...]
    period_s: Fraction
    tip_step_m: Fraction | None
    brake_m_s2: Fraction
    n_max: int

    def question(self) -> dict[str, Any]:
        return {}

    def prove(self, effort: Effort, progress: Progress) -> Outcome:
        """N = max(1, ceil(max_i |s_i| / (a_i - 1)), ceil(step / (brake T^2))), monotone in |s_i| and the step: the largest count.

        Steps of the stop are rint(s (N - k) / N): the ideal ones differ by |s| / N <= a - 1, rounding adds at most one.
        """
        if min(self.a_ticks) < 2:
            return Outcome(Verdict.UNKNOWN, detail="a servo may change its step by one tick only: rounding the stop may leave the class")
        if self.tip_step_m is None:
            return Outcome(Verdict.UNKNOWN, detail="a point that a stop is planned for has no speed limit: its stop may take any time")
        servos = max(ceil(Fraction(v, a - 1)) for v, a in zip(self.v_ticks, self.a_ticks, strict=True))
        tip = ceil(self.tip_step_m / (self.brake_m_s2 * self.period_s**2))
        periods = 1 + max(1, servos, tip)
        detail = f"{periods} periods ({servos} by the servos, {tip} by the tip), N_max {self.n_max}"
        if periods > self.n_max:
            return Outcome(Verdict.UNKNOWN, detail=f"does not hold: {detail}")
        return Outcome(Verdict.PROVED, "stop_length", {"periods": periods}, detail)
