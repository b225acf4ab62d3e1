"""What the coil layer takes and gives, as the plain numbers of a record; and back, bit for bit."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from toolkit import TickArray

from .coil_layer import BeadSample, CoilDecision, CoilMemory
from .coil_thermal import CoilThermalState

Data = dict[str, Any]


def bead_sample_data(sample: BeadSample) -> Data:
    """Every field of a sample."""
    return {
        "t_s": sample.t_s,
        "p_m": sample.p_m.tolist(),
        "p_std_m": sample.p_std_m,
        "seen_m": sample.seen_m.tolist(),
        "image_s": sample.image_s,
        "temperature_c": list(sample.temperature_c),
    }


def bead_sample_from(data: Mapping[str, Any]) -> BeadSample:
    """Raises KeyError, TypeError or InvalidInput for what `bead_sample_data` cannot have written; so does every `.._from` here."""
    temperature = tuple(None if t is None else float(t) for t in data["temperature_c"])
    p, seen = np.array(data["p_m"], dtype=np.float64), np.array(data["seen_m"], dtype=np.float64)
    return BeadSample(float(data["t_s"]), p, float(data["p_std_m"]), seen, float(data["image_s"]), temperature)


def coil_memory_data(memory: CoilMemory) -> Data:
    """Every field of what a cycle remembers."""
    return {
        "t_s": memory.t_s,
        "newest_mA": memory.newest_mA.tolist(),
        "temperature_c": memory.thermal.temperature_c.tolist(),
        "dose_min": memory.thermal.dose_min,
        "proposed_s": memory.proposed_s,
        "again": memory.again,
        "stopped": memory.stopped,
    }


def coil_memory_from(data: Mapping[str, Any]) -> CoilMemory:
    thermal = CoilThermalState(np.array(data["temperature_c"], dtype=np.float64), float(data["dose_min"]))
    newest = np.array(data["newest_mA"], dtype=np.int64)
    return CoilMemory(float(data["t_s"]), newest, thermal, float(data["proposed_s"]), int(data["again"]), str(data["stopped"]))


def currents_data(current_mA: TickArray | None) -> list[int] | None:
    """Currents on the wire, or none."""
    return None if current_mA is None else [int(x) for x in current_mA]


def coil_decision_data(decision: CoilDecision) -> Data:
    """The result of `decide`: what is compared when it is computed again."""
    certified = decision.certified
    return {
        "verdict": certified.verdict.value,
        "reason": certified.reason,
        "active": list(certified.active),
        "margins": {name: margin.value for name, margin in certified.margins.items()},
        "ticks": currents_data(certified.ticks),
        "next_memory": coil_memory_data(decision.memory),
        "blind_s": decision.blind_s,
        "hold": decision.hold,
        "retreat": decision.retreat,
        "observed": dict(decision.observed),
    }
