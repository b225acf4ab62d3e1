"""A magnetic sphere that rolls on a wall with slip: v = alpha a w x n, with n from the wall into the fluid."""

import math
from dataclasses import dataclass, field

import casadi as ca
import numpy as np

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput
from ..fluids.fluid import Fluid
from ..fluids.sphere_drag import SphereDrag, require_over_damped
from .bead import STANDARD_GRAVITY
from .step_out import mean_spin_rad_s, step_out_rate_rad_s


@dataclass(frozen=True, eq=False)
class Roller:
    """slip alpha: speed over that of rolling without slip, [0.001, 1]; it depends on the gap and is measured, not derived.

    wall_torque_factor: rotational drag at the wall over 8 pi eta a^3, >= 1; no default, since far from the wall it is 1 and at it several.
    normal: unit vector from the wall into the fluid, shape (3,).
    Raises:
        InvalidInput: a number out of range; a normal that is not a unit vector; a net weight that does not press the sphere to the wall.
    Assumes: a plane wall; creeping flow; contact kept by weight alone.
    """

    radius_m: float
    slip: float
    wall_torque_factor: float
    moment_a_m2: float
    density_kg_m3: float
    fluid: Fluid
    normal: FloatArray
    gravity_m_s2: FloatArray = field(default_factory=lambda: np.array(STANDARD_GRAVITY))

    def __post_init__(self) -> None:
        finite_number(self.radius_m, "radius_m", 1e-8, 1e-2)
        finite_number(self.slip, "slip", 1e-3, 1.0)
        finite_number(self.wall_torque_factor, "wall_torque_factor", 1.0, 100.0)
        finite_number(self.moment_a_m2, "moment_a_m2", 1e-20, 1.0)
        finite_number(self.density_kg_m3, "density_kg_m3", 500.0, 2.5e4)
        object.__setattr__(self, "normal", finite_array(self.normal, "normal", (3,)))
        object.__setattr__(self, "gravity_m_s2", finite_array(self.gravity_m_s2, "gravity_m_s2", (3,)))
        finite_number(float(np.linalg.norm(self.normal)), "|normal|", 1.0 - 1e-9, 1.0 + 1e-9)
        if not float(self.normal @ self.net_weight_n) < 0.0:
            raise InvalidInput(
                f"normal, density_kg_m3: the net weight {self.net_weight_n.tolist()} N does not press the sphere to the wall"
            )

    @property
    def net_weight_n(self) -> FloatArray:
        volume = 4.0 / 3.0 * math.pi * self.radius_m**3
        return np.asarray((self.density_kg_m3 - self.fluid.density_kg_m3) * volume * self.gravity_m_s2)

    @property
    def time_constant_s(self) -> float:
        """(m + m_f/2) / (6 pi eta a), without the wall's drag: the longest."""
        volume = 4.0 / 3.0 * math.pi * self.radius_m**3
        return (self.density_kg_m3 + 0.5 * self.fluid.density_kg_m3) * volume / SphereDrag(self.fluid, self.radius_m).stokes_kg_s

    def step_out_rad_s(self, field_tesla: float) -> float:
        drag = self.wall_torque_factor * SphereDrag(self.fluid, self.radius_m).rotational_n_m_s
        return step_out_rate_rad_s(self.moment_a_m2, field_tesla, drag)

    def speed_m_s(self, field_rate_rad_s: float, field_tesla: float) -> float:
        """Speed for a field that turns about an axis in the wall, below and (Adler) above step-out."""
        return self.slip * self.radius_m * mean_spin_rad_s(field_rate_rad_s, self.step_out_rad_s(field_tesla))

    def velocity(self, period_s: float) -> ca.Function:
        """v as a function of the rotation vector w (3) and of u (3), the flow at the sphere: v = alpha a w x n + u along the wall.

        The part of w along n only spins the sphere. Weight has no part along the wall only where the wall is level.
        Raises:
            InvalidInput: a time constant above a tenth of the period; a wall so steep that the sphere slides (more than 1 degree).
        Assumes: ||w|| <= w_so, which a constraint must keep.
        """
        require_over_damped(self.time_constant_s, period_s)
        weight = self.net_weight_n
        sliding = float(np.linalg.norm(np.cross(weight, self.normal))) / float(np.linalg.norm(weight))
        if not sliding <= math.sin(math.radians(1.0)):
            raise InvalidInput(
                f"normal: the wall is {math.degrees(math.asin(min(sliding, 1.0))):.1f} degrees from level: sliding is not modelled"
            )
        w, u = ca.SX.sym("w", 3), ca.SX.sym("u", 3)
        n = ca.SX(self.normal)
        rolled = self.slip * self.radius_m * ca.cross(w, n) + u - n * ca.dot(n, u)
        return ca.Function("velocity", [w, u], [rolled], ["w", "u"], ["v"])
