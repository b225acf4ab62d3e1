"""A parametric arm of the published *form* R-P-R-P-R-P-Y-R with a software remote centre. EVERY NUMBER HERE IS INVENTED.

No kinematic parameters of CMR's Versius are published. Its patents describe the form: a wrist of two roll joints separated by two
intersecting pitch and yaw joints. The lengths, limits and radii below are made up to exercise that form and are not the product's data.
"""

from dataclasses import dataclass
from math import pi

import numpy as np

from ..arrays import finite_number
from .body import Body, BodyPoint, ShaftLine
from .dh import DhRow, modified_dh_chain
from .joint import Frame, JointKind
from .limits import JointLimits
from .rotation import ZERO, Vector
from .serial_arm import SerialArm

_SOURCE = "invented numbers; the form R-P-R-P-R-P-Y-R is described in US 10,926,404"
_NAMES = ("roll_1", "pitch_2", "roll_3", "pitch_4", "roll_5", "pitch_6", "yaw_7", "roll_8")


@dataclass(frozen=True)
class VersiusLikeParameters:
    """Lengths [m], radii [m] and limits [rad] of the invented arm; each may be replaced.

    rcm_m: the software remote centre in B. The default lies on the shaft, 0.15 m before the tip, at q = (0, 0.6, 0, 1.0, 0, 0.9, 0, 0).
    """

    base_m: float = 0.25
    upper_arm_m: float = 0.35
    forearm_m: float = 0.33
    wrist_to_flange_m: float = 0.10
    shaft_m: float = 0.33
    link_radius_m: float = 0.06
    shaft_radius_m: float = 0.003
    pitch_limit_rad: float = 2.2
    wrist_limit_rad: float = 1.6
    roll_limit_rad: float = 2.9
    rcm_m: Vector = (0.695056, 0.0, 0.304911)


def versius_like(parameters: VersiusLikeParameters | None = None) -> SerialArm:
    """The invented arm: eight revolute joints, a straight instrument without wrist or jaw along the last roll axis.

    Coordinates roll_1, pitch_2, roll_3, pitch_4, roll_5, pitch_6, yaw_7, roll_8; at q = 0 the arm stands straight up. Points shoulder,
    elbow, wrist, flange, tip; the body `shaft` is the hull of flange and tip. Nothing mechanical holds the shaft at the remote centre:
    a controller must, and `rcm_offset_sx` says how well it does.

    Raises:
        InvalidInput: a parameter that is not finite or out of range.
    """
    p = parameters or VersiusLikeParameters()
    for name in ("base_m", "upper_arm_m", "forearm_m", "wrist_to_flange_m", "shaft_m", "link_radius_m", "shaft_radius_m"):
        finite_number(getattr(p, name), name, 1e-3, 1.0)
    for name in ("pitch_limit_rad", "wrist_limit_rad", "roll_limit_rad"):
        finite_number(getattr(p, name), name, 0.1, 2 * pi)
    alpha = (0.0, -pi / 2, pi / 2, -pi / 2, pi / 2, -pi / 2, pi / 2, pi / 2)
    d = (p.base_m, 0.0, p.upper_arm_m, 0.0, p.forearm_m, 0.0, 0.0, p.wrist_to_flange_m)
    # The offsets put the yaw axis across both pitch_6 and roll_5 at q = 0, and the last roll in line with the forearm.
    offset = (0.0, 0.0, 0.0, 0.0, 0.0, pi / 2, -pi / 2, 0.0)
    rows = [DhRow(name, JointKind.REVOLUTE, *row) for name, *row in zip(_NAMES, alpha, (0.0,) * 8, (0.0,) * 8, d, offset, strict=True)]
    joints = modified_dh_chain(rows)
    tip = Frame(p_m=(0.0, 0.0, p.shaft_m))
    points = (
        BodyPoint("shoulder", 0, joints[0].X_PJ.p_m), BodyPoint("elbow", 2, joints[2].X_PJ.p_m), BodyPoint("wrist", 4, joints[4].X_PJ.p_m),
        BodyPoint("flange", 8, ZERO), BodyPoint("tip", 8, tip.p_m),
    )
    bodies = (
        Body("upper_arm", ("shoulder", "elbow"), p.link_radius_m), Body("forearm", ("elbow", "wrist"), p.link_radius_m),
        Body("hand", ("wrist", "flange"), p.link_radius_m), Body("shaft", ("flange", "tip"), p.shaft_radius_m),
    )
    by_kind = {"roll": p.roll_limit_rad, "pitch": p.pitch_limit_rad, "yaw": p.wrist_limit_rad}
    upper = np.array([p.wrist_limit_rad if name == "pitch_6" else by_kind[name.split("_")[0]] for name in _NAMES])
    limits = JointLimits(_NAMES, ("rad",) * 8, -upper, upper, np.full(8, np.nan), (_SOURCE,))
    return SerialArm(
        name="versius_like_invented", joints=joints, joint_names=_NAMES, limits=limits, body_points=points, bodies=bodies,
        sources=(_SOURCE,), X_tip=tip, shaft=ShaftLine(8, p.rcm_m, is_mechanical=False),
        notes=("every length, radius and limit of this arm is invented; it is not the data of any product",),
    )
