"""A magnet that follows a rotating field until it cannot: Adler's law.

The lag phi between field and moment obeys phi' = w - w_so sin(phi), w_so = |m| B / (rotational drag). Up to w_so the magnet turns with the
field; above, its mean rate falls to w - sqrt(w^2 - w_so^2) (Adler 1946, for oscillators).
"""

import math

from ...arrays import finite_number


def step_out_rate_rad_s(moment_a_m2: float, field_tesla: float, drag_n_m_s: float) -> float:
    """w_so = |m| |B| / drag, for a moment across the axis and linear (creeping) drag; at Re >> 1 drag grows with w: not this law."""
    finite_number(moment_a_m2, "moment_a_m2", 0.0, 1e3)
    finite_number(field_tesla, "field_tesla", 0.0, 10.0)
    finite_number(drag_n_m_s, "drag_n_m_s", 1e-30, 1e3)
    return moment_a_m2 * field_tesla / drag_n_m_s


def mean_spin_rad_s(field_rate_rad_s: float, step_out_rad_s: float) -> float:
    """The mean rate of a magnet in a field that turns at `field_rate_rad_s` (either sense)."""
    w = abs(finite_number(field_rate_rad_s, "field_rate_rad_s", -1e6, 1e6))
    finite_number(step_out_rad_s, "step_out_rad_s", 0.0, 1e9)
    if w <= step_out_rad_s:
        return field_rate_rad_s
    # w - sqrt(w^2 - s^2), without the cancellation for w >> s
    return math.copysign(step_out_rad_s**2 / (w + math.sqrt((w - step_out_rad_s) * (w + step_out_rad_s))), field_rate_rad_s)
