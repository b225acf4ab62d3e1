"""The shield: certifies a plan, whoever made it (guarantee, section 1.1).

A plan is certified after a history H iff H + plan is in class C, every window touching the plan passes every constraint, the
commanded rates hold, and it comes to rest within n_max periods. Nothing in here depends on a solver.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit import CommandClass, FloatArray, InvalidInput, Margin, TickArray, TickMap, Tube

from .batch_function import ArmGraph
from .commanded_rates import CommandedRates
from .constraints import CommandedRate, Constraint, InsertionRule, JointBox
from .memory import Memory
from .window import Windows, windows_touching
from .window_check import Bounds, WindowCheck

SHIELD_VERSION = 1
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
        if not (self.K.shape == (len(arm.point_names), arm.n, arm.n) and np.isfinite(self.K).all() and (self.K >= 0).all()):
            raise InvalidInput("arm model: its second-derivative bounds are not finite, non-negative and of shape (m, n, n)")
        self._check = WindowCheck(arm, constraints, self.K, K_centre, bounds)
        self._rates = CommandedRates(arm, [c for c in constraints if isinstance(c, CommandedRate)], command_class.period_s)
        margins = [*self._check.names, *self._rates.names]
        if len(set(margins)) != len(margins):
            raise InvalidInput(f"constraints: two of them would share a margin, and one would hide the other: {sorted(margins)}")
        self.rate_names = frozenset(self._rates.names)
        self._units = {f"{boxes[0].name}.rad": "rad"} | {c.name: "m or rad" for c in constraints if isinstance(c, InsertionRule)}

    def certify(self, memory: Memory, plan: TickArray) -> Certification:
        """Certify `plan` (k, n) after `memory`. Never raises for a bad plan: it refuses, with the reason."""
        membership = self._refuse_membership(memory, plan)
        if membership:
            return Certification({}, ("command_class",), membership)
        least = self._check.least(self._windows(memory, plan))
        margins = {name: Margin(value, self._units.get(name, "m")) for name, value in least.items()}
        margins.update(self._rate_margins(memory, plan))
        refused = tuple(name for name, margin in margins.items() if not margin.value >= 0.0)
        worst = ", ".join(f"{name} by {-margins[name].value:.3g} {margins[name].unit}" for name in refused)
        return Certification(margins, refused, f"would violate {worst}" if refused else "")

    def _windows(self, memory: Memory, plan: TickArray) -> Windows:
        return windows_touching(memory.history, plan, self.tick_map, self.tube)

    def _refuse_membership(self, memory: Memory, plan: TickArray) -> str:
        if not (plan.dtype.kind == "i" and plan.ndim == 2 and plan.shape[1] == self.tube.e.shape[0]):
            return f"the plan is not made of whole ticks of {self.tube.e.shape[0]} servos, but {plan.dtype} of shape {plan.shape}"
        if not 1 <= plan.shape[0] <= self.n_max:
            return f"the plan has {plan.shape[0]} setpoints; it must come to rest within {self.n_max}"
        # Outside a servo's register int64 differences could wrap, and a wrapped difference may look small.
        if not (plan.min() >= -(2**31) and plan.max() < 2**31):
            return "the plan leaves the 32 bits of a servo register"
        before = plan[-2] if plan.shape[0] > 1 else memory.newest
        if not (plan[-1] == before).all():
            return "the plan does not end at rest"
        if plan.shape[0] == 1:
            return ""  # equal to the newest, by the line above: a hold, which class C allows at any cycle
        over_v, over_a = self.command_class.excess(np.concatenate([memory.history[-2:], plan]))
        if not over_v <= 0:
            return f"a servo would exceed its speed by {over_v} ticks per period"
        if not over_a <= 0:
            return f"a servo would exceed its acceleration by {over_a} ticks per period squared"
        return ""

    def _rate_margins(self, memory: Memory, plan: TickArray) -> dict[str, Margin]:
        """Over everything that touches the plan. A hold is outside the claim: it is what happens when nothing is sent."""
        return self._rates.margins(self.tick_map.to_joints(np.concatenate([memory.history[-2:], plan])))
