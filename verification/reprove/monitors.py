"""The monitors of A1 to A4 again, in exact arithmetic, for one sample (docs/guarantee.md, assumptions)."""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from ..checker.exact import exactly
from .logged_plan import LoggedPlan, Sample
from .servo_hull import ServoMap, hulls_of

ROUNDING = fmpq(1, 2**40)
"""Relative room for the monitor's comparison in binary64: e_monitor may be a whole number of ticks, and e lies far beyond it."""


@dataclass(frozen=True)
class Monitored:
    """inside: the sample lies in its box, the newest window grown by e_monitor. broken: the assumptions that this sample breaks."""

    inside: bool
    use: float
    broken: tuple[str, ...]


def monitored(plan: LoggedPlan, sample: Sample, servos: ServoMap, age_s_max: float) -> Monitored:
    """What the sample shows of each assumption that can be watched.

    use: largest |q - c| - h over the joints, in units of e_monitor, of the joints as logged and of those its ticks have.
    """
    use = max(_use(plan, q, servos) for q in ([exactly(x) for x in sample.q], servos.joints(sample.ticks)))
    inside = bool(use <= 1 + ROUNDING)
    behind = _behind(plan.history, sample, servos)
    holds = {
        "A1": inside,
        "A2": behind is not None and behind <= servos.losses_max,
        "A3": sample.healthy,
        "A4": 0.0 <= sample.age_s <= age_s_max,
    }
    return Monitored(inside, int(use.p) / int(use.q), tuple(name for name, held in holds.items() if not held))


def _use(plan: LoggedPlan, q: Sequence[fmpq], servos: ServoMap) -> fmpq:
    (hull,) = hulls_of(plan.history[:-1], plan.history[-1:], servos.window)
    box = servos.joint_box(hull, [fmpq(0)] * len(q))
    return max(max(low - x, x - high) / e for x, low, high, e in zip(q, box.low, box.high, servos.e_monitor, strict=True))


def _behind(history: Sequence[tuple[int, ...]], sample: Sample, servos: ServoMap) -> int | None:
    """How many setpoints the slowest servo's goal was behind; None: a goal that is none of the window."""
    recent = list(reversed(history[-(servos.window + 1) :]))
    lags = [next((k for k, y in enumerate(recent) if y[i] == goal), None) for i, goal in enumerate(sample.goal_ticks)]
    known = [lag for lag in lags if lag is not None]
    return max(0, max(known) - sample.writes_since) if len(known) == len(lags) else None
