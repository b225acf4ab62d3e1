"""The multipole model written a second time, in NumPy, by Legendre series in the angle; where the files are; central differences."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.polynomial.legendre import Legendre

from toolkit import FloatArray
from toolkit.models.magnetics import MpemSource

ROOT = Path(__file__).parents[4]
CALIBRATIONS = ROOT / "examples" / "data" / "magnetic_calibrations"
MAPS = sorted((ROOT / "examples" / "data" / "magnetic_field_maps").glob("vfield_*.txt"))
OCTOMAG = CALIBRATIONS / "OctoMag_Calibration.yaml"
CARDIOMAG = CALIBRATIONS / "C_Mag_Calibration_06-25-2015.yaml"
NAVION = CALIBRATIONS / "Navion_2_Calibration_24-02-2020.yaml"
MEASURED = ROOT / "examples" / "data" / "navion_field" / "measured_field.csv"


def field_of(source: MpemSource, p: FloatArray) -> FloatArray:
    """B = -grad Phi of one source per ampere, (3,), as the paper writes it: in r and the angle."""
    d = p - source.position_m
    r = np.linalg.norm(d)
    h, z = d / r, source.direction
    c = h @ z
    B = np.zeros(3)
    for n, a in enumerate(source.a, start=1):
        P = Legendre.basis(n)
        B -= a * r ** (n - 1) * (n * P(c) * h + P.deriv()(c) * (z - c * h))
    for n, b in enumerate(source.b, start=1):
        P = Legendre.basis(n)
        B -= b * r ** -(n + 2) * (-(n + 1) * P(c) * h + P.deriv()(c) * (z - c * h))
    return B


def central_difference(f: Callable[[FloatArray], FloatArray], x: FloatArray, step: float) -> FloatArray:
    """df/dx by fourth-order central differences, (m, n)."""
    columns = []
    for k in range(len(x)):
        e = np.zeros(len(x))
        e[k] = step
        columns.append((8.0 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12.0 * step))
    return np.stack(columns, axis=1)


def g5_of(G: FloatArray) -> FloatArray:
    """The five components of a gradient (3, 3)."""
    return np.array([G[0, 0], G[0, 1], G[0, 2], G[1, 1], G[1, 2]])
