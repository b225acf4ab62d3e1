"""Class C: the command sequences the tracking tube was identified over, and the only ones the shield certifies."""

from dataclasses import dataclass

import numpy as np

from .arrays import TickArray, finite_number, tick_array
from .errors import InvalidInput


@dataclass(frozen=True, eq=False)
class CommandClass:
    """|dy_i| <= v_i and |d2y_i| <= a_i for every servo i, in whole ticks per period (guarantee, section 1.0).

    A hold (the newest setpoint repeated) may begin at any cycle; motion after a hold starts from rest. Whole numbers, so that
    membership is decided exactly.

    period_s: T_s, [s]. v_ticks, a_ticks: shape (n,), ticks per period and ticks per period squared.
    """

    period_s: float
    v_ticks: TickArray
    a_ticks: TickArray

    def __post_init__(self) -> None:
        finite_number(self.period_s, "period_s", 1e-4, 1.0)
        object.__setattr__(self, "v_ticks", tick_array(self.v_ticks, "v_ticks", (None,)))
        object.__setattr__(self, "a_ticks", tick_array(self.a_ticks, "a_ticks", self.v_ticks.shape))
        if not (np.all(self.v_ticks >= 1) and np.all(self.a_ticks >= 1)):
            raise InvalidInput("command class: v_ticks and a_ticks are at least one tick, or the servo can never move")

    def excess(self, sequence: TickArray) -> tuple[int, int]:
        """Worst excess over the first- and second-difference limits of a (k, n) sequence; (<= 0, <= 0) means a member."""
        first = sequence[1:] - sequence[:-1]
        second = first[1:] - first[:-1]
        over_v = int((np.abs(first) - self.v_ticks).max()) if first.size else -1
        over_a = int((np.abs(second) - self.a_ticks).max()) if second.size else -1
        return over_v, over_a
