"""Kinematics a second time, in plain numpy from the chain's constants: no CasADi graph, no derivative, nothing shared but the numbers."""

import numpy as np

from toolkit import FloatArray
from toolkit.models import Joint, JointKind, SerialArm


def body_points(arm: SerialArm, q: FloatArray) -> FloatArray:
    """Positions of the body points at configurations q (k, n): (k, m, 3), [m], frame B."""
    R, p = np.broadcast_to(np.eye(3), (q.shape[0], 3, 3)), np.zeros((q.shape[0], 3))
    frames = [(R, p)]
    for joint in arm.joints:
        R, p = _moved(R, p, joint, q)
        frames.append((R, p))
    points = []
    for point in arm.body_points:
        R, p = frames[point.frame]
        for joint in point.branch:
            R, p = _moved(R, p, joint, q)
        points.append(p + R @ np.array(point.p_m))
    return np.stack(points, axis=1)


def _moved(R: FloatArray, p: FloatArray, joint: Joint, q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """X_BC = X_BP X_PJ motion(gain q + offset), batched; Rodrigues' formula for a turn."""
    p = p + R @ np.array(joint.X_PJ.p_m)
    R = R @ np.array(joint.X_PJ.R)
    amount = joint.gain * q[:, joint.coordinate] + joint.offset
    axis = np.array(joint.axis)
    if joint.kind is JointKind.PRISMATIC:
        return R, p + amount[:, None] * (R @ axis)
    S = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    sine, versine = np.sin(amount)[:, None, None], (1.0 - np.cos(amount))[:, None, None]
    return np.asarray(R @ (np.eye(3) + sine * S + versine * (S @ S))), p
