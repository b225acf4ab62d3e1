"""The little interval arithmetic that the bounds of `curvature` need: a box that encloses a vector of R^3."""

from dataclasses import dataclass
from math import ceil, cos, hypot, pi, sin

from .rotation import IDENTITY, Matrix, Vector

_SLACK = 1e-15  # on sin and cos of an end point; libm is within one unit of 1.1e-16


@dataclass(frozen=True)
class Interval:
    """All reals x with lo <= x <= hi. Ends are rounded to nearest: `curvature` inflates the result to cover that."""

    lo: float
    hi: float

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(self.lo + other.lo, self.hi + other.hi)

    def __mul__(self, other: "Interval") -> "Interval":
        ends = (self.lo * other.lo, self.lo * other.hi, self.hi * other.lo, self.hi * other.hi)
        return Interval(min(ends), max(ends))

    def scale(self, factor: float) -> "Interval":
        return self * Interval(factor, factor)

    def clip(self, size: float) -> "Interval":
        """The part within [-size, size]; used where |x| <= size is known in another way."""
        return Interval(max(self.lo, -size), min(self.hi, size))

    @property
    def size(self) -> float:
        """max |x|."""
        return max(abs(self.lo), abs(self.hi))


def sine(angle: Interval) -> Interval:
    """Range of sin over an interval of angles [rad]."""
    ends = (sin(angle.lo), sin(angle.hi))
    low = -1.0 if _holds(angle, -pi / 2) else max(-1.0, min(ends) - _SLACK)
    high = 1.0 if _holds(angle, pi / 2) else min(1.0, max(ends) + _SLACK)
    return Interval(low, high)


def cosine(angle: Interval) -> Interval:
    """Range of cos over an interval of angles [rad]."""
    ends = (cos(angle.lo), cos(angle.hi))
    low = -1.0 if _holds(angle, pi) else max(-1.0, min(ends) - _SLACK)
    high = 1.0 if _holds(angle, 0.0) else min(1.0, max(ends) + _SLACK)
    return Interval(low, high)


def _holds(angle: Interval, place: float) -> bool:
    """Does the interval contain place + 2 pi k for some k; asked with a slack, so that a rounded end cannot hide an extremum."""
    k = ceil((angle.lo - 1e-9 - place) / (2 * pi))
    return place + 2 * pi * k <= angle.hi + 1e-9


@dataclass(frozen=True)
class Box:
    """All vectors v with v_i in x, y, z and |v| <= norm. The norm is carried along because rotations keep it and boxes do not."""

    x: Interval
    y: Interval
    z: Interval
    norm: float

    @classmethod
    def point(cls, v: Vector) -> "Box":
        x, y, z = v
        return cls(Interval(x, x), Interval(y, y), Interval(z, z), hypot(x, y, z))

    def transform(self, R: Matrix, p: Vector) -> "Box":
        """R v + p."""
        axes = (self.x, self.y, self.z)
        size = self.norm + hypot(*p)
        rows = []
        for i in range(3):
            turned = axes[0].scale(R[i][0]) + axes[1].scale(R[i][1]) + axes[2].scale(R[i][2])
            rows.append(turned.clip(self.norm) + Interval(p[i], p[i]))
        return Box(rows[0], rows[1], rows[2], min(size, hypot(*(r.size for r in rows))))

    def shift(self, axis: Vector, distance: Interval) -> "Box":
        """v + axis d, d in the interval: translations along one line add with their signs."""
        rows = [own + distance.scale(a) for own, a in zip((self.x, self.y, self.z), axis, strict=True)]
        return Box(rows[0], rows[1], rows[2], min(self.norm + distance.size, hypot(*(r.size for r in rows))))

    def cross_from(self, axis: Vector) -> "Box":
        """axis x v, for a unit axis."""
        a, b, c = axis
        rows = (self.z.scale(b) + self.y.scale(-c), self.x.scale(c) + self.z.scale(-a), self.y.scale(a) + self.x.scale(-b))
        return Box(*rows, min(self.norm, hypot(*(r.size for r in rows))))

    def rotate(self, axis: Vector, angle: Interval) -> "Box":
        """Rotation about a unit axis by any angle of the interval."""
        Q = _frame_along(axis)
        local = self if Q == IDENTITY else self.transform(_transpose(Q), (0.0, 0.0, 0.0))
        s, c = sine(angle), cosine(angle)
        radius = hypot(local.x.size, local.y.size)
        x = (c * local.x + s.scale(-1.0) * local.y).clip(radius)
        y = (s * local.x + c * local.y).clip(radius)
        turned = Box(x, y, local.z, self.norm)
        return turned if Q == IDENTITY else turned.transform(Q, (0.0, 0.0, 0.0))

    def across(self, axis: Vector) -> float:
        """sup of the part of v perpendicular to a unit axis: |axis x v|."""
        return self.cross_from(axis).norm


def _transpose(R: Matrix) -> Matrix:
    return ((R[0][0], R[1][0], R[2][0]), (R[0][1], R[1][1], R[2][1]), (R[0][2], R[1][2], R[2][2]))


def _frame_along(axis: Vector) -> Matrix:
    """A rotation whose third column is the axis."""
    if axis == (0.0, 0.0, 1.0):
        return IDENTITY
    i = min(range(3), key=lambda k: abs(axis[k]))
    helper = [0.0, 0.0, 0.0]
    helper[i] = 1.0
    u = (axis[1] * helper[2] - axis[2] * helper[1], axis[2] * helper[0] - axis[0] * helper[2], axis[0] * helper[1] - axis[1] * helper[0])
    size = hypot(*u)
    u = (u[0] / size, u[1] / size, u[2] / size)
    v = (axis[1] * u[2] - axis[2] * u[1], axis[2] * u[0] - axis[0] * u[2], axis[0] * u[1] - axis[1] * u[0])
    return ((u[0], v[0], axis[0]), (u[1], v[1], axis[1]), (u[2], v[2], axis[2]))
