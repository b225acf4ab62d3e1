"""A point of a chain as a graph written from its end to its base: over boxes much tighter than a product of matrices."""

from collections.abc import Sequence

import casadi as ca

from toolkit.graph import Tape
from toolkit.models.graph import matrix_sx, motion_sx, vector_sx
from toolkit.models.joint import Joint
from toolkit.models.rotation import Vector


def position_sx(joints: Sequence[Joint], p_m: Vector, q: ca.SX, *, with_base: bool = True) -> ca.SX:
    """P(q) = X_1 M_1(q) .. X_k M_k(q) p, (3, 1). with_base False leaves out X_1, a rigid motion of everything."""
    v = vector_sx(p_m)
    for k in range(len(joints) - 1, -1, -1):
        R, p = motion_sx(joints[k], q)
        v = R @ v + p
        if k > 0 or with_base:
            v = matrix_sx(joints[k].X_PJ.R) @ v + vector_sx(joints[k].X_PJ.p_m)
    return v


def tape_of(q: ca.SX, *outputs: ca.SX) -> Tape:
    """The tape of several outputs in one column."""
    column = ca.densify(ca.vertcat(*(ca.vec(ca.densify(y)) for y in outputs)))
    return Tape.of(ca.Function("f", [q], ca.cse([column])))
