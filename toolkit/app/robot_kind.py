"""The kinds of micro-robot that a procedure may be of, and what a run asks of each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devices import load_coil_profile
from toolkit.procedure.coil_procedure import CoilProcedure
from toolkit.procedure.kind import ROLLER, SWIMMER, VESSEL, kind_of
from toolkit.procedure.roller_procedure import RollerProcedure
from toolkit.procedure.swimmer_procedure import SwimmerProcedure
from toolkit.procedure.vessel_procedure import VesselProcedure
from toolkit.procedure.yaml_model import load_yaml_model

from .bead_pilot import BeadPilot
from .coil_assembly import CoilAssembly
from .coil_world import CoilWorld
from .robot_pilot import RobotPilot
from .roller_assembly import put_roller_together
from .roller_parts import roller_authority, roller_world
from .swimmer_assembly import put_swimmer_together
from .swimmer_parts import swimmer_authority, swimmer_world
from .swimmer_pilot import SwimmerPilot
from .vessel_assembly import put_vessel_together
from .vessel_parts import vessel_authority, vessel_world


@dataclass(frozen=True)
class RobotKind:
    """procedure: what its file is read as. The rest: what is made of it; each raises SpecificationError for what cannot work.

    put_together: given procedure, profile and path of the calibration, and of the recording where there is one.
    record: names the recording that the procedure's path is of; empty: it is of none.
    authority: refuses a path along which the coils could not keep the robot off the walls, else what it found, by what it is about.
    """

    procedure: type[CoilProcedure]
    put_together: Callable[..., CoilAssembly]
    authority: Callable[[Any], dict[str, str]]
    world: Callable[[Any], CoilWorld]
    pilot: Callable[[Any], RobotPilot]
    record: Callable[[Any], str] = lambda procedure: ""


KINDS = {
    VESSEL: RobotKind(VesselProcedure, put_vessel_together, vessel_authority, vessel_world, BeadPilot),
    SWIMMER: RobotKind(SwimmerProcedure, put_swimmer_together, swimmer_authority, swimmer_world, SwimmerPilot),
    ROLLER: RobotKind(
        RollerProcedure,
        put_roller_together,
        roller_authority,
        roller_world,
        SwimmerPilot,
        lambda procedure: str(procedure.path.recorded.file),
    ),
}


def assemble(path: Path | str) -> CoilAssembly:
    """Read a micro-robot procedure and everything it names, and refuse what cannot work, before any device is touched.

    Raises:
        SpecificationError: any file is wrong, or they contradict each other; names file, line, field, value, allowed.
    """
    kind = KINDS[kind_of(path)]
    procedure = load_yaml_model(path, kind.procedure)
    profile = load_coil_profile(procedure.resolve(procedure.device.profile))
    record = kind.record(procedure)
    records = [procedure.resolve(record)] if record else []
    return kind.put_together(procedure, profile, procedure.resolve(procedure.calibration.file), *records)


def put_together(procedure_path: Path, profile_path: Path, calibration_path: Path, record_path: Path | None = None) -> CoilAssembly:
    """The same from a run's kept inputs, wherever the procedure says that they were."""
    kind = KINDS[kind_of(procedure_path)]
    records = [] if record_path is None else [record_path]
    return kind.put_together(load_yaml_model(procedure_path, kind.procedure), load_coil_profile(profile_path), calibration_path, *records)


def authority_of(assembly: CoilAssembly) -> dict[str, str]:
    """What speaks for the coils along the whole path, in words, by what it is about; some seconds.

    Raises:
        SpecificationError: they cannot keep the robot off a wall, and why.
    """
    return KINDS[assembly.procedure.kind].authority(assembly)


def world_of(assembly: CoilAssembly) -> CoilWorld:
    """What the simulated rig has in its coils."""
    return KINDS[assembly.procedure.kind].world(assembly)


def pilot_of(assembly: CoilAssembly) -> RobotPilot:
    """Controller, hold and layer of a run."""
    return KINDS[assembly.procedure.kind].pilot(assembly)
