"""Coordinates that the distance of a body point from a fixed point does not depend on, by exact polynomial identities.

|P(q) - c|^2 is expanded in symbols s_i, c_i for the sine and cosine of each joint and S_i, C_i for each constant turn about x, with only
s^2 + c^2 = 1 and S^2 + C^2 = 1 used; lengths are exact rationals. A symbol that is left out of the normal form does not matter, whatever
the constant angles are: base turns about axes through c, and the roll about an axis through P, drop out.
"""

from collections.abc import Sequence
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly_ctx

from toolkit.models.joint import Joint
from toolkit.models.rotation import Vector


def independent_coordinates(joints: Sequence[Joint], p_m: Vector, centre_m: Vector) -> set[int]:
    """Coordinates q_j with d|P - c|^2 / dq_j = 0 everywhere; those that move nothing here included by their absence.

    Empty for a chain whose constants are no turns about x, or with an axis other than z: nothing is claimed about those. Offsets count
    as the numbers they are: an identity that needs one of them to follow a constant angle (d of a turned row) is missed.
    """
    if not all(_is_turn_about_x(joint) for joint in joints):
        return set()
    names = [f"{kind}{i}" for i in range(len(joints)) for kind in ("c", "s", "C", "S")]
    ring = fmpq_mpoly_ctx.get(names, Ordering.lex)
    symbols = ring.gens()
    v = [ring.constant(_exact(x)) for x in p_m]
    for i in range(len(joints) - 1, -1, -1):
        c, s, C, S = symbols[4 * i : 4 * i + 4]
        x, y, z = v
        x, y, z = (x, y, z + s) if joints[i].is_prismatic else (c * x - s * y, s * x + c * y, z)
        if joints[i].X_PJ.R[1][1] != 1.0:
            y, z = C * y - S * z, S * y + C * z
        v = [value + _exact(p) for value, p in zip((x, y, z), joints[i].X_PJ.p_m, strict=True)]
    square = sum(((x - _exact(o)) ** 2 for x, o in zip(v, centre_m, strict=True)), ring.constant(0))
    for c, s in zip(symbols[::2], symbols[1::2], strict=True):
        square = divmod(square, c * c + s * s - 1)[1]
    degrees = square.degrees()
    used = {joint.coordinate for i, joint in enumerate(joints) if degrees[4 * i] or degrees[4 * i + 1]}
    return {joint.coordinate for joint in joints} - used


def _is_turn_about_x(joint: Joint) -> bool:
    (a, b, c), (d, e, f), (g, h, k) = joint.X_PJ.R
    return joint.axis == (0.0, 0.0, 1.0) and (a, b, c, d, g) == (1.0, 0.0, 0.0, 0.0, 0.0) and e == k and f == -h


def _exact(x: float) -> Any:
    return fmpq(*x.as_integer_ratio())
