"""Windows in whole ticks, and their joint boxes in exact rationals (guarantee, section 1.1). No rounding anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, nextafter
from typing import NamedTuple

from flint import arb, fmpq

from ..checker.exact import Box, exact_floats, exactly
from ..checker.problem import Problem, commands_of
from ..checker.strict_json import integer, listed, number

Ticks = tuple[int, ...]


class ServoHull(NamedTuple):
    """What every servo may be doing while a setpoint is the newest one: the range of each over the window, independently."""

    low: Ticks
    high: Ticks


def hulls_of(history: Sequence[Ticks], plan: Sequence[Ticks], window: int) -> list[ServoHull]:
    """Hulls of the windows that end in a setpoint of `plan`: that setpoint and the `window` before it."""
    sequence = [*history[len(history) - window :], *plan]
    columns = [list(zip(*sequence[i : i + window + 1], strict=True)) for i in range(len(plan))]
    return [ServoHull(tuple(map(min, servos)), tuple(map(max, servos))) for servos in columns]


@dataclass(frozen=True)
class JointBox:
    """low <= q <= high, exact ends. c: binary64 numbers near the middle, exact as they are. r >= |q - c| for all q of the box."""

    low: list[fmpq]
    high: list[fmpq]

    @cached_property
    def c(self) -> list[float]:
        return [_nearest((a + b) / 2) for a, b in zip(self.low, self.high, strict=True)]

    @cached_property
    def r(self) -> list[arb]:
        """Half-ranges around c, enclosed."""
        sides = zip(self.low, self.c, self.high, strict=True)
        return [arb(max(b - exactly(c), exactly(c) - a)) for a, c, b in sides]

    @cached_property
    def outward(self) -> Box:
        """A box of binary64 numbers that contains this one."""
        return [(nextafter(_nearest(a), -inf), nextafter(_nearest(b), inf)) for a, b in zip(self.low, self.high, strict=True)]


@dataclass(frozen=True)
class ServoMap:
    """q = M (ticks - zero), M the binary64 numbers that the shield multiplies by, taken as the rationals they are.

    e, e_monitor: of the tube. window: w, a window holds w + 1 setpoints. v_ticks, a_ticks, n_max: class C and the longest plan.
    """

    M: list[list[fmpq]]
    zero: Ticks
    e: list[fmpq]
    e_monitor: list[fmpq]
    window: int
    losses_max: int
    v_ticks: Ticks
    a_ticks: Ticks
    n_max: int

    @staticmethod
    def of(problem: Problem) -> "ServoMap":
        """From the inputs, after the checker compared map and class with profile and tool file.

        Raises:
            RejectedError: they do not fit together.
        """
        commands, shield, tube, n = commands_of(problem), problem.data["shield"], problem.data["tube"], problem.n
        M = [[exactly(x) for x in exact_floats(row, n, "M")] for row in shield["M"]]
        e, e_monitor = ([exactly(number({key: x}, key, 0, 1)) for x in listed(tube[key], n, n, key)] for key in ("e", "e_monitor"))
        behind, losses = (integer(tube[key], 0, 50, key) for key in ("behind_max", "losses_max"))
        v, a = tuple(commands.v_ticks), tuple(commands.a_ticks)
        return ServoMap(M, tuple(shield["ticks_zero"]), e, e_monitor, 1 + behind, losses, v, a, commands.n_max)

    def joints(self, ticks: Ticks) -> list[fmpq]:
        """The joints of a setpoint."""
        return [sum((m * (y - z) for m, y, z in zip(row, ticks, self.zero, strict=True)), fmpq(0)) for row in self.M]

    def joint_box(self, hull: ServoHull, inflation: Sequence[fmpq]) -> JointBox:
        """Every joint that some ticks of the hull have, grown by `inflation`: c -+ (|M| (high - low) / 2 + inflation)."""
        low, high = [], []
        for row, grown in zip(self.M, inflation, strict=True):
            c = sum((m * fmpq(a + b - 2 * z, 2) for m, a, b, z in zip(row, hull.low, hull.high, self.zero, strict=True)), fmpq(0))
            r = sum((abs(m) * fmpq(b - a, 2) for m, a, b in zip(row, hull.low, hull.high, strict=True)), grown)
            low.append(c - r)
            high.append(c + r)
        return JointBox(low, high)


def _nearest(x: fmpq) -> float:
    return int(x.p) / int(x.q)
