"""From the constraints of a procedure to those of the safety layer: names kept, units SI, nothing guessed."""

import numpy as np

from safety import (
    Capsule,
    CommandedRate,
    Constraint,
    Cylinder,
    InsertionRule,
    JointBox,
    KeepInFaces,
    KeepInTube,
    KeepOut,
    Polytope,
    Region,
    RemoteCentre,
    box,
    sphere,
)
from toolkit import FloatArray, SpecificationError
from toolkit import procedure as p
from toolkit.models import SerialArm


def constraints_of(procedure: p.Procedure, arm: SerialArm, lower: FloatArray, upper: FloatArray) -> list[Constraint]:
    """The safety layer's constraints, in the procedure's order.

    lower, upper: the joint limits that hold, shape (n,): the stricter of the arm model and the device profile.
    Raises:
        SpecificationError: a constraint this arm cannot have, with file, line and field.
    """
    return [part for i, c in enumerate(procedure.constraints) for part in _convert(procedure, i, c, arm, lower, upper)]


def _convert(procedure: p.Procedure, i: int, c: p.Constraint, arm: SerialArm, lower: FloatArray, upper: FloatArray) -> list[Constraint]:
    if isinstance(c, p.Region):
        return _region(c)
    if isinstance(c, p.JointLimits):
        return [JointBox(c.name, lower, upper)]
    if isinstance(c, p.SpeedLimit):
        return [CommandedRate(c.name, c.points, 1, c.limit_m_s)]
    if isinstance(c, p.AccelerationLimit):
        return [CommandedRate(c.name, c.points, 2, c.limit_m_s2)]
    if isinstance(c, p.RemoteCentre):
        if arm.shaft is None:
            raise procedure.error(f"{arm.name} has no remote centre of motion", "constraints", i, "type")
        return [RemoteCentre(c.name, c.limit_m)]
    return [_insertion_rule(procedure, i, c, arm)]


def _region(c: p.Region) -> list[Constraint]:
    array = np.array
    if isinstance(c, p.KeepInHalfSpace):
        return [KeepInFaces(c.name, array([c.normal_B]), array([c.offset_m]), c.bodies)]
    if isinstance(c, p.KeepInPolytope):
        return [KeepInFaces(c.name, array([h.normal_B for h in c.half_spaces]), array([h.offset_m for h in c.half_spaces]), c.bodies)]
    if isinstance(c, p.KeepInBox):
        offsets = np.concatenate([c.upper_B_m, -array(c.lower_B_m)])
        return [KeepInFaces(c.name, np.vstack([np.eye(3), -np.eye(3)]), offsets, c.bodies)]
    if isinstance(c, p.KeepInSphere):
        return [KeepInTube(c.name, array(c.center_B_m), array(c.center_B_m), c.radius_m, False, c.bodies)]
    if isinstance(c, p.KeepInCapsule):
        return [KeepInTube(c.name, array(c.start_B_m), array(c.end_B_m), c.radius_m, False, c.bodies)]
    if isinstance(c, p.KeepInCylinder):
        return _keep_in_cylinder(c)
    return [KeepOut(c.name, _keep_out_region(c), c.bodies)]


def _keep_out_region(c: p.Region) -> Region:
    array = np.array
    if isinstance(c, p.KeepOutCapsule):
        return Capsule(array(c.start_B_m), array(c.end_B_m), c.radius_m)
    if isinstance(c, p.KeepOutCylinder):
        return Cylinder(array(c.start_B_m), array(c.end_B_m), c.radius_m)
    if isinstance(c, p.KeepOutSphere):
        return sphere(array(c.center_B_m), c.radius_m)
    if isinstance(c, p.KeepOutBox):
        return box(array(c.lower_B_m), array(c.upper_B_m))
    if isinstance(c, p.KeepOutPolytope):
        return Polytope(array(c.vertices_B_m))
    raise SpecificationError(f"{type(c).__name__} has no counterpart in the safety layer", field=c.name)


def _keep_in_cylinder(c: p.KeepInCylinder) -> list[Constraint]:
    """Its side as a norm across the axis, its flat ends as two faces; both under the one name the procedure gives it."""
    start, end = np.array(c.start_B_m), np.array(c.end_B_m)
    axis = (end - start) / np.linalg.norm(end - start)
    caps = KeepInFaces(f"{c.name}.ends", np.stack([axis, -axis]), np.array([axis @ end, -axis @ start]), c.bodies)
    return [KeepInTube(f"{c.name}.side", start, end, c.radius_m, True, c.bodies), caps]


def _insertion_rule(procedure: p.Procedure, i: int, c: p.InsertionRule, arm: SerialArm) -> InsertionRule:
    """wrist_past_rcm_m of the procedure as a bound on the insertion joint: the wrist origin is q3 + constant along the shaft."""
    slides = [j for j, prismatic in enumerate(arm.prismatic) if prismatic]
    wrist = tuple(j for j, name in enumerate(arm.joint_names) if name.startswith("wrist"))
    if len(slides) != 1 or not wrist or "wrist" not in arm.point_names or arm.shaft is None or not arm.shaft.is_mechanical:
        raise procedure.error(f"{arm.name} is no arm with a mechanical remote centre, one insertion and a wrist", "constraints", i, "type")
    q = np.zeros(arm.n)
    q[slides[0]] = float(arm.limits.upper[slides[0]])
    depth_m = float(np.linalg.norm(arm.points(q)[arm.point_names.index("wrist")] - np.array(arm.shaft.rcm_m)))
    insertion_m_min = c.wrist_past_rcm_m + float(q[slides[0]]) - depth_m
    return InsertionRule(c.name, slides[0], insertion_m_min, wrist, c.straight_tolerance_rad)
