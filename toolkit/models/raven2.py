"""RAVEN II, left and right, from the constants of its control software."""

from math import pi, radians

import numpy as np

from .body import Body, BodyPoint, ShaftLine
from .dh import DhRow, modified_dh_chain
from .joint import Frame, Joint, JointKind
from .limits import JointLimits
from .rotation import ZERO
from .serial_arm import SerialArm

# Facts re-typed from uw-biorobotics/raven2 @ d2307c50: include/raven/r2_kinematics.h (La12, La23, La3, d4, Lw), src/raven/r2_kinematics.cpp
# (alphas, aas, ds, robot_thetas, joint2theta, wrist2 and grasp of r2_fwd_kin), include/raven/defines.h (limits).
_SOURCE = "raven2 @ d2307c50 (r2_kinematics.h, r2_kinematics.cpp, defines.h)"
_LA12, _LA23 = 75 * pi / 180, 52 * pi / 180
_LA3_M, _D4_M, _LW_M = 0.0, -0.47, 0.013  # Lw of the RAVEN tool; 0.009 with the da Vinci adapter
_ALPHA = {"left": (0.0, _LA12, pi - _LA23, 0.0, pi / 2, pi / 2), "right": (pi, _LA12, _LA23, 0.0, pi / 2, pi / 2)}
_THETA_3 = {"left": pi / 2, "right": -pi / 2}
_OFFSET_DEG = {"left": (205.0, 180.0, 0.0, 0.0, -90.0, 0.0), "right": (25.0, 0.0, 0.0, 0.0, -90.0, 0.0)}
_NAMES = ("shoulder", "elbow", "insertion", "tool_roll", "wrist_pitch", "wrist_yaw", "jaw")
# raven2 limits each finger to +-89 degrees. finger = yaw +- jaw/2, so |yaw| + jaw/2 <= 89 degrees; this box lies inside that diamond.
_YAW_DEG, _JAW_DEG = 44.5, 89.0
_LOWER = (0.0, radians(45), 0.23, radians(-182), radians(-75), radians(-_YAW_DEG), 0.0)
_UPPER = (radians(90), radians(135), 0.56, radians(182), radians(75), radians(_YAW_DEG), radians(_JAW_DEG))
# No published drawing was found for the ends: stated here, on the long side, to be replaced by a measurement.
_SHAFT_RADIUS_M, _WRIST_RADIUS_M, _JAW_RADIUS_M, _JAW_LENGTH_M = 0.005, 0.006, 0.005, 0.020


def raven2_left() -> SerialArm:
    """RAVEN II, left (gold) arm; see `_raven2`."""
    return _raven2("left")


def raven2_right() -> SerialArm:
    """RAVEN II, right (green) arm; see `_raven2`."""
    return _raven2("right")


def _raven2(side: str) -> SerialArm:
    """Modified DH, seven coordinates: shoulder, elbow, insertion, tool_roll, wrist_pitch, wrist_yaw, jaw.

    The fingers are yaw +- jaw/2 about the last axis: wrist_yaw = (GRASP2 - GRASP1)/2 and jaw = GRASP1 + GRASP2 in raven2's terms, so
    jaw_1 is its GRASP2. B is raven2's frame 0, its origin the remote centre. The insertion limits are those of the RAVEN tool.
    """
    kinds = [JointKind.PRISMATIC if name == "insertion" else JointKind.REVOLUTE for name in _NAMES[:6]]
    a, d = (0.0, 0.0, 0.0, _LA3_M, 0.0, _LW_M), (0.0, 0.0, 0.0, _D4_M, 0.0, 0.0)
    theta = (0.0, 0.0, _THETA_3[side], 0.0, 0.0, 0.0)
    offsets = [radians(x) for x in _OFFSET_DEG[side]]
    joints = modified_dh_chain([DhRow(*row) for row in zip(_NAMES, kinds, _ALPHA[side], a, theta, d, offsets, strict=False)])
    points = [BodyPoint("trocar", 2, ZERO), BodyPoint("wrist", 4, joints[4].X_PJ.p_m), BodyPoint("tip", 6, ZERO)]
    bodies = [Body("shaft", ("trocar", "wrist"), _SHAFT_RADIUS_M), Body("wrist", ("wrist", "tip"), _WRIST_RADIUS_M)]
    for name, gain in (("jaw_1", 0.5), ("jaw_2", -0.5)):
        hinge = Joint(name, JointKind.REVOLUTE, Frame(), 6, gain=gain)
        points.append(BodyPoint(name, 6, (_JAW_LENGTH_M, 0.0, 0.0), (hinge,)))  # x of frame 6 continues the link of length Lw
        bodies.append(Body(name, ("tip", name), _JAW_RADIUS_M))
    units = tuple("m" if name == "insertion" else "rad" for name in _NAMES)
    limits = JointLimits(_NAMES, units, np.array(_LOWER), np.array(_UPPER), np.full(7, np.nan), (_SOURCE,))
    notes = (
        f"wrist_yaw within {_YAW_DEG} and jaw within 0 to {_JAW_DEG} degrees: a box inside raven2's +-89 degrees for each finger",
        f"shaft, wrist and jaw radius {_SHAFT_RADIUS_M * 1e3:g}, {_WRIST_RADIUS_M * 1e3:g}, {_JAW_RADIUS_M * 1e3:g} mm, "
        f"jaw length {_JAW_LENGTH_M * 1e3:g} mm (stated: no published number)",
    )
    return SerialArm(
        name=f"raven2_{side}", joints=joints, joint_names=_NAMES, limits=limits, body_points=tuple(points), bodies=tuple(bodies),
        sources=(_SOURCE,), has_jaw=True, shaft=ShaftLine(3, ZERO, is_mechanical=True), notes=notes,
    )
