"""Franka Emika Panda: seven revolute joints, no remote centre of its own."""

from math import pi

import numpy as np

from .body import Body, BodyPoint
from .dh import DhRow, modified_dh_chain
from .joint import Frame, JointKind
from .limits import JointLimits
from .rotation import ZERO
from .serial_arm import SerialArm

# Facts re-typed from Franka's documentation, "Robot and interface specifications" (frankaemika.github.io/docs/control_parameters.html):
# Denavit-Hartenberg parameters in Craig's convention, and the limits for Panda.
_SOURCE = "Franka Control Interface documentation, robot and interface specifications, Panda"
_A_M = (0.0, 0.0, 0.0, 0.0825, -0.0825, 0.0, 0.088)
_D_M = (0.333, 0.0, 0.316, 0.0, 0.384, 0.0, 0.0)
_ALPHA = (0.0, -pi / 2, pi / 2, pi / 2, -pi / 2, pi / 2, pi / 2)
_FLANGE_M = 0.107
_LOWER = (-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973)
_UPPER = (2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973)
_EFFORT = (87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0)
# Capsules about the lines between joints; the radii are stated here, to contain the housings beside those lines.
_RADII_M = {"base": 0.13, "upper_arm": 0.13, "forearm": 0.13, "hand": 0.11}


def panda() -> SerialArm:
    """Modified DH of the Panda to its flange (no gripper), seven coordinates panda_joint1 to panda_joint7, tip = flange.

    Points: base, shoulder (joints 1-2), elbow (joint 4), wrist (joints 5-6), flange. It has no remote centre: `rcm_offset_sx` refuses.
    """
    names = tuple(f"panda_joint{i}" for i in range(1, 8))
    rows = [DhRow(name, JointKind.REVOLUTE, alpha, a, 0.0, d) for name, alpha, a, d in zip(names, _ALPHA, _A_M, _D_M, strict=True)]
    joints = modified_dh_chain(rows)
    tip = Frame(p_m=(0.0, 0.0, _FLANGE_M))
    points = (
        BodyPoint("base", 0, ZERO), BodyPoint("shoulder", 0, joints[0].X_PJ.p_m), BodyPoint("elbow", 3, joints[3].X_PJ.p_m),
        BodyPoint("wrist", 4, joints[4].X_PJ.p_m), BodyPoint("flange", 7, tip.p_m),
    )
    spans = {"base": ("base", "shoulder"), "upper_arm": ("shoulder", "elbow"), "forearm": ("elbow", "wrist"), "hand": ("wrist", "flange")}
    bodies = tuple(Body(name, span, _RADII_M[name]) for name, span in spans.items())
    limits = JointLimits(names, ("rad",) * 7, np.array(_LOWER), np.array(_UPPER), np.array(_EFFORT), (_SOURCE,))
    notes = tuple(f"{name} radius {r * 1e3:g} mm (stated: no published number)" for name, r in _RADII_M.items())
    return SerialArm(
        name="panda", joints=joints, joint_names=names, limits=limits, body_points=points, bodies=bodies, sources=(_SOURCE,), X_tip=tip,
        notes=notes,
    )
