"""A magnetic sphere in a fluid: soft or permanent, with inertia, weight and buoyancy.

    (m + m_f/2) v' = P(m) g5 + (m - m_f) g - D(v - u) (v - u) + 3/2 m_f u',    m_f = rho V the displaced mass

g5 = [dBx/dx, dBx/dy, dBx/dz, dBy/dy, dBy/dz] [T/m]; P(m) g5 is (m . grad) B for a field without curl or divergence. D: Schiller and
Naumann's drag, towards a wall times Brenner's factor, along it times Faxen's. The field, its gradients and the flow u at the bead are
inputs: where they come from is another room's matter.

Left out: Basset's history force, lift, magnetic torque (a sphere is free to turn), Brownian motion (fluids.BrownianMotion).
"""

import math
from dataclasses import dataclass, field

import casadi as ca
import numpy as np

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput
from ..fluids.fluid import Fluid
from ..fluids.sphere_drag import SphereDrag, require_over_damped
from ..fluids.wall_drag import wall_factor_parallel, wall_factor_parallel_graph, wall_factor_perpendicular, wall_factor_perpendicular_graph
from .magnetic_moment import MagneticMoment

STANDARD_GRAVITY = (0.0, 0.0, -9.80665)


def gradient_matrix(m: ca.SX) -> ca.SX:
    """P(m), shape (3, 5): force of a moment m [A m^2] is P(m) g5."""
    x, y, z = m[0], m[1], m[2]
    return ca.vertcat(ca.horzcat(x, y, z, 0, 0), ca.horzcat(0, x, 0, y, z), ca.horzcat(-z, 0, x, -z, y))


@dataclass(frozen=True, eq=False)
class Bead:
    """radius a [m], density [kg/m^3] of the whole sphere, its magnetic moment as a function of the field, the fluid, gravity [m/s^2].

    Raises:
        InvalidInput: a number out of range; a magnetic core larger than the sphere.
    """

    radius_m: float
    density_kg_m3: float
    moment: MagneticMoment
    fluid: Fluid
    gravity_m_s2: FloatArray = field(default_factory=lambda: np.array(STANDARD_GRAVITY))

    def __post_init__(self) -> None:
        finite_number(self.radius_m, "radius_m", 1e-8, 1e-2)
        finite_number(self.density_kg_m3, "density_kg_m3", 500.0, 2.5e4)
        object.__setattr__(self, "gravity_m_s2", finite_array(self.gravity_m_s2, "gravity_m_s2", (3,)))
        if not self.moment.volume_m3 <= self.volume_m3 * (1.0 + 1e-9):
            raise InvalidInput(f"moment.volume_m3: {self.moment.volume_m3:.3g} exceeds the bead's {self.volume_m3:.3g} m^3")

    @property
    def volume_m3(self) -> float:
        return 4.0 / 3.0 * math.pi * self.radius_m**3

    @property
    def drag(self) -> SphereDrag:
        return SphereDrag(self.fluid, self.radius_m)

    @property
    def effective_mass_kg(self) -> float:
        """Mass and added mass, m + m_f/2."""
        return (self.density_kg_m3 + 0.5 * self.fluid.density_kg_m3) * self.volume_m3

    @property
    def net_weight_n(self) -> FloatArray:
        """Weight less buoyancy, shape (3,)."""
        return np.asarray((self.density_kg_m3 - self.fluid.density_kg_m3) * self.volume_m3 * self.gravity_m_s2)

    @property
    def time_constant_s(self) -> float:
        """tau_p = (m + m_f/2) / (6 pi eta a), the longest: walls and speed only add drag."""
        return self.effective_mass_kg / self.drag.stokes_kg_s

    def magnetic_force_n(self, b_tesla: FloatArray, g5_t_m: FloatArray) -> FloatArray:
        """P(m(B)) g5, shape (3,).

        Raises:
            InvalidInput: a shape, NaN, or a field in which the moment is not defined.
        """
        m = self.moment.moment_a_m2(b_tesla)
        x, y, z = (float(part) for part in m)
        g = finite_array(g5_t_m, "g5_t_m", (5,))
        return np.array([m @ g[:3], x * g[1] + y * g[3] + z * g[4], x * g[2] + y * g[4] - z * (g[0] + g[3])])

    def wall_factors(self, wall_distance_m: float) -> tuple[float, float]:
        """(along, towards) a wall whose surface is `wall_distance_m` from the bead's centre; infinity: no wall.

        Raises:
            InvalidInput: closer than Faxen's series holds (a/h > 0.65), contact, or NaN.
        """
        if not wall_distance_m > 0.0:
            raise InvalidInput(f"wall_distance_m: {wall_distance_m!r}: the centre must be in the lumen")
        x = self.radius_m / wall_distance_m
        return wall_factor_parallel(x), wall_factor_perpendicular(x)

    def acceleration(self) -> ca.Function:
        """v' as a function of v (3), B (3), g5 (5), u (3), du/dt (3), n (3), x: the graph a controller derives from.

        n: unit vector from the nearest wall into the lumen. x = a/h, 0 without a wall (n is then of no effect). SI.
        A graph cannot refuse: keep |v - u| <= drag.speed_max_m_s and x <= PARALLEL_X_MAX by constraints, and check with `require_valid`.
        """
        v, B, u, du, n = (ca.SX.sym(name, 3) for name in ("v", "B", "u", "du", "n"))
        g5, x = ca.SX.sym("g5", 5), ca.SX.sym("x")
        displaced = self.fluid.density_kg_m3 * self.volume_m3
        force = ca.mtimes(gradient_matrix(self.moment.graph(B)), g5) + ca.SX(self.net_weight_n) + 1.5 * displaced * du
        force = force - ca.mtimes(self._drag_matrix(v - u, n, x), v - u)
        names = ["v", "B", "g5", "u", "du", "n", "x"]
        return ca.Function("acceleration", [v, B, g5, u, du, n, x], [force / self.effective_mass_kg], names, ["dv"])

    def over_damped_velocity(self, period_s: float) -> ca.Function:
        """v as a function of B, g5, u, n, x without inertia: creeping flow, drag balances force.

        Raises:
            InvalidInput: tau_p above a tenth of the period: there inertia must stay.
        """
        require_over_damped(self.time_constant_s, period_s)
        B, g5, u, n, x = (ca.SX.sym(name, size) for name, size in (("B", 3), ("g5", 5), ("u", 3), ("n", 3), ("x", 1)))
        force = ca.mtimes(gradient_matrix(self.moment.graph(B)), g5) + ca.SX(self.net_weight_n)
        towards = n * ca.dot(n, force)
        along, perpendicular = wall_factor_parallel_graph(x), wall_factor_perpendicular_graph(x)
        velocity = u + ((force - towards) / along + towards / perpendicular) / self.drag.stokes_kg_s
        return ca.Function("velocity", [B, g5, u, n, x], [velocity], ["B", "g5", "u", "n", "x"], ["v"])

    def require_valid(self, speed_m_s: float, wall_distance_m: float) -> None:
        """Raise InvalidInput where a graph of this bead would give a number that means nothing."""
        self.drag.drag_kg_s(speed_m_s)
        self.wall_factors(wall_distance_m)

    def _drag_matrix(self, relative: ca.SX, n: ca.SX, x: ca.SX) -> ca.SX:
        across = ca.mtimes(n, n.T)
        along, towards = wall_factor_parallel_graph(x), wall_factor_perpendicular_graph(x)
        return self.drag.drag_graph(ca.sumsqr(relative)) * (along * (ca.SX.eye(3) - across) + towards * across)
