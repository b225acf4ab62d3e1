"""Obligation: the arithmetic of A1: a sample inside e_monitor leaves the joint inside e until the next one is acted on."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from .obligation import Effort, Outcome, Progress, Verdict


@dataclass(frozen=True)
class TubeThresholdTask:
    """Columns of the tube file, one entry per joint, exact. tick_sum: sum_i |M_ji|, what one tick of every servo moves the joint by.

    gap_s: the time between two samples that the monitors use is below it. growth_periods: for how long growth was identified.
    """

    names: tuple[str, ...]
    encoder_excess: tuple[Fraction, ...]
    encoder_error: tuple[Fraction, ...]
    joint_error: tuple[Fraction, ...]
    growth: tuple[Fraction, ...]
    e_monitor: tuple[Fraction, ...]
    e: tuple[Fraction, ...]
    tick_sum: tuple[Fraction, ...]
    safety_factor: Fraction
    gap_s: Fraction
    age_s_max: Fraction
    growth_periods: Fraction
    period_s: Fraction

    def question(self) -> dict[str, Any]:
        return {}

    def prove(self, effort: Effort, progress: Progress) -> Outcome:
        """e_monitor >= excess / f + error; e - e_monitor >= error + joint error + longer growth / f; growth / f >= periods sum |M|.

        longer = max(1, (gap + age) / (T periods)).
        """
        needed = (self.gap_s + self.age_s_max) / self.period_s
        longer = max(Fraction(1), needed / self.growth_periods)
        f = self.safety_factor
        for j, name in enumerate(self.names):
            inside = 0 < self.e_monitor[j] < self.e[j] and self.e_monitor[j] >= self.encoder_excess[j] / f + self.encoder_error[j]
            between = self.e[j] - self.e_monitor[j] >= self.encoder_error[j] + self.joint_error[j] + longer * self.growth[j] / f
            grows = self.growth[j] / f * (1 + Fraction(1, 2**40)) >= self.growth_periods * self.tick_sum[j]
            if not (inside and between and grows):
                return Outcome(Verdict.UNKNOWN, detail=f"does not hold for joint {name}: e, e_monitor and their parts do not add up")
        periods = ceil(needed)
        return Outcome(Verdict.PROVED, "tube_threshold", {"reaction_periods": periods}, f"a deviation is acted on within {periods} periods")
