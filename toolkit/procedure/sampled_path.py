"""Positions at a constant rate, checked for what a hand or a tool cannot do."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray, finite_array, finite_number
from ..errors import InvalidInput, SpecificationError
from .quantity import Quantity
from .servo_path import METRES_PER, LengthUnit, Placement

SPEED_M_S_MAX = 1.0
COORDINATE = Quantity("m", -1.0, 1.0)


@dataclass(frozen=True, eq=False)
class SampledPath:
    """p_B(t_i), t_i = i / rate_hz, i = 0 .. k-1.

    positions_B_m: shape (k, 3), frame B, [m]; every coordinate within [-1, 1] m.
    rate_hz: samples per second. sha256: of what it was read from (the file's bytes; for a generator, its source file's).

    Raises:
        InvalidInput: not finite, another shape, fewer than two samples, outside the range, or faster than 1 m/s between samples.
    """

    positions_B_m: FloatArray
    rate_hz: float
    sha256: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions_B_m", finite_array(self.positions_B_m, "positions_B_m", (None, 3)))
        finite_number(self.rate_hz, "rate_hz", 1.0, 10_000.0)
        if self.positions_B_m.shape[0] < 2:
            raise InvalidInput(f"positions_B_m: a path has at least two samples, got {self.positions_B_m.shape[0]}")
        found = first_implausible(self.positions_B_m, self.rate_hz)
        if found is not None:
            raise InvalidInput(f"positions_B_m[{found[0]}]: {found[1]}")

    @property
    def duration_s(self) -> float:
        """(k - 1) / rate, [s]."""
        return float((self.positions_B_m.shape[0] - 1) / self.rate_hz)

    @property
    def t_s(self) -> FloatArray:
        """t_i, shape (k,), [s]."""
        return np.asarray(np.arange(self.positions_B_m.shape[0]) / self.rate_hz)

    @property
    def start_B_m(self) -> FloatArray:
        """p_B(0), shape (3,), [m]."""
        return np.asarray(self.positions_B_m[0])

    @property
    def speeds_m_s(self) -> FloatArray:
        """|p_i+1 - p_i| rate, shape (k - 1,), [m/s]."""
        return np.asarray(np.linalg.norm(np.diff(self.positions_B_m, axis=0), axis=1) * self.rate_hz)


def first_implausible(positions_B_m: FloatArray, rate_hz: float) -> tuple[int, str] | None:
    """The first sample outside [-1, 1] m or reached faster than 1 m/s, with the sentence that says so; None when all are plausible."""
    finite = np.asarray(np.isfinite(positions_B_m).all(axis=1))
    inside = np.asarray(finite & (np.abs(positions_B_m) <= COORDINATE.high).all(axis=1))
    speed = np.linalg.norm(np.diff(positions_B_m, axis=0), axis=1) * rate_hz
    slow = np.concatenate([[True], speed <= SPEED_M_S_MAX])
    bad = np.flatnonzero(~(inside & slow))
    if bad.size == 0:
        return None
    i = int(bad[0])
    if not finite[i]:
        return i, f"not finite: {positions_B_m[i].tolist()}"
    if not inside[i]:
        worst = float(positions_B_m[i][np.argmax(np.abs(positions_B_m[i]))])
        return i, f"{worst:.6g} m in frame B is {COORDINATE.problem(worst)}; check unit, scale and to_B"
    jump = f"a jump of {speed[i - 1] / rate_hz:.6g} m in one sample ({speed[i - 1]:.6g} m/s)"
    return i, f"{jump} is implausible: allowed is [0, {SPEED_M_S_MAX:g}] m/s"


def placed(raw: FloatArray, unit: LengthUnit, scale: float, to_B: Placement) -> FloatArray:
    """p_B = R_BD (scale * unit * raw) + translation: raw shape (k, 3) in `unit`, frame D -> (k, 3) in [m], frame B."""
    return np.asarray(raw * METRES_PER[unit] * scale @ rotation_matrix(to_B).T + np.array(to_B.translation_B_m))


def rotation_matrix(to_B: Placement) -> FloatArray:
    """R_BD, shape (3, 3), from whichever form the placement states."""
    if to_B.rotation_BD is not None:
        return np.array(to_B.rotation_BD, dtype=np.float64)
    if to_B.quaternion_BD_wxyz is None:
        raise InvalidInput("to_B: no rotation")
    return quaternion_matrix(to_B.quaternion_BD_wxyz)


def quaternion_matrix(quaternion_wxyz: tuple[float, float, float, float]) -> FloatArray:
    """R of a quaternion (w, x, y, z), normalised first: R = I + 2 w [v] + 2 [v]^2, shape (3, 3)."""
    w, x, y, z = np.array(quaternion_wxyz) / np.linalg.norm(quaternion_wxyz)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + 2.0 * w * cross + 2.0 * cross @ cross)


def checked_path(
    raw: FloatArray,
    unit: LengthUnit,
    scale: float,
    to_B: Placement,
    rate_hz: float,
    sha256: str,
    refuse: Callable[[int, str], SpecificationError],
) -> SampledPath:
    """Place raw samples in B and check them; `refuse` turns a sample's index and a sentence into the error that names its place.

    Raises:
        SpecificationError: the first implausible sample.
    """
    positions = placed(raw, unit, scale, to_B)
    found = first_implausible(positions, rate_hz)
    if found is not None:
        raise refuse(*found)
    return SampledPath(positions, rate_hz, sha256)
