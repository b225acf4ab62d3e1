"""Windows: what every servo may be doing while a setpoint is the newest one (guarantee, section 1.1).

Window i holds the setpoints y_{i-w} .. y_i. Each servo is anywhere in the hull of *its* w + 1 values, independently of the others;
that covers linear, stepped or trapezoidal interpolation, servos out of step, lost frames and jitter. Joints follow through |M|.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from toolkit import FloatArray, InvalidInput, TickArray, TickMap, Tube


@dataclass(frozen=True, eq=False)
class Windows:
    """Joint boxes |q - c| <= r of k windows: centre c (k, n), half-range r (k, n) with the tube e inside; [rad] or [m]."""

    c: FloatArray
    r: FloatArray


def windows_touching(history: TickArray, plan: TickArray, tick_map: TickMap, tube: Tube) -> Windows:
    """The windows that end in a setpoint of `plan`, shape (len(plan), n).

    c = q(centre of the servo hull), r = |M| h + e. After the plan ends its last setpoint repeats: those windows are subsets of the
    last one.
    Args:
        history: setpoints already sent, newest last, at least w of them.
    Raises:
        InvalidInput: too little history: the past would be guessed.
    """
    w = tube.window
    if not history.shape[0] >= w:
        raise InvalidInput(f"windows: {history.shape[0]} setpoints of history, {w} are needed")
    sequence = np.concatenate([history[history.shape[0] - w :], plan])
    held = sequence[_indices(plan.shape[0], w)]
    low, high = held.min(axis=1), held.max(axis=1)
    c = tick_map.to_joints((low + high) * 0.5)
    r = ((high - low) * 0.5) @ tick_map.abs_M.T + tube.e
    return Windows(c, r)


@cache
def _indices(k: int, w: int) -> NDArray[np.intp]:
    """Which setpoints of w of history and k of a plan each window holds: (k, w + 1)."""
    return np.asarray(np.arange(k)[:, None] + np.arange(w + 1), dtype=np.intp)
