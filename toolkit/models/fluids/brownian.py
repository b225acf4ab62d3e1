"""Brownian motion of a sphere: D = k T / (6 pi eta a), D_r = k T / (8 pi eta a^3); per axis <dx^2> = 2 D t (Einstein 1905)."""

from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray, finite_number
from ...errors import InvalidInput
from .fluid import Fluid
from .sphere_drag import SphereDrag

BOLTZMANN_J_K = 1.380649e-23
"""Exact by definition of the kelvin (SI 2019)."""


@dataclass(frozen=True)
class BrownianMotion:
    """Far from walls: near one, divide by the factors of wall_drag.

    Assumes: steps longer than the particle's time constant; shorter ones overestimate the motion.
    """

    fluid: Fluid
    radius_m: float
    temperature_k: float

    def __post_init__(self) -> None:
        finite_number(self.radius_m, "radius_m", 1e-8, 1e-1)
        finite_number(self.temperature_k, "temperature_k", 250.0, 400.0)

    @property
    def diffusion_m2_s(self) -> float:
        return BOLTZMANN_J_K * self.temperature_k / SphereDrag(self.fluid, self.radius_m).stokes_kg_s

    @property
    def rotational_diffusion_rad2_s(self) -> float:
        return BOLTZMANN_J_K * self.temperature_k / SphereDrag(self.fluid, self.radius_m).rotational_n_m_s

    def increments_m(self, count: int, dt_s: float, seed: int) -> FloatArray:
        """Independent displacements, shape (count, 3), the same for the same seed."""
        return self._normal(count, dt_s, seed, self.diffusion_m2_s)

    def rotation_increments_rad(self, count: int, dt_s: float, seed: int) -> FloatArray:
        """Independent small rotation vectors, shape (count, 3)."""
        return self._normal(count, dt_s, seed, self.rotational_diffusion_rad2_s)

    def _normal(self, count: int, dt_s: float, seed: int, diffusion: float) -> FloatArray:
        for name, value, least in (("count", count, 1), ("seed", seed, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 2**63 - 1:
                raise InvalidInput(f"{name}: a whole number of at least {least} is needed, got {value!r}")
        finite_number(dt_s, "dt_s", 1e-9, 1e6)
        steps: FloatArray = np.random.default_rng(seed).normal(0.0, np.sqrt(2.0 * diffusion * dt_s), (count, 3))
        return steps
