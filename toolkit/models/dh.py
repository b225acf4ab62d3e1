"""Denavit-Hartenberg tables, modified (Craig) and standard, as chains of joints."""

from collections.abc import Sequence
from dataclasses import dataclass

from .joint import Frame, Joint, JointKind
from .rotation import add, apply, multiply, rotation_x, rotation_z


@dataclass(frozen=True)
class DhRow:
    """One row of a DH table, in the file's own digits.

    alpha, theta: [rad]. a, d: [m]. offset: added to theta (revolute, [rad]) or to d (prismatic, [m]).
    """

    name: str
    kind: JointKind
    alpha: float
    a: float
    theta: float
    d: float
    offset: float = 0.0


def modified_dh_chain(rows: Sequence[DhRow]) -> tuple[Joint, ...]:
    """Joints of a modified (Craig) table: X_i = Rx(alpha) Tx(a) Rz(theta) Tz(d), theta or d containing q + offset.

    Rz and Tz commute, so the constant part is X_PJ = Rx(alpha) Tx(a) [Rz(theta)] Tz(d) and the motion is about or along z.
    A revolute joint keeps theta in its offset, so that X_PJ stays the sparse Rx(alpha).

    Source: Craig, Introduction to Robotics; the convention of dVRK's kinematic files ("convention": "modified").
    """
    joints = []
    for index, row in enumerate(rows):
        Rx = rotation_x(row.alpha)
        if row.kind is JointKind.REVOLUTE:
            X_PJ, offset = Frame(Rx, add((row.a, 0.0, 0.0), apply(Rx, (0.0, 0.0, row.d)))), row.theta + row.offset
        else:
            # d joins the offset: one translation along one line is then one number, also for the bounds on derivatives.
            X_PJ, offset = Frame(multiply(Rx, rotation_z(row.theta)), (row.a, 0.0, 0.0)), row.d + row.offset
        joints.append(Joint(row.name, row.kind, X_PJ, index, offset))
    return tuple(joints)


def standard_dh_chain(rows: Sequence[DhRow]) -> tuple[tuple[Joint, ...], Frame]:
    """Joints of a standard table and the constant frame after the last one.

    X_i = Rz(theta) Tz(d) Tx(a) Rx(alpha): the motion comes first, so each row's Tx(a) Rx(alpha) belongs to the next joint's
    constant transform, and the last row's to the tip.

    Source: Denavit and Hartenberg 1955, as in dVRK's MTM files ("convention": "standard").
    """
    joints: list[Joint] = []
    before = Frame()
    for index, row in enumerate(rows):
        if row.kind is JointKind.REVOLUTE:
            X_PJ, offset = Frame(before.R, add(before.p_m, apply(before.R, (0.0, 0.0, row.d)))), row.theta + row.offset
        else:
            X_PJ, offset = Frame(multiply(before.R, rotation_z(row.theta)), before.p_m), row.d + row.offset
        joints.append(Joint(row.name, row.kind, X_PJ, index, offset))
        before = Frame(rotation_x(row.alpha), (row.a, 0.0, 0.0))
    return tuple(joints), before
