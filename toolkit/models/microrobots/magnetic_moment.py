"""The moment of a sphere in a field: soft with saturation, or permanent."""

import math
from dataclasses import dataclass
from typing import Protocol

import casadi as ca
import numpy as np

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput

MU_0 = 4e-7 * math.pi
"""[T m/A]; the CODATA value differs from it by less than 1e-9 of it."""
_KNEE = 8


class MagneticMoment(Protocol):
    @property
    def volume_m3(self) -> float:
        """Of the magnetic material."""

    def moment_a_m2(self, b_tesla: FloatArray) -> FloatArray:
        """m(B), shape (3,); InvalidInput where it is not defined."""

    def graph(self, b: ca.SX) -> ca.SX:
        """m(B) as a graph."""


@dataclass(frozen=True)
class SoftMoment:
    """m = V B (3/mu0) / (1 + (3|B| / (mu0 M_s))^8)^(1/8): slope 3 V/mu0 of a highly permeable sphere, |m| < M_s V, smooth.

    Half way to saturation it is 0.05 % below the straight line, at the knee 8 %. Real materials have a softer knee: fit yours.
    Assumes: susceptibility far above 3 (demagnetisation 1/3 decides), no hysteresis.
    """

    volume_m3: float
    saturation_a_m: float

    def __post_init__(self) -> None:
        finite_number(self.volume_m3, "volume_m3", 1e-24, 1e-6)
        finite_number(self.saturation_a_m, "saturation_a_m", 1e3, 2.5e6)

    def moment_a_m2(self, b_tesla: FloatArray) -> FloatArray:
        b = finite_array(b_tesla, "b_tesla", (3,))
        ratio = 3.0 * float(np.linalg.norm(b)) / (MU_0 * self.saturation_a_m)
        finite_number(ratio, "b_tesla over the saturating field", 0.0, 1e3)
        return np.asarray(3.0 * self.volume_m3 / MU_0 * b / math.pow(1.0 + ratio**_KNEE, 1.0 / _KNEE))

    def graph(self, b: ca.SX) -> ca.SX:
        squared = (3.0 / (MU_0 * self.saturation_a_m)) ** 2 * ca.sumsqr(b)
        return 3.0 * self.volume_m3 / MU_0 * b / (1.0 + squared ** (_KNEE // 2)) ** (1.0 / _KNEE)


@dataclass(frozen=True)
class PermanentMoment:
    """m = (B_r/mu0) V B/|B|: a magnet that has turned into the field.

    Raises:
        InvalidInput: a field below `b_min_tesla`, where nothing says which way it points.
    Assumes: it turns faster than anything else happens: 8 pi eta a^3 / (|m||B|) is short.
    """

    volume_m3: float
    remanence_tesla: float
    b_min_tesla: float

    def __post_init__(self) -> None:
        finite_number(self.volume_m3, "volume_m3", 1e-24, 1e-6)
        finite_number(self.remanence_tesla, "remanence_tesla", 1e-3, 2.0)
        finite_number(self.b_min_tesla, "b_min_tesla", 1e-6, 1.0)

    @property
    def magnitude_a_m2(self) -> float:
        return self.remanence_tesla / MU_0 * self.volume_m3

    def moment_a_m2(self, b_tesla: FloatArray) -> FloatArray:
        b = finite_array(b_tesla, "b_tesla", (3,))
        size = float(np.linalg.norm(b))
        if not size >= self.b_min_tesla:
            raise InvalidInput(f"b_tesla: |B| = {size:.3g} T is below {self.b_min_tesla:.3g} T: the magnet's direction is not determined")
        return np.asarray(self.magnitude_a_m2 * b / size)

    def graph(self, b: ca.SX) -> ca.SX:
        """At B = 0 zero, with a derivative; within 1e-6 of the number above `b_min_tesla`. Keep |B| above it by a constraint."""
        return self.magnitude_a_m2 * b / ca.sqrt(ca.sumsqr(b) + (1e-3 * self.b_min_tesla) ** 2)
