"""The coil profile: everything that differs between two coil systems, in one YAML file."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, PrivateAttr, model_validator

from toolkit import DeviceFault, FloatArray, SpecificationError, TickArray, tick_array

from .coil_protocol import CHANNELS, Outcome
from .profile_parts import Positive, Strict
from .yaml_source import error_at, load_yaml_model

COPPER_PER_K = 0.00393
"""Relative rise of copper's resistance per kelvin, from 20 degrees Celsius."""
LAB_PROTOCOLS = ("serial_transfer_11", "serial_transfer_17", "serial_transfer_10")


class CoilConnection(Strict):
    """url: any pyserial URL, or the word `simulated`. reply_timeout_ms: deadline of one attempt. read_retries: of reads only."""

    url: str
    baud_bits_per_s: Annotated[int, Field(ge=9600, le=12_000_000)]
    reply_timeout_ms: Annotated[float, Field(ge=1, le=1000)]
    read_retries: Annotated[int, Field(ge=0, le=5)]


class Watchdog(Strict):
    """What the device does by itself when no valid command comes for time_ms. There is no default outcome: it must be named here.

    zero: all channels to zero, then released. freeze: the newest currents stay, temperatures and trips still watched.
    """

    time_ms: Annotated[int, Field(ge=2, le=60_000)]
    outcome: Literal["zero", "freeze"]

    @property
    def wire(self) -> Outcome:
        """The outcome as it goes on the wire."""
        return {"zero": Outcome.ZERO, "freeze": Outcome.FREEZE}[self.outcome]


class Coil(Strict):
    """One channel and its coil: R(T) = resistance_ohm_20c (1 + 0.00393 (T - 20)), within resistance_tolerance of that (a fraction)."""

    name: str
    limit_ma: Annotated[int, Field(ge=1, le=1_000_000)]
    resistance_ohm_20c: Positive
    resistance_tolerance: Annotated[float, Field(gt=0, le=0.5)]
    inductance_h: Positive
    temperature_c_max: Annotated[float, Field(gt=20, le=180)]

    def resistance_ohm(self, temperature_c: float) -> float:
        """Resistance by the temperature model, [ohm]."""
        return self.resistance_ohm_20c * (1.0 + COPPER_PER_K * (temperature_c - 20.0))


class Readback(Strict):
    """A measured current further than tolerance_ma from the applied one for longer than patience_ms is a fault.

    resistance_tolerance: of voltage over current while currents are steady, against the temperature model (run-time; wider than at rest).
    resistance_ma_min: smaller currents say nothing of a resistance. zero_ma: up to so much, a coil that is off carries no current.
    """

    tolerance_ma: Annotated[int, Field(ge=1, le=100_000)]
    patience_ms: Annotated[float, Field(ge=1, le=10_000)]
    resistance_tolerance: Annotated[float, Field(gt=0, le=0.9)]
    resistance_ma_min: Annotated[int, Field(ge=1, le=100_000)]
    zero_ma: Annotated[int, Field(ge=1, le=1000)]


class SelftestSettings(Strict):
    """current_ma: of one coil at a time. settle_ms: before it is measured. samples: averaged.

    crosstalk_v_max: voltage that a coil without current may show, beyond it the current flows in the wrong one.
    """

    current_ma: Annotated[int, Field(ge=1, le=100_000)]
    settle_ms: Annotated[float, Field(ge=1, le=10_000)]
    samples: Annotated[int, Field(ge=1, le=1000)]
    crosstalk_v_max: Positive


class RigSpec(Strict):
    """The simulated rig. seed: of resistance spread and sensor noise. resistance_spread: standard deviation, as a fraction."""

    seed: Annotated[int, Field(ge=0)]
    supply_v: Positive
    lead_ohm: Annotated[float, Field(ge=0, le=10)]
    heat_capacity_j_per_k: Positive
    thermal_ohm_k_per_w: Positive
    ambient_c: Annotated[float, Field(ge=0, le=60)]
    resistance_spread: Annotated[float, Field(ge=0, le=0.1)]
    current_noise_ma: Annotated[float, Field(ge=0, le=100)]
    voltage_noise_mv: Annotated[float, Field(ge=0, le=1000)]
    temperature_noise_c: Annotated[float, Field(ge=0, le=5)]


class CoilProfile(Strict):
    """A coil system, parsed and checked. Read one with `load_coil_profile`.

    protocol: primum_coil_1, with watchdog, read-back and checks; or one of the layouts of the laboratories' firmware
    (`lab_firmware.LAYOUTS`), which has none of these: then `accepts` must say so by name.
    """

    primum_coil_profile: Literal[1]
    name: str
    protocol: Literal["primum_coil_1", "serial_transfer_11", "serial_transfer_17", "serial_transfer_10"]
    connection: CoilConnection
    accepts: Annotated[list[Literal["no_watchdog", "no_readback"]], Field(default_factory=list)]
    watchdog: Watchdog | None = None
    coils: Annotated[list[Coil], Field(min_length=1, max_length=CHANNELS)]
    step_ma_max: Annotated[int, Field(ge=1, le=1_000_000)]
    readback: Readback | None = None
    selftest: SelftestSettings | None = None
    simulator: RigSpec | None = None
    _path: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _complete(self) -> Self:
        names = [coil.name for coil in self.coils]
        if len(set(names)) != len(names):
            raise ValueError(f"coil names must differ: {names}")
        if self.protocol in LAB_PROTOCOLS:
            missing = {"no_watchdog", "no_readback"} - set(self.accepts)
            if missing:
                raise ValueError(
                    f"{self.protocol}: this firmware keeps its last command for ever when its host dies, and cannot say what flows: "
                    f"`accepts` must name {sorted(missing)}, or use a firmware with primum_coil_1"
                )
            if self.watchdog is not None:
                raise ValueError(f"{self.protocol}: the firmware has no watchdog: `watchdog` cannot be set")
        elif self.accepts or self.watchdog is None or self.readback is None or self.selftest is None:
            raise ValueError(f"{self.protocol}: watchdog, readback and selftest must be stated, and `accepts` has nothing to accept")
        if (self.connection.url == "simulated") != (self.simulator is not None):
            raise ValueError("connection.url is 'simulated' exactly when there is a `simulator` section")
        if self.selftest is not None and not self.selftest.current_ma <= min(coil.limit_ma for coil in self.coils):
            raise ValueError(f"selftest.current_ma: {self.selftest.current_ma} is over the limit of a coil")
        return self

    @property
    def path(self) -> Path:
        """The file it was read from."""
        return self._path

    @property
    def n(self) -> int:
        """Number of coils."""
        return len(self.coils)

    @cached_property
    def limit_ma(self) -> TickArray:
        """Per-coil limits, shape (n,), [mA]."""
        return tick_array([coil.limit_ma for coil in self.coils], "limit_ma", (self.n,))

    @cached_property
    def resistance_ohm_20c(self) -> FloatArray:
        """Resistances at 20 degrees, shape (n,), [ohm]."""
        return np.array([coil.resistance_ohm_20c for coil in self.coils])

    def error(self, problem: str, *location: int | str) -> SpecificationError:
        """An error of one of this file's fields, with its line."""
        return error_at(self._path, problem, *location)

    def require_port(self) -> str:
        """The URL of a real rig. Raises DeviceFault for a simulated one: its port exists only while its process runs."""
        if self.connection.url == "simulated":
            raise DeviceFault(f"{self.name}: simulated: start it with launch_simulated_coils and pass its port")
        return self.connection.url


def load_coil_profile(path: str | Path) -> CoilProfile:
    """Read a coil profile. Raises SpecificationError naming file, line, field, value and what is allowed."""
    file = Path(path)
    profile = load_yaml_model(file, CoilProfile)
    object.__setattr__(profile, "_path", file)
    return profile
