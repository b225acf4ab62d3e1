"""What is known of eta for a procedure: computed from the tapes, in the words of the proofs' summary."""

from toolkit import InvalidInput
from toolkit.procedure import KeepInCapsule, KeepInCylinder, KeepInSphere, RemoteCentre
from verification.float_error import LIBRARY_ULPS, shield_error

from .assembly import Assembly

_NORMS = (KeepInSphere, KeepInCapsule, KeepInCylinder, RemoteCentre)


def float_error_sentence(assembly: Assembly) -> str:
    """Computed, not certified: no kind of certificate lets the checker repeat it."""
    a, e = assembly, assembly.tube.e
    stated = a.procedure.assumptions.A6.float_error_m
    try:
        bound = shield_error(a.arm, a.lower - e, a.upper + e, a.profile.tick_map, a.tube, a.profile.command_class, a.shield.K)
    except InvalidInput as error:
        return f"Not bounded: |executed value - real model| <= eta = {stated:g} m over the joint limits: {error}."
    norms = [c.name for c in a.procedure.constraints if isinstance(c, _NORMS)]
    verdict = "within" if bound.largest_m <= stated else "ABOVE"
    return (
        f"Computed, not certified: over the joint limits grown by e a window's plane margin, as executed, is at most {bound.largest_m:.2g} m from its "
        f"real value, {verdict} the stated eta = {stated:g} m. It assumes the tape's operations one by one in IEEE double precision, sin and cos of the "
        f"C library within {LIBRARY_ULPS} ulp, and the constants as the program holds them. Not bounded: norms ({', '.join(norms) or 'none here'}), "
        "commanded rates, joint limits and the insertion rule (which pay no eta)."
    )
