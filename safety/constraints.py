"""The constraints a procedure may state, each reduced to the four forms of the guarantee (section 1.0): B, P, N and D.

Names are the procedure's own; margins, verdicts and reports use them. Lengths [m], frame B; outward normals: inside is n.p <= offset.
"""

from dataclasses import dataclass

import numpy as np

from toolkit import FloatArray, InvalidInput, finite_array, finite_number

from .regions import LENGTH_M_MAX, Region


@dataclass(frozen=True, eq=False)
class KeepInFaces:
    """Form P: every listed body stays in {p : normals p <= offsets} (half-space, box, polytope, caps of a cylinder)."""

    name: str
    normals_B: FloatArray
    offsets_m: FloatArray
    bodies: tuple[str, ...]

    def __post_init__(self) -> None:
        normals = finite_array(self.normals_B, f"{self.name}.normals_B", (None, 3))
        offsets = finite_array(self.offsets_m, f"{self.name}.offsets_m", (normals.shape[0],))
        length = np.sqrt((normals * normals).sum(axis=1))
        if not normals.shape[0]:
            raise InvalidInput(f"{self.name}: no half-space")
        if not np.all(length > 1e-9):
            raise InvalidInput(f"{self.name}: a half-space normal has no length")
        object.__setattr__(self, "normals_B", finite_array(normals / length[:, None], "normals_B", (None, 3)))
        object.__setattr__(self, "offsets_m", finite_array(offsets / length, "offsets_m", (None,)))


@dataclass(frozen=True, eq=False)
class KeepOut:
    """Form P: every listed body stays outside a convex region; the separating plane is chosen anew for each window."""

    name: str
    region: Region
    bodies: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class KeepInTube:
    """Form N: every point of the listed bodies within radius_m of a segment (ball, capsule) or of its line (cylinder side).

    |Q (P(q) - s)| <= radius - r_body with s any point of the segment, chosen per window, and Q = 1 or the projector across the axis.
    Balls, capsules and cylinders are convex, so points inside mean hulls inside.
    """

    name: str
    p0_B_m: FloatArray
    p1_B_m: FloatArray
    radius_m: float
    across_only: bool
    bodies: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "p0_B_m", finite_array(self.p0_B_m, f"{self.name}.p0_B_m", (3,)))
        object.__setattr__(self, "p1_B_m", finite_array(self.p1_B_m, f"{self.name}.p1_B_m", (3,)))
        finite_number(self.radius_m, f"{self.name}.radius_m", 0.0, LENGTH_M_MAX)
        if self.across_only and not np.linalg.norm(self.p1_B_m - self.p0_B_m) > 1e-9:
            raise InvalidInput(f"{self.name}: a cylinder needs an axis with length")

    @property
    def projector(self) -> FloatArray:
        """Q, shape (3, 3), |Q| <= 1."""
        if not self.across_only:
            return np.eye(3)
        d = self.p1_B_m - self.p0_B_m
        d = d / np.linalg.norm(d)
        return np.asarray(np.eye(3) - np.outer(d, d))


@dataclass(frozen=True)
class RemoteCentre:
    """Form N: |f(q)| <= limit_m, f the offset of the remote centre from the shaft line (software RCM; zero where it is mechanical)."""

    name: str
    limit_m: float

    def __post_init__(self) -> None:
        finite_number(self.limit_m, f"{self.name}.limit_m", 1e-6, 0.1)


@dataclass(frozen=True, eq=False)
class JointBox:
    """Form B: lower <= q <= upper, shape (n,), [rad] or [m] by joint."""

    name: str
    lower: FloatArray
    upper: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "lower", finite_array(self.lower, f"{self.name}.lower", (None,)))
        object.__setattr__(self, "upper", finite_array(self.upper, f"{self.name}.upper", self.lower.shape))
        if not np.all(self.lower < self.upper):
            raise InvalidInput(f"{self.name}: a lower limit is not below its upper limit")


@dataclass(frozen=True)
class InsertionRule:
    """Form D: the wrist is past the remote centre, or it is straight; one branch for a whole window, so a window that
    crosses from one to the other must satisfy one of them throughout, inward and outward alike.

    q[insertion] >= insertion_m_min   OR   |q[j]| <= straight_rad for every wrist joint j.
    """

    name: str
    insertion: int
    insertion_m_min: float
    wrist: tuple[int, ...]
    straight_rad: float

    def __post_init__(self) -> None:
        finite_number(self.insertion_m_min, f"{self.name}.insertion_m_min", 0.0, 1.0)
        finite_number(self.straight_rad, f"{self.name}.straight_rad", 1e-6, 0.5)
        if not (self.wrist and self.insertion >= 0 and min(self.wrist) >= 0):
            raise InvalidInput(f"{self.name}: needs an insertion joint and at least one wrist joint, by index from 0")


@dataclass(frozen=True)
class CommandedRate:
    """Claimed for the commanded sequence only: order 1, |P(y_k) - P(y_k-1)| <= limit T; order 2, second difference <= limit T^2."""

    name: str
    points: tuple[str, ...]
    order: int
    limit: float

    def __post_init__(self) -> None:
        if self.order not in (1, 2):
            raise InvalidInput(f"{self.name}: order is 1 (speed) or 2 (acceleration), not {self.order}")
        finite_number(self.limit, f"{self.name}.limit", 1e-6, 100.0)


Constraint = KeepInFaces | KeepOut | KeepInTube | RemoteCentre | JointBox | InsertionRule | CommandedRate
