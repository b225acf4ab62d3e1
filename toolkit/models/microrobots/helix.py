"""A rigid helical swimmer in a rotating field: resistive-force theory, step-out, weight.

    [F; T] = -[[a, b], [b, c]] [v; w]   along and about the axis;   force-free v = -(b/a) w,   T = -(c - b^2/a) w

with contour length L, pitch angle th between filament and axis, helix radius s, drag per length xp along and xn across the filament:

    a = L (xp cos^2 th + xn sin^2 th),   b = L s (xn - xp) sin th cos th (left-handed; minus for right-handed),
    c = L s^2 (xp sin^2 th + xn cos^2 th),   xp = 2 pi eta / (log(2 pitch/r) - 1/2),   xn = 4 pi eta / (log(2 pitch/r) + 1/2)

(Gray and Hancock 1955). A spherical head adds 6 pi eta a_h to a and 8 pi eta a_h^3 to c.
"""

import math
from dataclasses import dataclass, field
from typing import Literal

import casadi as ca
import numpy as np

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput
from ..fluids.fluid import Fluid
from ..fluids.sphere_drag import SphereDrag, require_over_damped
from .bead import STANDARD_GRAVITY
from .step_out import mean_spin_rad_s, step_out_rate_rad_s

SLENDERNESS_MAX = 0.15
"""Filament radius over pitch: resistive-force theory is for slender filaments; thicker ones are refused."""


@dataclass(frozen=True, eq=False)
class Helix:
    """turns: how many; pitch, radius (to the filament's axis), filament radius, head radius (0: none) [m]; moment across the axis [A m^2].

    Raises:
        InvalidInput: a number out of range, a filament that is not slender or touches its next turn.
    Assumes: creeping flow; far from walls; no interaction between head and tail.
    """

    turns: float
    pitch_m: float
    radius_m: float
    filament_radius_m: float
    handedness: Literal["right", "left"]
    moment_a_m2: float
    density_kg_m3: float
    fluid: Fluid
    head_radius_m: float = 0.0
    gravity_m_s2: FloatArray = field(default_factory=lambda: np.array(STANDARD_GRAVITY))

    def __post_init__(self) -> None:
        finite_number(self.turns, "turns", 0.5, 100.0)
        for name, low, high in (("pitch_m", 1e-7, 1e-1), ("radius_m", 1e-8, 1e-1), ("filament_radius_m", 1e-9, 1e-2)):
            finite_number(getattr(self, name), name, low, high)
        finite_number(self.head_radius_m, "head_radius_m", 0.0, 1e-2)
        finite_number(self.moment_a_m2, "moment_a_m2", 1e-20, 1.0)
        finite_number(self.density_kg_m3, "density_kg_m3", 500.0, 2.5e4)
        object.__setattr__(self, "gravity_m_s2", finite_array(self.gravity_m_s2, "gravity_m_s2", (3,)))
        if self.handedness not in ("right", "left"):
            raise InvalidInput(f"handedness: {self.handedness!r}: 'right' or 'left'")
        finite_number(self.filament_radius_m / self.pitch_m, "filament_radius_m / pitch_m", 0.0, SLENDERNESS_MAX)
        if not self.filament_radius_m <= self.radius_m:
            raise InvalidInput(f"filament_radius_m: {self.filament_radius_m:.3g} exceeds the helix radius {self.radius_m:.3g} m")

    @property
    def pitch_angle_rad(self) -> float:
        return math.atan2(2.0 * math.pi * self.radius_m, self.pitch_m)

    @property
    def contour_m(self) -> float:
        return self.turns * math.hypot(self.pitch_m, 2.0 * math.pi * self.radius_m)

    @property
    def filament_drag_pa_s(self) -> tuple[float, float]:
        """(xp, xn), drag per length and speed along and across the filament."""
        log = math.log(2.0 * self.pitch_m / self.filament_radius_m)
        eta = self.fluid.viscosity_pa_s
        return 2.0 * math.pi * eta / (log - 0.5), 4.0 * math.pi * eta / (log + 0.5)

    @property
    def propulsion_matrix(self) -> FloatArray:
        """[[a, b], [b, c]], shape (2, 2): [N s/m, N s; N s, N m s]."""
        xp, xn = self.filament_drag_pa_s
        cos, sin = math.cos(self.pitch_angle_rad), math.sin(self.pitch_angle_rad)
        L, s = self.contour_m, self.radius_m
        sign = -1.0 if self.handedness == "right" else 1.0
        head = self._head
        a = L * (xp * cos**2 + xn * sin**2) + (head.stokes_kg_s if head else 0.0)
        c = L * s**2 * (xp * sin**2 + xn * cos**2) + (head.rotational_n_m_s if head else 0.0)
        b = sign * L * s * (xn - xp) * sin * cos
        return np.array([[a, b], [b, c]])

    @property
    def advance_m_rad(self) -> float:
        """v/w of a force-free helix, -b/a: positive for a right-handed one, which moves along the rotation vector."""
        (a, b), _ = self.propulsion_matrix
        return float(-b / a)

    @property
    def rotational_drag_n_m_s(self) -> float:
        """c - b^2/a."""
        (a, b), (_, c) = self.propulsion_matrix
        return float(c - b**2 / a)

    @property
    def transverse_drag_kg_s(self) -> float:
        """Drag against motion across the axis, mean over the turn."""
        xp, xn = self.filament_drag_pa_s
        head = self._head
        return self.contour_m * (xn - 0.5 * (xn - xp) * math.sin(self.pitch_angle_rad) ** 2) + (head.stokes_kg_s if head else 0.0)

    @property
    def volume_m3(self) -> float:
        return math.pi * self.filament_radius_m**2 * self.contour_m + 4.0 / 3.0 * math.pi * self.head_radius_m**3

    @property
    def net_weight_n(self) -> FloatArray:
        """Weight less buoyancy, shape (3,)."""
        return np.asarray((self.density_kg_m3 - self.fluid.density_kg_m3) * self.volume_m3 * self.gravity_m_s2)

    @property
    def time_constant_s(self) -> float:
        """(m + m_f) / a: the added mass of a cylinder moving across its axis, m_f, bounds that of the filament."""
        return (self.density_kg_m3 + self.fluid.density_kg_m3) * self.volume_m3 / float(self.propulsion_matrix[0, 0])

    def step_out_rad_s(self, field_tesla: float) -> float:
        """w_so = |m| B / (c - b^2/a)."""
        return step_out_rate_rad_s(self.moment_a_m2, field_tesla, self.rotational_drag_n_m_s)

    def speed_m_s(self, field_rate_rad_s: float, field_tesla: float) -> float:
        """Mean speed along the axis, below and (Adler) above step-out."""
        return self.advance_m_rad * mean_spin_rad_s(field_rate_rad_s, self.step_out_rad_s(field_tesla))

    def velocity(self, period_s: float, rest_rate_rad_s: float) -> ca.Function:
        """v as a function of the rotation vector w (3) and the flow u (3), below step-out: v = k w + (weight over drag) + u.

        The axis is along w: weight meets drag a along it and the transverse drag across it.
        Below about `rest_rate_rad_s` the latter alone: w no longer says where the axis points, and the graph stays smooth.
        Raises:
            InvalidInput: a time constant above a tenth of the period.
        Assumes: ||w|| <= w_so, which a constraint must keep; the axis follows w at once.
        """
        require_over_damped(self.time_constant_s, period_s)
        finite_number(rest_rate_rad_s, "rest_rate_rad_s", 1e-6, 1e6)
        w, u = ca.SX.sym("w", 3), ca.SX.sym("u", 3)
        weight, across = ca.SX(self.net_weight_n), 1.0 / self.transverse_drag_kg_s
        along = 1.0 / float(self.propulsion_matrix[0, 0])
        sinking = across * weight + (along - across) * w * ca.dot(w, weight) / (ca.sumsqr(w) + rest_rate_rad_s**2)
        return ca.Function("velocity", [w, u], [self.advance_m_rad * w + sinking + u], ["w", "u"], ["v"])

    @property
    def _head(self) -> SphereDrag | None:
        return SphereDrag(self.fluid, self.head_radius_m) if self.head_radius_m > 0.0 else None
