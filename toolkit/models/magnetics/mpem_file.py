"""Calibrations in the YAML format of ETH's Multi-Scale Robotics Lab: the sources of a multipole electromagnet model (MPEM)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy as np
import yaml
from pydantic import Field

from ...arrays import FloatArray, finite_array
from ...errors import InvalidInput, SpecificationError
from ...procedure.part import Location, Part
from ...procedure.quantity import Quantity
from ...procedure.source import Source, read_source
from ...procedure.yaml_model import model_from_source

OFFSET = "Offset"
ORDER_MAX = 10
NOT_COILS = {"System_Name", "Coil_List", "Workspace_Dimensions"}
Names = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(min_length=1, max_length=100)]
Coefficients = Annotated[tuple[Annotated[float, Quantity("", -1e30, 1e30)], ...], Field(min_length=1, max_length=ORDER_MAX)]
Far = Annotated[float, Quantity("m", -1e9, 1e9)]
Near = Annotated[float, Quantity("m", -10.0, 10.0)]
Component = Annotated[float, Quantity("", -1e9, 1e9)]


@dataclass(frozen=True)
class MpemSource:
    """One source. Which coefficients it has says which potential: `a` grows with the distance, `b` decays with it.

    position_m: (3,). direction: (3,), a unit vector. a, b: coefficient n = 1, 2, … of the order n; one of the two is empty.
    """

    position_m: FloatArray
    direction: FloatArray
    a: FloatArray = field(default_factory=lambda: np.empty(0))
    b: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        for name, shape in (("position_m", (3,)), ("direction", (3,)), ("a", (None,)), ("b", (None,))):
            object.__setattr__(self, name, finite_array(getattr(self, name), name, shape))
        if not abs(float(np.linalg.norm(self.direction)) - 1.0) <= 1e-12:
            raise InvalidInput(f"direction: {self.direction.tolist()}: a unit vector within 1e-12")
        if not (self.a.size > 0) != (self.b.size > 0):
            raise InvalidInput(f"a source has coefficients a or b, exactly one of the two: a has {self.a.size}, b has {self.b.size}")
        if not self.a.size + self.b.size <= ORDER_MAX:
            raise InvalidInput(f"{self.a.size + self.b.size} orders: at most {ORDER_MAX}")


@dataclass(frozen=True)
class MpemCalibration:
    """A calibrated set of coils. A current of 1 A in coil k makes the field of all its sources together; `offset` is there without current.

    coils: in the order of the currents. lower_m, upper_m: (3,), the workspace that was calibrated; nothing is said outside.
    """

    name: str
    coil_names: tuple[str, ...]
    coils: tuple[tuple[MpemSource, ...], ...]
    lower_m: FloatArray
    upper_m: FloatArray
    offset: tuple[MpemSource, ...] = ()

    def __post_init__(self) -> None:
        for name in ("lower_m", "upper_m"):
            object.__setattr__(self, name, finite_array(getattr(self, name), name, (3,)))
        if not (self.lower_m < self.upper_m).all():
            raise InvalidInput(f"workspace: {self.lower_m.tolist()} is not below {self.upper_m.tolist()}")
        if not (len(self.coils) == len(self.coil_names) == len(set(self.coil_names)) and self.coils and all(self.coils)):
            raise InvalidInput(f"{len(self.coils)} coils for the names {self.coil_names}: one name for each, and each has sources")

    def with_signs(self, signs: Sequence[float]) -> "MpemCalibration":
        """The same coils with the current of coil k counted in the direction signs[k], +1 or -1."""
        each = finite_array(signs, "signs", (len(self.coils),))
        if not np.isin(each, (-1.0, 1.0)).all():
            raise InvalidInput(f"signs: {each.tolist()}: each is 1 or -1")
        turned = [tuple(replace(s, a=sign * s.a, b=sign * s.b) for s in coil) for sign, coil in zip(each, self.coils, strict=True)]
        return replace(self, coils=tuple(turned))


class _Source(Part):
    A_Coeff: Coefficients | None
    B_Coeff: Coefficients | None
    Source_Direction: tuple[Component, Component, Component]
    Source_Position: tuple[Far, Far, Far]


class _Coil(Part):
    Source_List: Names


class _System(Part):
    System_Name: Annotated[str, Field(min_length=1, max_length=200)]
    Coil_List: Names
    Workspace_Dimensions: tuple[tuple[Near, Near], tuple[Near, Near], tuple[Near, Near]]


def load_mpem(path: str | Path) -> MpemCalibration:
    """Read a calibration: coils in the order of Coil_List, sources in the order of each Source_List, whatever order the file has.

    A coil with "Offset" in its name is the field without current. Directions are made unit vectors.

    Raises:
        SpecificationError: a problem named with file, line, field, value and what is allowed: an unknown or missing field, a number out
            of its range, a name stated twice or not described, both or none of A_Coeff and B_Coeff, a direction of no length.
    """
    source = read_source(path)
    data: dict[str, Any] = source.data
    system = _part(source, (), {key: value for key, value in data.items() if key in NOT_COILS}, _System)
    _require_described(source, (), data, set(system.Coil_List) | NOT_COILS, ("Coil_List", system.Coil_List))
    coils = {name: _coil(source, name) for name in system.Coil_List}
    for axis, (low, high) in enumerate(system.Workspace_Dimensions):
        if not low < high:
            _refuse(source, ("Workspace_Dimensions", axis), f"[{low}, {high}]: the lower end is below the upper one")
    currents = tuple(name for name in coils if OFFSET not in name)
    if not currents:
        _refuse(source, ("Coil_List",), f"{list(coils)}: at least one coil that carries current")
    lower, upper = np.array(system.Workspace_Dimensions).T
    offset = tuple(s for name, sources in coils.items() if OFFSET in name for s in sources)
    return MpemCalibration(system.System_Name, currents, tuple(coils[name] for name in currents), lower, upper, offset)


def write_mpem(calibration: MpemCalibration, path: str | Path) -> None:
    """Write what load_mpem reads back number for number (a direction within one rounding: it is made a unit vector again)."""
    groups = [*zip(calibration.coil_names, calibration.coils, strict=True)]
    if calibration.offset:
        groups.append((OFFSET, calibration.offset))
    data: dict[str, Any] = {"System_Name": calibration.name, "Coil_List": [name for name, _ in groups]}
    for name, sources in groups:
        described = {f"Src_{k}": _source_data(source) for k, source in enumerate(sources)}
        data[name] = {"Source_List": list(described), **described}
    data["Workspace_Dimensions"] = np.stack([calibration.lower_m, calibration.upper_m], axis=1).tolist()
    Path(path).write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")


def _source_data(source: MpemSource) -> dict[str, Any]:
    return {
        "A_Coeff": source.a.tolist() or None,
        "B_Coeff": source.b.tolist() or None,
        "Source_Direction": source.direction.tolist(),
        "Source_Position": source.position_m.tolist(),
    }


def _coil(source: Source, name: str) -> tuple[MpemSource, ...]:
    data: Any = source.data[name]
    if not isinstance(data, dict):
        _refuse(source, (name,), f"{data!r}: not a mapping with a Source_List")
    coil = _part(source, (name,), {key: value for key, value in data.items() if key == "Source_List"}, _Coil)
    _require_described(source, (name,), data, {*coil.Source_List, "Source_List"}, (f"{name}.Source_List", coil.Source_List))
    return tuple(_one_source(source, (name, each), data[each]) for each in coil.Source_List)


def _one_source(source: Source, at: Location, data: Any) -> MpemSource:
    if not isinstance(data, dict):
        _refuse(source, at, f"{data!r}: not a mapping of A_Coeff, B_Coeff, Source_Direction, Source_Position")
    part = _part(source, at, data, _Source)
    if (part.A_Coeff is None) == (part.B_Coeff is None):
        both = "both given" if part.A_Coeff is not None else "none given"
        _refuse(source, (*at, "A_Coeff"), f"A_Coeff and B_Coeff: {both}: exactly one of the two is a list, the other is ~")
    direction = np.array(part.Source_Direction)
    length = float(np.linalg.norm(direction))
    if not length >= 1e-9:
        _refuse(source, (*at, "Source_Direction"), f"{part.Source_Direction}: a direction has a length")
    return MpemSource(np.array(part.Source_Position), direction / length, np.array(part.A_Coeff or ()), np.array(part.B_Coeff or ()))


def _require_described(source: Source, at: Location, data: dict[str, Any], known: set[str], listed: tuple[str, Names]) -> None:
    """Every name of a list is there once and described, and nothing is described that no list names."""
    where, names = listed
    here = (*at, where.rpartition(".")[2])
    for name in names:
        if names.count(name) > 1:
            _refuse(source, here, f"{name!r}: stated twice")
        if name not in data:
            _refuse(source, here, f"{name!r}: named here, described nowhere")
    for name in data:
        if name not in known:
            _refuse(source, (*at, name), f"unknown field: allowed: what {where} names, and {', '.join(sorted(known - set(names)))}")


def _part(source: Source, at: Location, data: dict[str, Any], model: Any) -> Any:
    """A part of the file as its model; problems keep their place in the whole file."""
    below = {location[len(at) :]: line for location, line in source.lines.items() if location[: len(at)] == at}
    try:
        return model_from_source(Source(source.file, source.text, data, below), model)
    except SpecificationError as error:
        if not at:
            raise
        inside = ".".join(part for part in (*map(str, at), error.field) if part)
        raise SpecificationError(error.problem, file=error.file, line=error.line, field=inside) from None


def _refuse(source: Source, at: Location, problem: str) -> NoReturn:
    raise SpecificationError(problem, file=source.file, line=source.line(at), field=source.field(at))
