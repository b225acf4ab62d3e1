"""The shield: certifies a plan, whoever made it (guarantee, section 1.1).

A plan is certified after a history H iff H + plan is in class C, every window touching the plan passes every constraint, the
commanded rates hold, and it comes to rest within n_max periods. Nothing in here depends on a solver.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit import CommandClass, FloatArray, InvalidInput, Margin, TickArray, TickMap, Tube
from toolkit.graph import Tape

from .batch_function import ArmGraph
from .commanded_rates import CommandedRates
from .constraints import CommandedRate, Constraint, JointBox
from .memory import Memory
from .plan_check import MEMBERSHIP, PlanCheck
from .window_check import Bounds, WindowCheck

SHIELD_VERSION = 2
"""Part of what a certificate names: raised with every change of the argument or its arithmetic."""


@dataclass(frozen=True)
class Certification:
    """The shield's answer about one plan: margins by constraint, and what refused it (empty: certified)."""

    margins: dict[str, Margin]
    refused_by: tuple[str, ...]
    reason: str

    @property
    def ok(self) -> bool:
        return not self.refused_by


class Shield:
    """Certifies plans for one arm, one constraint set, one tick map, one tube, one command class.

    proved_bounds: K (n, n) by body point (and "rcm_offset"), in place of the arm model's analytic bounds.
    Assumes: A1-A7 of the guarantee; K bounds the second derivatives over the joint limits inflated by e.
    """

    def __init__(
        self,
        arm: ArmGraph,
        constraints: Sequence[Constraint],
        tick_map: TickMap,
        tube: Tube,
        command_class: CommandClass,
        bounds: Bounds,
        n_max: int,
        proved_bounds: Mapping[str, FloatArray] | None = None,
    ) -> None:
        boxes = [c for c in constraints if isinstance(c, JointBox)]
        if len(boxes) != 1 or boxes[0].lower.shape != (arm.n,):
            raise InvalidInput(f"constraints: exactly one set of joint limits with {arm.n} joints is needed; K is a bound over it")
        names = [c.name for c in constraints]
        if len(set(names)) != len(names):
            raise InvalidInput(f"constraints: names are not unique: {sorted(names)}")
        if not (tube.e.shape == (arm.n,) == command_class.v_ticks.shape and len(tick_map.names) == arm.n and 2 <= n_max <= 80):
            raise InvalidInput("shield: arm, tick map, tube and command class disagree about the number of joints, or n_max is not 2..80")
        self.tick_map, self.tube, self.command_class, self.n_max = tick_map, tube, command_class, n_max
        box = (boxes[0].lower - tube.e, boxes[0].upper + tube.e)
        proved = proved_bounds or {}
        self.K = arm.second_derivative_bounds(*box)
        for i, point in enumerate(arm.point_names):
            self.K[i] = proved.get(point, self.K[i])
        K_centre = proved.get("rcm_offset", arm.rcm_offset_bounds(*box)) if arm.shaft is not None else None
        _require_bounds(self.K, (len(arm.point_names), arm.n, arm.n))
        if K_centre is not None:
            _require_bounds(K_centre, (arm.n, arm.n))
        windows = WindowCheck(arm, constraints, self.K, K_centre, bounds)
        rates = CommandedRates(arm, [c for c in constraints if isinstance(c, CommandedRate)], command_class.period_s)
        margins = [*windows.names, *rates.names]
        if len(set(margins)) != len(margins):
            raise InvalidInput(f"constraints: two of them would share a margin, and one would hide the other: {sorted(margins)}")
        self.rate_names = frozenset(rates.names)
        self._check = PlanCheck(windows, rates, tick_map, tube, command_class, n_max)
        self._named = tuple(zip(self._check.names, self._check.units, strict=True))[len(MEMBERSHIP) :]

    @property
    def tape(self) -> Tape:
        """The whole check of a plan as it is executed: class C, every window, commanded rates."""
        return self._check.tape

    def certify(self, memory: Memory, plan: TickArray) -> Certification:
        """Certify `plan` (k, n) after `memory`. Never raises for a bad plan: it refuses, with the reason."""
        no_plan = self._refuse_form(memory, plan)
        if no_plan:
            return Certification({}, ("command_class",), no_plan)
        least = self._least(memory, plan)
        outside = _refuse_membership(least, plan.shape[0])
        if outside:
            return Certification({}, ("command_class",), outside)
        margins = {name: Margin(value, unit) for value, (name, unit) in zip(least[len(MEMBERSHIP) :], self._named, strict=True)}
        refused = tuple(name for name, margin in margins.items() if not margin.value >= 0.0)
        worst = ", ".join(f"{name} by {-margins[name].value:.3g} {margins[name].unit}" for name in refused)
        return Certification(margins, refused, f"would violate {worst}" if refused else "")

    def _least(self, memory: Memory, plan: TickArray) -> list[float]:
        return self._check.least(memory.history, plan)

    def _refuse_form(self, memory: Memory, plan: TickArray) -> str:
        """What is no plan at all: other than whole ticks, too long, or not ending at rest."""
        if not (plan.dtype.kind == "i" and plan.ndim == 2 and plan.shape[1] == self.tube.e.shape[0]):
            return f"the plan is not made of whole ticks of {self.tube.e.shape[0]} servos, but {plan.dtype} of shape {plan.shape}"
        if not 1 <= plan.shape[0] <= self.n_max:
            return f"the plan has {plan.shape[0]} setpoints; it must come to rest within {self.n_max}"
        before = plan[-2] if plan.shape[0] > 1 else memory.newest
        return "" if (plan[-1] == before).all() else "the plan does not end at rest"


def _require_bounds(K: FloatArray, shape: tuple[int, ...]) -> None:
    if not (K.shape == shape and np.isfinite(K).all() and (K >= 0).all()):
        raise InvalidInput(f"arm model: its second-derivative bounds are not finite, non-negative and of shape {shape}")


def _refuse_membership(least: Sequence[float], setpoints: int) -> str:
    """Why a plan is not in class C, from its margins in ticks. A hold of one setpoint is allowed at any cycle."""
    inside, speed, acceleration = least[: len(MEMBERSHIP)]
    if not inside >= 0.0:
        return "the plan leaves the 32 bits of a servo register"
    if setpoints > 1 and not speed >= 0.0:
        return f"a servo would exceed its speed by {-speed:.0f} ticks per period"
    if setpoints > 1 and not acceleration >= 0.0:
        return f"a servo would exceed its acceleration by {-acceleration:.0f} ticks per period squared"
    return ""
