"""Regions that contradict each other, found before anything is enabled: an empty keep-in, a keep-in swallowed by keep-outs.

What the regions leave to one body is a convex set (the intersection of its keep-ins) minus convex sets (its keep-outs):

  empty     iff  min over p of max_i g_i(p) >= 0, with g_i from `solid.py`; a keep-in thinner than 1 um counts as empty.
  covered   when every sampled point of the keep-in, on 426 rays from its deepest point to its surface, is in some keep-out.

Points only: radii, and where the arm can be, are for the safety layer's check at the start.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..arrays import FloatArray
from .part import Location
from .procedure import Procedure
from .sampled_path import SampledPath
from .solid import WORLD_M, Solid, deepest_point, solid_of
from .step import MoveCp

DEPTH_M_MIN = 1e-6
DIRECTIONS = 400
FRACTIONS = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 0.95, 0.999])


class Body(Protocol):
    """What is asked of a body of the arm: its name and the names of its points."""

    @property
    def name(self) -> str: ...

    @property
    def points(self) -> tuple[str, ...]: ...


def check_regions(procedure: Procedure, bodies: Sequence[Body] | None = None, paths: dict[int, SampledPath] | None = None) -> None:
    """Refuse regions that leave a body nowhere to be, and tip targets that are forbidden.

    Args:
        bodies: the arm's bodies; with them, every move_cp target and every path's start is checked as a point of each body that
            contains the tip.
        paths: from read_servo_paths.
    Raises:
        SpecificationError: naming the constraint, or the step, and the body.
    """
    for name in dict.fromkeys(name for region in procedure.regions for name in region.bodies):
        _check_body(procedure, name)
    with_tip = {body.name for body in bodies or () if "tip" in body.points}
    for i, step in enumerate(procedure.steps):
        if isinstance(step, MoveCp):
            _check_target(procedure, np.array(step.position_B_m), with_tip, ("steps", i, "move_cp", "position_B_m"))
    for i, path in (paths or {}).items():
        _check_target(procedure, path.start_B_m, with_tip, ("steps", i, "servo_path"))


def _check_body(procedure: Procedure, body: str) -> None:
    mine = [region for region in procedure.regions if body in region.bodies]
    keep_in = [region for region in mine if region.keeps_in]
    keep_out = [region for region in mine if not region.keeps_in]
    if not keep_in:
        return
    last = keep_in[-1]
    where: Location = ("constraints", procedure.constraints.index(last))
    inside = [solid_of(region) for region in keep_in]
    deepest, depth, _ = deepest_point(inside)
    if not depth < -DEPTH_M_MIN:
        names = ", ".join(region.name for region in keep_in)
        problem = f"{names}: empty: no point of {body} can be inside (nearest: {depth:.3g} m outside at {np.round(deepest, 6).tolist()})"
        raise procedure.error(problem, *where)
    points = _sample(inside, deepest)
    free = np.ones(points.shape[0], dtype=bool)
    for region in keep_out:
        free &= solid_of(region).violation(points) > 0.0
    if not free.any():
        names = ", ".join(region.name for region in keep_out)
        raise procedure.error(f"{last.name}: nothing is left for {body}: the keep-in is covered by {names}", *where)


def _sample(inside: Sequence[Solid], deepest: FloatArray) -> FloatArray:
    """Points of the keep-in on rays from its deepest point: a Fibonacci sphere of directions, and the cube's axes and corners."""
    k = np.arange(DIRECTIONS) + 0.5
    polar, azimuth = np.arccos(1.0 - 2.0 * k / DIRECTIONS), np.pi * (1.0 + 5.0**0.5) * k
    directions = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=1)
    grid = np.array(np.meshgrid([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0])).reshape(3, -1).T
    grid = grid[np.any(grid != 0.0, axis=1)]
    directions = np.vstack([directions, grid / np.linalg.norm(grid, axis=1, keepdims=True)])
    low, high = np.zeros(len(directions)), np.full(len(directions), 4.0 * WORLD_M)
    for _ in range(50):
        middle = 0.5 * (low + high)
        is_in = np.max([solid.violation(deepest + middle[:, None] * directions) for solid in inside], axis=0) <= 0.0
        low, high = np.where(is_in, middle, low), np.where(is_in, high, middle)
    return np.asarray((deepest + (FRACTIONS[:, None] * low)[:, :, None] * directions).reshape(-1, 3))


def _check_target(procedure: Procedure, tip_B_m: FloatArray, with_tip: set[str], where: Location) -> None:
    for region in procedure.regions:
        bodies = [body for body in region.bodies if body in with_tip]
        g = float(solid_of(region).violation(tip_B_m[None])[0])
        if bodies and not (g < 0.0 if region.keeps_in else g > 0.0):
            side = "outside the keep-in" if region.keeps_in else "inside the keep-out"
            value = [round(float(x), 6) for x in tip_B_m]
            problem = f"{value}: {side} {region.name} by {abs(g):.3g} m: the tip is a point of {', '.join(bodies)}"
            raise procedure.error(problem, *where)
