"""From a bead's assembly to what only its run has: authority, hold, and the world of the simulated rig."""

import numpy as np

from controllers import BeadHold
from safety import AuthorityLimits, BeadMotion, check_authority
from safety.coil_layer import SIGMAS
from toolkit import InvalidInput

from .coil_assembly import path_points
from .coil_parts import coil_layer, world_of
from .vessel_assembly import VesselAssembly
from .vessel_world import VesselWorld

AUTHORITY_POINTS = 31


def vessel_authority(assembly: VesselAssembly) -> dict[str, str]:
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
    return {
        "R1": f"{1e9 * float(found.force_N.min()):.3g} nN more than R1 needs",
        "R2": f"{1e3 * float(found.room_m.min()):.2g} mm nearer to the wall allowed than R2 needs",
        "R3": f"the hottest coil ends at {found.steady_C:.0f} °C",
    }


def bead_hold(assembly: VesselAssembly) -> BeadHold:
    """The backup controller."""
    controller, step_A = assembly.procedure.controller, assembly.procedure.limits.slew_A_s * assembly.period_s
    return BeadHold(assembly.model, assembly.bead, np.array(controller.field_T), 0.9 * step_A, assembly.drag_factor)


def vessel_world(assembly: VesselAssembly) -> VesselWorld:
    """What the simulated rig is to have in its coils: as the procedure says, with errors of its own.

    Raises:
        SpecificationError: the procedure says nothing of it.
    """
    common, flow = world_of(assembly), assembly.procedure.simulator
    if flow is None:
        raise assembly.procedure.error("missing: what the simulated bead meets", "simulator")
    phases = 2j * np.pi * np.random.default_rng([flow.seed, 20261123]).random(len(flow.parts))
    harmonics = flow.amplitude_m_s * np.array(flow.parts) * np.exp(phases)
    bead = assembly.procedure.bead
    world = common | {
        "kind": "vessel",
        "bead": {
            "radius_m": bead.radius_m,
            "density_kg_m3": bead.density_kg_m3,
            "core_m3": assembly.bead.moment.volume_m3,
            "saturation_A_m": bead.saturation_A_m,
        },
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
    }
    return VesselWorld.model_validate(world)
