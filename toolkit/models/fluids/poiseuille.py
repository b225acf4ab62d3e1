"""Steady laminar flow in a round pipe: u(r) = 2 U (1 - r^2/R^2), wall shear 4 eta U / R, pressure gradient 8 eta U / R^2."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput
from .fluid import Fluid

LAMINAR_REYNOLDS_MAX = 2000.0


@dataclass(frozen=True)
class Poiseuille:
    """R: radius_m. U: mean speed over the section, signed.

    Raises:
        InvalidInput: Re = 2 R rho |U| / eta above 2000, where pipe flow need not be laminar.
    Assumes: fully developed, straight pipe (an entrance is about 0.06 Re diameters long).
    """

    fluid: Fluid
    radius_m: float
    mean_speed_m_s: float

    def __post_init__(self) -> None:
        finite_number(self.radius_m, "radius_m", 1e-6, 1e-1)
        finite_number(self.mean_speed_m_s, "mean_speed_m_s", -10.0, 10.0)
        if not self.reynolds <= LAMINAR_REYNOLDS_MAX:
            raise InvalidInput(f"mean_speed_m_s: Re {self.reynolds:.0f} exceeds {LAMINAR_REYNOLDS_MAX:.0f}: the flow may not be laminar")

    @property
    def reynolds(self) -> float:
        return 2.0 * self.radius_m * self.fluid.density_kg_m3 * abs(self.mean_speed_m_s) / self.fluid.viscosity_pa_s

    @property
    def wall_shear_pa(self) -> float:
        return 4.0 * self.fluid.viscosity_pa_s * self.mean_speed_m_s / self.radius_m

    @property
    def pressure_gradient_pa_m(self) -> float:
        """-dp/dz."""
        return 8.0 * self.fluid.viscosity_pa_s * self.mean_speed_m_s / self.radius_m**2

    def speed_m_s(self, r_m: ArrayLike) -> FloatArray:
        """u at distances r from the axis, shape (n,); outside the pipe refused."""
        relative = relative_radius(r_m, self.radius_m)
        speed: FloatArray = 2.0 * self.mean_speed_m_s * (1.0 - relative**2)
        return speed


def relative_radius(r_m: ArrayLike, radius_m: float) -> FloatArray:
    """r/R in [0, 1]; InvalidInput outside."""
    r = finite_array(r_m, "r_m", (None,))
    if not (np.all(r >= 0.0) and np.all(r <= radius_m)):
        raise InvalidInput(f"r_m: outside [0, {radius_m}], the pipe's radius: {r.min()} to {r.max()}")
    return r / radius_m
