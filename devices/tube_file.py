"""The tube file: an identified tracking tube with its conditions, bound by a hash to the profile it was identified for."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field

from toolkit import SpecificationError, ToolkitError, Tube

from .profile import ArmProfile
from .profile_parts import Number, Positive
from .yaml_source import load_yaml_model


class TubeFile(BaseModel):
    """Contents of a tube file. Per joint, in the profile's order, rad or m: see `units`.

    behind_max: m, jitter_periods of it in reserve: the excess was measured without them, so a setpoint may be late by as much.
    encoder_excess: largest distance of a measured position outside the hull of the window's setpoints, with safety_factor.
    encoder_error: of one reading. joint_error: declared bound between encoder and true joint. growth: of the excess within a period
    and the oldest admissible sample. e_monitor = encoder_excess + encoder_error; e = e_monitor + joint_error + growth.
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
    encoder_excess: list[Number]
    encoder_error: list[Number]
    joint_error: list[Number]
    growth: list[Number]
    e_monitor: list[Positive]
    e: list[Positive]
    lag_ms: list[Number]
    conditions: str
    digest: str


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


def load_tube(path: str | Path, profile: ArmProfile) -> Tube:
    """The tube of `path` for `profile`.

    Raises:
        SpecificationError: unreadable, edited after it was written, or identified for another device, class or set of limits.
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
    total = np.array(contents.e_monitor) + contents.joint_error + contents.growth
    monitor = np.array(contents.encoder_excess) + contents.encoder_error
    if not (np.all(np.array(contents.e) >= total - 1e-15) and np.all(np.array(contents.e_monitor) >= monitor - 1e-15)):
        raise SpecificationError("e and e_monitor are less than the sum of their parts", file=str(file), field="e")
    try:
        return Tube(np.array(contents.e), np.array(contents.e_monitor), contents.behind_max, contents.losses_max, contents.conditions)
    except ToolkitError as error:
        raise SpecificationError(str(error), file=str(file)) from error
