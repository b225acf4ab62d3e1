"""Straight down onto the vessel at 47 mm/s, 3.5 mm further than allowed, a second of pushing, and back: what stops the arm, and where."""

import numpy as np

START_B_M = np.array([0.0104, -0.0250, -0.1000])
DOWN_M, SPEED_M_S, ACCELERATION_M_S2, PUSH_S = 0.033, 0.047, 0.6, 1.0


def approach(t_s: np.ndarray) -> np.ndarray:
    """Tip positions (k, 3) in the base frame, [m], at the instants t_s (k,), [s]: two trapezoids with a rest between them."""
    ramp_s = SPEED_M_S / ACCELERATION_M_S2
    whole_s = DOWN_M / SPEED_M_S + ramp_s
    going = np.minimum(t_s, whole_s) - np.maximum(t_s - whole_s - PUSH_S, 0.0)
    t = np.clip(going, 0.0, whole_s)
    left = np.minimum(np.minimum(t, ramp_s), np.maximum(whole_s - t, 0.0) + ramp_s)
    up = 0.5 * ACCELERATION_M_S2 * np.minimum(left, ramp_s) ** 2
    level = SPEED_M_S * np.clip(t - ramp_s, 0.0, whole_s - 2 * ramp_s)
    end = np.clip(t - (whole_s - ramp_s), 0.0, ramp_s)
    down = SPEED_M_S * end - 0.5 * ACCELERATION_M_S2 * end**2
    return START_B_M - np.outer(up + level + down, [0.0, 0.0, 1.0])
