"""Bounds on the second derivatives of a point of a serial chain, from its link lengths.

With w_j the axis of joint j, p_l the origin of the more distal joint l, r = P - p_l, and j nearer the base than l (or j = l):

    revolute j, revolute l      d2P = w_j x (w_l x r)       norm <= |(w_l x r) across w_j| <= distance of P from axis l
    revolute j, prismatic l     d2P = w_j x a_l             norm <= |a_l across w_j| <= 1
    prismatic j                 d2P = 0                     (a_j does not depend on the joints after it)

Each vector is enclosed by an interval box that is carried from frame to frame, so collinear translations (insertion offset, insertion,
shaft length) add with their signs before any norm is taken. A coordinate that moves a joint with gain g (a jaw: 1/2) enters with g,
and a coordinate that moves several joints sums over them.

Assumes: float64 rounding inside is covered by the final inflation by 1e-9 and 1e-12 (a few hundred operations on numbers below ten,
each 1.1e-16).
Source: differentiation of the product of rotations; e.g. Murray, Li, Sastry 1994, section 3.4 for the first derivative.
"""

from collections.abc import Sequence

import numpy as np

from ..arrays import FloatArray
from .interval import Box, Interval
from .joint import Frame, Joint
from .rotation import ZERO, Vector, add, apply, to_matrix


def second_derivative_bound(joints: Sequence[Joint], p_m: Vector, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """K (n, n), symmetric, K[j, l] >= sup |d2P/dq_j dq_l| for the point p_m in the frame after the last joint.

    lower, upper: the box, shape (n,), [rad] or [m]. Units of K: [m] per the units of both coordinates.
    """
    n = len(lower)
    K = np.zeros((n, n))
    motions = [_motion_range(joint, lower, upper) for joint in joints]
    reach = Box.point(p_m)  # P from the origin of the frame after joint `distal`
    for distal in range(len(joints) - 1, -1, -1):
        joint = joints[distal]
        arm_length = reach.across(joint.axis)  # before the motion: a turn about the axis keeps the distance from it
        reach = _move(reach, joint, motions[distal])
        velocity = Box.point(joint.axis) if joint.is_prismatic else reach.cross_from(joint.axis)
        cap = 1.0 if joint.is_prismatic else arm_length
        for proximal in range(distal, -1, -1):
            other = joints[proximal]
            if proximal < distal:
                velocity = _turn(velocity.transform(joints[proximal + 1].X_PJ.R, ZERO), other, motions[proximal])
            if other.is_prismatic or (proximal == distal and joint.is_prismatic):
                continue
            bound = _inflate(abs(joint.gain * other.gain) * min(cap, velocity.across(other.axis)))
            K[joint.coordinate, other.coordinate] += bound
            if proximal != distal:
                K[other.coordinate, joint.coordinate] += bound
        reach = reach.transform(joint.X_PJ.R, joint.X_PJ.p_m)
    return K


def reversed_chain(joints: Sequence[Joint], p_m: Vector) -> tuple[tuple[Joint, ...], Vector]:
    """The chain that carries a point fixed in B as seen from the last frame: joints in reverse order, each motion reversed.

    X_B,k = X_1 M_1 X_2 M_2 .. X_k M_k, so X_k,B = M_k^-1 X_k^-1 .. M_1^-1 X_1^-1: joint i of the result has the constant transform
    that stood after it, and gain and offset with opposite sign.
    """
    result = []
    constant = Frame()
    for joint in reversed(joints):
        result.append(Joint(joint.name, joint.kind, constant, joint.coordinate, -joint.offset, joint.axis, -joint.gain))
        constant = _inverse(joint.X_PJ)
    return tuple(result), add(apply(constant.R, p_m), constant.p_m)


def _inverse(X: Frame) -> Frame:
    R = to_matrix([[X.R[j][i] for j in range(3)] for i in range(3)])
    x, y, z = apply(R, X.p_m)
    return Frame(R, (-x, -y, -z))


def _motion_range(joint: Joint, lower: FloatArray, upper: FloatArray) -> Interval:
    ends = (joint.gain * float(lower[joint.coordinate]) + joint.offset, joint.gain * float(upper[joint.coordinate]) + joint.offset)
    return Interval(min(ends), max(ends))


def _move(position: Box, joint: Joint, motion: Interval) -> Box:
    """A position after the motion, seen in the joint's frame before it."""
    return position.shift(joint.axis, motion) if joint.is_prismatic else position.rotate(joint.axis, motion)


def _turn(direction: Box, joint: Joint, motion: Interval) -> Box:
    """A direction after the motion, seen in the joint's frame before it: sliding does not turn it."""
    return direction if joint.is_prismatic else direction.rotate(joint.axis, motion)


def _inflate(bound: float) -> float:
    """Covers the rounding of the operations above; a structural zero (a point no joint moves) stays zero."""
    return bound * (1.0 + 1e-9) + 1e-12 if bound > 0.0 else 0.0
