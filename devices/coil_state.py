"""What a coil driver is measured to be doing."""

from dataclasses import dataclass

from toolkit import FloatArray, finite_array, finite_number

from .coil_protocol import TEMPERATURE_UNREADABLE, Cause, State, Status


@dataclass(frozen=True, eq=False)
class CoilState:
    """One sample of all coils.

    applied_a: set-points the device regulates to. current_a, voltage_v: measured; voltage at the coils' sense leads. Shape (n,).
    temperature_c: by coil; None where the sensor cannot be read, which is never taken for cold.
    t_s: before the request of this sample was sent, on time.monotonic(), [s]: never later than the moment it was measured.
    uptime_s: the device's own clock. damaged, gaps, refused: the device's counters.
    problem: why the device stopped by itself, in words; empty while it does not.
    """

    applied_a: FloatArray
    current_a: FloatArray
    voltage_v: FloatArray
    temperature_c: tuple[float | None, ...]
    t_s: float
    uptime_s: float
    state: State
    sequence: int
    damaged: int
    gaps: int
    refused: int
    problem: str = ""

    def __post_init__(self) -> None:
        n = len(self.temperature_c)
        for name in ("applied_a", "current_a", "voltage_v"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name, (n,)))
        finite_number(self.t_s, "t_s", 0.0, 1e12)


def coil_state(status: Status, names: tuple[str, ...], t_s: float) -> CoilState:
    """The status of a device with these coils, in SI."""
    n = len(names)
    return CoilState(
        applied_a=1e-3 * finite_array(status.applied_ma[:n], "applied_ma", (n,)),
        current_a=1e-3 * finite_array(status.measured_ma[:n], "measured_ma", (n,)),
        voltage_v=1e-3 * finite_array(status.voltage_mv[:n], "voltage_mv", (n,)),
        temperature_c=tuple(None if t == TEMPERATURE_UNREADABLE else 1e-2 * t for t in status.temperature_cdeg[:n]),
        t_s=t_s,
        uptime_s=1e-3 * status.uptime_ms,
        state=State(status.state),
        sequence=status.sequence,
        damaged=status.damaged,
        gaps=status.gaps,
        refused=status.refused,
        problem=_cause_text(status.cause, names),
    )


def _cause_text(cause: tuple[int, ...], names: tuple[str, ...]) -> str:
    """Names of the coils and of what each did, joined by '; '."""
    said = []
    for name, bits in zip(names, cause, strict=False):
        words = [str(c.name).lower().replace("_", " ") for c in Cause if bits & c]
        if words:
            said.append(f"{name}: {', '.join(words)}")
    return "; ".join(said)
