"""The filter: the smallest change of a proposed step that satisfies the linearised constraints. Quality only; never trusted.

  min over x  sum_p |J_p M (x - x_des)|^2 + rho |x - x_des|^2          x: servo increments of the next period, [tick]
  s.t.  a_i M x <= u(d_i)          d_i: distance left before constraint i, tube and window spread taken off
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
from .rows import LinearRows

_SOLVED = 1
_CUBE = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, -1, 0], [1, 0, 1], [1, 0, -1], [0, 1, 1], [0, 1, -1],
                  [1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]], dtype=np.float64)  # fmt: skip
DIRECTIONS = _CUBE / np.linalg.norm(_CUBE, axis=1, keepdims=True)
"""Thirteen axes of a cube: |N v| <= b for all of them keeps |v| <= 1.12 b."""


@dataclass(frozen=True)
class FilterTuning:
    """How far below the certified limits the filter plans: ticks and linearisation need the rest."""

    rate_share: float = 0.97
    acceleration_share: float = 0.76
    brake_share: float = 0.85
    room_m: float = 25e-6
    near_m: float = 0.02
    regularisation: float = 1e-4


@dataclass(frozen=True, eq=False)
class Filtered:
    """ticks: the candidate, None if no step satisfies the rows. active: constraints that shaped it; empty means unchanged."""

    ticks: TickArray | None
    active: tuple[str, ...]
    status: str


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
        self._tuning = tuning or FilterTuning()
        self._map, self._tube, self._class = tick_map, tube, command_class
        rates = [c for c in constraints if isinstance(c, CommandedRate)]
        limited = sorted({name for c in rates for name in c.points} or set(arm.point_names))
        self._rows = LinearRows(arm, constraints, limited)
        self._static_m = static_m + self._tuning.room_m
        T = command_class.period_s
        self._step_m = min((c.limit for c in rates if c.order == 1), default=np.inf) * T * self._tuning.rate_share
        acceleration = min((c.limit for c in rates if c.order == 2), default=np.inf)
        self._change_m = acceleration * T * T * self._tuning.acceleration_share
        brake = acceleration if np.isfinite(acceleration) else 1.0
        self.brake_m_s2 = brake * self._tuning.acceleration_share
        self._A = self.brake_m_s2 * self._tuning.brake_share * T * T
        self._rate_names = (
            next((c.name for c in rates if c.order == 1), "speed"),
            next((c.name for c in rates if c.order == 2), "acceleration"),
        )

    def apply(self, memory: Memory, q_desired: FloatArray) -> Filtered:
        """Filter the desired next setpoint q_desired (n,). A finite answer here is still only a proposal to the shield."""
        q = self._map.to_joints(memory.newest)
        desired = self._map.rate_to_ticks(q_desired - q)
        A, upper, lower, names, J = self._assemble(memory, desired, q)
        fits = A @ desired
        if np.all(fits <= upper) and np.all(fits >= lower):
            return Filtered(self._quantise(memory, desired), (), "unchanged")
        target = J.reshape(-1, desired.shape[0]) * 1e3
        H = target.T @ target + self._tuning.regularisation * np.eye(desired.shape[0])
        x, status = _solve(H, -H @ desired, A, upper, lower)
        if x is None:
            return Filtered(None, _named(names, (fits > upper) | (fits < lower)), status)
        at_limit = (np.abs(A @ x - upper) <= 1e-6) | (np.abs(A @ x - lower) <= 1e-6)
        return Filtered(self._quantise(memory, x), _named(names, at_limit), status)

    def _quantise(self, memory: Memory, x: FloatArray) -> TickArray:
        return np.asarray(memory.newest + np.rint(x).astype(np.int64))

    def _assemble(
        self, memory: Memory, desired: FloatArray, q: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, list[str], FloatArray]:
        """Rows lower <= A x <= upper, scaled to millimetres, class C first; and J M of the limited points (p, 3, n)."""
        step = memory.step.astype(np.float64)
        n = step.shape[0]
        gradient, distance, jacobian = self._rows.at(q)
        distance = distance - self._static_m - np.abs(gradient) @ self._tube.e
        near = distance < self._tuning.near_m
        servo_rows, room = self._window_rows(memory, desired, gradient[near], distance[near])
        J = jacobian @ self._map.M
        change = (DIRECTIONS @ J).reshape(-1, n)
        middle = change @ step
        along = J @ desired
        size = np.sqrt((along * along).sum(axis=-1))
        fast = size > 0.5 * self._step_m
        speed = np.einsum("px,pxs->ps", along[fast] / size[fast, None], J[fast])
        k, f = room.shape[0], speed.shape[0]
        upper_class = np.minimum(self._class.v_ticks, step + self._class.a_ticks - 0.5)
        lower_class = np.maximum(-self._class.v_ticks, step - self._class.a_ticks + 0.5)
        A = np.concatenate([np.eye(n), 1e3 * servo_rows, 1e3 * change, 1e3 * speed])
        upper = np.concatenate([upper_class, 1e3 * self._allowed(room), 1e3 * (middle + self._change_m), np.full(f, 1e3 * self._step_m)])
        lower = np.concatenate([lower_class, np.full(k, -1e30), 1e3 * (middle - self._change_m), np.full(f, -1e30)])
        near_names = [name for name, is_near in zip(self._rows.names, near.tolist(), strict=True) if is_near]
        labels = ["command_class"] * n + near_names + [self._rate_names[1]] * middle.shape[0] + [self._rate_names[0]] * f
        return A, np.minimum(upper, 1e30), np.maximum(lower, -1e30), labels, J

    def _window_rows(
        self, memory: Memory, desired: FloatArray, gradient: FloatArray, distance: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """What the next window adds to a constraint, linear in x: rows (k, n) over servos and the distance left (k,).

        Over the hull of the last w setpoints and the next one the shield bounds a.q by sum_s [a_s (lo + hi)/2 + b_s (hi - lo)/2]
        with a = gradient M and b = |gradient| |M|. A servo that x pushes beyond its recent range moves lo or hi, the others do not.
        """
        a, b = gradient @ self._map.M, np.abs(gradient) @ np.abs(self._map.M)
        recent = memory.history[-self._tube.window :] - memory.newest
        lo, hi = recent.min(axis=0), recent.max(axis=0)
        extends_hi, extends_lo = desired > hi, desired < lo
        kept = ~(extends_hi | extends_lo)
        rows = np.where(extends_hi, 0.5 * (a + b), np.where(extends_lo, 0.5 * (a - b), 0.0))
        held = np.where(extends_hi, 0.5 * (a - b) * lo, np.where(extends_lo, 0.5 * (a + b) * hi, 0.0))
        held = held + np.where(kept, 0.5 * (a * (lo + hi) + b * (hi - lo)), 0.0)
        return rows, distance - held.sum(axis=1)

    def _allowed(self, d: FloatArray) -> FloatArray:
        """u(d), and no step towards the constraint at all where d < 0 (inside the margin already)."""
        A = self._A
        return np.asarray(A * (-1.5 + np.sqrt(2.25 + 2.0 * np.maximum(d, 0.0) / A)))


def _named(names: list[str], chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(sorted({names[i] for i in np.flatnonzero(chosen)}))


def _solve(
    H: FloatArray, f: FloatArray, A: FloatArray, upper: FloatArray, lower: FloatArray
) -> tuple[FloatArray | None, str]:
    """DAQP, with finiteness checked before (it accepts NaN and calls it solved), and status and every row after."""
    if not (np.isfinite(H).all() and np.isfinite(f).all() and np.isfinite(A).all() and np.all(lower <= upper)):
        return None, "not finite, or bounds that cross"
    sense = np.zeros(upper.shape[0], dtype=np.int32)
    x, _, exitflag, _ = daqp.solve(H, f, A, upper, lower, sense)
    if exitflag != _SOLVED:
        return None, f"daqp exit flag {exitflag}"
    x = np.asarray(x, dtype=np.float64)
    values = A @ x
    if not (np.isfinite(x).all() and np.all(values <= upper + 1e-6) and np.all(values >= lower - 1e-6)):
        return None, "daqp reported a solution that violates a row"
    return x, "solved"
