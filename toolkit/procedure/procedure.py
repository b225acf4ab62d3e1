"""A procedure: what is to be done, with which arm, inside which limits, under which assumptions."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, PrivateAttr, model_validator

from ..errors import SpecificationError
from .assumption import Assumptions
from .constraint import AccelerationLimit, Constraint, JointLimits, SpeedLimit
from .joint_position import JointPosition
from .part import Location, Part, raise_problems
from .quantity import Count, Quantity
from .region import Name, Region
from .servo_path import FileName
from .source import Source
from .step import Disable, Enable, Home, MoveCp, MoveJp, ServoPath, Steps

SINGULAR_TYPES = ("joint_limits", "insertion_rule", "rcm")
Problems = list[tuple[Location, object, str]]
Weight = Annotated[float, Quantity("", 0.0, 1e6)]


class Device(Part):
    """profile: the device profile, a YAML file: port, servos, tick map, tracking tube, command class."""

    profile: FileName


class Arm(Part):
    """model: a shipped arm model by name. instrument: the tool file by name, as the vendor writes it."""

    model: Name
    instrument: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:\-]+$", max_length=100)]


class Controller(Part):
    """The model-predictive controller looks horizon_stages * stage_s ahead.

    The rest tunes quality, never safety; what is not stated is left to the controller. An error of one scale costs 1/2 in every
    stage; terminal_weight multiplies the errors of the last one; velocity and acceleration are relative to their limits.
    """

    horizon_stages: Annotated[int, Count(2, 200)]
    stage_s: Annotated[float, Quantity("s", 0.0, 0.5, low_excluded=True)]
    position_scale_m: Annotated[float, Quantity("m", 0.0, 0.1, low_excluded=True)] | None = None
    orientation_scale_rad: Annotated[float, Quantity("rad", 0.0, 3.2, low_excluded=True)] | None = None
    terminal_weight: Weight | None = None
    velocity_weight: Weight | None = None
    acceleration_weight: Weight | None = None


class Procedure(Part):
    """The whole file, checked part by part and across parts; `load_procedure` reads one, the constructor builds one in Python.

    primum: version of this schema. joint_positions: by name, CRTK jp; `home` is the one that the step home goes to.

    Raises:
        SpecificationError: any part is wrong, or parts contradict each other; every problem is listed.
    """

    primum: Literal[1]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    device: Device
    arm: Arm
    controller: Controller
    joint_positions: dict[Name, JointPosition] = Field(default_factory=dict, json_schema_extra={"additionalProperties": False})
    constraints: Annotated[tuple[Constraint, ...], Field(min_length=1, max_length=200)]
    assumptions: Assumptions
    steps: Steps

    _source: Source | None = PrivateAttr(None)

    def model_post_init(self, context: Any) -> None:
        if isinstance(context, Source):
            self._source = context

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        problems = [*self._constraint_problems(), *self._order_problems(), *self._target_problems(), *self._speed_problems()]
        raise_problems("Procedure", problems)
        return self

    def _constraint_problems(self) -> Problems:
        names = [constraint.name for constraint in self.constraints]
        types = [constraint.type for constraint in self.constraints]
        problems: Problems = []
        for i, constraint in enumerate(self.constraints):
            if constraint.name in names[:i]:
                problems.append((("constraints", i, "name"), constraint.name, "named twice: names are unique"))
            if constraint.type in SINGULAR_TYPES and constraint.type in types[:i]:
                problems.append((("constraints", i, "type"), constraint.type, "stated twice: at most once in a procedure"))
        if "joint_limits" not in types:
            problems.append((("constraints",), types, "no joint_limits: every procedure states a constraint of type joint_limits"))
        return problems

    def _order_problems(self) -> Problems:
        steps, problems = self.steps, Problems()
        if not isinstance(steps[0], Enable):
            problems.append((("steps", 0), steps[0].word, "nothing comes before enable: the first step is enable"))
        if not isinstance(steps[-1], Disable):
            problems.append((("steps", len(steps) - 1), steps[-1].word, "the arm is left switched on: the last step is disable"))
        for i, step in enumerate(steps):
            if (isinstance(step, Enable) and i > 0) or (isinstance(step, Disable) and i < len(steps) - 1):
                problems.append((("steps", i), step.word, "enable is the first step and disable the last, each exactly once"))
            if isinstance(step, ServoPath) and step.approach_speed_m_s is None and self.move_before(i) is None:
                allowed = "where it starts from is not known: state approach_speed_m_s, or end the move before with a move_cp at its start"
                problems.append((("steps", i, step.word), step.word, allowed))
        return problems

    def _target_problems(self) -> Problems:
        known, problems = sorted(self.joint_positions), Problems()
        for i, step in enumerate(self.steps):
            target = "home" if isinstance(step, Home) else step.to if isinstance(step, MoveJp) else None
            if target is not None and target not in self.joint_positions:
                location: Location = ("steps", i, step.word, "to") if isinstance(step, MoveJp) else ("steps", i, step.word)
                problems.append((location, target, f"not a joint position: stated in joint_positions are {known}"))
        return problems

    def _speed_problems(self) -> Problems:
        limits = [c for c in self.constraints if isinstance(c, SpeedLimit) and "tip" in c.points]
        slowest = min(limits, key=lambda limit: limit.limit_m_s, default=None)
        problems: Problems = []
        for i, step in enumerate(self.steps):
            field = "speed_m_s" if isinstance(step, MoveCp) else "approach_speed_m_s" if isinstance(step, ServoPath) else None
            speed = getattr(step, field) if field else None
            if slowest is not None and speed is not None and not speed <= slowest.limit_m_s:
                allowed = f"faster than constraint {slowest.name} allows: ]0, {slowest.limit_m_s:g}] m/s"
                problems.append((("steps", i, step.word, field or ""), speed, allowed))
        return problems

    def move_before(self, index: int) -> tuple[int, MoveCp] | None:
        """The move_cp that ends where step `index` begins (waits between them do not move), with its index; None if there is none."""
        for i in range(index - 1, -1, -1):
            step = self.steps[i]
            if step.moves:
                return (i, step) if isinstance(step, MoveCp) else None
        return None

    @property
    def regions(self) -> tuple[Region, ...]:
        """The constraints that are regions of space, in the order of the file."""
        return tuple(constraint for constraint in self.constraints if isinstance(constraint, Region))

    @property
    def joint_limits(self) -> JointLimits:
        """The constraint of that type; every procedure has one."""
        return next(constraint for constraint in self.constraints if isinstance(constraint, JointLimits))

    @property
    def rates(self) -> tuple[SpeedLimit | AccelerationLimit, ...]:
        """The limits on speed and acceleration, in the order of the file."""
        return tuple(constraint for constraint in self.constraints if isinstance(constraint, SpeedLimit | AccelerationLimit))

    @property
    def text(self) -> str:
        """The file as it was read, byte for byte in UTF-8; for a procedure built in Python, its own YAML."""
        if self._source is not None:
            return self._source.text
        return yaml.safe_dump(self.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)

    @property
    def sha256(self) -> str:
        """SHA-256 of `text` in UTF-8: the procedure's identity in logs and reports."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def file(self) -> str:
        """The file it was read from; empty for a procedure built in Python."""
        return self._source.file if self._source is not None else ""

    def resolve(self, name: str) -> Path:
        """The path of a file that the procedure names: relative to the procedure's folder (built in Python: to the working folder)."""
        return (Path(self.file).parent if self.file else Path()) / name

    def locate(self, *location: str | int) -> int | None:
        """The line of a field, such as locate("constraints", 1, "radius_m"), or of the nearest part that is in the file."""
        return self._source.line(location) if self._source is not None else None

    def error(self, problem: str, *location: str | int) -> SpecificationError:
        """The error for a problem at a field: it names file, line and field. To be raised by the caller."""
        field = self._source.field(location) if self._source is not None else ".".join(map(str, location))
        return SpecificationError(problem, file=self.file, line=self.locate(*location), field=field)
