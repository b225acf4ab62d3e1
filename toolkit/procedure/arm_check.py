"""A procedure's names and joint positions against the arm model they speak of."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..arrays import FloatArray
from ..errors import SpecificationError
from .constraint import PointRate
from .joint_position import split_joint_key
from .part import Location
from .procedure import Procedure
from .region import Region
from .region_check import Body
from .spelling import did_you_mean


class Limits(Protocol):
    """lower, upper: shape (n,), [rad] or [m]."""

    @property
    def lower(self) -> FloatArray: ...

    @property
    def upper(self) -> FloatArray: ...


class ArmModel(Protocol):
    """What is asked of an arm model."""

    @property
    def name(self) -> str: ...

    @property
    def joint_names(self) -> tuple[str, ...]: ...

    @property
    def prismatic(self) -> tuple[bool, ...]: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def point_names(self) -> tuple[str, ...]: ...

    @property
    def bodies(self) -> Sequence[Body]: ...


def check_against_arm(procedure: Procedure, arm: ArmModel) -> None:
    """Refuse names the arm does not have, and joint positions that are incomplete, in the wrong unit or outside its limits.

    Raises:
        SpecificationError: one error listing every problem with file, line, field, value and what is allowed.
    """
    problems = [*_name_problems(procedure, arm)]
    for name in procedure.joint_positions:
        problems += _joint_problems(procedure, name, arm)
    if problems:
        first, rest = problems[0], problems[1:]
        text = "\n".join([first.problem, *(str(problem) for problem in rest)])
        raise SpecificationError(text, file=first.file, line=first.line, field=first.field)


def joint_vector(procedure: Procedure, name: str, arm: ArmModel) -> FloatArray:
    """The joint position `name` in the arm's own order, shape (n,), [rad] or [m].

    Raises:
        SpecificationError: no such position, or it does not fit the arm.
    """
    if name not in procedure.joint_positions:
        known = sorted(procedure.joint_positions)
        raise procedure.error(f"{name}: {did_you_mean(name, known)}stated are {', '.join(known) or 'none'}", "joint_positions")
    problems = _joint_problems(procedure, name, arm)
    if problems:
        raise problems[0]
    position = procedure.joint_positions[name]
    return np.array([position[_key(joint, slides)] for joint, slides in zip(arm.joint_names, arm.prismatic, strict=True)])


def _key(joint: str, slides: bool) -> str:
    return f"{joint}_m" if slides else f"{joint}_rad"


def _name_problems(procedure: Procedure, arm: ArmModel) -> list[SpecificationError]:
    bodies, points = [body.name for body in arm.bodies], list(arm.point_names)
    problems = []
    for i, constraint in enumerate(procedure.constraints):
        if isinstance(constraint, Region):
            field, kind, stated, known = "bodies", "body", constraint.bodies, bodies
        elif isinstance(constraint, PointRate):
            field, kind, stated, known = "points", "point", constraint.points, points
        else:
            continue
        for k, name in enumerate(stated):
            if name not in known:
                problem = f"{name!r}: no such {kind} of {arm.name}: {did_you_mean(name, known)}allowed: {', '.join(known)}"
                problems.append(procedure.error(problem, "constraints", i, field, k))
    return problems


def _joint_problems(procedure: Procedure, name: str, arm: ArmModel) -> list[SpecificationError]:
    position = procedure.joint_positions[name]
    where: Location = ("joint_positions", name)
    keys = [_key(joint, slides) for joint, slides in zip(arm.joint_names, arm.prismatic, strict=True)]
    problems = []
    for key, value in position.items():
        if key in keys:
            continue
        split = split_joint_key(key)
        if split is not None and split[0] in arm.joint_names:
            right = keys[arm.joint_names.index(split[0])]
            problem = f"{value:g}: the unit is wrong: this joint {'slides' if right.endswith('_m') else 'turns'}: {right}"
        else:
            problem = f"{value:g}: no such joint of {arm.name}: {did_you_mean(key, keys)}allowed: {', '.join(keys)}"
        problems.append(procedure.error(problem, *where, key))
    for key, low, high in zip(keys, arm.limits.lower, arm.limits.upper, strict=True):
        if key not in position:
            problems.append(procedure.error(f"missing: {key}: every joint is stated", *where))
        elif not low <= position[key] <= high:
            unit = "m" if key.endswith("_m") else "rad"
            problem = f"{position[key]:g}: outside the limits of {arm.name}: allowed is [{low:g}, {high:g}] {unit}"
            problems.append(procedure.error(problem, *where, key))
    return problems
