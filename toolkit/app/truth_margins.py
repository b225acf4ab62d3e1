"""True margins of a simulated run: the plant's own motion against the procedure's constraints, by code that certified nothing."""

import numpy as np

from safety import CommandedRate, InsertionRule, JointBox
from toolkit import FloatArray
from toolkit import procedure as p
from verification import truth as motion
from verification import truth_distance as distance
from verification.run_directory import Truth

from .assembly import Assembly


def true_margins(assembly: Assembly, truth: Truth) -> dict[str, FloatArray]:
    """Margin over time (k,) of every constraint that is claimed of the real arm, SI; commanded rates are not.

    Regions are read from the procedure again, distances computed in plain numpy from the plant's own body points.
    """
    margins: dict[str, FloatArray] = {}
    for region in assembly.procedure.regions:
        margin = np.asarray(np.min([_body_margin(region, assembly, truth, name) for name in region.bodies], axis=0))
        # A keep-in cylinder is certified as side and ends; in truth it is one solid.
        parts = (f"{region.name}.side", f"{region.name}.ends") if isinstance(region, p.KeepInCylinder) else (region.name,)
        margins.update(dict.fromkeys(parts, margin))
    for constraint in assembly.constraints:
        if isinstance(constraint, JointBox):
            slack = motion.joint_margins(truth.q, constraint.lower, constraint.upper)
            sliding = np.array(assembly.arm.prismatic)
            for suffix, columns in (("rad", ~sliding), ("m", sliding)):
                if columns.any():
                    margins[f"{constraint.name}.{suffix}"] = slack[:, columns].min(axis=1)
        elif isinstance(constraint, InsertionRule):
            rule = constraint
            margins[rule.name] = motion.insertion_margins(truth.q, rule.insertion, rule.insertion_m_min, rule.wrist, rule.straight_rad)
        elif isinstance(constraint, CommandedRate):
            continue
    for stated in assembly.procedure.constraints:
        if isinstance(stated, p.RemoteCentre) and assembly.arm.shaft is not None:
            ends = truth.point("trocar"), truth.point("wrist")
            margins[stated.name] = motion.remote_centre_margins(*ends, np.array(assembly.arm.shaft.rcm_m), stated.limit_m)
    return margins


def _body_margin(region: p.Region, assembly: Assembly, truth: Truth, name: str) -> FloatArray:
    body = next(body for body in assembly.arm.bodies if body.name == name)
    ends = truth.point(body.points[0]), truth.point(body.points[-1])
    r = body.radius_m
    array = np.array
    if isinstance(region, p.KeepInHalfSpace):
        return distance.keep_in_faces(*ends, r, array([region.normal_B]), array([region.offset_m]))
    if isinstance(region, p.KeepInPolytope):
        faces = region.half_spaces
        return distance.keep_in_faces(*ends, r, array([h.normal_B for h in faces]), array([h.offset_m for h in faces]))
    if isinstance(region, p.KeepInBox):
        return distance.keep_in_box(*ends, r, array(region.lower_B_m), array(region.upper_B_m))
    if isinstance(region, p.KeepOutBox):
        return distance.keep_out_box(*ends, r, array(region.lower_B_m), array(region.upper_B_m))
    if isinstance(region, p.KeepInSphere):
        return distance.keep_in_capsule(*ends, r, array(region.center_B_m), array(region.center_B_m), region.radius_m)
    if isinstance(region, p.KeepOutSphere):
        return distance.keep_out_capsule(*ends, r, array(region.center_B_m), array(region.center_B_m), region.radius_m)
    if isinstance(region, p.KeepOutPolytope):
        return distance.keep_out_polytope(*ends, r, array(region.vertices_B_m))
    return _around_segment(region, ends, r)


def _around_segment(region: p.Region, ends: tuple[FloatArray, FloatArray], r: float) -> FloatArray:
    functions = {
        p.KeepInCapsule: distance.keep_in_capsule,
        p.KeepOutCapsule: distance.keep_out_capsule,
        p.KeepInCylinder: distance.keep_in_cylinder,
        p.KeepOutCylinder: distance.keep_out_cylinder,
    }
    for kind, function in functions.items():
        if isinstance(region, kind):
            return function(*ends, r, np.array(region.start_B_m), np.array(region.end_B_m), region.radius_m)
    raise TypeError(f"no true distance for {type(region).__name__}")
