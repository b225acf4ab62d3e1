"""From a micro-robot's assembly to the parts of every such run: layer, tracker, and what all simulated worlds have."""

from typing import Any

import numpy as np

from devices.bead_finder import BeadSpec, Polarity
from devices.stereo_tracker import StereoLimits, StereoTracker
from safety import CoilError, CoilLayer, CoilLayerLimits, CoilThermal, FieldBound
from toolkit import InvalidInput

from .coil_assembly import CoilAssembly, views_of


def coil_layer(assembly: CoilAssembly) -> CoilLayer:
    """The layer that judges currents, with the procedure's limits and assumptions.

    Raises:
        SpecificationError: the assumptions contradict each other.
    """
    procedure, profile = assembly.procedure, assembly.profile
    limits, a = procedure.limits, procedure.assumptions
    try:
        fields = FieldBound(assembly.model, CoilError(a.B1.gain, a.B1.axis_rad, a.B1.offset_m))
        thermal = CoilThermal(
            profile.resistance_ohm_20c, a.B5.heat_capacity_J_K, a.B5.thermal_K_W, a.B5.ambient_C, a.B5.sensor_K, limits.coil_temperature_C,
            limits.contact_share,
        )  # fmt: skip
    except InvalidInput as error:
        raise procedure.error(str(error), "assumptions") from error
    row = CoilLayerLimits(
        period_s=assembly.period_s,
        current_A=limits.current_A,
        step_A=limits.slew_A_s * assembly.period_s,
        heat_W=limits.heat_W,
        R20_ohm=profile.resistance_ohm_20c,
        field_T=limits.field_T,
        gradient_T_m=limits.gradient_T_m,
        field_rate_T_s=limits.field_rate_T_s,
        coil_temperature_C=limits.coil_temperature_C,
        cem43_min=limits.cem43_min,
        image_age_s=a.B2.age_s_max,
        noise_m=a.B2.noise_m,
        speed_m_s=a.B3.speed_m_s,
        across_m_s=a.B3.across_m_s,
        settle_s=a.B4.within_s,
        wall_error_m=a.B6.error_m,
        bead_radius_m=assembly.reach_m,
    )
    return CoilLayer(row, assembly.walls, fields, thermal)


def stereo_tracker(assembly: CoilAssembly) -> StereoTracker:
    """The tracker of the procedure's two views.

    Raises:
        SpecificationError: views that make no point, or a robot that is too small in them.
    """
    procedure = assembly.procedure
    cameras, images = procedure.cameras, procedure.assumptions.B2
    try:
        spec = BeadSpec(assembly.seen_radius_m / cameras.scale_m_px, cameras.contrast_min, Polarity.DARK)
        limits = StereoLimits(images.age_s_max, images.missing_max, images.skew_s_max, images.gap_m_max, cameras.window_m)
        return StereoTracker(views_of(procedure), spec, limits)
    except InvalidInput as error:
        raise procedure.error(str(error), "cameras") from error


def world_of(assembly: CoilAssembly) -> dict[str, Any]:
    """What the simulated rig has whatever its robot: coils, fluid, start and cameras.

    Raises:
        SpecificationError: the procedure says nothing of them.
    """
    procedure, simulated, images = assembly.procedure, assembly.procedure.simulator, assembly.procedure.cameras
    if simulated is None:
        raise procedure.error("missing: what the simulated robot meets", "simulator")
    return {
        "seed": simulated.seed,
        "calibration": str(assembly.calibration_path.resolve()),
        "current_signs": procedure.calibration.current_signs,
        "fluid": procedure.fluid.model_dump(),
        "start_m": assembly.path(np.zeros(1))[0][0].tolist(),
        "cameras": {
            "rate_Hz": simulated.camera_rate_Hz,
            "latency_s": simulated.camera_latency_s,
            "noise_m": procedure.assumptions.B2.noise_m,
            "scale_m_px": images.scale_m_px,
            "views": [{"origin_m": view.origin_m, "shape": [view.rows, view.columns]} for view in images.views],
        },
    }
