"""Everything that docs/requirements says, read once, every reference between its files resolved."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from toolkit import SpecificationError
from toolkit.procedure import Source, read_source
from toolkit.procedure.part import Location
from toolkit.procedure.yaml_model import model_from_source

from .anomaly import Anomaly, AnomalyFile
from .control import ControlFile, RiskControl
from .entry import Entry
from .hazard import Hazard, HazardFile, RiskScale
from .mapping import MappingFile, Standard
from .requirement import GROUPS, Requirement, RequirementFile
from .soup import SoupFile

FOLDER = "docs/requirements"
File = TypeVar("File", bound=Entry)


@dataclass(frozen=True)
class Register:
    """The contents of docs/requirements.

    root: the checkout it was read from. Mappings are in the order of the files.
    """

    root: Path
    requirements: dict[str, Requirement]
    groups: dict[str, tuple[str, ...]]
    controls: dict[str, RiskControl]
    hazards: dict[str, Hazard]
    scale: RiskScale
    anomalies: dict[str, Anomaly]
    standards: tuple[Standard, ...]
    soup: SoupFile


@dataclass
class _Reader:
    """Reads the files and collects what does not fit together, each problem with its place."""

    folder: Path
    problems: list[str] = field(default_factory=list)

    def read(self, name: str, model: type[File]) -> tuple[File, Source]:
        source = read_source(self.folder / name)
        return model_from_source(source, model), source

    def say(self, source: Source, location: Location, problem: str) -> None:
        place = SpecificationError(problem, file=source.file, line=source.line(location), field=source.field(location))
        self.problems.append(str(place))

    def index(self, source: Source, key: str, identities: Iterable[str], seen: dict[str, str]) -> None:
        """Refuse an id that was seen before, in this file or another."""
        for i, identity in enumerate(identities):
            if identity in seen:
                self.say(source, (key, i), f"{identity}: stated twice, first in {seen[identity]}")
            seen.setdefault(identity, f"{Path(source.file).name}:{source.line((key, i))}")

    def refer(self, source: Source, place: Location, wanted: Iterable[str], known: Iterable[str], what: str) -> None:
        for unknown in sorted(set(wanted) - set(known)):
            self.say(source, place, f"{unknown}: no such {what}")


def load_register(root: Path) -> Register:
    """Read docs/requirements of the checkout at `root`.

    Raises:
        SpecificationError: no such folder (an installed package has none), or problems in its files: file, line, field, a line each.
    """
    folder = root / FOLDER
    if not folder.is_dir():
        raise SpecificationError(
            "no such folder: requirements are part of a source checkout, not of an installed package (pip install -e . in a checkout)",
            file=str(folder),
        )
    reader = _Reader(folder)
    controls, control_source = reader.read("controls.yaml", ControlFile)
    hazards, hazard_source = reader.read("hazards.yaml", HazardFile)
    anomalies, anomaly_source = reader.read("anomalies.yaml", AnomalyFile)
    mapping, mapping_source = reader.read("mapping.yaml", MappingFile)
    soup, soup_source = reader.read("soup.yaml", SoupFile)
    seen: dict[str, str] = {}
    control_ids = [control.id for control in controls.controls]
    reader.index(control_source, "controls", control_ids, seen)
    reader.index(hazard_source, "hazards", [hazard.id for hazard in hazards.hazards], seen)
    reader.index(anomaly_source, "anomalies", [anomaly.id for anomaly in anomalies.anomalies], seen)
    reader.index(soup_source, "soup", [entry.name for entry in soup.soup], seen)
    requirements, groups = _requirements(reader, seen, control_ids)
    for i, hazard in enumerate(hazards.hazards):
        reader.refer(hazard_source, ("hazards", i, "controls"), hazard.controls, control_ids, "risk control")
    for i, anomaly in enumerate(anomalies.anomalies):
        reader.refer(anomaly_source, ("anomalies", i, "requirements"), anomaly.requirements, requirements, "requirement")
    for place, wanted in _mapped(mapping):
        reader.refer(mapping_source, place, wanted, requirements, "requirement")
    if reader.problems:
        raise SpecificationError("\n".join(reader.problems))
    return Register(
        root=root,
        requirements=requirements,
        groups=groups,
        controls={control.id: control for control in controls.controls},
        hazards={hazard.id: hazard for hazard in hazards.hazards},
        scale=hazards.scale,
        anomalies={anomaly.id: anomaly for anomaly in anomalies.anomalies},
        standards=mapping.standards,
        soup=soup,
    )


def _requirements(reader: _Reader, seen: dict[str, str], controls: list[str]) -> tuple[dict[str, Requirement], dict[str, tuple[str, ...]]]:
    """Requirements of all groups by id, and the ids of each group."""
    found: dict[str, Requirement] = {}
    groups = {}
    for group, prefix in GROUPS.items():
        file, source = reader.read(f"{group}.yaml", RequirementFile)
        if file.group != group:
            reader.say(source, ("group",), f"{file.group!r}: the file's name says {group!r}")
        reader.index(source, "requirements", [requirement.id for requirement in file.requirements], seen)
        for i, requirement in enumerate(file.requirements):
            place = ("requirements", i)
            if not requirement.id.startswith(prefix):
                reader.say(source, (*place, "id"), f"{requirement.id}: ids of the group {group} begin with {prefix}-")
            reader.refer(source, (*place, "controls"), requirement.controls, controls, "risk control")
            found.setdefault(requirement.id, requirement)
        groups[group] = tuple(requirement.id for requirement in file.requirements)
    return found, groups


def _mapped(mapping: MappingFile) -> Iterator[tuple[Location, tuple[str, ...]]]:
    for i, standard in enumerate(mapping.standards):
        for k, topic in enumerate(standard.topics):
            yield ("standards", i, "topics", k, "requirements"), topic.requirements
