"""Worlds for the shield campaign: one constraint each, a tube, a window, a command class, and a second opinion on the constraint."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from safety import (
    Bounds,
    Capsule,
    CommandedRate,
    Constraint,
    Cylinder,
    InsertionRule,
    JointBox,
    KeepInFaces,
    KeepInTube,
    KeepOut,
    Memory,
    Shield,
    box,
    sphere,
)
from safety.plan_check import MEMBERSHIP
from toolkit import CommandClass, FloatArray, TickArray, TickMap, Tube
from toolkit.models import SerialArm, psm_classic

from ..plain_kinematics import body_points
from ..truth import insertion_margins
from ..truth_distance import keep_in_capsule, keep_in_cylinder, keep_in_faces, keep_out_box, keep_out_capsule, keep_out_cylinder

N_MAX = 60
WORLDS = 24
TrueMargin = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class World:
    """A shield and what is really true: margin(q) of configurations (k, n), by code that shares nothing with the shield's graph.
    Besides it the joint limits lower..upper hold.

    real_tube: what the adversary may use; a planted fault gives the shield another one.
    """

    name: str
    shield: Shield
    real_tube: Tube
    margin: TrueMargin
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True)
class Fault:
    """A planted fault: the shield's tube scaled (a tube without holds is a smaller one), windows left out, K taken as zero."""

    tube_scale: float = 1.0
    windows_kept: str = "all"
    no_curvature: bool = False


class _FlatArm:
    """An arm whose second derivatives are said to be zero: what a missing K looks like."""

    def __init__(self, arm: SerialArm) -> None:
        self._arm = arm

    def __getattr__(self, name: str) -> object:
        return getattr(self._arm, name)

    def second_derivative_bounds(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        return np.zeros_like(self._arm.second_derivative_bounds(lower, upper))


class _LastWindowShield(Shield):
    """A shield that looks only at where a plan comes to rest."""

    def _least(self, memory: Memory, plan: TickArray) -> list[float]:
        whole, before = super()._least(memory, plan), np.concatenate([memory.history, plan[:-1]])
        return [*whole[: len(MEMBERSHIP)], *self._check.least(before, plan[-1:])[len(MEMBERSHIP) :]]


@cache
def arm_of_campaign() -> SerialArm:
    """PSM Classic with the large needle driver: seven coordinates, a coupled wrist, two jaws."""
    return psm_classic()


@cache
def tick_map_of_campaign() -> TickMap:
    """The PSM's gearing with 4096 ticks a turn, the wrist coupled as the instrument file says."""
    tick = 2.0 * np.pi / 4096.0
    M = np.zeros((7, 7))
    M[0, 0] = M[1, 1] = tick / 56.5
    M[2, 2] = tick / 336.6
    M[3:, 3:] = arm_of_campaign().coupling * (tick / 11.71)
    return TickMap(M, np.zeros(7), np.zeros(7, dtype=np.int64), arm_of_campaign().joint_names)


@cache
def build_world(index: int, fault: Fault = Fault()) -> World:
    """World number `index` (modulo WORLDS), the same for everyone; with a planted fault on request."""
    rng = np.random.default_rng([20261122, index % WORLDS])
    arm, tick_map = arm_of_campaign(), tick_map_of_campaign()
    # Half-space worlds have a tube so wide that curvature decides: without K they must be caught.
    size = float(rng.uniform(0.06, 0.14)) if index % 8 == 4 else 10.0 ** rng.uniform(-3.5, -1.5)
    e = size * np.array([1.0, 1.0, 0.15, 2.0, 2.0, 2.0, 2.0]) * rng.uniform(0.5, 1.5, 7)
    behind = int(rng.integers(1, 9))
    tube = Tube(e, 0.5 * e, behind, max(0, behind - 2), f"campaign world {index}")
    seen = Tube(fault.tube_scale * e, 0.5 * fault.tube_scale * e, behind, tube.losses_max, "planted")
    fast = float(rng.uniform(0.3, 2.0))
    command_class = CommandClass(0.005, (fast * np.array([200, 200, 120, 120, 120, 200, 200])).astype(np.int64), np.full(7, 20))
    lower, upper = arm.limits.lower.copy(), arm.limits.upper.copy()
    constraint, margin = _constraint(index % WORLDS, rng, arm)
    constraints: list[Constraint] = [JointBox("joint_limits", lower, upper), CommandedRate("tip_speed", ("tip",), 1, 5.0), constraint]
    kind = _LastWindowShield if fault.windows_kept == "last" else Shield
    model = _FlatArm(arm) if fault.no_curvature else arm
    shield = kind(model, constraints, tick_map, seen, command_class, Bounds(1e-9, 0.0), N_MAX)  # type: ignore[arg-type]
    return World(f"world {index % WORLDS}", shield, tube, margin, lower, upper)


def _constraint(index: int, rng: np.random.Generator, arm: SerialArm) -> tuple[Constraint, TrueMargin]:
    """One constraint near the arm's workspace with its independent margin; all kinds in turn."""
    bodies = tuple(body.name for body in arm.bodies)
    centre = np.array([rng.uniform(-0.05, 0.05), rng.uniform(-0.05, 0.05), rng.uniform(-0.16, -0.08)])
    other = centre + rng.normal(0.0, 0.03, 3)
    radius = float(rng.uniform(0.002, 0.02))
    kind = index % 8
    if kind == 0:
        return KeepOut("region", Capsule(centre, other, radius), bodies), _of_bodies(arm, bodies, keep_out_capsule, centre, other, radius)
    if kind == 1:
        return KeepOut("region", sphere(centre, radius), bodies), _of_bodies(arm, bodies, keep_out_capsule, centre, centre, radius)
    if kind == 2:
        half = rng.uniform(0.003, 0.02, 3)
        corners = centre - half, centre + half
        return KeepOut("region", box(*corners), bodies), _of_bodies(arm, bodies, keep_out_box, *corners)
    if kind == 3:
        return KeepOut("region", Cylinder(centre, other, radius), bodies), _of_bodies(arm, bodies, keep_out_cylinder, centre, other, radius)
    if kind == 4:
        # Above the jaws: they swing up on an arc about the remote centre, so the surface bends towards the plane.
        normal = np.array([rng.normal(0.0, 0.3), rng.normal(0.0, 0.3), 1.0])
        normals = (normal / np.linalg.norm(normal))[None]
        jaws, offsets = bodies[-2:], normals @ centre
        return KeepInFaces("region", normals, offsets, jaws), _of_bodies(arm, jaws, keep_in_faces, normals, offsets)
    if kind == 5:
        ends = np.array([0.0, 0.0, -0.05]), np.array([0.0, 0.0, -0.12])
        reach = float(rng.uniform(0.05, 0.12))
        return KeepInTube("region", *ends, reach, False, bodies), _of_bodies(arm, bodies, keep_in_capsule, *ends, reach)
    if kind == 6:
        ends = np.array([0.0, 0.0, 0.3]), np.array([0.0, 0.0, -0.6])
        reach = float(rng.uniform(0.03, 0.09))
        return KeepInTube("region", *ends, reach, True, bodies), _of_bodies(arm, bodies, keep_in_cylinder, *ends, reach)
    rule = InsertionRule("region", 2, float(rng.uniform(0.06, 0.14)), (4, 5), float(rng.uniform(0.05, 0.3)))
    return rule, lambda q: insertion_margins(q, rule.insertion, rule.insertion_m_min, rule.wrist, rule.straight_rad)


def _of_bodies(arm: SerialArm, names: Sequence[str], distance: Callable[..., FloatArray], *shape: object) -> TrueMargin:
    bodies = [body for body in arm.bodies if body.name in names]
    firsts, lasts = ([arm.point_names.index(body.points[end]) for body in bodies] for end in (0, -1))
    radii = np.array([body.radius_m for body in bodies])

    def margin(q: FloatArray) -> FloatArray:
        points = body_points(arm, q)
        first, last = points[:, firsts].reshape(-1, 3), points[:, lasts].reshape(-1, 3)
        # All bodies in one call, their radii afterwards: every distance is that of the axis less the radius.
        return np.asarray((distance(first, last, 0.0, *shape).reshape(q.shape[0], -1) - radii).min(axis=1))

    return margin
