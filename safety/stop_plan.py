"""A stop after a candidate: brake along the joint line, on the wire's integers. Untrusted: the shield checks what comes out."""

import numpy as np

from toolkit import CommandClass, TickArray


def brake(newest: TickArray, step: TickArray, tip_step_m: float, brake_m_s2: float, command_class: CommandClass) -> TickArray:
    """Setpoints after `newest` that bring `step` to zero in equal parts, shape (k, n), the last two equal (rest).

    v_i = round(step (N - i) / N), N periods such that neither the tip nor a servo decelerates faster than allowed. Rounding the
    steps keeps each second difference within one tick of the ideal; rounding the positions would allow two.
    Args:
        newest: the setpoint to stop after, (n,). step: its increment per period, (n,).
        tip_step_m: how far the fastest limited point moves per period at `step`, [m].
        brake_m_s2: deceleration of that point to plan with, below the certified limit by what ticks may add.
    """
    if not np.any(step):
        return newest[None]
    T = command_class.period_s
    # One tick of room per servo: rounding may add it to the second difference.
    room = np.maximum(command_class.a_ticks - 1, 1)
    periods = max(int(np.ceil(tip_step_m / (brake_m_s2 * T * T))), int(np.ceil((np.abs(step) / room).max())), 1)
    left = np.arange(periods - 1, -1, -1) / periods
    steps = np.rint(left[:, None] * step[None, :]).astype(np.int64)
    return np.asarray(newest + np.cumsum(steps, axis=0))
