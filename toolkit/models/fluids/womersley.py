"""Pulsatile laminar flow in a rigid round pipe (Womersley 1955), driven by its mean speed over the section.

For harmonic n of U(t): Wo = R sqrt(2 pi n f rho / eta), L = i^(3/2) Wo,

    u_n(r) = c_n [1 - J0(L r/R) / J0(L)] / [1 - 2 J1(L) / (L J0(L))],

the fraction being 2 (1 - r^2/R^2), Poiseuille, for Wo -> 0.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import jve

from ...arrays import FloatArray, finite_number
from ...errors import InvalidInput
from .fluid import Fluid
from .poiseuille import LAMINAR_REYNOLDS_MAX, relative_radius
from .pulse_waveform import ComplexArray, PulseWaveform

WOMERSLEY_MAX = 100.0
_POISEUILLE_BELOW = 1e-3


def womersley_number(fluid: Fluid, radius_m: float, rate_hz: float) -> float:
    """R sqrt(2 pi f rho / eta)."""
    return radius_m * float(np.sqrt(2.0 * np.pi * rate_hz * fluid.density_kg_m3 / fluid.viscosity_pa_s))


def profile(womersley: float, relative: FloatArray) -> ComplexArray:
    """Speed over mean speed, complex, at r/R in [0, 1].

    Below Wo = 1e-3 it is Poiseuille's, from which it differs there by less than 1e-6 (the first correction is of order Wo^2).
    Raises:
        InvalidInput: Wo outside [0, 100].
    """
    finite_number(womersley, "womersley", 0.0, WOMERSLEY_MAX)
    if womersley < _POISEUILLE_BELOW:
        return np.asarray(2.0 * (1.0 - relative**2), dtype=np.complex128)
    edge = np.exp(0.75j * np.pi) * womersley
    # jve(z) = J(z) exp(-|Im z|): J itself overflows for large Wo.
    scaled = jve(0, edge * relative) / jve(0, edge) * np.exp(np.abs((edge * relative).imag) - abs(edge.imag))
    mean = 1.0 - 2.0 * jve(1, edge) / (edge * jve(0, edge))
    result: ComplexArray = (1.0 - scaled) / mean
    return result


@dataclass(frozen=True, eq=False)
class Womersley:
    """Flow of a waveform through a pipe of radius R.

    Raises:
        InvalidInput: Re of the fastest mean speed above 2000, or Wo of the highest harmonic above 100.
    Assumes: rigid straight pipe, fully developed.
    """

    fluid: Fluid
    radius_m: float
    waveform: PulseWaveform

    def __post_init__(self) -> None:
        finite_number(self.radius_m, "radius_m", 1e-6, 1e-1)
        reynolds = 2.0 * self.radius_m * self.fluid.density_kg_m3 * self.waveform.speed_bound_m_s / self.fluid.viscosity_pa_s
        if not reynolds <= LAMINAR_REYNOLDS_MAX:
            raise InvalidInput(f"waveform: Re {reynolds:.0f} exceeds {LAMINAR_REYNOLDS_MAX:.0f}: the flow may not be laminar")
        finite_number(self.womersley(max(1, self.waveform.harmonics_m_s.size)), "womersley", 0.0, WOMERSLEY_MAX)

    def womersley(self, harmonic: int) -> float:
        return womersley_number(self.fluid, self.radius_m, harmonic * self.waveform.rate_hz)

    def speed_m_s(self, r_m: ArrayLike, t_s: float) -> FloatArray:
        """u at distances r from the axis, shape (n,), at time t; outside the pipe refused."""
        relative = relative_radius(r_m, self.radius_m)
        speed = 2.0 * self.waveform.mean_m_s * (1.0 - relative**2)
        for n, phasor in enumerate(self.waveform.phasors(t_s), start=1):
            speed = speed + (phasor * profile(self.womersley(n), relative)).real
        return np.asarray(speed, dtype=np.float64)
