"""Fluids that micro-robots move in: drag of spheres, walls, pipe flow, vessels, Brownian motion."""

from .brownian import BrownianMotion
from .centre_line import AlongLine, CentreLine
from .chamber import Chamber
from .fluid import BLOOD_LIKE, WATER_20C, WATER_37C, Fluid
from .poiseuille import Poiseuille
from .pulse_waveform import PulseWaveform
from .sphere_drag import REYNOLDS_MAX, SphereDrag, drag_factor, require_over_damped
from .vessel import Vessel
from .vessel_segment import VesselSegment
from .wall_drag import (
    PARALLEL_X_MAX,
    PERPENDICULAR_X_MAX,
    wall_factor_parallel,
    wall_factor_parallel_graph,
    wall_factor_perpendicular,
    wall_factor_perpendicular_graph,
)
from .womersley import Womersley, womersley_number

__all__ = [
    "BLOOD_LIKE",
    "PARALLEL_X_MAX",
    "PERPENDICULAR_X_MAX",
    "REYNOLDS_MAX",
    "WATER_20C",
    "WATER_37C",
    "AlongLine",
    "BrownianMotion",
    "CentreLine",
    "Chamber",
    "Fluid",
    "Poiseuille",
    "PulseWaveform",
    "SphereDrag",
    "Vessel",
    "VesselSegment",
    "Womersley",
    "drag_factor",
    "require_over_damped",
    "wall_factor_parallel",
    "wall_factor_parallel_graph",
    "wall_factor_perpendicular",
    "wall_factor_perpendicular_graph",
    "womersley_number",
]
