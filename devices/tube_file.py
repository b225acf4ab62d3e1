"""The tube file: an identified tracking tube with its conditions, bound by a hash to the profile it was identified for."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field

from toolkit import FloatArray, SpecificationError, ToolkitError, Tube
from toolkit.tube import SAMPLE_GAP_PERIODS

from .profile import ArmProfile
from .profile_parts import Number, Positive
from .yaml_source import load_yaml_model


class TubeFile(BaseModel):
    """Contents of a tube file. Per joint, in the profile's order, rad or m: see `units`.

    behind_max: m, jitter_periods of it in reserve: the excess was measured without them, so a setpoint may be late by as much.
    encoder_excess: largest distance of a measured position outside the hull of the window's setpoints, with safety_factor.
    encoder_error: of one reading. joint_error: declared bound between encoder and true joint. growth: of the excess in growth_periods,
    from when the oldest admissible sample was taken until the next one is used. e_monitor = encoder_excess + encoder_error: what a sample
    may show; e = e_monitor + encoder_error + joint_error + growth: where the joint then may be.
    lag_ms: measured delay from a setpoint's write to the motion, per joint.
    conditions: what was done, for the report. device_digest: of everything in the profile the numbers depend on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    primum_tube: Literal[1]
    device: str
    device_digest: str
    joints: list[str]
    units: list[Literal["rad", "m"]]
    behind_max: Annotated[int, Field(ge=1, le=50)]
    jitter_periods: Annotated[int, Field(ge=0, le=20)]
    losses_max: Annotated[int, Field(ge=0, le=20)]
    safety_factor: Annotated[float, Field(ge=1, le=10)]
    growth_periods: Annotated[float, Field(ge=1, le=1000)]
    encoder_excess: list[Number]
    encoder_error: list[Number]
    joint_error: list[Number]
    growth: list[Number]
    e_monitor: list[Positive]
    e: list[Positive]
    lag_ms: list[Number]
    conditions: str
    digest: str


def growth_periods(profile: ArmProfile) -> float:
    """For how long an excess may grow, in periods: from when the oldest admissible sample was taken until the next one is used."""
    return SAMPLE_GAP_PERIODS + profile.timing.age_max_ms / profile.timing.period_ms


def device_digest(profile: ArmProfile) -> str:
    """SHA-256 of what a tube depends on: tick map, command class, timing, losses, declared errors, and the simulated servo if any."""
    c = profile.command_class
    parts = [
        "device/1", profile.name, profile.tick_map.digest, c.period_s.hex(), str(c.v_ticks.tolist()), str(c.a_ticks.tolist()),
        profile.timing.model_dump_json(), str(profile.encoder_error_ticks), *(x.hex() for x in profile.joint_error.tolist()),
        "real" if profile.simulator is None else profile.simulator.model_dump_json(exclude={"start_rad_or_m"}),
    ]  # fmt: skip
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def tube_digest(fields: dict[str, Any]) -> str:
    """SHA-256 over every field but `digest`, floats in hexadecimal."""
    lines = []
    for key in sorted(set(fields) - {"digest"}):
        value = fields[key]
        items = value if isinstance(value, list) else [value]
        lines.append(key + " " + " ".join(x.hex() if isinstance(x, float) else str(x) for x in items))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def write_tube(path: Path, fields: dict[str, Any]) -> None:
    """Write a tube file; `fields` are those of TubeFile without `digest`."""
    complete = TubeFile.model_validate({**fields, "digest": tube_digest(fields)}).model_dump()
    text = "# Written by `primum identify-tube`: measured, not chosen. A change of the device or of a number here is refused.\n"
    path.write_text(text + yaml.safe_dump(complete, sort_keys=False, width=120), encoding="utf-8")


def _least(tube: TubeFile, profile: ArmProfile) -> list[tuple[str, FloatArray, str]]:
    """What A1's monitor needs each column to be at least: field, (n,), in words."""
    tick, error = profile.tick_map.abs_M.sum(axis=1), np.array(tube.encoder_error)
    return [
        ("joint_error", profile.joint_error, "the profile states"),
        ("encoder_error", profile.encoder_error_ticks * tick, "the profile's encoder_error_ticks"),
        ("growth", tube.safety_factor * tube.growth_periods * tick, "one tick of each servo a period, times safety_factor"),
        ("e_monitor", tube.encoder_excess + error, "encoder_excess + encoder_error"),
        ("e", tube.e_monitor + error + tube.joint_error + tube.growth, "e_monitor + encoder_error + joint_error + growth"),
    ]


def load_tube(path: str | Path, profile: ArmProfile) -> Tube:
    """The tube of `path` for `profile`.

    Raises:
        SpecificationError: unreadable, edited after it was written, identified for another device, class or set of limits, or its
            columns are less than A1's monitor needs.
    """
    file = Path(path)
    contents = load_yaml_model(file, TubeFile)
    if contents.digest != tube_digest(contents.model_dump()):
        raise SpecificationError("does not fit the contents: the file was edited; identify the tube again", file=str(file), field="digest")
    if contents.device_digest != device_digest(profile):
        raise SpecificationError(
            f"identified for another state of device {contents.device}: gears, command class, timing, declared errors or the simulated "
            f"servo of {profile.path} have changed since; run `primum identify-tube` again",
            file=str(file), field="device_digest",
        )  # fmt: skip
    if not contents.growth_periods >= growth_periods(profile):
        problem = f"identified for {contents.growth_periods:g} periods between samples, {growth_periods(profile):g} are possible"
        raise SpecificationError(f"{problem}; identify the tube again", file=str(file), field="growth_periods")
    for field, least, why in _least(contents, profile):
        short = least - np.array(getattr(contents, field))
        if not np.all(short <= 1e-12 * least):
            j = int(np.argmax(short))
            problem = f"joint {contents.joints[j]}: less than {why} by {short[j]:.3g} {contents.units[j]}; identify the tube again"
            raise SpecificationError(problem, file=str(file), field=field)
    try:
        return Tube(np.array(contents.e), np.array(contents.e_monitor), contents.behind_max, contents.losses_max, contents.conditions)
    except ToolkitError as error:
        raise SpecificationError(str(error), file=str(file)) from error
