"""A field of given size that turns about a rotation vector, without a jump when that vector changes its direction."""

from dataclasses import dataclass, replace

import numpy as np

from toolkit import FloatArray, InvalidInput, finite_array, finite_number

SEEN, SEEN_RAD = 0.5, 0.05
"""A field weaker than this share is not followed; one that differs by less than this angle is the same, but for rounded currents."""
_PARALLEL = 1e-12


@dataclass(frozen=True, eq=False)
class RotatingField:
    """A field B across an axis n. n goes to the direction of w no faster than turn_rad_s, and carries B with it (parallel transport);

    B turns about n at w.n. So B stays perpendicular to n and moves by at most (|w| + turn_rad_s) dt, whatever w does; where w = 0 it rests;
    where w is reversed it turns back.

    axis, across: unit vectors (3,), perpendicular; frame B.
    Raises:
        InvalidInput: vectors that are not unit or not perpendicular; a number out of range.
    """

    field_T: float
    axis: FloatArray
    across: FloatArray
    turn_rad_s: float

    def __post_init__(self) -> None:
        finite_number(self.field_T, "field_T", 1e-6, 10.0)
        finite_number(self.turn_rad_s, "turn_rad_s", 1e-3, 1e4)
        n, b = finite_array(self.axis, "axis", (3,)), finite_array(self.across, "across", (3,))
        if not (abs(n @ n - 1.0) <= 1e-9 and abs(b @ b - 1.0) <= 1e-9 and abs(n @ b) <= 1e-9):
            raise InvalidInput(f"axis, across: {n.tolist()}, {b.tolist()}: two perpendicular unit vectors are needed")

    @classmethod
    def at_rest(cls, field_T: float, along: FloatArray, turn_rad_s: float) -> "RotatingField":
        """Across `along`, (3,), and as level as that allows."""
        n = finite_array(along, "along", (3,))
        n = n / np.linalg.norm(n)
        b = np.cross([0.0, 0.0, 1.0] if abs(n[2]) < 0.9 else [1.0, 0.0, 0.0], n)
        return cls(field_T, n, b / np.linalg.norm(b), turn_rad_s)

    def seen(self, B_tesla: FloatArray) -> "RotatingField":
        """This field where it lies as B, (3,), does; as it is where B is too weak, or too near to the axis, to say how it lies."""
        b = B_tesla - (B_tesla @ self.axis) * self.axis
        size = float(np.linalg.norm(b))
        if not size >= SEEN * self.field_T or float(b @ self.across) >= size * np.cos(SEEN_RAD):
            return self
        return replace(self, across=b / size)

    @property
    def B_tesla(self) -> FloatArray:
        """(3,)."""
        return self.field_T * self.across

    def spin_rad_s(self, w_rad_s: FloatArray) -> FloatArray:
        """What of w it turns with now, (w.n) n."""
        return np.asarray((w_rad_s @ self.axis) * self.axis)

    def turned(self, w_rad_s: FloatArray, dt_s: float) -> "RotatingField":
        """The field dt later. InvalidInput: shape, not finite, dt not in [0, 1] s."""
        w, dt = finite_array(w_rad_s, "w_rad_s", (3,)), finite_number(dt_s, "dt_s", 0.0, 1.0)
        n, b = self.axis, self.across
        pole = np.cross(n, w)
        size = float(np.linalg.norm(pole))
        if size > _PARALLEL * max(1.0, float(np.linalg.norm(w))):
            angle = min(float(np.arctan2(size, n @ w)), self.turn_rad_s * dt)
            n, b = _about(n, pole / size, angle), _about(b, pole / size, angle)
        b = _about(b, n, float(w @ n) * dt)
        n = n / np.linalg.norm(n)
        b = b - (b @ n) * n
        return replace(self, axis=n, across=b / np.linalg.norm(b))


def _about(v: FloatArray, axis: FloatArray, angle_rad: float) -> FloatArray:
    """Rodrigues' rotation."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.asarray(cos * v + sin * np.cross(axis, v) + (1.0 - cos) * (axis @ v) * axis)
