"""Serial ports and shipped arm models; and what answers on a profile's line."""

from pathlib import Path

from serial.tools import list_ports

from devices import launch_simulated_arm, load_profile, probe
from toolkit.models import ARM_NAMES


def serial_ports() -> list[str]:
    """One line a port: device, description."""
    return [f"{port.device}  {port.description}" for port in list_ports.comports()]


def arm_models() -> tuple[str, ...]:
    """Names for `arm: {model: ...}`."""
    return tuple(ARM_NAMES)


def probe_profile(path: Path) -> list[tuple[str, ...]]:
    """Ask every servo of a profile who it is; for a simulated arm, one is started for the purpose. Writes no register."""
    profile = load_profile(path)
    if not profile.is_simulated:
        return _rows(probe(profile, profile.require_port()))
    with launch_simulated_arm(profile) as arm:
        return _rows(probe(profile, arm.port))


def _rows(results: object) -> list[tuple[str, ...]]:
    return [tuple(str(value) for value in vars(result).values()) for result in results]  # type: ignore[attr-defined]
