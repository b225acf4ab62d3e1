"""Whether coils have authority over a robot that a rotating field turns, from its assembly."""

from safety import AuthorityLimits, SwimmerMotion, check_swimmer_authority
from safety.coil_layer import SIGMAS
from toolkit import InvalidInput

from .coil_assembly import path_points
from .coil_parts import coil_layer
from .turned_assembly import TurnedAssembly

AUTHORITY_POINTS = 31


def turned_authority(assembly: TurnedAssembly, advance_m_rad: float, sinking_m_s: float) -> dict[str, str]:
    """R1 to R3 for a robot that moves advance_m_rad forward as it turns by a radian, and sinks at sinking_m_s without a field.

    Raises:
        SpecificationError: the coils cannot, and why.
    """
    procedure, layer = assembly.procedure, coil_layer(assembly)
    limits, a, controller = procedure.limits, procedure.assumptions, procedure.controller
    try:
        motion = SwimmerMotion(
            image_s=a.B2.age_s_max + assembly.period_s,
            current_s=a.B4.within_s,
            response_s=assembly.robot.time_constant_s,
            error_m=a.B6.error_m + SIGMAS * a.B2.noise_m,
            across_m_s=a.B3.across_m_s,
            along_m_s=a.B3.speed_m_s,
            flow_m_s=a.B3.flow_m_s,
            field_T=controller.field_T,
            rate_rad_s=controller.share * assembly.step_out_rad_s,
            step_out_rad_s=assembly.step_out_rad_s,
            step_out_share=a.B7.step_out_share,
            advance_m_rad=advance_m_rad,
            sinking_m_s=sinking_m_s,
            speed_margin_m_s=a.B3.speed_margin_m_s,
            reach_m=assembly.reach_m,
            period_s=assembly.period_s,
            step_A=limits.slew_A_s * assembly.period_s,
            hold_s=assembly.path.duration_s,
        )
        bounds = AuthorityLimits(limits.current_A, limits.heat_W, limits.field_T, limits.gradient_T_m)
        points, _ = path_points(assembly.path, AUTHORITY_POINTS)
        found = check_swimmer_authority(assembly.model, assembly.walls, points, bounds, layer.fields, layer.thermal, motion)
    except InvalidInput as error:
        raise procedure.error(str(error), "assumptions") from error
    if not found.grants:
        raise procedure.error("; ".join(found.reasons), "path")
    return {
        "R1": f"in step up to {found.rate_rad_s:.3g} rad/s, {motion.rate_rad_s:.3g} used; {1e6 * found.speed_m_s:.3g} µm/s off any wall",
        "R2": f"{1e3 * found.room_m:.2g} mm nearer to the wall allowed than R2 needs",
        "R3": f"the hottest coil ends at {found.steady_C:.0f} °C",
    }
