"""The plan check: class C, every window and the commanded rates of a plan, as one graph slid over history and plan.

A row of the graph is one window, the setpoints y_(i-w) .. y_i, oldest first, in ticks. What it gives is a margin, >= 0 if it holds:
  range         the newest setpoint is in the 32 bits of a servo register
  speed         min_s v_s - |y_i - y_(i-1)|_s, the step before too   class C, whole ticks, exact
  acceleration  min_s a_s - |y_i - 2 y_(i-1) + y_(i-2)|_s           class C, whole ticks, exact
  slacks        of every B, P, N, D constraint at c = q((lo + hi) / 2), r = |M| (hi - lo) / 2 + e     (window.py, window_check.py)
  rates         limit - |d^o P| / T^o                               (commanded_rates.py)
The answer is the smallest over all rows; slacks and rates are NaN if anything that entered one of them was not finite.
"""

import math
from functools import reduce

import casadi as ca
import numpy as np

from toolkit import CommandClass, InvalidInput, TickArray, TickMap, Tube
from toolkit.graph import SlidingLeast, Tape

from .commanded_rates import CommandedRates
from .window_check import WindowCheck

REGISTER = 2.0**31
"""Servo registers hold -2^31 .. 2^31 - 1. Below 2^53 a double holds every whole number, so differences of ticks have no rounding."""
MEMBERSHIP = ("range", "speed", "acceleration")


class PlanCheck:
    """names: of the margins, in order; units alike. The first three are those of class C, in ticks."""

    def __init__(
        self, windows: WindowCheck, rates: CommandedRates, tick_map: TickMap, tube: Tube, command_class: CommandClass, rows_max: int
    ) -> None:
        n, self._w, self.rows_max = tube.e.shape[0], tube.window, rows_max
        flat = ca.SX.sym("setpoints", n * (self._w + 1))
        y = ca.horzsplit(ca.reshape(flat, n, self._w + 1))
        M, zero, q_zero = ca.SX(tick_map.M), ca.SX(tick_map.ticks_zero.astype(np.float64)), ca.SX(tick_map.q_zero)
        joints = [q_zero + ca.mtimes(M, x - zero) for x in y[-3:]]
        lo, hi = reduce(ca.fmin, y), reduce(ca.fmax, y)
        c = q_zero + ca.mtimes(M, (lo + hi) * 0.5 - zero)
        r = ca.mtimes(ca.SX(tick_map.abs_M), (hi - lo) * 0.5) + ca.SX(tube.e)
        slacks = ca.substitute([*windows.slacks, windows.checksum], [windows.q, windows.r], [c, r])
        first, before = y[-1] - y[-2], y[-2] - y[-3]
        members = [
            ca.mmin(ca.fmin(REGISTER - 1.0 - y[-1], y[-1] + REGISTER)),
            ca.mmin(ca.SX(command_class.v_ticks.astype(np.float64)) - ca.fmax(ca.fabs(first), ca.fabs(before))),
            ca.mmin(ca.SX(command_class.a_ticks.astype(np.float64)) - ca.fabs(first - before)),
        ]
        margins = [*slacks[:-1], *rates.of(*joints)]
        # Of this the least is finite only if all that entered is, in every row: fmin and fmax drop a NaN, a sum keeps it.
        checksum = -ca.fabs(slacks[-1] + ca.sum1(flat) + ca.sum1(ca.vertcat(*joints)))
        self.names, self.units = (*MEMBERSHIP, *windows.names, *rates.names), ("tick",) * 3 + windows.units + rates.units
        outputs = ca.cse([ca.densify(ca.vertcat(*members, *margins, checksum))])
        self._sequence, self._least = np.zeros((self._w + rows_max, n)), np.zeros(len(self.names) + 1)
        self._evaluate = SlidingLeast(ca.Function("plan_check", [flat], outputs), self._sequence, self._least)

    @property
    def tape(self) -> Tape:
        """What is executed for each window."""
        return self._evaluate.tape

    def least(self, history: TickArray, plan: TickArray) -> list[float]:
        """The smallest margins over the windows that end in a setpoint of `plan` (k, n), 1 <= k <= rows_max, in the order of `names`.

        After the plan ends its last setpoint repeats: those windows are subsets of the last one.
        Args:
            history: setpoints already sent, newest last, at least w of them.
        Raises:
            InvalidInput: too little history (the past would be guessed), too long a plan, or another number of servos.
        """
        w, k = self._w, plan.shape[0]
        if not (history.shape[0] >= w and 1 <= k <= self.rows_max and history.shape[1:] == plan.shape[1:] == self._sequence.shape[1:]):
            needed = f"{w} setpoints of history and 1..{self.rows_max} of plan"
            raise InvalidInput(f"plan check: {needed} are needed, got {history.shape} and {plan.shape}")
        self._sequence[:w] = history[-w:]
        self._sequence[w : w + k] = plan
        self._evaluate(k)
        *least, checksum = self._least.tolist()
        return least if math.isfinite(checksum) else [*least[: len(MEMBERSHIP)], *(math.nan for _ in least[len(MEMBERSHIP) :])]
