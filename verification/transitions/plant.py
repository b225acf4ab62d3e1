"""The parts whose states are the operating states: state machine, servo loop, layer, monitors are real; servo, line and time are not.

One servo, one tick a period. The device holds its newest goal; its watchdog expires after WATCHDOG periods in which nothing came, and
from then on it refuses everything (A3). Frames may be lost one by one, samples be old or wrong, the process be late or die.
"""

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from safety import Filter, Filtered, Memory, Monitors, SafetyLayer, StateMachine
from toolkit import CertifiedCommand, DeviceFault, InvalidInput, JointProposal, JointState, ServoLoop, Setpoint, SolveReport, TickMap, Tube

from .shield_world import AbstractShield

PERIOD_S = 0.005
WATCHDOG = 12
"""Periods. Real ones are longer: 60 in the example profile; what is shown is that the loop gives up long before."""
LOSSES_MAX = 2


class PlantClock:
    """Time that passes only where the model says so."""

    def __init__(self) -> None:
        self.now_s, self.due_s = 0.0, 0.0

    def now(self) -> float:
        return self.now_s

    def wait_until(self, t_s: float, *, awake: bool = True) -> None:
        self.now_s, self.due_s = max(self.now_s, t_s), t_s


class PlantDevice:
    """torque, halted: of the servo. goal: what it holds. lost: frames in a row that did not arrive. weather: what goes wrong now."""

    def __init__(self, clock: PlantClock) -> None:
        self._clock = clock
        self.torque = self.halted = False
        self.goal = self.sent = self.lost = 0
        self.heard_s = self.written_s = 0.0
        self.weather = ""
        self.wrote: tuple[int, ...] = ()

    def read(self) -> JointState:
        if self.weather == "the line is dead":
            raise DeviceFault("no answer")
        self._watch()
        q = self.goal + {"the servo is off its path": 15.0, "the servo runs away": 90.0}.get(self.weather, 0.0)
        ticks = np.array([self.goal], dtype=np.int64)
        t_s = self._clock.now_s - (0.02 if self.weather == "the sample is old" else 0.0)
        return JointState(np.array([q]), np.zeros(1), ticks, ticks, t_s, healthy=not self.halted and self.torque)

    def write(self, certified: CertifiedCommand) -> None:
        if certified.ticks is None:
            raise InvalidInput("nothing to write")
        self._watch()
        if self.halted or not self.torque:
            raise DeviceFault("refused")
        self.sent, self.written_s = int(certified.ticks[0]), self._clock.now_s
        self.wrote = (*self.wrote, self.sent)
        if self.weather == "the frame is lost":
            self.lost += 1
            return
        self.goal, self.lost, self.heard_s = self.sent, 0, self._clock.now_s

    def _watch(self) -> None:
        self.halted = self.halted or (self.torque and self._clock.now_s - self.heard_s > WATCHDOG * PERIOD_S)


class PlantController:
    """One tick further each period; late where the weather says so."""

    def __init__(self, clock: PlantClock, device: PlantDevice) -> None:
        self._clock, self._device = clock, device

    def compute(self, state: JointState, setpoint: Setpoint, now_s: float) -> JointProposal:
        if self._device.weather == "the proposal is late":
            self._clock.now_s += 1.2 * PERIOD_S
        return JointProposal(setpoint.q + 1.0, SolveReport(True, "solved", 1, 0.0, 0.0))


class _Steps:
    """The filter: the proposal, with a stop of two periods."""

    brake_m_s2 = 1.0

    def apply(self, memory: Memory, q_desired: Any) -> Filtered:
        return Filtered(np.rint(q_desired).astype(np.int64), (), "unchanged", 1.5 * PERIOD_S * PERIOD_S)


class _Certain(AbstractShield):
    """Certifies every plan that is one."""

    def _least(self, memory: Memory, plan: Any) -> list[float]:
        return [1.0] * 5


@dataclass
class Plant:
    """Everything with a state; `snapshot` and `restore` keep and bring back all of it. machine: with the table that is to be examined."""

    machine: StateMachine = field(default_factory=StateMachine)
    alive: bool = True

    def __post_init__(self) -> None:
        w = 4
        self.clock = PlantClock()
        self.device = PlantDevice(self.clock)
        tick_map = TickMap(np.array([[1.0]]), np.zeros(1), np.zeros(1, dtype=np.int64), ("servo",))
        tube = Tube(np.array([20.0]), np.array([10.0]), w - 1, LOSSES_MAX, "model")
        self.layer = SafetyLayer(_Certain(w, 5), cast(Filter, _Steps()), Monitors(tick_map, tube, 0.01), 0.5)
        self.missed_in_a_row = 0
        parts = (self.device, PlantController(self.clock, self.device), self.layer, self.clock, lambda record: None)
        self.loop: ServoLoop[Memory | None] = ServoLoop(*parts, self._note_miss, PERIOD_S)

    def _note_miss(self, index: int, in_a_row: int, why: str) -> None:
        self.missed_in_a_row = in_a_row

    def snapshot(self) -> list[dict[str, Any]]:
        """What all parts remember. They replace what they remember and never change it in place, so a shallow copy is enough."""
        return [dict(vars(part)) for part in self._parts()]

    def restore(self, kept: list[dict[str, Any]]) -> None:
        for part, attributes in zip(self._parts(), kept, strict=True):
            vars(part).clear()
            vars(part).update(attributes)

    def _parts(self) -> tuple[object, ...]:
        return self.machine, self.clock, self.device, self.layer, self.loop, self

    @property
    def tail(self) -> int:
        """Setpoints stored."""
        return 0 if self.layer.memory is None else self.layer.memory.plan.shape[0]

    @property
    def quiet(self) -> int:
        """Whole periods since something was written, as far as anybody counts them."""
        return min(int((self.clock.now_s - self.device.written_s) / PERIOD_S + 1e-6), WATCHDOG + 1)

    @property
    def behind(self) -> int:
        """Tenths of a period since the loop last began a cycle."""
        return min(round(10.0 * (self.clock.now_s - self.clock.due_s) / PERIOD_S), 10 * (WATCHDOG + 1))
