"""Everything around the safety layer, abstract: each part may answer whatever a real one may, and the choice is enumerated.

Real: SafetyLayer, Memory, Shield.certify with its form and membership rules, `brake`, `run_cycle`. Abstract: the numbers of a window
check, filter, monitors, device, controller, clock, log. Setpoints are names: one servo, whose ticks are all different where nothing
makes them equal. What is included in what for such setpoints is so for any ticks of any number of servos, because the code moves
setpoints and compares them with nothing but `==`, in the shield's rule of rest.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import numpy as np

from safety import Certification, Filter, Filtered, Memory, Monitors, Observation, Reaction, SafetyLayer, Shield, Violation
from safety.plan_check import MEMBERSHIP
from toolkit import (
    CertifiedCommand,
    CommandClass,
    InvalidInput,
    JointProposal,
    JointState,
    Setpoint,
    SolveReport,
    TickArray,
    TickMap,
    Tube,
)

from .choices import Choices

FRESH = 100_000
"""A tick that no setpoint of a member has; far enough that all setpoints of a stop after it differ."""
Setpoints = tuple[int, ...]
_PASSES, _FAILS = 1.0, -1.0
_FIXED = ("tick_map", "tube", "command_class", "n_max", "rate_names", "_named")


class Planned(Exception):
    """Raised by a part because a real one might raise anything."""


class Death(BaseException):
    """The process ends here: no handler of the program sees it."""


@dataclass(frozen=True)
class Instant:
    """A time of which only the order with the deadline matters, and that is chosen when somebody asks."""

    clock: "AbstractClock"

    def __sub__(self, other: object) -> float:
        return 0.0

    def __gt__(self, deadline: object) -> bool:
        return self.clock.has_passed()

    def __le__(self, deadline: object) -> bool:
        return not self.clock.has_passed()


class AbstractClock:
    """Before the deadline, until at some question it has passed."""

    def __init__(self, choices: Choices) -> None:
        self._choices, self._passed = choices, False

    def has_passed(self) -> bool:
        self._passed = self._passed or self._choices.pick((False, True))
        return self._passed

    def now(self) -> float:
        return cast(float, Instant(self))

    def wait_until(self, t_s: float, *, awake: bool = True) -> None:
        raise InvalidInput("a cycle does not wait")


@dataclass(frozen=True)
class Granted:
    """A history, and a plan after it."""

    history: Setpoints
    plan: Setpoints


class AbstractShield(Shield):
    """The real `certify` over numbers that are chosen; keeps what passed all of them."""

    def __init__(self, window: int, n_max: int) -> None:
        e = np.array([1.0])
        self.tick_map = TickMap(np.array([[1.0]]), np.zeros(1), np.zeros(1, dtype=np.int64), ("servo",))
        self.tube = Tube(e, 0.5 * e, window - 1, 0, "abstract")
        self.command_class = CommandClass(0.005, np.array([2**30]), np.array([2**30]))
        self.n_max, self.rate_names = n_max, frozenset(("rate",))
        self._named = (("window", "m"), ("rate", "m/s"))
        self.choices = Choices()
        self.granted: list[Granted] = []

    def certify(self, memory: Memory, plan: TickArray) -> Certification:
        self._passed = False
        found = super().certify(memory, plan)
        if self._passed:
            self.granted.append(Granted(named(memory.history), named(plan)))
        return found

    def _least(self, memory: Memory, plan: TickArray) -> list[float]:
        names = ("", *MEMBERSHIP, "window", "rate", "nan", "raises")
        failing = self.choices.pick(names)
        if failing == "raises":
            raise Planned
        margins = [_FAILS if name == failing else _PASSES for name in names[1:6]]
        # A hold of one setpoint is in class C from any speed.
        self._passed = failing == "" or (failing in ("speed", "acceleration") and plan.shape[0] == 1)
        return [*margins[:3], np.nan, _PASSES] if failing == "nan" else margins


class AbstractFilter:
    """Any next setpoint and any length of a stop, no step, or an exception."""

    brake_m_s2 = 1.0

    def __init__(self, shield: AbstractShield, stops: tuple[int, ...]) -> None:
        self._T, self._stops = shield.command_class.period_s, stops
        self.choices = Choices()

    def apply(self, memory: Memory, q_desired: object) -> Filtered:
        options = [("step", n) for n in self._stops] + [("shaped", self._stops[0]), ("stay", 1), ("none", 0), ("raises", 0)]
        word, periods = self.choices.pick(options)
        if word == "raises":
            raise Planned
        if word == "none":
            return Filtered(None, ("window",), "no step", 0.0)
        ticks = memory.newest if word == "stay" else np.array([FRESH], dtype=np.int64)
        tip_step_m = (periods - 0.5) * self.brake_m_s2 * self._T * self._T
        return Filtered(ticks, ("window",) if word == "shaped" else (), "chosen", tip_step_m)


class AbstractMonitors:
    """Nothing, each reaction with a deviation that is small, large or larger, or an exception."""

    _ANSWERS = (
        (0.5, None), (0.5, Reaction.TAIL), (1.5, Reaction.TAIL), (9.0, Reaction.TAIL), (0.5, Reaction.HOLD), (9.0, Reaction.HOLD),
        (0.5, Reaction.POWER_OFF), (np.nan, None),
    )  # fmt: skip

    def __init__(self) -> None:
        self.choices = Choices()
        self.forced: tuple[float, Reaction] | None = None

    def observe(self, memory: Memory, state: object, now_s: object) -> tuple[Observation, Violation | None]:
        use, reaction = self.forced or self.choices.pick(self._ANSWERS)
        if np.isnan(use):
            raise Planned
        return Observation(use, 0, 0.0), None if reaction is None else Violation("A1", "chosen", reaction)


class AbstractDevice:
    """Reads or fails; writes, or fails before or after the setpoint went out. The process may die at each of these points."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self.given: list[int] = []

    def read(self) -> JointState:
        word = self._choices.pick(("sample", "raises", "dies"))
        may_end(word)
        return sample(FRESH - 1)

    def write(self, certified: CertifiedCommand) -> None:
        word = self._choices.pick(("sent", "raises unsent", "raises sent", "dies unsent", "dies sent"))
        if not word.endswith("unsent") and certified.ticks is not None:
            self.given.append(int(certified.ticks[0]))
        may_end(word)


class AbstractController:
    """A proposal, none, one that failed, or an exception."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices

    def compute(self, state: object, setpoint: Setpoint, now_s: object) -> JointProposal:
        word = self._choices.pick(("proposes", "has none", "failed", "raises"))
        may_end(word)
        q = None if word == "has none" else setpoint.q
        return JointProposal(q, SolveReport(word != "failed", word, 0, 0.0, 0.0))


@dataclass
class World:
    """A layer of the class under test with abstract parts. layer_class: SafetyLayer, or one with a planted fault."""

    window: int
    n_max: int
    stops: tuple[int, ...]
    layer_class: type[SafetyLayer] = SafetyLayer
    shield_class: type[AbstractShield] = AbstractShield
    shield: AbstractShield = field(init=False)
    filter: AbstractFilter = field(init=False)
    monitors: AbstractMonitors = field(init=False)

    def __post_init__(self) -> None:
        self.shield = self.shield_class(self.window, self.n_max)
        self.filter = AbstractFilter(self.shield, self.stops)
        self.monitors = AbstractMonitors()
        self._fixed = {name: getattr(self.shield, name) for name in _FIXED}

    def layer(self) -> SafetyLayer:
        return self.layer_class(self.shield, cast(Filter, self.filter), cast(Monitors, self.monitors), 1.0)

    def is_built_into(self, layer: SafetyLayer) -> bool:
        """The layer still uses the parts that it was made with, and what the shield certifies against is what it was."""
        same_parts = all(vars(layer)[f"_{name}"] is getattr(self, name) for name in ("shield", "filter", "monitors"))
        return same_parts and all(getattr(self.shield, name) is value for name, value in self._fixed.items())

    def begin(self, choices: Choices) -> None:
        """All parts ask this path from now on, and nothing has been certified in it."""
        self.shield.choices = self.filter.choices = self.monitors.choices = choices
        self.shield.granted, self.monitors.forced = [], None


def named(ticks: TickArray) -> Setpoints:
    """The setpoints of a (k, 1) sequence as names."""
    return tuple(ticks[:, 0].tolist())


def column(names: Setpoints) -> TickArray:
    """As `named` took them, (k, 1)."""
    return np.array(names, dtype=np.int64).reshape(-1, 1)


@cache
def sample(tick: int, q_dot: float = 0.0) -> JointState:
    """A measurement; what it holds is for the monitors, and those are abstract."""
    ticks = np.array([tick], dtype=np.int64)
    parts: dict[str, Any] = {"q": np.array([float(tick)]), "q_dot": np.array([q_dot]), "ticks": ticks, "goal_ticks": ticks, "t_s": 0.0}
    return JointState(**parts)


def may_end(word: str) -> None:
    """Raise what the word says, if it says so."""
    if word.startswith("raises"):
        raise Planned
    if word.startswith("dies"):
        raise Death
