"""A serial chain out of a URDF file, from its root (or a named link) to a named tip link."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, isfinite
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import finite_number
from ..errors import InvalidInput, SpecificationError
from .body import Body, BodyPoint
from .joint import Frame, Joint, JointKind
from .limits import JointLimits
from .rotation import ZERO, add, apply, multiply, to_matrix, to_vector
from .serial_arm import SerialArm

_KINDS = {"revolute": JointKind.REVOLUTE, "continuous": JointKind.REVOLUTE, "prismatic": JointKind.PRISMATIC}


@dataclass(frozen=True)
class _Step:
    """A moving joint on the path, its constant transform (fixed joints folded in) and the master joint of its coordinate."""

    raw: Any
    X_PJ: Frame
    master: str
    gain: float
    offset: float


def load_urdf(path: Path, tip_link: str, radius_m: float, *, base_link: str | None = None, limits: JointLimits | None = None) -> SerialArm:
    """The chain from `base_link` (the root when None) to `tip_link`; branches that are not on the path are left out.

    Fixed joints join the next constant transform, a mimic joint moves with its master: q_mimic = multiplier q_master + offset, and its
    limits bind the master's coordinate too. Coordinates stand in the order in which the path meets them. T is the tip link's frame.

    Args:
        radius_m: radius of the capsules between successive joint origins; a URDF of meshes does not state one, and none is assumed.
        limits: a second source of limits by coordinate name (the stricter holds, differences are reported); it must bound every
            continuous joint, which has no limits of its own.
    Raises:
        SpecificationError: not a URDF, a link that is not there, a loop, a planar or floating joint, a missing or unbounded limit,
            not finite.
    """
    file = str(path)
    robot = _parse(path)
    by_child = _unique({}, [(j.child, j) for j in robot.joints], file, "link with two parent joints")
    by_name = _unique({}, [(j.name, j) for j in robot.joints], file, "joint given twice")
    steps, tail = _walk(tip_link, base_link, by_child, by_name, {link.name for link in robot.links}, file)
    if not steps:
        raise SpecificationError(f"no moving joint between {base_link or 'the root'} and {tip_link}", file=file)
    names = tuple(dict.fromkeys(step.master for step in steps))
    joints = tuple(_joint(step, names, file) for step in steps)
    held = _limits(steps, names, limits, robot.name, file)
    points, bodies = _capsules(joints, tail, finite_number(radius_m, "radius_m", 1e-4, 0.999))
    return SerialArm(
        name=robot.name, joints=joints, joint_names=names, limits=held, body_points=points, bodies=bodies, sources=held.sources, X_tip=tail,
        notes=(f"bodies are capsules of {radius_m * 1e3:g} mm between joint origins: a URDF's meshes are not read",),
    )


def _parse(path: Path) -> Any:
    # Imported here: the library pulls in a mesh package, and only a user with a URDF should wait for it.
    from yourdfpy import URDF  # noqa: PLC0415

    if not path.is_file():
        raise SpecificationError("no such file", file=str(path))
    try:
        from lxml import etree  # type: ignore[import-untyped]  # noqa: PLC0415

        etree.parse(str(path))  # the loader's own fall-back recovers from broken XML and would read half a robot
    except etree.XMLSyntaxError as error:
        raise SpecificationError(f"not XML: {error.msg}", file=str(path), line=error.lineno) from error
    try:
        model = URDF.load(str(path), build_scene_graph=False, load_meshes=False)
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise SpecificationError(f"not a URDF: {type(error).__name__}: {error}", file=str(path)) from error
    return model.robot


def _unique(table: dict[str, Any], rows: list[tuple[str, Any]], file: str, problem: str) -> dict[str, Any]:
    for key, value in rows:
        if key in table:
            raise SpecificationError(problem, file=file, field=str(key))
        table[key] = value
    return table


def _walk(
    tip: str, base: str | None, by_child: dict[str, Any], by_name: dict[str, Any], links: set[str], file: str
) -> tuple[list[_Step], Frame]:
    """The moving joints from base to tip, and the constant frame after the last one."""
    for link in (tip, base):
        if link is not None and link not in links:
            raise SpecificationError(f"no such link; there are {', '.join(sorted(links))}", file=file, field=link)
    path, link = [], tip
    while link != base and link in by_child:
        joint = by_child[link]
        if joint in path:
            raise SpecificationError("the joints form a loop", file=file, field=joint.name)
        path.append(joint)
        link = joint.parent
    if base is not None and link != base:
        raise SpecificationError(f"the path from {tip} ends in {link}, not in {base}", file=file, field=base)
    steps, constant = [], Frame()
    for joint in reversed(path):
        constant = _compose(constant, _origin(joint, file))
        if joint.type == "fixed":
            continue
        if joint.type not in _KINDS:
            allowed = ", ".join([*_KINDS, "fixed"])
            raise SpecificationError(f"joint type {joint.type!r}: allowed are {allowed}", file=file, field=joint.name)
        steps.append(_Step(joint, constant, *_master(joint, by_name, file)))
        constant = Frame()
    return steps, constant


def _master(joint: Any, by_name: dict[str, Any], file: str) -> tuple[str, float, float]:
    """(name, gain, offset) of the coordinate that moves a joint, through chains of mimic joints."""
    gain, offset, seen = 1.0, 0.0, [joint.name]
    while joint.mimic is not None:
        if joint.mimic.joint not in by_name or joint.mimic.joint in seen:
            problem = f"mimics {joint.mimic.joint!r}, which is not a joint of this file or leads back here"
            raise SpecificationError(problem, file=file, field=joint.name)
        gain, offset = gain * joint.mimic.multiplier, offset + gain * joint.mimic.offset
        joint = by_name[joint.mimic.joint]
        seen.append(joint.name)
    return joint.name, gain, offset


def _joint(step: _Step, names: tuple[str, ...], file: str) -> Joint:
    length = hypot(*step.raw.axis)
    if not (isfinite(length) and length > 1e-6):
        raise SpecificationError(f"axis {step.raw.axis.tolist()} has no direction", file=file, field=step.raw.name)
    axis = to_vector([a / length for a in step.raw.axis])
    try:
        return Joint(step.raw.name, _KINDS[step.raw.type], step.X_PJ, names.index(step.master), step.offset, axis, step.gain)
    except InvalidInput as error:
        raise SpecificationError(str(error), file=file, field=step.raw.name) from error


def _limits(steps: list[_Step], names: tuple[str, ...], given: JointLimits | None, robot: str, file: str) -> JointLimits:
    """Limits of the coordinates: lower <= gain q + offset <= upper for every joint on the path that states them."""
    low, high, effort = ({name: fill for name in names} for fill in (-np.inf, np.inf, np.nan))
    for step in steps:
        limit, name = step.raw.limit, step.master
        if step.raw.type != "continuous":
            if limit is None or limit.lower is None or limit.upper is None:
                raise SpecificationError("a limit with lower and upper is missing", file=file, field=step.raw.name)
            ends = sorted(((limit.lower - step.offset) / step.gain, (limit.upper - step.offset) / step.gain))
            if not (isfinite(ends[0]) and isfinite(ends[1])):
                raise SpecificationError(f"limit {limit.lower} to {limit.upper} is not finite", file=file, field=step.raw.name)
            low[name], high[name] = max(low[name], ends[0]), min(high[name], ends[1])
        # An effort of zero is how exporters write "not stated"; taken as a limit it would forbid all motion.
        if limit is not None and limit.effort is not None and limit.effort > 0 and step.gain == 1.0:
            effort[name] = limit.effort if np.isnan(effort[name]) else min(effort[name], limit.effort)
    units = tuple("m" if next(s for s in steps if s.master == name).raw.type == "prismatic" else "rad" for name in names)
    free = [name for name in names if not (isfinite(low[name]) and isfinite(high[name]))]
    if free and not (given is not None and set(free) <= set(given.names)):
        raise SpecificationError(f"continuous joints {free} have no limits: pass `limits` for them", file=file)
    for name in free:
        low[name], high[name] = float(given.lower[given.names.index(name)]), float(given.upper[given.names.index(name)])  # type: ignore[union-attr]
    columns: list[Callable[[str], float]] = [low.__getitem__, high.__getitem__, effort.__getitem__]
    lower, upper, force = (np.array([get(name) for name in names]) for get in columns)
    own = JointLimits(names, units, lower, upper, force, (f"{robot} ({Path(file).name})",))
    return own if given is None else own.merge(given)


def _capsules(joints: tuple[Joint, ...], tail: Frame, radius_m: float) -> tuple[tuple[BodyPoint, ...], tuple[Body, ...]]:
    """A point at each joint's origin and at the tip, and capsules between successive points."""
    points = [BodyPoint("base", 0, ZERO)]
    points += [BodyPoint(joint.name, i, joint.X_PJ.p_m) for i, joint in enumerate(joints)]
    points.append(BodyPoint("tip", len(joints), tail.p_m))
    names = [p.name for p in points]
    return tuple(points), tuple(Body(f"{a}-{b}", (a, b), radius_m) for a, b in pairwise(names))


def _origin(joint: Any, file: str) -> Frame:
    if joint.origin is None:
        return Frame()
    try:
        return Frame(to_matrix(joint.origin[:3, :3]), to_vector(joint.origin[:3, 3]))
    except InvalidInput as error:
        raise SpecificationError(f"origin: {error}", file=file, field=joint.name) from error


def _compose(a: Frame, b: Frame) -> Frame:
    return Frame(multiply(a.R, b.R), add(a.p_m, apply(a.R, b.p_m)))
