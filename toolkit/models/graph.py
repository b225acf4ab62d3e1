"""The chain as a CasADi SX graph: the one place where the kinematics is written."""

from collections.abc import Sequence

import casadi as ca

from .body import BodyPoint
from .joint import Joint
from .rotation import Matrix, Vector

Pair = tuple[ca.SX, ca.SX]


def matrix_sx(R: Matrix) -> ca.SX:
    """A constant 3 x 3, dense."""
    return ca.SX([list(row) for row in R])


def vector_sx(p: Vector) -> ca.SX:
    """A constant 3 x 1, dense."""
    return ca.SX(list(p))


def motion_sx(joint: Joint, q: ca.SX) -> Pair:
    """(R, p) of the motion alone: rotation about, or translation along, the joint's axis by gain q + offset.

    R = a a' + cos (I - a a') + sin [a]x (Rodrigues); for an axis along x, y or z the constants fold and only the plane is left.
    """
    value = joint.gain * q[joint.coordinate] + joint.offset
    axis = vector_sx(joint.axis)
    if joint.is_prismatic:
        return ca.SX.eye(3), axis * value
    aa = axis @ axis.T
    R = aa + ca.cos(value) * (ca.SX.eye(3) - aa) + ca.sin(value) * ca.skew(axis)
    return ca.densify(R), ca.SX([0.0, 0.0, 0.0])


def advance_sx(before: Pair, joint: Joint, q: ca.SX) -> Pair:
    """The frame after `joint`, from the frame before it."""
    R, p = before
    R_joint, p_joint = R @ matrix_sx(joint.X_PJ.R), p + R @ vector_sx(joint.X_PJ.p_m)
    R_motion, p_motion = motion_sx(joint, q)
    return R_joint @ R_motion, p_joint + R_joint @ p_motion


def frames_sx(joints: Sequence[Joint], q: ca.SX) -> list[Pair]:
    """(R, p) in B of the base frame and of the frame after each joint: len(joints) + 1 pairs."""
    frames: list[Pair] = [(ca.SX.eye(3), ca.SX([0.0, 0.0, 0.0]))]
    for joint in joints:
        frames.append(advance_sx(frames[-1], joint, q))
    return frames


def point_sx(point: BodyPoint, frames: Sequence[Pair], q: ca.SX) -> ca.SX:
    """Position of a body point in B, (3, 1) dense."""
    frame = frames[point.frame]
    for joint in point.branch:
        frame = advance_sx(frame, joint, q)
    return ca.densify(frame[1] + frame[0] @ vector_sx(point.p_m))


def angular_jacobian_sx(joints: Sequence[Joint], frames: Sequence[Pair], n: int) -> ca.SX:
    """Columns w_j = gain R_Bj axis_j of the revolute joints, (3, n): angular velocity of the last frame in B per unit rate."""
    columns = [ca.SX(3, 1) for _ in range(n)]
    for joint, (R, _) in zip(joints, frames[:-1], strict=True):
        if not joint.is_prismatic:
            columns[joint.coordinate] += joint.gain * (R @ (matrix_sx(joint.X_PJ.R) @ vector_sx(joint.axis)))
    return ca.densify(ca.horzcat(*columns))
