"""Drag of a sphere in unbounded fluid: Stokes at rest, Schiller and Naumann above, refused beyond Re 800.

    F = 6 pi eta a phi(Re) v,    phi = 1 + 0.15 Re^0.687,    Re = 2 a rho |v| / eta,    T = 8 pi eta a^3 w

phi is the drag coefficient C_D = 24/Re (1 + 0.15 Re^0.687) (Schiller and Naumann 1933) over that of Stokes, 24/Re. One law for all
speeds, not a switch at some Re, so that a controller meets no kink: it is Stokes in the limit and 3 % above it at Re 0.1.
"""

import math
from dataclasses import dataclass

import casadi as ca

from ...arrays import finite_number
from ...errors import InvalidInput
from .fluid import Fluid

REYNOLDS_MAX = 800.0
_REYNOLDS_AT_REST = 1e-6
"""Re^0.687 has an infinite slope at rest, a graph's derivative would be NaN: sqrt(Re^2 + this^2) in its place, at most 1.2e-5 more phi."""


def drag_factor(reynolds: float) -> float:
    """phi(Re), drag over Stokes drag.

    Raises:
        InvalidInput: Re outside [0, 800], where the law was not fitted.
    """
    finite_number(reynolds, "reynolds", 0.0, REYNOLDS_MAX)
    return 1.0 + 0.15 * math.pow(math.hypot(reynolds, _REYNOLDS_AT_REST), 0.687)


def drag_factor_graph(reynolds_squared: ca.SX) -> ca.SX:
    """phi as a graph of Re^2, equal to `drag_factor`. A graph cannot refuse: keep |v| <= `SphereDrag.speed_max_m_s` by a constraint."""
    return 1.0 + 0.15 * (reynolds_squared + _REYNOLDS_AT_REST**2) ** (0.5 * 0.687)


@dataclass(frozen=True)
class SphereDrag:
    """A sphere of radius a [m] in a fluid; speeds are relative to the fluid."""

    fluid: Fluid
    radius_m: float

    def __post_init__(self) -> None:
        finite_number(self.radius_m, "radius_m", 1e-8, 1e-1)

    @property
    def stokes_kg_s(self) -> float:
        """6 pi eta a."""
        return 6.0 * math.pi * self.fluid.viscosity_pa_s * self.radius_m

    @property
    def rotational_n_m_s(self) -> float:
        """8 pi eta a^3, for slow rotation (rho w a^2 / eta well below 10)."""
        return 8.0 * math.pi * self.fluid.viscosity_pa_s * self.radius_m**3

    @property
    def speed_max_m_s(self) -> float:
        """The speed at Re 800."""
        return REYNOLDS_MAX / self._reynolds_per_speed

    def reynolds(self, speed_m_s: float) -> float:
        return self._reynolds_per_speed * finite_number(speed_m_s, "speed_m_s", 0.0, self.speed_max_m_s)

    def drag_kg_s(self, speed_m_s: float) -> float:
        """Force over speed, 6 pi eta a phi.

        Raises:
            InvalidInput: a speed above `speed_max_m_s`, negative or NaN.
        """
        return self.stokes_kg_s * drag_factor(min(self.reynolds(speed_m_s), REYNOLDS_MAX))

    def drag_graph(self, speed_squared: ca.SX) -> ca.SX:
        return self.stokes_kg_s * drag_factor_graph(self._reynolds_per_speed**2 * speed_squared)

    def terminal_speed_m_s(self, force_n: float) -> float:
        """The steady speed under a force: the root of drag(v) v = F, by bisection (the left side grows with v).

        Raises:
            InvalidInput: a force that would need Re > 800.
        """
        largest = self.drag_kg_s(self.speed_max_m_s) * self.speed_max_m_s
        finite_number(force_n, "force_n", 0.0, largest)
        low, high = 0.0, min(force_n / self.stokes_kg_s, self.speed_max_m_s)
        for _ in range(200):
            middle = 0.5 * (low + high)
            if not low < middle < high:
                break
            low, high = (middle, high) if self.drag_kg_s(middle) * middle < force_n else (low, middle)
        return high

    @property
    def _reynolds_per_speed(self) -> float:
        return 2.0 * self.radius_m * self.fluid.density_kg_m3 / self.fluid.viscosity_pa_s


def require_over_damped(time_constant_s: float, period_s: float) -> None:
    """The over-damped form drops inertia: allowed while tau_p = m_eff / drag <= period / 10.

    Raises:
        InvalidInput: a longer time constant; the message has both numbers.
    """
    finite_number(time_constant_s, "time_constant_s", 0.0, 1e6)
    finite_number(period_s, "period_s", 1e-6, 1e3)
    if not time_constant_s <= period_s / 10.0:
        raise InvalidInput(
            f"over-damped form: the time constant {time_constant_s:.3g} s exceeds a tenth of the period {period_s:.3g} s; keep the inertia"
        )
