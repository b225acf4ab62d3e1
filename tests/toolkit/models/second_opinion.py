"""The same chains, computed by code that shares nothing with the graph: Pinocchio, MuJoCo, and the textbook DH product."""

import json
import re
from pathlib import Path

import mujoco
import numpy as np
import pinocchio as pin

from toolkit.models import SerialArm, load_arm

HOOK = ("psm_classic", "PERMANENT_CAUTERY_HOOK:400183")
SHIPPED = [
    ("psm_classic", None), ("psm_si", None), HOOK, ("psm_si", "STAPLER_45:410298"), ("ecm", None), ("ecm_si", None),
    ("raven2_left", None), ("raven2_right", None), ("panda", None), ("versius_like", None),
]
IDS = [name if tool is None else f"{name}-{tool}" for name, tool in SHIPPED]
_CACHE: dict[tuple[str, str | None], SerialArm] = {}


def shipped(which):
    if which not in _CACHE:
        _CACHE[which] = load_arm(*which)
    return _CACHE[which]


def random_q(arm, rng):
    return rng.uniform(arm.limits.lower, arm.limits.upper)


class Pinocchio:
    """Joints added one by one from arm.joints; q_pin = gain q + offset."""

    def __init__(self, arm: SerialArm) -> None:
        self.model, self.moved = pin.Model(), []
        ids = [0]
        for joint in arm.joints:
            ids.append(self._add(ids[-1], joint))
        self.tip = self.model.addFrame(pin.Frame("tip_frame", ids[-1], _se3(arm.X_tip.R, arm.X_tip.p_m), pin.FrameType.OP_FRAME))
        self.frames = []
        for point in arm.body_points:
            parent = ids[point.frame]
            for joint in point.branch:
                parent = self._add(parent, joint)
            frame = pin.Frame(f"at_{point.name}", parent, _se3(np.eye(3), point.p_m), pin.FrameType.OP_FRAME)
            self.frames.append(self.model.addFrame(frame))
        self.data = self.model.createData()
        self.n = arm.n

    def _add(self, parent, joint):
        kind = pin.JointModelPrismaticUnaligned if joint.is_prismatic else pin.JointModelRevoluteUnaligned
        self.moved.append(joint)
        placement, name = _se3(joint.X_PJ.R, joint.X_PJ.p_m), f"{joint.name}_{len(self.moved)}"
        return self.model.addJoint(parent, kind(np.array(joint.axis)), placement, name)

    def __call__(self, q):
        q_pin = np.array([j.gain * q[j.coordinate] + j.offset for j in self.moved])
        pin.computeJointJacobians(self.model, self.data, q_pin)
        pin.updateFramePlacements(self.model, self.data)
        J_pin = pin.getFrameJacobian(self.model, self.data, self.tip, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED)
        J = np.zeros((6, self.n))
        for column, joint in enumerate(self.moved):
            J[:, joint.coordinate] += joint.gain * J_pin[:, column]
        tip = self.data.oMf[self.tip]
        return tip.rotation.copy(), tip.translation.copy(), np.array([self.data.oMf[f].translation for f in self.frames]), J


class MuJoCo:
    """The chain as MJCF with 17 digits; sites at the body points."""

    def __init__(self, arm: SerialArm) -> None:
        self.joints, self.sites = [], [p.name for p in arm.body_points]
        at = {k: [p for p in arm.body_points if p.frame == k] for k in range(len(arm.joints) + 1)}
        inner = self._points(at[len(arm.joints)])
        for k in range(len(arm.joints) - 1, -1, -1):
            inner = self._points(at[k]) + self._body(arm.joints[k], inner)
        xml = f'<mujoco><compiler angle="radian"/><worldbody>{inner}</worldbody></mujoco>'
        self.model = mujoco.MjModel.from_xml_string(xml)
        self.data = mujoco.MjData(self.model)

    def _points(self, points):
        text = ""
        for point in points:
            part = f'<site name="{point.name}" pos="{_digits(point.p_m)}"/>'
            for joint in reversed(point.branch):
                part = self._body(joint, part)
            text += part
        return text

    def _body(self, joint, inner):
        name = f"{joint.name}_{len(self.joints)}"
        self.joints.append((name, joint))
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, np.array(joint.X_PJ.R).ravel())
        kind = "slide" if joint.is_prismatic else "hinge"
        return (
            f'<body pos="{_digits(joint.X_PJ.p_m)}" quat="{_digits(quat)}"><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>'
            f'<joint name="{name}" type="{kind}" axis="{_digits(joint.axis)}"/>{inner}</body>'
        )

    def __call__(self, q):
        for name, joint in self.joints:
            self.data.joint(name).qpos[0] = joint.gain * q[joint.coordinate] + joint.offset
        mujoco.mj_kinematics(self.model, self.data)
        return np.array([self.data.site(name).xpos for name in self.sites])


def textbook_tip(files: list[Path], tooltip: Path | None, q):
    """Product of 4 x 4 modified-DH matrices, read from the files by other code than the loader's."""
    T = np.eye(4)
    rows = [row for file in files for row in _rows(file)]
    for row, value in zip(rows, q, strict=False):
        slides = row["type"] == "prismatic"
        theta = row["theta"] + (0.0 if slides else value + row["offset"])
        d = row["D"] + (value + row["offset"] if slides else 0.0)
        ca, sa, ct, st = np.cos(row["alpha"]), np.sin(row["alpha"]), np.cos(theta), np.sin(theta)
        T = T @ np.array([
            [ct, -st, 0, row["A"]], [st * ca, ct * ca, -sa, -sa * d], [st * sa, ct * sa, ca, ca * d], [0, 0, 0, 1.0],
        ])
    return T if tooltip is None else T @ np.array(_read(tooltip)["tooltip_offset"])


def _read(file: Path):
    text = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)
    return json.loads(re.sub(r"//[^\n]*", "", text))


def _rows(file: Path):
    table = _read(file)["DH"]
    return table.get("joints") or table.get("links")


def _digits(values):
    return " ".join(repr(float(v)) for v in values)


def _se3(R, p):
    return pin.SE3(np.array(R), np.array(p))
