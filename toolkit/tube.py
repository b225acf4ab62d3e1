"""The tracking tube: assumption A1's contract, with the conditions it was identified under."""

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, finite_array
from .cycle import MISSES_MAX
from .errors import InvalidInput

SAMPLE_GAP_PERIODS = 2 * MISSES_MAX
"""The time between two samples that the monitors use is below so many periods, unless MISSES_MAX setpoints in a row are missed.

Each missed period may end nearly a period late and the next begins then (`cycle.ControlLoop`), so a miss costs less than two; the last
sample may be used at the beginning of its period and the next at the very end of its own.
"""


@dataclass(frozen=True, eq=False)
class Tube:
    """q_j(t) lies in [min, max over the last w + 1 setpoints of joint j] inflated by e_j, w = 1 + behind_max.

    e: bound on the true joint, shape (n,), [rad] or [m]. Written e in the guarantee.
    e_monitor: threshold on a *measured* sample, shape (n,); e - e_monitor covers encoder and cable error and what can grow in
        SAMPLE_GAP_PERIODS and the age of a sample, so that a sample inside e_monitor leaves the true joint inside e until the next one.
    behind_max: m, most setpoints a joint may be behind: lag + lost + unacknowledged, in periods.
    losses_max: how many of those may be lost frames (the rest is lag and jitter).
    conditions: how it was identified (device, class, seeds, cycles, date), for the report.
    """

    e: FloatArray
    e_monitor: FloatArray
    behind_max: int
    losses_max: int
    conditions: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "e", finite_array(self.e, "e", (None,)))
        object.__setattr__(self, "e_monitor", finite_array(self.e_monitor, "e_monitor", self.e.shape))
        if not (np.all(self.e_monitor > 0) and np.all(self.e_monitor < self.e)):
            raise InvalidInput("tube: 0 < e_monitor < e must hold for every joint: a monitor at e would fire after the fact")
        if not (1 <= self.behind_max <= 50 and 0 <= self.losses_max < self.behind_max):
            raise InvalidInput("tube: 1 <= behind_max <= 50 and 0 <= losses_max < behind_max must hold")

    @property
    def window(self) -> int:
        """w: a window holds w + 1 setpoints."""
        return 1 + self.behind_max
