"""Speed and acceleration of the commanded sequence: claimed for setpoints, not for what the arm does with them."""

from collections.abc import Sequence

import casadi as ca
import numpy as np

from toolkit import FloatArray, InvalidInput, Margin

from .batch_function import ArmGraph, BatchFunction
from .constraints import CommandedRate

_UNITS = {1: "m/s", 2: "m/s^2"}


class CommandedRates:
    """margin = limit - max_p |d^o P_p| / T^o,  o = 1 or 2: first or second difference of body points over consecutive setpoints."""

    def __init__(self, arm: ArmGraph, rates: Sequence[CommandedRate], period_s: float) -> None:
        self.names = tuple(rate.name for rate in rates)
        self._units = tuple(_UNITS[rate.order] for rate in rates)
        for rate in rates:
            unknown = [name for name in rate.points if name not in arm.point_names]
            if unknown or not rate.points:
                raise InvalidInput(f"{rate.name}: unknown body points {unknown}; this arm has {sorted(arm.point_names)}")
        q = [ca.SX.sym(f"q{k}", arm.n) for k in range(3)]
        before, last, now = (ca.densify(arm.points_sx(x)) for x in q)
        difference = {1: now - last, 2: now - 2.0 * last + before}
        margins = [ca.SX(0, 1)]
        for rate in rates:
            columns = [arm.point_names.index(name) for name in rate.points]
            worst = ca.mmax(ca.sum1(difference[rate.order][:, columns] ** 2))
            margins.append(rate.limit - ca.sqrt(worst) / period_s**rate.order)
        # fmax drops a NaN operand; a sum keeps it.
        checksum = ca.sum1(ca.vec(before)) + ca.sum1(ca.vec(last)) + ca.sum1(ca.vec(now))
        self._evaluate = BatchFunction("commanded_rates", q, [ca.vertcat(*margins, checksum)])

    def margins(self, q: FloatArray) -> dict[str, Margin]:
        """The smallest margins over the setpoints q[2:], shape (k + 2, n); NaN if anything that entered was not finite."""
        if not self.names:
            return {}
        (values,) = self._evaluate(q[:-2], q[1:-1], q[2:])
        least = values.min(axis=0).tolist() if np.isfinite(values[:, -1]).all() else [float("nan")] * values.shape[1]
        return {name: Margin(value, unit) for name, value, unit in zip(self.names, least[:-1], self._units, strict=True)}
