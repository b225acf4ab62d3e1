"""Magnetic fields of coils: calibrated, mapped, or from geometry; dipoles in them; and how a calibration is fitted."""

from .air_core import AirCoil, air_core_model
from .calibration_fit import CalibrationFit, HeldOut, cross_validate, fit_mpem, mpem_residual, relative_rms
from .dipole import dipole_field, dipole_wrench, force_matrix, gradient_tensor, wrench_graph
from .field_data import FieldData, load_field_data
from .field_map import FieldMap, field_map_model, inconsistency, load_field_map
from .field_model import FieldModel, FieldSample
from .mpem import load_mpem_model, mpem_model
from .mpem_file import MpemCalibration, MpemSource, load_mpem, write_mpem
from .saturation import Saturation, load_saturation

__all__ = [
    "AirCoil",
    "CalibrationFit",
    "FieldData",
    "FieldMap",
    "FieldModel",
    "FieldSample",
    "HeldOut",
    "MpemCalibration",
    "MpemSource",
    "Saturation",
    "air_core_model",
    "cross_validate",
    "dipole_field",
    "dipole_wrench",
    "field_map_model",
    "fit_mpem",
    "force_matrix",
    "gradient_tensor",
    "inconsistency",
    "load_field_data",
    "load_field_map",
    "load_mpem",
    "load_mpem_model",
    "load_saturation",
    "mpem_model",
    "mpem_residual",
    "relative_rms",
    "wrench_graph",
    "write_mpem",
]
