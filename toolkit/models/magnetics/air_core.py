"""Coils without iron, from their geometry: the exact field of circular loops, and windings as Gauss-Legendre sums of loops.

A loop of radius a, seen in its own axes at distance ρ from the axis and height z (S = a² + ρ² + z², W² = S² - 4 a² ρ²):

    Bz = (mu0/2pi) K [1 + (a² - ρ² - z²)(S - T)/W²]        Bx = (mu0/2pi) K z x [4 a² - S τ]/W²        By likewise
    K = pi / (2 AGM(A, B)),  A² = (S + W)/2,  B² = W,       T = ρ² τ = Σ 2^(n-1) C_n²: the sum of the arithmetic-geometric mean

Everything is a function of ρ², so nothing happens on the axis, and nothing is subtracted from what it nearly equals except at the wire.
The same as Bz and Bρ by the complete elliptic integrals (Smythe, "Static and Dynamic Electricity", 3rd ed., 7.10), after one Landen step
of the mean. A dipole in place of a coil is wrong by tens of per cent at the distances that matter: it is not offered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput
from .dipole import MU0, gradient_tensor
from .field_model import FieldModel

_MEANS = 5
"""Steps of the mean after Landen's: with a wire at 1e-3 of its radius 1e-15 is left."""


@dataclass(frozen=True)
class AirCoil:
    """A winding of rectangular cross-section. centre_m, axis: (3,); a positive current turns right-handed about the axis.

    inner_radius_m < outer_radius_m, length_m: of the winding; equal radii and a length of zero are a single loop. turns: all of them.
    """

    name: str
    centre_m: FloatArray
    axis: FloatArray
    inner_radius_m: float
    outer_radius_m: float
    length_m: float
    turns: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre_m", finite_array(self.centre_m, f"{self.name}: centre, m", (3,)))
        axis = finite_array(self.axis, f"{self.name}: axis", (3,))
        length = float(np.linalg.norm(axis))
        if not length > 0.0:
            raise InvalidInput(f"{self.name}: an axis has a direction")
        object.__setattr__(self, "axis", axis / length)
        finite_number(self.inner_radius_m, f"{self.name}: inner_radius_m", 1e-6, 10.0)
        finite_number(self.outer_radius_m, f"{self.name}: outer_radius_m", self.inner_radius_m, 10.0)
        finite_number(self.length_m, f"{self.name}: length_m", 0.0, 10.0)
        finite_number(self.turns, f"{self.name}: turns", 1e-6, 1e7)

    def loops(self, radial: int, axial: int) -> list[tuple[float, float, float]]:
        """Radius [m], height along the axis [m] and turns of each loop that stands for the winding."""
        middle, half = 0.5 * (self.outer_radius_m + self.inner_radius_m), 0.5 * (self.outer_radius_m - self.inner_radius_m)
        across, along = _gauss(radial if half > 0.0 else 1), _gauss(axial if self.length_m > 0.0 else 1)
        return [
            (middle + half * x, 0.5 * self.length_m * z, 0.25 * self.turns * u * w)
            for x, u in zip(*across, strict=True)
            for z, w in zip(*along, strict=True)
        ]

    def frame(self) -> FloatArray:
        """Rows: two directions across the axis, and the axis."""
        across = np.eye(3)[int(np.abs(self.axis).argmin())]
        first = np.cross(self.axis, across)
        first = first / np.linalg.norm(first)
        return np.array([first, np.cross(self.axis, first), self.axis])


def air_core_model(
    name: str, coils: Sequence[AirCoil], lower_m: ArrayLike, upper_m: ArrayLike, radial: int = 3, axial: int = 8
) -> FieldModel:
    """The field of coils in air, in a box between or beside them; radial x axial loops stand for each winding.

    3 x 8 loops are within 1e-6 of the winding two lengths away, 5 x 16 within 1e-11.

    Raises:
        InvalidInput: no coils, or a box that is not clearly above, below, inside the bore or outside of a winding.
    """
    lower, upper = finite_array(lower_m, "lower_m", (3,)), finite_array(upper_m, "upper_m", (3,))
    finite_number(radial, "radial", 1, 20)
    finite_number(axial, "axial", 1, 100)
    if not coils:
        raise InvalidInput(f"{name}: at least one coil")
    for coil in coils:
        if not _is_apart(coil, lower, upper):
            raise InvalidInput(f"{name}: the box from {lower.tolist()} to {upper.tolist()} m may hold wire of {coil.name}")
    p = ca.SX.sym("p", 3)
    columns = ca.horzcat(*(_column(coil, p, radial, axial) for coil in coils))
    graph = ca.Function("air_core", [p], [ca.densify(columns), ca.SX(ca.DM.zeros(8))], ["p_m"], ["A", "offset"])
    return FieldModel(name, tuple(coil.name for coil in coils), graph, lower, upper)


def loop_field(a: float, q: ca.SX, z: ca.SX) -> tuple[ca.SX, ca.SX]:
    """Bx/x = By/y [T/(A m)] and Bz [T/A] of a loop of radius a about z, where q = x² + y² [m²]."""
    S = a * a + q + z * z
    apart = q + z * z - a * a
    W2 = apart * apart + 4.0 * a * a * z * z
    W = ca.sqrt(W2)
    A, B = ca.sqrt(0.5 * (S + W)), ca.sqrt(W)
    term = 2.0 * a * a / (S + W)  # C_1² / ρ²
    tau, weight = term, 1.0
    for _ in range(_MEANS):
        A, B = 0.5 * (A + B), ca.sqrt(A * B)
        term = q * term * term / (16.0 * A * A)  # C_{n+1} = C_n² / (4 A_{n+1})
        weight *= 2.0
        tau = tau + weight * term
    factor = 0.25 * MU0 / A  # mu0/2pi times pi/(2 A)
    return factor * z * (4.0 * a * a - S * tau) / W2, factor * (1.0 - apart * (S - q * tau) / W2)


def _column(coil: AirCoil, p: Any, radial: int, axial: int) -> Any:
    """[B; g5] of a winding per ampere. No current flows in the box, so the derivatives of Bx/x by q and z give the whole gradient."""
    q, z = ca.SX.sym("q"), ca.SX.sym("z")
    across, along = ca.SX(0), ca.SX(0)
    for radius, height, turns in coil.loops(radial, axial):
        f, Bz = loop_field(radius, q, z - height)
        across, along = across + turns * f, along + turns * Bz
    profile = ca.Function("winding", [q, z], [across, along, ca.gradient(across, q), ca.gradient(across, z)])
    R = coil.frame()
    x = R @ (p - coil.centre_m)
    f, Bz, f_q, f_z = profile(x[0] * x[0] + x[1] * x[1], x[2])
    B = R.T @ ca.vertcat(x[0] * f, x[1] * f, Bz)
    xx, yy = f + 2.0 * x[0] * x[0] * f_q, f + 2.0 * x[1] * x[1] * f_q
    xy, xz, yz = 2.0 * x[0] * x[1] * f_q, x[0] * f_z, x[1] * f_z
    G = R.T @ gradient_tensor(ca.vertcat(xx, xy, xz, yy, yz)) @ R
    return ca.vertcat(B, G[0, 0], G[0, 1], G[0, 2], G[1, 1], G[1, 2])


def _gauss(count: int) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes in [-1, 1] and weights that sum to 2."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


def _is_apart(coil: AirCoil, lower: FloatArray, upper: FloatArray) -> bool:
    """Whether the box is surely free of wire: above or below the winding, inside its bore, or outside its outer radius."""
    corners = np.array(np.meshgrid(*zip(lower, upper, strict=True))).reshape(3, -1).T - coil.centre_m
    heights = corners @ coil.axis
    farthest = np.linalg.norm(corners - np.outer(heights, coil.axis), axis=1).max()

    def distance(t: float) -> float:
        on_axis = coil.centre_m + t * coil.axis
        return float(np.linalg.norm(np.clip(on_axis, lower, upper) - on_axis))

    nearest = float(minimize_scalar(distance, bounds=(heights.min(), heights.max()), method="bounded").fun)
    half = 0.5 * coil.length_m
    return bool(heights.min() > half or heights.max() < -half or farthest < coil.inner_radius_m or nearest > coil.outer_radius_m)
