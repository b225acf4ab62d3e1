"""Linearised constraints at one configuration, for the filter: a_i dq <= (step allowed by the distance d_i).

Deliberately apart from window_check: the shield shares no code with what proposes to it.
"""

from collections.abc import Sequence

import casadi as ca

from toolkit import FloatArray

from .batch_function import ArmGraph, BatchFunction
from .constraints import CommandedRate, Constraint, InsertionRule, JointBox, KeepInFaces, KeepInTube, KeepOut, RemoteCentre
from .regions import closest_on_segments, unit

Row = tuple[str, ca.SX, ca.SX]


class LinearRows:
    """Gradient a (k, n) and distance d (k,) of every constraint at q, and the Jacobians of the points whose rate is limited.

    d is a distance of the point itself ([m], or the joint's unit); tube and window are the caller's to take off.
    """

    def __init__(self, arm: ArmGraph, constraints: Sequence[Constraint], limited_points: Sequence[str]) -> None:
        self._arm = arm
        self._q = ca.SX.sym("q", arm.n)
        points = arm.points_sx(self._q)
        self._P = {name: points[:, i] for i, name in enumerate(arm.point_names)}
        self._bodies = {body.name: body for body in arm.bodies}
        rows = [row for c in constraints for row in self._rows_of(c)]
        self.names = tuple(name for name, _, _ in rows)
        self._n, self._limited = arm.n, len(limited_points)
        gradients = ca.vertcat(*(a.T for _, a, _ in rows))
        jacobian = ca.jacobian(ca.vertcat(*(self._P[name] for name in limited_points)), self._q)
        distances = ca.vertcat(*(d for _, _, d in rows))
        self._evaluate = BatchFunction("rows", [self._q], [ca.vec(gradients.T), distances, ca.vec(jacobian.T)])

    def at(self, q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(A (k, n), d (k,), J (points, 3, n)) at q (n,)."""
        a, d, j = self._evaluate(q[None])
        return a[0].reshape(-1, self._n), d[0], j[0].reshape(self._limited, 3, self._n)

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
        best_gap, best = ca.SX(-ca.inf), ca.SX.zeros(3)
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
