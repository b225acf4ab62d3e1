"""One joint of a serial chain: the single mechanism that modified DH, standard DH and URDF all reduce to."""

from dataclasses import dataclass
from enum import Enum
from math import isfinite, sqrt

from ..errors import InvalidInput
from .rotation import IDENTITY, Z_AXIS, ZERO, Matrix, Vector, to_matrix, to_vector


class JointKind(Enum):
    """What the coordinate does: turn about the axis [rad], or slide along it [m]."""

    REVOLUTE = "revolute"
    PRISMATIC = "prismatic"


@dataclass(frozen=True)
class Frame:
    """A constant rigid transform X_PC: p_P = R p_C + p_m. Plain floats, so that a hash of it means the same everywhere."""

    R: Matrix = IDENTITY
    p_m: Vector = ZERO

    def __post_init__(self) -> None:
        object.__setattr__(self, "R", to_matrix(self.R))
        object.__setattr__(self, "p_m", to_vector(self.p_m))
        entries = [x for row in self.R for x in row]
        if not all(isfinite(x) for x in (*entries, *self.p_m)):
            raise InvalidInput(f"frame: not finite: R {self.R}, p {self.p_m}")
        # 1e-6 admits a file's eight digits; a mirrored, scaled or four-digit frame is outside it.
        if not self.skewness <= 1e-6:
            raise InvalidInput(f"frame: not a rotation (R R' differs from I by {self.skewness:.1e}): {self.R}")
        x, y, z = self.R
        if not x[0] * (y[1] * z[2] - y[2] * z[1]) - x[1] * (y[0] * z[2] - y[2] * z[0]) + x[2] * (y[0] * z[1] - y[1] * z[0]) > 0:
            raise InvalidInput(f"frame: mirrored, determinant below zero: {self.R}")

    @property
    def skewness(self) -> float:
        """max |R R' - I|: how far the rows are from orthonormal."""
        rows = self.R
        return max(abs(sum(rows[i][k] * rows[j][k] for k in range(3)) - (1.0 if i == j else 0.0)) for i in range(3) for j in range(3))


@dataclass(frozen=True)
class Joint:
    """X_PC(q) = X_PJ . motion(gain q + offset): the parent's constant transform, then motion about or along `axis`.

    name: the file's own name of the joint.
    kind: REVOLUTE [rad] or PRISMATIC [m].
    X_PJ: constant transform from the parent link's frame to the joint's frame (p_m in [m]).
    axis: unit vector in the joint's frame. DH joints have z.
    coordinate: index of the coordinate q[coordinate] that moves this joint.
    offset: added to the coordinate, [rad] or [m]; written `offset` (+ theta or D) in dVRK files.
    gain: d(motion)/dq. 1 for a chain's own joints, +-1/2 for jaws, the multiplier of a URDF mimic joint.
    """

    name: str
    kind: JointKind
    X_PJ: Frame
    coordinate: int
    offset: float = 0.0
    axis: Vector = Z_AXIS
    gain: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "axis", to_vector(self.axis))
        length = sqrt(sum(a * a for a in self.axis))
        # The bounds on second derivatives take rotations and axes as exact; their inflation of 1e-9 covers this much.
        if not (abs(length - 1.0) <= 1e-12 and self.X_PJ.skewness <= 1e-12):
            raise InvalidInput(f"joint {self.name}: axis {self.axis} must be a unit vector and R a rotation, both to 1e-12")
        if not (isfinite(self.offset) and isfinite(self.gain) and self.gain != 0.0):
            raise InvalidInput(f"joint {self.name}: offset {self.offset} and gain {self.gain} must be finite and gain not zero")
        if self.coordinate < 0:
            raise InvalidInput(f"joint {self.name}: coordinate {self.coordinate} is negative")

    @property
    def is_prismatic(self) -> bool:
        return self.kind is JointKind.PRISMATIC

    def canonical(self) -> str:
        """One line with exact (hex) constants: what the arm's digest is made of."""
        numbers = [x for row in self.X_PJ.R for x in row] + [*self.X_PJ.p_m, *self.axis, self.offset, self.gain]
        return " ".join([self.name, self.kind.value, str(self.coordinate), *(float(x).hex() for x in numbers)])
