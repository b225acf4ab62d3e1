"""Monitors of the assumptions that can be watched at run time (guarantee, A1-A4), each with its stated reaction."""

import math
from dataclasses import dataclass, field
from enum import Enum
from functools import reduce

import casadi as ca
import numpy as np

from toolkit import InvalidInput, JointState, TickMap, Tube, finite_number

from .batch_function import BatchFunction
from .memory import Memory


class Reaction(Enum):
    """TAIL: execute the certified stop. HOLD: send nothing more, the device keeps its newest setpoint. POWER_OFF: category 0.

    In rising order: a later one overrides an earlier one, never the other way round.
    """

    TAIL = 1
    HOLD = 2
    POWER_OFF = 3


@dataclass(frozen=True)
class Violation:
    """An assumption ended: the claim ends with it at this instant."""

    assumption: str
    reason: str
    reaction: Reaction


@dataclass(frozen=True)
class Observation:
    """What a sample showed of each assumption, for the log and for "measured maximum" in the report."""

    tube_use: float
    """A1: largest |deviation from the newest window| / e_monitor over the joints; > 1 is a violation."""
    behind: int
    """A2: how many setpoints the slowest servo's goal echo was behind when it was taken; -1: it matches nothing we sent."""
    age_s: float
    """A4: age of the measurement when it was used."""


@dataclass(frozen=True, eq=False)
class Monitors:
    """A1 tube, A2 order and losses, A3 device health, A4 freshness. All comparisons fail on NaN."""

    tick_map: TickMap
    tube: Tube
    age_s_max: float
    _look: BatchFunction = field(init=False, repr=False)

    def __post_init__(self) -> None:
        finite_number(self.age_s_max, "age_s_max", 1e-4, 1.0)
        object.__setattr__(self, "_look", _deviation_and_lag(self.tick_map, self.tube))

    def observe(self, memory: Memory, state: JointState, now_s: float) -> tuple[Observation, Violation | None]:
        """Compare one sample with what was sent. The first violation found in the order A4, A3, A2, A1 decides the reaction.

        Raises:
            InvalidInput: the sample has another number of joints.
        """
        if state.q.shape != self.tube.e.shape:
            raise InvalidInput(f"measured state has {state.q.shape[0]} joints, expected {self.tube.e.shape[0]}")
        age_s = now_s - state.t_s
        newest = memory.history[-(self.tube.window + 1) :]
        (found,) = self._look(newest.reshape(1, -1), state.q[None], state.goal_ticks[None])
        use, lag, checksum = found[0].tolist()
        use = use if math.isfinite(checksum) else math.nan
        behind = -1 if lag > self.tube.window else max(0, int(lag) - state.writes_since)
        return Observation(use, behind, age_s), self._violation(state, age_s, behind, use)

    def _violation(self, state: JointState, age_s: float, behind: int, use: float) -> Violation | None:
        if not 0.0 <= age_s <= self.age_s_max:
            return Violation("A4", f"measurement is {age_s * 1e3:.1f} ms old, allowed 0..{self.age_s_max * 1e3:.1f} ms", Reaction.HOLD)
        if not state.healthy:
            return Violation("A3", f"device not healthy: {state.problem or 'no detail'}", Reaction.HOLD)
        if not 0 <= behind <= self.tube.losses_max:
            what = "a goal we never sent" if behind < 0 else f"a goal {behind} setpoints behind, allowed {self.tube.losses_max}"
            return Violation("A2", f"a servo reports {what}", Reaction.HOLD)
        if not use <= 1.0:
            return Violation("A1", f"a joint is {use:.2f} times its monitored tube outside the commanded window", Reaction.TAIL)
        return None


def _deviation_and_lag(tick_map: TickMap, tube: Tube) -> BatchFunction:
    """(the newest w + 1 setpoints oldest first, q, goals) -> (use, lag, checksum).

    use = max_j (|q - c|_j - h_j) / e_monitor_j with c = q((lo + hi) / 2), h = |M| (hi - lo) / 2 of the newest window; <= 0 inside it.
    lag: the largest over servos of how many setpoints its goal is behind the newest; w + 1 where it is none of them.
    checksum: finite only if all that entered is; fmax drops a NaN.
    """
    n, w = tube.e.shape[0], tube.window
    recent, q, goals = ca.SX.sym("recent", n * (w + 1)), ca.SX.sym("q", n), ca.SX.sym("goals", n)
    y = ca.horzsplit(ca.reshape(recent, n, w + 1))
    lo, hi = reduce(ca.fmin, y), reduce(ca.fmax, y)
    zero = ca.SX(tick_map.ticks_zero.astype(np.float64))
    c = ca.SX(tick_map.q_zero) + ca.mtimes(ca.SX(tick_map.M), (lo + hi) * 0.5 - zero)
    excess = ca.fabs(q - c) - ca.mtimes(ca.SX(tick_map.abs_M), (hi - lo) * 0.5)
    lag = ca.SX(np.full(n, w + 1.0))
    for behind, setpoint in reversed(list(enumerate(reversed(y)))):
        lag = ca.if_else(setpoint == goals, float(behind), lag)
    checksum = ca.sum1(recent) + ca.sum1(q) + ca.sum1(goals)
    return BatchFunction("look", [recent, q, goals], [ca.vertcat(ca.mmax(excess / ca.SX(tube.e_monitor)), ca.mmax(lag), checksum)])
