"""From a micro-robot procedure to the parts of its run: layer, hold, tracker, and the simulated world."""

from pathlib import Path

import numpy as np

from controllers import BeadHold
from devices.bead_finder import BeadSpec, Polarity
from devices.stereo_tracker import StereoLimits, StereoTracker, View
from safety import (
    AuthorityFindings,
    AuthorityLimits,
    BeadMotion,
    CoilError,
    CoilLayer,
    CoilLayerLimits,
    CoilThermal,
    FieldBound,
    check_authority,
)
from safety.coil_layer import SIGMAS
from toolkit import InvalidInput

from .vessel_assembly import VesselAssembly, path_points
from .vessel_world import VesselWorld

AUTHORITY_POINTS = 31


def coil_layer(assembly: VesselAssembly) -> CoilLayer:
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
        bead_radius_m=procedure.bead.radius_m,
    )
    return CoilLayer(row, assembly.vessel, fields, thermal)


def authority_of(assembly: VesselAssembly) -> AuthorityFindings:
    """Whether the coils can keep the bead off the wall all along its path, as the guarantee has it (R1 to R3); some seconds.

    Raises:
        SpecificationError: they cannot, and why: the vessel is too narrow, no current pulls it off, holding it overheats a coil.
    """
    procedure, layer = assembly.procedure, coil_layer(assembly)
    limits, a, points = procedure.limits, procedure.assumptions, path_points(assembly.path, AUTHORITY_POINTS)[0]
    error_m = a.B6.error_m + SIGMAS * a.B2.noise_m
    image_s = a.B2.age_s_max + assembly.period_s
    motion = BeadMotion(
        image_s, a.B4.within_s, error_m, a.B3.across_m_s, a.B3.speed_m_s, a.B3.flow_m_s, a.B3.force_margin_N, procedure.path.duration_s
    )
    bounds = AuthorityLimits(limits.current_A, limits.heat_W, limits.field_T, limits.gradient_T_m)
    field_T = np.array(procedure.controller.field_T)
    try:
        found = check_authority(
            assembly.model, assembly.bead, assembly.vessel, points, field_T, bounds, layer.fields.error, layer.thermal, motion
        )
    except InvalidInput as error:
        raise procedure.error(str(error), "assumptions") from error
    if not found.grants:
        raise procedure.error("; ".join(found.reasons), "path")
    return found


def bead_hold(assembly: VesselAssembly) -> BeadHold:
    """The backup controller."""
    controller, step_A = assembly.procedure.controller, assembly.procedure.limits.slew_A_s * assembly.period_s
    return BeadHold(assembly.model, assembly.bead, np.array(controller.field_T), 0.9 * step_A, assembly.drag_factor)


def stereo_tracker(assembly: VesselAssembly) -> StereoTracker:
    """The tracker of the procedure's two views.

    Raises:
        SpecificationError: views that make no point, or a bead that is too small in them.
    """
    procedure = assembly.procedure
    cameras, images, x, y, z = procedure.cameras, procedure.assumptions.B2, *np.eye(3)
    try:
        first, second = (
            View(np.array(view.origin_m), cameras.scale_m_px, x if view.column_axis == "x" else y, -z) for view in cameras.views
        )
        spec = BeadSpec(procedure.bead.radius_m / cameras.scale_m_px, cameras.contrast_min, Polarity.DARK)
        limits = StereoLimits(images.age_s_max, images.missing_max, images.skew_s_max, images.gap_m_max, cameras.window_m)
        return StereoTracker((first, second), spec, limits)
    except InvalidInput as error:
        raise procedure.error(str(error), "cameras") from error


def write_world(assembly: VesselAssembly, file: Path) -> None:
    """What the simulated rig is to have in its coils: as the procedure says, with errors of its own."""
    procedure, flow = assembly.procedure, assembly.procedure.simulator
    if flow is None:
        raise procedure.error("missing: what the simulated bead meets", "simulator")
    phases = 2j * np.pi * np.random.default_rng([flow.seed, 20261123]).random(len(flow.parts))
    harmonics = flow.amplitude_m_s * np.array(flow.parts) * np.exp(phases)
    bead, moment, fluid, images = procedure.bead, assembly.bead.moment, procedure.fluid, procedure.cameras
    start, *_ = assembly.path(np.zeros(1))
    world = {
        "seed": flow.seed,
        "calibration": str(assembly.calibration_path.resolve()),
        "current_signs": procedure.calibration.current_signs,
        "bead": {
            "radius_m": bead.radius_m,
            "density_kg_m3": bead.density_kg_m3,
            "core_m3": moment.volume_m3,
            "saturation_A_m": bead.saturation_A_m,
        },
        "fluid": fluid.model_dump(),
        "vessel": [
            {
                "name": segment.name,
                "points_m": segment.points_m.tolist(),
                "radius_m": segment.radius_m.tolist(),
                "parent": segment.parent,
                "share": segment.share,
            }
            for segment in assembly.vessel.segments
        ],
        "pulse": {"rate_Hz": flow.rate_Hz, "mean_m_s": flow.mean_m_s, "harmonics": [[h.real, h.imag] for h in harmonics]},
        "start_m": start[0].tolist(),
        "cameras": {
            "rate_Hz": flow.camera_rate_Hz,
            "latency_s": flow.camera_latency_s,
            "noise_m": procedure.assumptions.B2.noise_m,
            "scale_m_px": images.scale_m_px,
            "views": [{"origin_m": view.origin_m, "shape": [view.rows, view.columns]} for view in images.views],
        },
    }
    file.write_text(VesselWorld.model_validate(world).model_dump_json(indent=1), encoding="utf-8")
