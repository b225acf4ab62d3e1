"""Instruments: which file a name means, and how large its end is."""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from ..errors import SpecificationError
from .dvrk_file import IndexEntry, ToolFile, ToolIndex
from .json_file import load_json, validated

# S instruments are longer than Classic ones (467.0 against 416.2 mm): on the wrong arm every pose is 50.8 mm off.
_FITS = {"Classic": ("Classic",), "Si": ("S",)}
_REFERENCE = re.compile(r"(?:(?P<name>[A-Z0-9_-]+):)?(?P<model>\d{6})(?:\[(?P<version>\d+)\])?")


class Size(BaseModel):
    """A length (or gain) and where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    value: Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]
    origin: str


class TipSizes(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    shaft_radius_m: Size | None = None
    wrist_radius_m: Size | None = None
    jaw_radius_m: Size | None = None
    jaw_length_m: Size | None = None
    jaw_gain: Size | None = None


class Supplement(BaseModel):
    """data/instrument_bodies.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int
    common: TipSizes
    tips: dict[str, TipSizes]
    endoscopes: TipSizes


@dataclass(frozen=True)
class Instrument:
    """One instrument: its file, and the sizes of its end with their origin.

    tip_code: last three digits of the model number, which name the kind of tip; empty for a file dVRK does not list.
    jaw_gain: d(jaw direction)/d(jaw coordinate); 1/2 where both jaws open alike.
    notes: one sentence per size that is stated here rather than published.
    """

    label: str
    tip_code: str
    path: Path
    file: ToolFile
    shaft_radius_m: float
    wrist_radius_m: float
    jaw_radius_m: float
    jaw_length_m: float
    jaw_gain: float
    notes: tuple[str, ...]

    @property
    def has_jaw(self) -> bool:
        """A hook or spatula has a jaw entry without torque: dVRK's parser needs one, the instrument has none."""
        return self.file.jaw is not None and self.file.jaw.ftmax > 0.0


def dvrk_folder() -> Path:
    """Where the dVRK files lie that ship with this package."""
    return Path(str(files("toolkit.models").joinpath("data", "dvrk")))


def load_instrument(reference: str | Path, generation: str) -> Instrument:
    """An instrument for an arm of one generation.

    Args:
        reference: "LARGE_NEEDLE_DRIVER:400006" as dVRK writes it, "400006", "LARGE_NEEDLE_DRIVER:420006[1]" with the version that
            dVRK puts in brackets, or the path of a tool file.
        generation: "Classic" or "Si".
    Raises:
        SpecificationError: unknown, of the other generation, ambiguous without a version, or a five-joint (snake) instrument.
    """
    if generation not in _FITS:
        raise SpecificationError(f"generation {generation!r}: allowed are {sorted(_FITS)}", field="generation")
    if isinstance(reference, Path) or reference.endswith(".json"):
        path = Path(reference)
        entries = [e for e in tool_index().instruments if e.file == path.name]
        if entries and entries[0].generation not in _FITS[generation]:
            raise _wrong_generation(entries[0], generation, path.name)
    else:
        entries = [find_instrument(reference, generation)]
        path = dvrk_folder() / "tool" / entries[0].file
    return _assemble(path, entries[0] if entries else None)


def find_instrument(reference: str, generation: str) -> IndexEntry:
    """The index entry that a dVRK instrument string means; errors as `load_instrument`."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        expected = "expected NAME:MODEL, MODEL or NAME:MODEL[VERSION], e.g. LARGE_NEEDLE_DRIVER:400006"
        raise SpecificationError(f"{reference!r}: {expected}", field="instrument")
    name, model, version = match["name"], match["model"], match["version"]
    entries = [e for e in tool_index().instruments if e.model == model]
    if not entries:
        known = ", ".join(sorted({e.model for e in tool_index().instruments if e.generation in _FITS[generation]}))
        raise SpecificationError(f"{reference!r}: no such model; for a {generation} arm there are {known}", field="instrument")
    if entries[0].generation not in _FITS[generation]:
        raise _wrong_generation(entries[0], generation, reference)
    if name is not None and name not in entries[0].names:
        raise SpecificationError(f"{reference!r}: model {model} is {' or '.join(entries[0].names)}, not {name}", field="instrument")
    if version is not None:
        entries = [e for e in entries if (e.version_min or 0) <= int(version) and (e.version_max is None or int(version) <= e.version_max)]
    if len(entries) != 1:
        options = "; ".join(f"{e.file}: version {_range(e)}" for e in entries) or f"version {version} is in no file's range"
        raise SpecificationError(
            f"{reference!r}: the version decides the file (the roll gearing differs in sign): write {model}[VERSION]; {options}",
            field="instrument",
        )
    return entries[0]


@lru_cache(maxsize=1)
def tool_index() -> ToolIndex:
    """dVRK's own list of instruments."""
    return load_json(dvrk_folder() / "tool" / "index.json", ToolIndex)


@lru_cache(maxsize=1)
def supplement() -> Supplement:
    """Sizes that the kinematic files do not hold."""
    path = dvrk_folder().parent / "instrument_bodies.yaml"
    text = path.read_text(encoding="utf-8")
    return validated(yaml.safe_load(text), Supplement, str(path), text)


def _assemble(path: Path, entry: IndexEntry | None) -> Instrument:
    file = load_json(path, ToolFile)
    count = len(file.DH.rows)
    if file.snake_like or count != 3:
        kind = "a snake-like instrument with " if file.snake_like else ""
        problem = f"{path.stem} is {kind}{count} wrist joints: only instruments with roll, pitch and yaw are modelled"
        raise SpecificationError(problem, file=str(path), field="DH")
    # A file that dVRK does not list gets the stated sizes: a name that happens to end like a known model says nothing about its jaws.
    tip_code = entry.model[-3:] if entry else ""
    tip, common = supplement().tips.get(tip_code, TipSizes()), supplement().common
    model = entry.model if entry else path.stem
    sizes: dict[str, Size] = {}
    for name in ("shaft_radius_m", "wrist_radius_m", "jaw_radius_m", "jaw_length_m"):
        size = getattr(tip, name) or getattr(common, name)
        if size is None:
            raise SpecificationError("is missing", file="instrument_bodies.yaml", field=f"common.{name}")
        sizes[name] = size
    gain = tip.jaw_gain or Size(value=0.5, origin="dvrk_model: each jaw turns by half the opening")
    notes = tuple(f"{model} {name} = {size.value * 1e3:g} mm ({size.origin})" for name, size in sizes.items())
    values = {name: size.value for name, size in sizes.items()}
    label = f"{entry.names[0]}:{entry.model}" if entry else path.stem
    return Instrument(label=label, tip_code=tip_code, path=path, file=file, jaw_gain=gain.value, notes=notes, **values)


def _range(entry: IndexEntry) -> str:
    return f"{entry.version_min or 0} to {'newest' if entry.version_max is None else entry.version_max}"


def _wrong_generation(entry: IndexEntry, generation: str, reference: str) -> SpecificationError:
    kind = {"Classic": "a Classic", "S": "an S/Si"}[entry.generation]
    return SpecificationError(
        f"{reference!r}: {entry.description} {entry.model} is {kind} instrument and does not fit a {generation} arm "
        "(shaft lengths differ by 50.8 mm)",
        field="instrument",
    )
