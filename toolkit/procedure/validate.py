"""Everything that can be said about a procedure file without the device, for `primum validate` and for editors."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import ToolkitError
from .arm_check import ArmModel, check_against_arm
from .load import load_procedure
from .path_source import read_servo_paths
from .procedure import Procedure
from .region_check import check_regions
from .sampled_path import SampledPath


@dataclass(frozen=True)
class FileReport:
    """What a check found. problems: one line each, `file:line: field: value: what is allowed`; empty means valid.

    procedure, paths: what was read, as far as it could be. summary: lines for a reader, when the file is valid.
    """

    problems: tuple[str, ...]
    summary: tuple[str, ...] = ()
    procedure: Procedure | None = None
    paths: dict[int, SampledPath] | None = None

    @property
    def is_valid(self) -> bool:
        """Nothing was found wrong."""
        return not self.problems


def validate_file(path: str | Path, arm_of: Callable[[Procedure], ArmModel] | None = None) -> FileReport:
    """Check a procedure file, the paths it follows, and its regions; with `arm_of`, its names and joint positions too.

    Args:
        arm_of: gives the arm model of a procedure; it may raise ToolkitError, which becomes a problem.
    """
    try:
        procedure = load_procedure(path)
    except ToolkitError as error:
        return FileReport(tuple(str(error).splitlines()))
    problems: list[str] = []
    arm: ArmModel | None = None
    paths: dict[int, SampledPath] | None = None
    try:
        arm = arm_of(procedure) if arm_of is not None else None
        if arm is not None:
            check_against_arm(procedure, arm)
    except ToolkitError as error:
        problems += str(error).splitlines()
    try:
        paths = read_servo_paths(procedure)
    except ToolkitError as error:
        problems += str(error).splitlines()
    try:
        check_regions(procedure, arm.bodies if arm is not None else None, paths)
    except ToolkitError as error:
        problems += str(error).splitlines()
    summary = () if problems else summarise(procedure, paths or {})
    return FileReport(tuple(problems), summary, procedure, paths)


def summarise(procedure: Procedure, paths: dict[int, SampledPath]) -> tuple[str, ...]:
    """The procedure in a few lines: arm, constraints, steps, how far each path goes and how fast."""
    hidden = [region.name for region in procedure.regions if region.hidden_from_controller]
    lines = [
        procedure.title,
        f"arm: {procedure.arm.model} with {procedure.arm.instrument}",
        f"constraints: {', '.join(constraint.name for constraint in procedure.constraints)}",
        f"hidden from the controller: {', '.join(hidden) or 'none'}",
    ]
    for i, step in enumerate(procedure.steps):
        path = paths.get(i)
        detail = ""
        if path is not None:
            detail = f": {path.duration_s:.3f} s, {path.positions_B_m.shape[0]} samples, up to {path.speeds_m_s.max():.4f} m/s"
        lines.append(f"step {i + 1}: {step.word}{detail}")
    return (*lines, f"sha256: {procedure.sha256}")
