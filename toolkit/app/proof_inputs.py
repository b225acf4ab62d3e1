"""The input files of a proof: what a run executes, rendered so that equal data means equal bytes (docs/certificates.md)."""

from pathlib import Path
from typing import Any

import yaml

from safety import SHIELD_VERSION
from safety.audit import canonical_bytes
from toolkit.cycle import MISSES_MAX
from toolkit.models import SerialArm
from toolkit.models.instrument import dvrk_folder, load_instrument

from .assembly import Assembly

_KINEMATIC_FILE = {"psm_classic": ("PSM.json", "Classic"), "psm_si": ("PSM_Si.json", "Si")}


def render_inputs(assembly: Assembly, extra: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """Every input of the proofs of a procedure by role: contents of inputs/ROLE.json.

    extra: transition systems, tapes and authority problems of obligations, by role.
    """
    procedure, profile = assembly.procedure, assembly.profile
    kinematic_file, generation = _KINEMATIC_FILE[profile.arm.model]
    data = dvrk_folder().parent
    tick_map, commands = profile.tick_map, profile.command_class
    shield = {
        "shield_version": SHIELD_VERSION,
        "n_max": assembly.shield.n_max,
        "v_ticks": commands.v_ticks,
        "a_ticks": commands.a_ticks,
        "ticks_zero": tick_map.ticks_zero,
        "M": [[(x + 0.0).hex() for x in row] for row in tick_map.M.tolist()],
        "brake_m_s2": assembly.safety_layer().gentlest_brake_m_s2.hex(),
        "misses_max": MISSES_MAX,
    }
    return {
        "arm": (dvrk_folder() / "kinematic" / kinematic_file).read_bytes(),
        "tool": load_instrument(profile.arm.instrument, generation).path.read_bytes(),
        "sizes": _rendered(data / "instrument_bodies.yaml"),
        "published_limits": _rendered(data / "published_limits.yaml"),
        "procedure": canonical_bytes(procedure.model_dump(mode="json", exclude_none=True)),
        "profile": canonical_bytes(profile.model_dump(mode="json", exclude_none=True)),
        "tube": canonical_bytes(_plain(assembly.tube_path)),
        "shield": canonical_bytes(shield),
        **(extra or {}),
    }


def chain_inputs(arm: SerialArm, e: list[float], constraints: list[dict[str, Any]]) -> dict[str, bytes]:
    """The inputs of proofs about an arm without a procedure: its own chain, its limits grown by e, and constraints as in a procedure."""
    problem = {
        "arm": arm.name,
        "instrument": arm.instrument,
        "names": arm.joint_names,
        "lower": [x.hex() for x in arm.limits.lower.tolist()],
        "upper": [x.hex() for x in arm.limits.upper.tolist()],
        "e": [float(x).hex() for x in e],
        "constraints": constraints,
    }
    return {"chain": arm.canonical.encode("ascii"), "problem": canonical_bytes(problem)}


def _rendered(path: Path) -> bytes:
    return canonical_bytes(_plain(path))


def _plain(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
