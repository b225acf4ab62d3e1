"""A magnetic dipole: the field it makes, and the force and torque it feels.

With h the unit vector from the dipole to the point, r the distance:

    B  = mu0 / (4 pi r³) (3 h hᵀ - 1) m
    ∇B = 3 mu0 / (4 pi r⁴) (h mᵀ + m hᵀ + (h·m)(1 - 5 h hᵀ))
    F  = ∇B m = P(m) g5,        tau = m × B

The functions take and return CasADi expressions, or numbers (ca.DM) for numbers.
"""

from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import mu_0

from ...arrays import FloatArray, finite_array
from ...errors import InvalidInput
from .saturation import Symbol

MU0 = float(mu_0)
"""Vacuum permeability [T m/A], CODATA as scipy has it."""


def gradient_tensor(g5: Symbol) -> Symbol:
    """The symmetric matrix (3, 3) without trace that five of its components say: dBx/dx, dBx/dy, dBx/dz, dBy/dy, dBy/dz [T/m]."""
    rows = [(g5[0], g5[1], g5[2]), (g5[1], g5[3], g5[4]), (g5[2], g5[4], -(g5[0] + g5[3]))]
    return ca.vertcat(*(ca.horzcat(*row) for row in rows))


def force_matrix(m: Symbol) -> Symbol:
    """P(m), (3, 5) [A m²]: F = P(m) g5."""
    rows = [(m[0], m[1], m[2], 0, 0), (0, m[0], 0, m[1], m[2]), (-m[2], 0, m[0], -m[2], m[1])]
    return ca.vertcat(*(ca.horzcat(*row) for row in rows))


def wrench_graph() -> ca.Function:
    """(m (3,) [A m²], B (3,) [T], g5 (5,) [T/m]) -> force (3,) [N], torque (3,) [N m], for a dipole small beside the field's changes."""
    m, B, g5 = ca.SX.sym("m", 3), ca.SX.sym("B", 3), ca.SX.sym("g5", 5)
    return ca.Function("dipole_wrench", [m, B, g5], [force_matrix(m) @ g5, ca.cross(m, B)], ["m", "B", "g5"], ["force", "torque"])


def dipole_field(moment_ampere_m2: ArrayLike, p_m: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Field (3,) [T] and gradient (3, 3) [T/m] at p, seen from the dipole.

    Raises:
        InvalidInput: not finite, another shape, or the point is the dipole.
    """
    m, p = finite_array(moment_ampere_m2, "moment, A m²", (3,)), finite_array(p_m, "position, m", (3,))
    r = float(np.linalg.norm(p))
    if not r > 0.0:
        raise InvalidInput("position, m: the field of a dipole has no bound where the dipole is")
    h, one = p / r, np.eye(3)
    B = MU0 / (4.0 * np.pi * r**3) * (3.0 * np.outer(h, h) - one) @ m
    G = 3.0 * MU0 / (4.0 * np.pi * r**4) * (np.outer(h, m) + np.outer(m, h) + (h @ m) * (one - 5.0 * np.outer(h, h)))
    return B, G


def dipole_wrench(moment_ampere_m2: ArrayLike, B_tesla: ArrayLike, g5_tesla_per_m: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Force (3,) [N] and torque (3,) [N m] on a dipole. Raises InvalidInput for anything not finite or of another shape."""
    m = finite_array(moment_ampere_m2, "moment, A m²", (3,))
    B, g5 = finite_array(B_tesla, "field, T", (3,)), finite_array(g5_tesla_per_m, "gradient, T/m", (5,))
    force, torque = (np.array(value).ravel() for value in _wrench(m, B, g5))
    return force, torque


_wrench: Any = wrench_graph()
