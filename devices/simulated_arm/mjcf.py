"""A MuJoCo model of a PSM-like arm as a serial chain, written from its DH rows.

X_i = Rx(alpha) Tx(a) Rz(theta) Tz(d) per row. The remote centre of motion is not a constraint in the model: it is where the first
two axes meet and the shaft passes, which a test measures. Each servo is a fixed tendon whose length is the servo's angle, with the
rotor's inertia as its armature, so that coupled instrument disks are servos of their own and not joints in disguise.
"""

from math import cos, sin
from xml.etree import ElementTree

import numpy as np

from toolkit import FloatArray

from .chain import ChainData, Row

POINTS = ("trocar", "wrist", "tip", "jaw_1", "jaw_2")
ROTOR_INERTIA = 3e-5  # kg m2 at the servo's output; invented, large enough that the links are a small load
_WRIST_ROW = 4  # wrist_pitch: its origin is where the shaft ends


def build_moving_mjcf(chain: ChainData, servo_from_joint: FloatArray, payload_kg: float, dt_s: float) -> str:
    """The arm that moves: one serial chain with servos; of the jaws only the first, whose hinge turns by half the opening.

    A pure chain on purpose: a tendon across two branches (both jaws) has inertia that MuJoCo's mass matrix has no place for, and the
    integration becomes unstable.

    Args:
        servo_from_joint: servo angle [rad] per joint [rad] or [m], shape (n, n): the inverse of the tick map in radians.
        payload_kg: mass that moves with the insertion axis. dt_s: time step.
    """
    root, yaw_body = _chain(chain, payload_kg, dt_s)
    _add_jaw(yaw_body, "jaw_1", 0.0)
    joints = [*(row.name for row in chain.rows), "jaw_1"]
    _add_servos(root, joints, servo_from_joint)
    return ElementTree.tostring(root, encoding="unicode")


def build_shape_mjcf(chain: ChainData, jaw_length_m: float) -> str:
    """The arm that is looked at: the same chain without servos, with both jaws and a site for each of POINTS.

    Args:
        jaw_length_m: yaw axis to jaw end.
    """
    root, yaw_body = _chain(chain, 0.01, 0.001)
    for jaw in ("jaw_1", "jaw_2"):
        _add_jaw(yaw_body, jaw, jaw_length_m)
    return ElementTree.tostring(root, encoding="unicode")


def _chain(chain: ChainData, payload_kg: float, dt_s: float) -> tuple[ElementTree.Element, ElementTree.Element]:
    """The model up to the wrist's yaw axis, and the body that turns about it."""
    root = ElementTree.Element("mujoco", model="psm")
    ElementTree.SubElement(root, "compiler", angle="radian", autolimits="true")
    ElementTree.SubElement(root, "option", timestep=_text(dt_s), integrator="implicitfast", gravity="0 0 -9.81")
    world = ElementTree.SubElement(root, "worldbody")
    ElementTree.SubElement(world, "site", name="trocar", pos="0 0 0")
    parent = world
    for index, row in enumerate(chain.rows):
        parent = _add_link(parent, row, payload_kg if row.prismatic else 0.01)
        if index == _WRIST_ROW:
            ElementTree.SubElement(parent, "site", name="wrist", pos="0 0 0")
    ElementTree.SubElement(parent, "site", name="tip", pos="0 0 0")
    return root, parent


def _add_jaw(yaw_body: ElementTree.Element, name: str, length_m: float) -> None:
    body = ElementTree.SubElement(yaw_body, "body", name=name)
    _inertial(body, 0.001)
    ElementTree.SubElement(body, "joint", name=name, type="hinge", axis="0 0 1")
    ElementTree.SubElement(body, "site", name=name, pos=_text(0, length_m, 0))


def _add_link(parent: ElementTree.Element, row: Row, mass: float) -> ElementTree.Element:
    angle = row.theta + (0.0 if row.prismatic else row.offset)
    along = row.d + (row.offset if row.prismatic else 0.0)
    # Rx(alpha) Tx(a) Tz(along): the translation seen from the parent.
    position = _text(row.a, -sin(row.alpha) * along, cos(row.alpha) * along)
    half_a, half_z = row.alpha / 2, angle / 2
    quaternion = _text(cos(half_a) * cos(half_z), sin(half_a) * cos(half_z), -sin(half_a) * sin(half_z), cos(half_a) * sin(half_z))
    body = ElementTree.SubElement(parent, "body", name=row.name, pos=position, quat=quaternion)
    _inertial(body, mass)
    ElementTree.SubElement(body, "joint", name=row.name, type="slide" if row.prismatic else "hinge", axis="0 0 1")
    return body


def _inertial(body: ElementTree.Element, mass: float) -> None:
    inertia = _text(*(mass * 1e-3,) * 3)
    ElementTree.SubElement(body, "inertial", pos="0 0 0", mass=_text(mass), diaginertia=inertia)


def _add_servos(root: ElementTree.Element, joints: list[str], servo_from_joint: FloatArray) -> None:
    """Tendons whose length is the servo's angle, and the actuators that pull them."""
    tendons = ElementTree.SubElement(root, "tendon")
    actuators = ElementTree.SubElement(root, "actuator")
    for index, row in enumerate(np.asarray(servo_from_joint).tolist()):
        name = f"servo_{index}"
        tendon = ElementTree.SubElement(tendons, "fixed", name=name, armature=_text(ROTOR_INERTIA))
        for joint, coefficient in zip(joints, [*row[:-1], 2 * row[-1]], strict=True):  # the opening is twice the hinge of jaw_1
            if coefficient:
                ElementTree.SubElement(tendon, "joint", joint=joint, coef=_text(coefficient))
        ElementTree.SubElement(actuators, "general", name=name, tendon=name, gaintype="fixed", biastype="affine")


def _text(*numbers: float) -> str:
    return " ".join(repr(float(x)) for x in numbers)
