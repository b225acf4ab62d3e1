"""What a procedure does, one step after another; named after CRTK where CRTK has a name."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Discriminator, Field, GetJsonSchemaHandler, SerializerFunctionWrapHandler, Tag, model_serializer, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from .part import Part, raise_problems
from .quantity import Duration, Position, Quantity, Speed
from .region import Name
from .servo_path import Generator, Placement, Quaternion, Recording, Rotation, check_one_rotation


class Step(Part):
    """One step. In YAML a mapping with one key, the step's word: `- move_cp: {...}`; in Python the class itself."""

    word: ClassVar[str]
    moves: ClassVar[bool] = False

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, value: Any) -> Any:
        return value[cls.word] if isinstance(value, dict) and list(value) == [cls.word] else value

    @model_serializer(mode="wrap")
    def _wrap(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {self.word: handler(self)}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        inner = handler.resolve_ref_schema(handler(schema))
        fields = dict(inner)
        inner.clear()
        inner.update({"type": "object", "title": cls.__name__, "additionalProperties": False})
        inner.update({"properties": {cls.word: fields}, "required": [cls.word]})
        return inner


class Enable(Step):
    """Check the device, write and read back its registers, switch on holding the present position."""

    word = "enable"


class Home(Step):
    """move_jp to the joint position named `home`, at speed_ratio of the joint speeds of the command class."""

    word = "home"
    moves = True

    speed_ratio: Annotated[float, Quantity("", 0.0, 1.0, low_excluded=True)] = 0.25


class MoveJp(Step):
    """Move to a named joint position, ending at rest, at speed_ratio of the joint speeds of the command class."""

    word = "move_jp"
    moves = True

    to: Name
    speed_ratio: Annotated[float, Quantity("", 0.0, 1.0, low_excluded=True)] = 0.25


class MoveCp(Step):
    """Move the tip along a straight line to position_B_m, ending at rest; the orientation stays, unless R_BT is stated."""

    word = "move_cp"
    moves = True

    position_B_m: Position
    speed_m_s: Speed
    rotation_BT: Rotation | None = None
    quaternion_BT_wxyz: Quaternion | None = None

    @model_validator(mode="after")
    def _has_at_most_one_rotation(self) -> Self:
        check_one_rotation(self, "rotation_BT", "quaternion_BT_wxyz", required=False)
        return self


class ServoPath(Step):
    """Follow positions in time with the tip, orientation constant: p_B(t) = R_BD (scale p_D(t)) + translation.

    Exactly one of recording and generator. approach_speed_m_s: first a straight line to the path's start at this speed; without it
    the step before must already end within 1 mm of the start.
    """

    word = "servo_path"
    moves = True

    recording: Recording | None = None
    generator: Generator | None = None
    scale: Annotated[float, Quantity("", 1e-3, 10.0)]
    to_B: Placement
    approach_speed_m_s: Speed | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.recording is None) == (self.generator is None):
            raise_problems(type(self).__name__, [((), {}, "exactly one source: recording (a CSV file) or generator (a Python function)")])
        return self


class Wait(Step):
    """Hold the newest setpoint for a time."""

    word = "wait"

    duration_s: Duration


class Disable(Step):
    """Come to rest and switch off."""

    word = "disable"


STEPS: tuple[type[Step], ...] = (Enable, Home, MoveJp, MoveCp, ServoPath, Wait, Disable)


def _word(value: Any) -> str | None:
    """The step's word, for pydantic to choose the model; None when it is not a mapping with exactly one key."""
    if isinstance(value, Step):
        return value.word
    return next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None


AnyStep = Annotated[
    Annotated[Enable, Tag("enable")]
    | Annotated[Home, Tag("home")]
    | Annotated[MoveJp, Tag("move_jp")]
    | Annotated[MoveCp, Tag("move_cp")]
    | Annotated[ServoPath, Tag("servo_path")]
    | Annotated[Wait, Tag("wait")]
    | Annotated[Disable, Tag("disable")],
    Discriminator(
        _word,
        custom_error_type="unknown_step",
        custom_error_message=f"not a step: one word with its fields, one of {', '.join(step.word for step in STEPS)}",
    ),
]
Steps = Annotated[tuple[AnyStep, ...], Field(min_length=2, max_length=1000)]
