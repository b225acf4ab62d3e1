"""Numbers with a unit and a stated range: what a procedure may say, and what is more likely a slip of the unit."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

UNIT_SLIPS: dict[str, tuple[tuple[str, float], ...]] = {
    "m": (("mm", 1e-3), ("um", 1e-6)),
    "m/s": (("mm/s", 1e-3), ("um/s", 1e-6)),
    "m/s^2": (("mm/s^2", 1e-3),),
    "rad": (("degrees", np.pi / 180.0),),
    "s": (("ms", 1e-3), ("us", 1e-6)),
    "ms": (("s", 1e3),),
}


@dataclass(frozen=True)
class Quantity:
    """A finite number in [low, high] (or ]low, high]) of one unit, as an annotation of a pydantic field.

    The range is physical plausibility, not safety: a value outside it is refused, never clamped, and when the same digits would
    fit in another unit the message says so ("did you mean 50 mm (0.05 m)?"). Booleans and strings are not numbers.

    Raises (through pydantic): `quantity` errors whose message reads `what is wrong: the allowed range`.
    """

    unit: str
    low: float
    high: float
    low_excluded: bool = False

    @property
    def allowed(self) -> str:
        """The range as text, in interval notation: `]0, 0.3] m`."""
        return f"{']' if self.low_excluded else '['}{self.low:g}, {self.high:g}] {self.unit}".rstrip()

    def contains(self, value: float) -> bool:
        """Whether the value is allowed; False for NaN."""
        return self.low <= value <= self.high and not (self.low_excluded and value <= self.low)

    def problem(self, value: object) -> str | None:
        """One sentence saying what is wrong with `value` and what is allowed; None when it is allowed."""
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            return f"not a number: allowed is {self.allowed}"
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if not np.isfinite(number):
            return f"not finite: allowed is {self.allowed}"
        if self.contains(number):
            return None
        for slip, factor in UNIT_SLIPS.get(self.unit, ()):
            if number and self.contains(number * factor):
                return f"implausible: did you mean {number:g} {slip} ({number * factor:.6g} {self.unit})? allowed is {self.allowed}"
        return f"outside the range: allowed is {self.allowed}"

    def _check(self, value: object) -> float:
        problem = self.problem(value)
        if problem is not None:
            raise PydanticCustomError("quantity", "{problem}", {"problem": problem})
        return float(value)  # type: ignore[arg-type]  # problem() has just established that it is a number

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        low = "exclusiveMinimum" if self.low_excluded else "minimum"
        unit = {"description": f"in {self.unit}"} if self.unit else {}
        return {"type": "number", low: self.low, "maximum": self.high, **unit}


@dataclass(frozen=True)
class Count:
    """A whole number in [low, high]; 3.0, "3" and true are not."""

    low: int
    high: int

    def problem(self, value: object) -> str | None:
        """One sentence saying what is wrong with `value`; None when it is allowed."""
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            return f"not a whole number: allowed is [{self.low}, {self.high}]"
        if not self.low <= int(value) <= self.high:
            return f"outside the range: allowed is [{self.low}, {self.high}]"
        return None

    def _check(self, value: object) -> int:
        problem = self.problem(value)
        if problem is not None:
            raise PydanticCustomError("count", "{problem}", {"problem": problem})
        return int(value)  # type: ignore[call-overload,no-any-return]  # problem() has just established that it is one

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


def _as_plain(value: object) -> object:
    """numpy arrays as nested lists, so that Python callers may pass them; everything else untouched."""
    return value.tolist() if isinstance(value, np.ndarray) else value


PlainArray = BeforeValidator(_as_plain)

Coordinate = Annotated[float, Quantity("m", -1.0, 1.0)]
DirectionCosine = Annotated[float, Quantity("", -1.0, 1.0)]
Radius = Annotated[float, Quantity("m", 0.0, 0.3, low_excluded=True)]
Speed = Annotated[float, Quantity("m/s", 0.0, 0.5, low_excluded=True)]
Acceleration = Annotated[float, Quantity("m/s^2", 0.0, 20.0, low_excluded=True)]
Duration = Annotated[float, Quantity("s", 0.0, 3600.0, low_excluded=True)]
Moment = Annotated[float, Quantity("s", 0.0, 3600.0)]
SmallError = Annotated[float, Quantity("m", 0.0, 0.02)]
Rate = Annotated[float, Quantity("Hz", 1.0, 10_000.0)]

Position = Annotated[tuple[Coordinate, Coordinate, Coordinate], PlainArray]
Direction = Annotated[tuple[DirectionCosine, DirectionCosine, DirectionCosine], PlainArray]
