"""The filter's rows as one graph: every constraint linearised at the newest setpoint, over the servo increments of the next period.

Deliberately apart from window_check: the shield shares no code with what proposes to it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import casadi as ca
import numpy as np

from toolkit import FloatArray, TickArray, TickMap, Tube

from .batch_function import ArmGraph, BatchFunction
from .constraints import CommandedRate, Constraint, InsertionRule, JointBox, KeepInFaces, KeepInTube, KeepOut, RemoteCentre
from .regions import closest_on_segments, unit

_CUBE = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, -1, 0], [1, 0, 1], [1, 0, -1], [0, 1, 1], [0, 1, -1],
                  [1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]], dtype=np.float64)  # fmt: skip
DIRECTIONS = _CUBE / np.linalg.norm(_CUBE, axis=1, keepdims=True)
"""Thirteen axes of a cube: |N v| <= b for all of them keeps |v| <= 1.13 b."""
FREE = 1e9
SCALE = 1e3
"""Rows are in millimetres: what DAQP's tolerance of 1e-6 then means is a nanometre."""


@dataclass(frozen=True, eq=False)
class RowLimits:
    """static_m is kept from every region; A = brake T^2 bounds approach; step_m, change_m bound limited points per period.

    regularisation: rho of the cost. v_ticks, a_ticks: what a servo may move per period, and change it by, shape (n,), [tick].
    """

    v_ticks: FloatArray
    a_ticks: FloatArray
    static_m: float
    A_m: float
    step_m: float
    change_m: float
    regularisation: float
    limited_points: tuple[str, ...]
    speed_name: str
    acceleration_name: str


@dataclass(frozen=True, eq=False)
class Rows:
    """lower <= A x <= upper, (k, n), (k,), (k,), and J M of the limited points (3 p, n), both in millimetres.

    The last n rows are class C's, in ticks. desired: the wanted servo increments (n,), [tick]; fits = A desired.
    The cost of x is x.H x / 2 + f.x, H = J'J + rho I, f = -H desired. near: 1 where a step of class C can reach the row, else 0.
    desired_step_m: how far the fastest limited point would move with it, [m].
    spare: the smallest distance of `fits` to its bounds, >= 0 if the desired step satisfies every row; NaN if anything here is not finite.
    """

    A: FloatArray
    lower: FloatArray
    upper: FloatArray
    fits: FloatArray
    J: FloatArray
    H: FloatArray
    f: FloatArray
    near: FloatArray
    desired: FloatArray
    desired_step_m: float
    spare: float


Row = tuple[str, ca.SX, ca.SX]


class LinearRows:
    """Builds the graph once, evaluates it once per cycle."""

    def __init__(self, arm: ArmGraph, constraints: Sequence[Constraint], tick_map: TickMap, tube: Tube, limits: RowLimits) -> None:
        self._arm, self._limits, self._n = arm, limits, arm.n
        self._M, self._absM, self._e = ca.SX(tick_map.M), ca.SX(np.abs(tick_map.M)), ca.SX(tube.e)
        self._q, self._step, self._desired, self._lo, self._hi = (ca.SX.sym(name, arm.n) for name in ("q", "step", "desired", "lo", "hi"))
        points = arm.points_sx(self._q)
        self._P = {name: points[:, i] for i, name in enumerate(arm.point_names)}
        self._bodies = {body.name: body for body in arm.bodies}
        J = ca.densify(ca.mtimes(ca.jacobian(ca.vertcat(*(self._P[name] for name in limits.limited_points)), self._q), self._M))
        moved = ca.mtimes(J, self._step)
        self._stop_periods = _longest(moved) / limits.A_m
        parts = [self._region_row(row) for c in constraints for row in self._rows_of(c)]
        parts += self._rate_rows(J)
        self.names = (*(name for name, *_ in parts), *("command_class",) * arm.n)
        v, a = ca.SX(limits.v_ticks), ca.SX(limits.a_ticks)
        A = ca.vertcat(*(a.T * SCALE for _, a, _, _ in parts), ca.SX.eye(arm.n))
        lower = ca.vertcat(*(low * SCALE for _, _, low, _ in parts), ca.fmax(-v, self._step - a))
        upper = ca.vertcat(*(high * SCALE for *_, high in parts), ca.fmin(v, self._step + a))
        fits, J_mm = ca.mtimes(A, self._desired), J * SCALE
        H = ca.mtimes(J_mm.T, J_mm) + limits.regularisation * ca.SX.eye(arm.n)
        reach = ca.mtimes(ca.fabs(A), ca.fmax(ca.fabs(upper[-arm.n :]), ca.fabs(lower[-arm.n :])))
        near = ca.logic_or(reach > upper, -reach < lower)
        near[-arm.n :] = 1.0
        outputs = [ca.vec(A.T), lower, upper, fits, ca.vec(J_mm.T), ca.vec(H), -ca.mtimes(H, self._desired), near, self._desired]
        spare = ca.mmin(ca.fmin(upper - fits, fits - lower))
        # fmin drops a NaN, a sum keeps it.
        outputs.append(ca.vertcat(_longest(ca.mtimes(J, self._desired)), spare, ca.sum1(ca.vertcat(*outputs))))
        # From what the memory holds: the recent setpoints one after the other, newest last, and where the controller wants to be.
        recent, q_desired = ca.SX.sym("recent", arm.n * tube.window), ca.SX.sym("q_desired", arm.n)
        setpoints = ca.horzsplit(ca.reshape(recent, arm.n, tube.window))
        newest = setpoints[-1]
        q = tick_map.q_zero + ca.mtimes(self._M, newest - tick_map.ticks_zero)
        desired = ca.mtimes(ca.SX(np.linalg.inv(tick_map.M)), q_desired - q)
        lo, hi = reduce(ca.fmin, setpoints) - newest, reduce(ca.fmax, setpoints) - newest
        symbols = [self._q, self._step, self._desired, self._lo, self._hi]
        outputs = ca.substitute(outputs, symbols, [q, newest - setpoints[-2], desired, lo, hi])
        self._window = tube.window
        self._evaluate = BatchFunction("rows", [recent, q_desired], outputs)

    def at(self, setpoints: FloatArray | TickArray, q_desired: FloatArray) -> Rows:
        """The rows after `setpoints` (at least w of them, newest last; (k, n), [tick]) for a desired joint position (n,)."""
        found = self._evaluate(setpoints[-self._window :].reshape(1, -1), q_desired[None])
        a, lower, upper, fits, J, H, f, near, desired, scalars = (output[0] for output in found)
        step_m, spare, checksum = scalars.tolist()
        n = self._n
        square = a.reshape(-1, n), lower, upper, fits, J.reshape(-1, n), H.reshape(n, n)
        return Rows(*square, f, near, desired, step_m, spare if math.isfinite(checksum) else math.nan)

    def _region_row(self, row: Row) -> tuple[str, ca.SX, ca.SX, ca.SX]:
        """What the next window adds to a constraint, linear in x, and the step allowed by the distance that is left.

        Over the hull of the last w setpoints and the next one the shield bounds a.q by sum_s [a_s (lo + hi)/2 + b_s (hi - lo)/2]
        with a = gradient M and b = |gradient| |M|. A servo that x pushes beyond its recent range moves lo or hi, the others do not.
        """
        name, gradient, distance = row
        a, b = ca.mtimes(gradient.T, self._M).T, ca.mtimes(ca.fabs(gradient).T, self._absM).T
        up, down = self._desired > self._hi, self._desired < self._lo
        coefficient = ca.if_else(up, 0.5 * (a + b), ca.if_else(down, 0.5 * (a - b), 0.0))
        resting = 0.5 * (a * (self._lo + self._hi) + b * (self._hi - self._lo))
        held = ca.if_else(up, 0.5 * (a - b) * self._lo, ca.if_else(down, 0.5 * (a + b) * self._hi, resting))
        # Rounding to ticks moves every servo by up to half a one.
        rounding = 0.5 * ca.sum1(ca.fabs(a))
        left = distance - ca.dot(ca.fabs(gradient), self._e) - self._limits.static_m - ca.sum1(held) - rounding
        # u(d): u^2 / (2 A) + 3/2 u <= d; nothing towards the constraint where d < 0, inside the margin already. A stop keeps its
        # direction, so what slides along while it approaches needs all periods of the stop: u (3/2 + N / 2) <= d.
        A, room = self._limits.A_m, ca.fmax(left, 0.0)
        allowed = ca.fmin(A * (-1.5 + ca.sqrt(2.25 + 2.0 * room / A)), room / (1.5 + 0.5 * self._stop_periods))
        return name, coefficient, ca.SX(-FREE), allowed

    def _rate_rows(self, J: ca.SX) -> list[tuple[str, ca.SX, ca.SX, ca.SX]]:
        limits, rows = self._limits, []
        for p in range(len(limits.limited_points)):
            block = J[3 * p : 3 * p + 3, :]
            for direction in DIRECTIONS if np.isfinite(limits.change_m) else []:
                a = ca.mtimes(ca.SX(direction[None]), block).T
                middle = ca.dot(a, self._step)
                rows.append((limits.acceleration_name, a, middle - limits.change_m, middle + limits.change_m))
            if np.isfinite(limits.step_m):
                along = unit(ca.mtimes(block, self._desired))
                rows.append((limits.speed_name, ca.mtimes(along.T, block).T, ca.SX(-FREE), ca.SX(limits.step_m)))
        return rows

    def _row(self, name: str, distance: ca.SX) -> Row:
        """A constraint distance(q) >= 0: moving by dq uses up -grad(distance) dq of it."""
        return name, -ca.densify(ca.jacobian(distance, self._q)).T, distance

    def _rows_of(self, c: Constraint) -> list[Row]:
        if isinstance(c, KeepInFaces):
            return [
                self._row(c.name, offset - radius - ca.dot(ca.SX(normal), self._P[p]))
                for p, radius in self._radii(c.bodies)
                for normal, offset in zip(c.normals_B, c.offsets_m.tolist(), strict=True)
            ]
        if isinstance(c, KeepOut):
            return [row for name in c.bodies for row in self._keep_out(c, name)]
        if isinstance(c, KeepInTube):
            return [self._tube(c, p, radius) for p, radius in self._radii(c.bodies)]
        if isinstance(c, RemoteCentre):
            return [self._row(c.name, c.limit_m - ca.sqrt(ca.sumsqr(self._arm.rcm_offset_sx(self._q)) + 1e-18))]
        if isinstance(c, JointBox):
            joints = range(self._arm.n)
            return [self._row(c.name, d) for j in joints for d in (float(c.upper[j]) - self._q[j], self._q[j] - float(c.lower[j]))]
        if isinstance(c, InsertionRule):
            return [self._row(c.name, self._q[c.insertion] - c.insertion_m_min)]
        if isinstance(c, CommandedRate):
            return []
        raise TypeError(f"no linear rows for {c!r}")

    def _keep_out(self, c: KeepOut, name: str) -> list[Row]:
        """The plane is frozen while differentiating: its turning is second order, and the shield judges the outcome."""
        body = self._bodies[name]
        first, last = self._P[body.points[0]], self._P[body.points[-1]]
        best_gap, best = ca.SX(-FREE), ca.SX.zeros(3)
        for n in c.region.separating_directions(first, last):
            gap = ca.fmin(ca.dot(n, first), ca.dot(n, last)) - c.region.support(n)
            best = ca.if_else(gap > best_gap, n, best)
            best_gap = ca.fmax(gap, best_gap)
        frozen = ca.SX.sym("n", 3)
        rows = []
        for p in body.points:
            distance = ca.dot(frozen, self._P[p]) - body.radius_m
            a = ca.substitute(-ca.densify(ca.jacobian(distance, self._q)).T, frozen, best)
            rows.append((c.name, a, ca.substitute(distance, frozen, best) - c.region.support(best)))
        return rows

    def _tube(self, c: KeepInTube, point: str, radius: float) -> Row:
        P = self._P[point]
        _, on_axis = closest_on_segments(P, P, ca.SX(c.p0_B_m), ca.SX(c.p1_B_m))
        f = ca.mtimes(ca.SX(c.projector), P - on_axis)
        a = ca.mtimes(ca.jacobian(P, self._q).T, ca.mtimes(ca.SX(c.projector), unit(f)))
        return c.name, ca.densify(a), c.radius_m - radius - ca.sqrt(ca.sumsqr(f))

    def _radii(self, bodies: tuple[str, ...]) -> list[tuple[str, float]]:
        radii: dict[str, float] = {}
        for name in bodies:
            for point in self._bodies[name].points:
                radii[point] = max(radii.get(point, 0.0), self._bodies[name].radius_m)
        return sorted(radii.items())


def _longest(moved: ca.SX) -> ca.SX:
    """The longest of several vectors that stand one after the other in a column."""
    return ca.sqrt(ca.mmax(ca.sum1(ca.reshape(moved, 3, -1) ** 2)))
