"""The filter: the smallest change of a proposed step that satisfies the linearised constraints. Quality only; never trusted.

  min over x  sum_p |J_p M (x - x_des)|^2 + rho |x - x_des|^2          x: servo increments of the next period, [tick]
  s.t.  c_i x <= u(d_i)            d_i: distance left before constraint i, tube and window spread taken off (rows.py)
        |N J_p M (x - x_prev)| <= a T^2,   v.J_p M x <= v T,   class C bounds on x
u(d) is the step after which a stop still fits: u^2 / (2 A) + 3/2 u <= d, A = a_brake T^2 (a discrete-time braking barrier).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import daqp
import numpy as np
from numpy.typing import NDArray

from toolkit import CommandClass, FloatArray, TickArray, TickMap, Tube

from .batch_function import ArmGraph
from .constraints import CommandedRate, Constraint
from .memory import Memory
from .rows import SCALE, LinearRows, RowLimits, Rows

_SOLVED = 1
_TOLERANCE = 1e-6
REST_TICKS = 3.0


@dataclass(frozen=True)
class FilterTuning:
    """How far below the certified limits the filter plans: ticks and linearisation need the rest."""

    rate_share: float = 0.985
    acceleration_share: float = 0.76
    brake_share: float = 0.85
    room_m: float = 50e-6
    regularisation: float = 1e-4


@dataclass(frozen=True, eq=False)
class Filtered:
    """ticks: the candidate, None if no step satisfies the rows. active: constraints that shaped it; empty means unchanged.

    tip_step_m: how far the fastest limited point moves in the period, [m]: what a stop after it has to shed.
    """

    ticks: TickArray | None
    active: tuple[str, ...]
    status: str
    tip_step_m: float


class Filter:
    """Turns a desired setpoint into the nearest one that the linearised constraints allow."""

    def __init__(
        self,
        arm: ArmGraph,
        constraints: Sequence[Constraint],
        tick_map: TickMap,
        tube: Tube,
        command_class: CommandClass,
        static_m: float,
        tuning: FilterTuning | None = None,
    ) -> None:
        tuning = tuning or FilterTuning()
        rates = [c for c in constraints if isinstance(c, CommandedRate)]
        T = command_class.period_s
        acceleration = min((c.limit for c in rates if c.order == 2), default=np.inf)
        self.brake_m_s2 = (acceleration if np.isfinite(acceleration) else 1.0) * tuning.acceleration_share
        limits = RowLimits(
            v_ticks=command_class.v_ticks.astype(np.float64),
            a_ticks=np.asarray(command_class.a_ticks - 0.5, dtype=np.float64),
            static_m=static_m + tuning.room_m,
            A_m=self.brake_m_s2 * tuning.brake_share * T * T,
            step_m=min((c.limit for c in rates if c.order == 1), default=np.inf) * T * tuning.rate_share,
            change_m=acceleration * T * T * tuning.acceleration_share,
            regularisation=tuning.regularisation,
            limited_points=tuple(sorted({name for c in rates for name in c.points} or set(arm.point_names))),
            speed_name=next((c.name for c in rates if c.order == 1), "speed"),
            acceleration_name=next((c.name for c in rates if c.order == 2), "acceleration"),
        )
        self._rows = LinearRows(arm, constraints, tick_map, tube, limits)
        self._names = self._rows.names

    def apply(self, memory: Memory, q_desired: FloatArray) -> Filtered:
        """Filter the desired next setpoint q_desired (n,). A finite answer here is still only a proposal to the shield."""
        rows = self._rows.at(memory.history, q_desired)
        if rows.spare >= 0.0:
            return Filtered(self._quantise(memory, rows.desired), (), "unchanged", rows.desired_step_m)
        A, lower, upper, fits = rows.A, rows.lower, rows.upper, rows.fits
        near = rows.near != 0.0  # a row that no step of class C can reach cannot shape the answer
        x, status = _solve(rows.H, rows.f, A[near], upper[near], lower[near])
        if x is None:
            return Filtered(None, self._named((fits > upper) | (fits < lower)), status, 0.0)
        values = A @ x
        above, below = upper - values, values - lower
        if not (above.min() >= -_TOLERANCE and below.min() >= -_TOLERANCE):
            return Filtered(None, self._named((above < 0.0) | (below < 0.0)), "a row left out is violated", 0.0)
        at_limit = np.minimum(above, below) <= _TOLERANCE
        # Nearly at rest, a step is not rounded up: an arm pushed against a wall would tremble by a tick for ever.
        x = np.trunc(x) if np.abs(x).max() < REST_TICKS else x
        return Filtered(self._quantise(memory, x), self._named(at_limit), status, _tip_step(rows, x))

    def _quantise(self, memory: Memory, x: FloatArray) -> TickArray:
        return np.asarray(memory.newest + np.rint(x).astype(np.int64))

    def _named(self, chosen: NDArray[np.bool_]) -> tuple[str, ...]:
        return tuple(sorted({self._names[i] for i in chosen.nonzero()[0].tolist()}))


def _tip_step(rows: Rows, x: FloatArray) -> float:
    """max over limited points of |J_p M x|, [m]."""
    moved = (rows.J @ x).reshape(-1, 3)
    return float(np.sqrt((moved * moved).sum(axis=1).max())) / SCALE


def _solve(H: FloatArray, f: FloatArray, A: FloatArray, upper: FloatArray, lower: FloatArray) -> tuple[FloatArray | None, str]:
    """DAQP, with finiteness checked before (it accepts NaN and calls it solved), and status and every row after."""
    if not (np.isfinite(H).all() and np.isfinite(f).all() and np.isfinite(A).all() and (lower <= upper).all()):
        return None, "not finite, or bounds that cross"
    x, _, exitflag, _ = daqp.solve(H, f, A, upper, lower, np.zeros(upper.shape[0], dtype=np.int32))
    if exitflag != _SOLVED:
        return None, f"daqp exit flag {exitflag}"
    x = np.asarray(x, dtype=np.float64)
    values = A @ x
    if not (np.isfinite(x).all() and (values <= upper + _TOLERANCE).all() and (values >= lower - _TOLERANCE).all()):
        return None, "daqp reported a solution that violates a row"
    return x, "solved"
