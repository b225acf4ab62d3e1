"""Rigid transforms in Drake's monogram notation: X_AB maps a point in frame B to frame A."""

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, finite_array
from .errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Pose:
    """X_AB = (R_AB, p_AB): p_AQ = R_AB p_BQ + p_AB.

    R: rotation R_AB, shape (3, 3), orthonormal within 1e-6, det +1. p_m: position p_AB, shape (3,), [m].
    """

    R: FloatArray
    p_m: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "R", finite_array(self.R, "R", (3, 3)))
        object.__setattr__(self, "p_m", finite_array(self.p_m, "p_m", (3,)))
        if not (np.abs(self.R @ self.R.T - np.eye(3)).max() <= 1e-6 and np.linalg.det(self.R) > 0):
            raise InvalidInput(f"R: not a rotation: {self.R.tolist()}")

    def __matmul__(self, other: "Pose") -> "Pose":
        """X_AC = X_AB @ X_BC."""
        return Pose(self.R @ other.R, self.R @ other.p_m + self.p_m)

    def inverse(self) -> "Pose":
        """X_BA."""
        return Pose(self.R.T, -self.R.T @ self.p_m)
