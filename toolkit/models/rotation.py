"""Rotations from angles, rounded the same way on every machine."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from ..errors import InvalidInput

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
ZERO: Vector = (0.0, 0.0, 0.0)
Z_AXIS: Vector = (0.0, 0.0, 1.0)


@lru_cache(maxsize=4096)
def sin_cos(angle_rad: float) -> tuple[float, float]:
    """sin and cos of a float64, correctly rounded.

    The constants of a chain are part of the hash that a certificate names, so they may not depend on the machine's libm: the
    Taylor series is summed in exact rationals, and only its end is rounded.

    Raises:
        InvalidInput: |angle| > 20 rad, or not finite: no joint offset is that large.
    """
    if not -20.0 <= angle_rad <= 20.0:
        raise InvalidInput(f"angle: {angle_rad!r} rad is outside [-20, 20]: degrees given for radians?")
    x = Fraction(angle_rad)
    sine, cosine, term, k = Fraction(0), Fraction(0), Fraction(1), 0
    # Below 2^-140 no later term can move the last bit: the smallest |sin| or |cos| of a float64 in this range is above 2^-60.
    while k < 8 or abs(term) > Fraction(1, 2**140):
        sign = -1 if (k // 2) % 2 else 1
        if k % 2:
            sine += sign * term
        else:
            cosine += sign * term
        k += 1
        term = term * x / k
        if k > 1:
            # Keeps the numerators short; an error of 2^-300 per term is far below the rounding of the result.
            term = Fraction(round(term * 2**300), 2**300)
    return float(sine), float(cosine)


def multiply(a: Matrix, b: Matrix) -> Matrix:
    """a @ b in plain float64 operations in a fixed order (a BLAS may fuse or reorder them from one machine to the next)."""
    rows = [[a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j] for j in range(3)] for i in range(3)]
    return to_matrix(rows)


def apply(a: Matrix, v: Vector) -> Vector:
    """a @ v, same remark as `multiply`."""
    x, y, z = (a[i][0] * v[0] + a[i][1] * v[1] + a[i][2] * v[2] for i in range(3))
    return (x, y, z)


def add(a: Vector, b: Vector) -> Vector:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def rotation_x(angle_rad: float) -> Matrix:
    s, c = sin_cos(angle_rad)
    return ((1.0, 0.0, 0.0), (0.0, c, -s), (0.0, s, c))


def rotation_y(angle_rad: float) -> Matrix:
    s, c = sin_cos(angle_rad)
    return ((c, 0.0, s), (0.0, 1.0, 0.0), (-s, 0.0, c))


def rotation_z(angle_rad: float) -> Matrix:
    s, c = sin_cos(angle_rad)
    return ((c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0))


def from_rpy(rpy_rad: Sequence[float]) -> Matrix:
    """R = Rz(yaw) Ry(pitch) Rx(roll), the URDF convention (fixed axes x, y, z)."""
    roll, pitch, yaw = (float(a) for a in rpy_rad)
    return multiply(rotation_z(yaw), multiply(rotation_y(pitch), rotation_x(roll)))


def to_matrix(rows: Sequence[Sequence[float]]) -> Matrix:
    """Nested tuples of float, from any 3 x 3."""
    return (to_vector(rows[0]), to_vector(rows[1]), to_vector(rows[2]))


def to_vector(values: Sequence[float]) -> Vector:
    """A tuple of three floats, from any three numbers."""
    x, y, z = (float(v) for v in values)
    return (x, y, z)
