"""A stop after a candidate: brake along the joint line, on the wire's integers. Untrusted: the shield checks what comes out."""

import math
from functools import lru_cache

import numpy as np

from toolkit import CommandClass, FloatArray, TickArray


def brake(newest: TickArray, step: TickArray, tip_step_m: float, brake_m_s2: float, command_class: CommandClass) -> TickArray:
    """Setpoints after `newest` that bring `step` to zero in equal parts, shape (k, n), the last two equal (rest).

    v_i = round(step (N - i) / N), N periods such that neither the tip nor a servo decelerates faster than allowed. Rounding the
    steps keeps each second difference within one tick of the ideal; rounding the positions would allow two.
    Args:
        newest: the setpoint to stop after, (n,). step: its increment per period, (n,).
        tip_step_m: how far the fastest limited point moves per period at `step`, [m].
        brake_m_s2: deceleration of that point to plan with, below the certified limit by what ticks may add.
    """
    # One tick of room per servo: rounding may add it to the second difference.
    hardest = max(abs(s) / max(a - 1, 1) for s, a in zip(step.tolist(), command_class.a_ticks.tolist(), strict=True))
    if hardest == 0.0:
        return newest[None]
    T = command_class.period_s
    periods = max(math.ceil(tip_step_m / (brake_m_s2 * T * T)), math.ceil(hardest), 1)
    steps = np.rint(_left(periods) * step).astype(np.int64)
    return np.asarray(newest + steps.cumsum(axis=0))


@lru_cache(maxsize=128)
def _left(periods: int) -> FloatArray:
    """(N - i) / N for i = 1 .. N, shape (N, 1)."""
    return np.asarray(np.arange(periods - 1, -1, -1)[:, None] / periods)
