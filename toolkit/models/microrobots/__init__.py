"""Magnetic micro-robots: beads, helices, rollers, and recorded cell-bots with the model that predicts them."""

from .bead import Bead, gradient_matrix
from .helix import Helix
from .magnetic_moment import MU_0, MagneticMoment, PermanentMoment, SoftMoment
from .roller import Roller
from .step_out import mean_spin_rad_s, step_out_rate_rad_s

__all__ = [
    "MU_0",
    "Bead",
    "Helix",
    "MagneticMoment",
    "PermanentMoment",
    "Roller",
    "SoftMoment",
    "gradient_matrix",
    "mean_spin_rad_s",
    "step_out_rate_rad_s",
]
