"""Magnetic fields of coils: calibrated, mapped, or from geometry; dipoles in them; and how a calibration is fitted."""

from .field_model import FieldModel, FieldSample
from .mpem import load_mpem_model, mpem_model
from .mpem_file import MpemCalibration, MpemSource, load_mpem, write_mpem
from .saturation import Saturation, load_saturation

__all__ = [
    "FieldModel",
    "FieldSample",
    "MpemCalibration",
    "MpemSource",
    "Saturation",
    "load_mpem",
    "load_mpem_model",
    "load_saturation",
    "mpem_model",
    "write_mpem",
]
