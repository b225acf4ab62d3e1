"""Speed and acceleration of the commanded sequence: claimed for setpoints, not for what the arm does with them."""

from collections.abc import Sequence

import casadi as ca

from toolkit import InvalidInput

from .batch_function import ArmGraph
from .constraints import CommandedRate

_UNITS = {1: "m/s", 2: "m/s^2"}


class CommandedRates:
    """margin = limit - max_p |d^o P_p| / T^o,  o = 1 or 2: first or second difference of body points over consecutive setpoints."""

    def __init__(self, arm: ArmGraph, rates: Sequence[CommandedRate], period_s: float) -> None:
        self._arm, self._rates, self._period_s = arm, tuple(rates), period_s
        self.names = tuple(rate.name for rate in rates)
        self.units = tuple(_UNITS[rate.order] for rate in rates)
        for rate in rates:
            unknown = [name for name in rate.points if name not in arm.point_names]
            if unknown or not rate.points:
                raise InvalidInput(f"{rate.name}: unknown body points {unknown}; this arm has {sorted(arm.point_names)}")

    def of(self, before: ca.SX, last: ca.SX, now: ca.SX) -> list[ca.SX]:
        """The margins as graphs of three consecutive setpoints, (n,) each, [rad] or [m]. A hold is outside the claim: nothing is sent."""
        P = [ca.densify(self._arm.points_sx(x)) for x in (before, last, now)]
        difference = {1: P[2] - P[1], 2: P[2] - 2.0 * P[1] + P[0]}
        margins = []
        for rate in self._rates:
            columns = [self._arm.point_names.index(name) for name in rate.points]
            worst = ca.mmax(ca.sum1(difference[rate.order][:, columns] ** 2))
            margins.append(rate.limit - ca.sqrt(worst) / self._period_s**rate.order)
        return margins
