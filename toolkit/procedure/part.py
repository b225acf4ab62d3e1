"""What every part of a procedure has in common: nothing unknown is accepted, and nothing changes after it was checked."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from ..errors import SpecificationError

Location = tuple[str | int, ...]


class Part(BaseModel):
    """A frozen pydantic model that refuses unknown fields.

    Raises:
        SpecificationError: from the constructor, listing every problem as `field: value: what is allowed`. (Inside pydantic's own
            validation of a larger whole the problems are collected instead, so that the whole reports them all at once.)
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise SpecificationError("\n".join(describe(problem) for problem in error.errors(include_url=False))) from None

    # As pydantic's RootModel does: validating a nested part must not call this constructor but go on collecting problems.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def describe(problem: Any) -> str:
    """One pydantic error as `field: value: what is allowed`."""
    field = ".".join(str(key) for key in problem["loc"])
    if problem["type"] == "missing":
        return f"{field}: missing: required"
    sentence = "unknown field" if problem["type"] == "extra_forbidden" else problem["msg"]
    return ": ".join(part for part in (field, short(problem["input"]), sentence) if part)


def short(value: object, length_max: int = 80) -> str:
    """The value as text, shortened in the middle; never raises."""
    try:
        text = repr(value)
    except Exception as error:  # a user's object may do anything in its __repr__; the message must still appear
        text = f"<{type(value).__name__}: {type(error).__name__}>"
    return text if len(text) <= length_max else f"{text[: length_max - 20]} … {text[-17:]}"


def raise_problems(title: str, problems: Iterable[tuple[Location, object, str]]) -> None:
    """Raise all (location, value, sentence) problems of the part `title` at once, each at its own place; return if there are none.

    Raises:
        ValidationError: pydantic merges its parts into the errors of the whole.
    """
    details = [
        InitErrorDetails(type=PydanticCustomError("contradiction", "{problem}", {"problem": sentence}), loc=location, input=value)
        for location, value, sentence in problems
    ]
    if details:
        raise ValidationError.from_exception_data(title, details)
