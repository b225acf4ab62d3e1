"""From a swimmer's assembly to what only its run has: authority, and the world of the simulated rig."""

import numpy as np

from safety import AuthorityLimits, SwimmerMotion, check_swimmer_authority
from safety.coil_layer import SIGMAS
from toolkit import InvalidInput

from .coil_assembly import path_points
from .coil_parts import coil_layer, world_of
from .swimmer_assembly import SwimmerAssembly
from .swimmer_world import SwimmerWorld

AUTHORITY_POINTS = 31


def swimmer_authority(assembly: SwimmerAssembly) -> dict[str, str]:
    """Whether the coils can turn the field all along the path, in step, and the robot leave every wall (R1 to R3).

    Raises:
        SpecificationError: they cannot, and why.
    """
    procedure, layer, helix = assembly.procedure, coil_layer(assembly), assembly.helix
    limits, a, controller = procedure.limits, procedure.assumptions, procedure.controller
    try:
        motion = SwimmerMotion(
            image_s=a.B2.age_s_max + assembly.period_s,
            current_s=a.B4.within_s,
            response_s=helix.time_constant_s,
            error_m=a.B6.error_m + SIGMAS * a.B2.noise_m,
            across_m_s=a.B3.across_m_s,
            along_m_s=a.B3.speed_m_s,
            flow_m_s=a.B3.flow_m_s,
            field_T=controller.field_T,
            rate_rad_s=controller.share * assembly.step_out_rad_s,
            step_out_rad_s=assembly.step_out_rad_s,
            step_out_share=a.B7.step_out_share,
            advance_m_rad=abs(helix.advance_m_rad),
            sinking_m_s=float(np.linalg.norm(helix.net_weight_n)) / float(helix.propulsion_matrix[0, 0]),
            speed_margin_m_s=a.B3.speed_margin_m_s,
            reach_m=assembly.reach_m,
            period_s=assembly.period_s,
            step_A=limits.slew_A_s * assembly.period_s,
            hold_s=assembly.path.duration_s,
        )
        bounds = AuthorityLimits(limits.current_A, limits.heat_W, limits.field_T, limits.gradient_T_m)
        points, _ = path_points(assembly.path, AUTHORITY_POINTS)
        found = check_swimmer_authority(assembly.model, assembly.chamber, points, bounds, layer.fields, layer.thermal, motion)
    except InvalidInput as error:
        raise procedure.error(str(error), "assumptions") from error
    if not found.grants:
        raise procedure.error("; ".join(found.reasons), "path")
    return {
        "R1": f"in step up to {found.rate_rad_s:.3g} rad/s, {motion.rate_rad_s:.3g} used; {1e6 * found.speed_m_s:.3g} µm/s off any wall",
        "R2": f"{1e3 * found.room_m:.2g} mm nearer to the wall allowed than R2 needs",
        "R3": f"the hottest coil ends at {found.steady_C:.0f} °C",
    }


def swimmer_world(assembly: SwimmerAssembly) -> SwimmerWorld:
    """What the simulated rig is to have in its coils: as the procedure says, with errors of its own.

    Raises:
        SpecificationError: the procedure says nothing of it.
    """
    procedure = assembly.procedure
    world = world_of(assembly) | {
        "kind": "swimmer",
        "helix": procedure.helix.model_dump(),
        "floor_m": procedure.chamber.lower_m[2],
        "axis": assembly.path(np.zeros(1))[2][0].tolist(),
        "field_T": procedure.controller.field_T,
    }
    return SwimmerWorld.model_validate(world)
