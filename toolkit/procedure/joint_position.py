"""Named joint positions: every joint by name with its unit, so that a vector can never be in the wrong order."""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from .part import Location, raise_problems
from .quantity import Quantity

ANGLE = Quantity("rad", -6.3, 6.3)
LENGTH = Quantity("m", -1.0, 1.0)
QUANTITY_OF = {"_rad": ANGLE, "_m": LENGTH}


def split_joint_key(key: str) -> tuple[str, str] | None:
    """`wrist_pitch_rad` -> (`wrist_pitch`, `_rad`); None when the key names no unit."""
    for suffix in QUANTITY_OF:
        if key.endswith(suffix) and len(key) > len(suffix):
            return key.removesuffix(suffix), suffix
    return None


def _check(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    problems: list[tuple[Location, object, str]] = [] if value else [((), value, "empty: every joint by name, such as yaw_rad: 0.0")]
    for key, number in value.items():
        split = split_joint_key(key) if isinstance(key, str) else None
        if split is None:
            problems.append(((str(key),), number, "no unit: a joint is written <name>_rad, or <name>_m when it slides"))
        elif problem := QUANTITY_OF[split[1]].problem(number):
            problems.append(((key,), number, problem))
    raise_problems("JointPosition", problems)
    return {key: float(number) for key, number in value.items()}


JointPosition = Annotated[
    dict[str, float],
    BeforeValidator(_check),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "patternProperties": {
                "^.+_rad$": {"type": "number", "minimum": ANGLE.low, "maximum": ANGLE.high, "description": "in rad"},
                "^.+_m$": {"type": "number", "minimum": LENGTH.low, "maximum": LENGTH.high, "description": "in m"},
            },
        }
    ),
]
