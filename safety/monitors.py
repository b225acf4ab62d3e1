"""Monitors of the assumptions that can be watched at run time (guarantee, A1-A4), each with its stated reaction."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from toolkit import InvalidInput, JointState, TickMap, Tube, finite_number

from .memory import Memory
from .window import measured_excess


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

    def __post_init__(self) -> None:
        finite_number(self.age_s_max, "age_s_max", 1e-4, 1.0)

    def observe(self, memory: Memory, state: JointState, now_s: float) -> tuple[Observation, Violation | None]:
        """Compare one sample with what was sent. The first violation found in the order A4, A3, A2, A1 decides the reaction.

        Raises:
            InvalidInput: the sample has another number of joints.
        """
        if state.q.shape != self.tube.e.shape:
            raise InvalidInput(f"measured state has {state.q.shape[0]} joints, expected {self.tube.e.shape[0]}")
        age_s = now_s - state.t_s
        behind = self._behind(memory, state)
        behind = behind if behind < 0 else max(0, behind - state.writes_since)
        use = float((measured_excess(memory.history, state.q, self.tick_map, self.tube) / self.tube.e_monitor).max())
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

    def _behind(self, memory: Memory, state: JointState) -> int:
        """The largest, over servos, number of setpoints that the echoed goal is behind the newest; -1 where one matches none."""
        recent = memory.history[::-1][: self.tube.window + 1]
        matches = recent == state.goal_ticks
        if not matches.any(axis=0).all():
            return -1
        return int(np.argmax(matches, axis=0).max())
