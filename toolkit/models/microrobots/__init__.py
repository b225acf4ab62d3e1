"""Magnetic micro-robots: beads, helices, rollers, and recorded cell-bots with the model that predicts them."""

from .bead import Bead, gradient_matrix
from .cellbot_model import CellbotModel, Spans, held_out_rms_px, spans
from .cellbot_record import CellbotRecord, load_cellbot_record
from .helix import Helix
from .magnetic_moment import MU_0, MagneticMoment, PermanentMoment, SoftMoment
from .roller import Roller
from .step_out import mean_spin_rad_s, step_out_rate_rad_s
from .swim_path import FigureOfEight, RecordedPath

__all__ = [
    "MU_0",
    "Bead",
    "CellbotModel",
    "CellbotRecord",
    "FigureOfEight",
    "Helix",
    "MagneticMoment",
    "PermanentMoment",
    "RecordedPath",
    "Roller",
    "SoftMoment",
    "Spans",
    "gradient_matrix",
    "held_out_rms_px",
    "load_cellbot_record",
    "mean_spin_rad_s",
    "spans",
    "step_out_rate_rad_s",
]
