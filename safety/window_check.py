"""The window check: a lower bound of every constraint over a joint box (guarantee, section 1.1).

At the centre c of a window, with J_j = dP/dq_j(c), K_jl >= sup |d2P/dq_j dq_l| and half-ranges r (the tube e included):
  (B)  slack = distance of c to the limits - r
  (P)  slack = offset - r_body - n.P(c) - sum_j |n.J_j| r_j - 1/2 sum_jl K_jl r_j r_l - eta - eps_R      (n outward)
  (N)  slack = delta - |f(c)| - sum_j |f_j(c)| r_j - 1/2 sum_jl Kf_jl r_j r_l - eta - eps_R
  (D)  the larger slack of its branches, one branch for the whole window
A slack >= 0 holds for every configuration in the box. Callers write `slack >= 0`, so that NaN refuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import casadi as ca
import numpy as np

from toolkit import FloatArray, InvalidInput, finite_number
from toolkit.models import Body

from .batch_function import ArmGraph, BatchFunction
from .constraints import CommandedRate, Constraint, InsertionRule, JointBox, KeepInFaces, KeepInTube, KeepOut, RemoteCentre
from .regions import closest_on_segments
from .window import Windows


@dataclass(frozen=True)
class Bounds:
    """What the check adds to every distance, [m]: eta (float evaluation) and eps_R (registration, calibration, deflection)."""

    eta_m: float
    registration_m: float

    def __post_init__(self) -> None:
        finite_number(self.eta_m, "eta_m", 0.0, 0.1)
        finite_number(self.registration_m, "registration_m", 0.0, 0.1)


@dataclass(frozen=True, eq=False)
class BodyGraph:
    """Body points and their derivatives as graphs of q: P[point] (3, 1), J[point] (3, n), bodies by name."""

    q: ca.SX
    P: dict[str, ca.SX]
    J: dict[str, ca.SX]
    bodies: dict[str, Body]

    @staticmethod
    def of(arm: ArmGraph) -> "BodyGraph":
        """Build from an arm model. Dense: a sparse Jacobian's entries would be those of other rows."""
        q = ca.SX.sym("q", arm.n)
        points = ca.densify(arm.points_sx(q))
        P = {name: points[:, i] for i, name in enumerate(arm.point_names)}
        return BodyGraph(q, P, {name: ca.densify(ca.jacobian(p, q)) for name, p in P.items()}, {b.name: b for b in arm.bodies})

    def body(self, constraint: str, name: str) -> Body:
        """A body by name; an unknown one is refused with what there is."""
        if name not in self.bodies:
            raise InvalidInput(f"{constraint}: unknown body {name!r}; this arm has {sorted(self.bodies)}")
        return self.bodies[name]

    def radii(self, constraint: str, names: Sequence[str]) -> dict[str, float]:
        """Point -> largest radius of the named bodies it belongs to. A convex set holds a hull when it holds its points."""
        radii: dict[str, float] = {}
        for name in names:
            body = self.body(constraint, name)
            for point in body.points:
                radii[point] = max(radii.get(point, 0.0), body.radius_m)
        return radii


class WindowCheck:
    """Slack of every B, P, N, D constraint over a window, as graphs of its centre q and half-range r. One instance per constraint set.

    names, units and slacks: one of each per margin. checksum: not finite if anything that enters a slack is not; fmin and fmax drop
    a NaN operand, a sum keeps it.
    """

    def __init__(
        self,
        arm: ArmGraph,
        constraints: Sequence[Constraint],
        K: FloatArray,
        K_centre: FloatArray | None,
        bounds: Bounds,
    ) -> None:
        graph = BodyGraph.of(arm)
        self.q, self.r = graph.q, ca.SX.sym("r", arm.n)
        added_m = bounds.eta_m + bounds.registration_m
        build = _Build(arm, graph, self.r, dict(zip(arm.point_names, K, strict=True)), K_centre, added_m)
        parts = [(*part, c) for c in constraints if not isinstance(c, CommandedRate) for part in build.slacks(c)]
        empty = [name for name, rows, _ in parts if not rows]
        if empty:
            raise InvalidInput(f"constraints: {empty} bound nothing: no body, or no face")
        self.names = tuple(name for name, *_ in parts)
        self.units = tuple(_unit(name, c) for name, _, c in parts)
        self.slacks = [reduce(ca.fmin, rows) for _, rows, _ in parts]
        everything = [graph.q, self.r, *graph.P.values(), *(ca.vec(J) for J in graph.J.values())]
        self.checksum = ca.sum1(ca.vertcat(*everything))

    def slack(self, windows: Windows) -> dict[str, FloatArray]:
        """Slack of each constraint over each window: name -> (k,), [m]; joint boxes (.rad) and straight wrists in [rad].

        NaN everywhere if anything that entered was not finite.
        """
        slacks, checksum = self._evaluate(windows.c, windows.r)
        if not np.isfinite(checksum).all():
            return {name: np.full(windows.c.shape[0], np.nan) for name in self.names}
        return {name: slacks[:, i].copy() for i, name in enumerate(self.names)}

    @cached_property
    def _evaluate(self) -> BatchFunction:
        return BatchFunction("window_check", [self.q, self.r], [ca.vertcat(*self.slacks), self.checksum])


def _unit(name: str, constraint: Constraint) -> str:
    if isinstance(constraint, JointBox):
        return name.rpartition(".")[2]
    return "m or rad" if isinstance(constraint, InsertionRule) else "m"


@dataclass(frozen=True, eq=False)
class _Build:
    """Turns one constraint into named rows of slack."""

    arm: ArmGraph
    graph: BodyGraph
    r: ca.SX
    K: dict[str, FloatArray]
    K_centre: FloatArray | None
    added_m: float

    def slacks(self, c: Constraint) -> list[tuple[str, list[ca.SX]]]:
        if isinstance(c, KeepInFaces):
            return [(c.name, self._keep_in(c))]
        if isinstance(c, KeepOut):
            return [(c.name, [self._keep_out(c, self.graph.body(c.name, name)) for name in c.bodies])]
        if isinstance(c, KeepInTube):
            return [(c.name, self._tube(c))]
        if isinstance(c, RemoteCentre):
            return [(c.name, [self._centre(c)])]
        if isinstance(c, JointBox):
            return self._box(c)
        if isinstance(c, InsertionRule):
            return [(c.name, [self._rule(c)])]
        raise InvalidInput(f"{c.name}: not of the forms B, P, N, D")

    def _fixed(self, point: str) -> ca.SX:
        """1/2 sum_jl K_jl r_j r_l + eta + eps_R: what every bound on this point pays."""
        return 0.5 * ca.dot(self.r, ca.mtimes(ca.SX(self.K[point]), self.r)) + self.added_m

    def _reach(self, n: ca.SX, point: str) -> ca.SX:
        """sup n.P over the window, first order: n.P(c) + sum_j |n.J_j| r_j."""
        return ca.dot(n, self.graph.P[point]) + ca.dot(ca.fabs(ca.mtimes(n.T, self.graph.J[point])).T, self.r)

    def _keep_in(self, c: KeepInFaces) -> list[ca.SX]:
        radii = self.graph.radii(c.name, c.bodies)
        return [
            offset - radius - self._reach(ca.SX(normal), point) - self._fixed(point)
            for point, radius in radii.items()
            for normal, offset in zip(c.normals_B, c.offsets_m.tolist(), strict=True)
        ]

    def _keep_out(self, c: KeepOut, body: Body) -> ca.SX:
        """Every point of the body beyond the same plane; the best of the proposed planes counts."""
        planes = c.region.separating_directions(self.graph.P[body.points[0]], self.graph.P[body.points[-1]])
        best = ca.SX(-ca.inf)
        for n in planes:
            beta = c.region.support(n) + body.radius_m
            worst = ca.SX(ca.inf)
            for point in body.points:
                worst = ca.fmin(worst, -self._reach(-n, point) - self._fixed(point) - beta)
            best = ca.fmax(best, worst)
        return best

    def _tube(self, c: KeepInTube) -> list[ca.SX]:
        rows, Q = [], ca.SX(c.projector)
        for point, radius in self.graph.radii(c.name, c.bodies).items():
            P = self.graph.P[point]
            _, on_axis = closest_on_segments(P, P, ca.SX(c.p0_B_m), ca.SX(c.p1_B_m))
            rows.append(c.radius_m - radius - self._norm(ca.mtimes(Q, P - on_axis), ca.mtimes(Q, self.graph.J[point])) - self._fixed(point))
        return rows

    def _centre(self, c: RemoteCentre) -> ca.SX:
        if self.K_centre is None:
            raise InvalidInput(f"{c.name}: this arm has no remote centre")
        f = ca.densify(self.arm.rcm_offset_sx(self.graph.q))
        bent = 0.5 * ca.dot(self.r, ca.mtimes(ca.SX(self.K_centre), self.r))
        return c.limit_m - self._norm(f, ca.densify(ca.jacobian(f, self.graph.q))) - bent - self.added_m

    def _norm(self, f: ca.SX, J: ca.SX) -> ca.SX:
        """|f(c)| + sum_j |f_j(c)| r_j."""
        return ca.sqrt(ca.sumsqr(f)) + sum(ca.sqrt(ca.sumsqr(J[:, j])) * self.r[j] for j in range(J.shape[1]))

    def _box(self, c: JointBox) -> list[tuple[str, list[ca.SX]]]:
        """One margin for the angles and one for the lengths: a mixed minimum would have no unit."""
        rows: dict[str, list[ca.SX]] = {}
        for j, slides in enumerate(self.arm.prismatic):
            q, r = self.graph.q[j], self.r[j]
            rows.setdefault(f"{c.name}.{'m' if slides else 'rad'}", []).extend([q - r - float(c.lower[j]), float(c.upper[j]) - q - r])
        return list(rows.items())

    def _rule(self, c: InsertionRule) -> ca.SX:
        """Past the remote centre where it is; else how straight the wrist is kept."""
        past = self.graph.q[c.insertion] - self.r[c.insertion] - c.insertion_m_min
        straight = ca.SX(ca.inf)
        for j in c.wrist:
            straight = ca.fmin(straight, c.straight_rad - ca.fabs(self.graph.q[j]) - self.r[j])
        return ca.if_else(past >= 0.0, past, straight)
