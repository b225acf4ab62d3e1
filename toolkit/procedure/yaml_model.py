"""A YAML file as a pydantic model, every problem named with file, line, field, value and what is allowed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from ..errors import SpecificationError
from .json_schema import schema_at
from .kind import KINDS
from .part import Location, short
from .source import Plain, Source, read_source
from .spelling import did_you_mean

Model = TypeVar("Model", bound=BaseModel)
NOT_OF_KIND = {"tuple_type": "a list", "model_type": "a mapping of fields", "dict_type": "a mapping", "string_type": "a text"}


def load_yaml_model(path: str | Path, model: type[Model]) -> Model:
    """Read a YAML file (rules of `source.py`) as a model.

    The model's validators see the Source as their validation context, so that the model may keep its text and lines.

    Raises:
        SpecificationError: one error that lists every problem, a line each: `file:line: field: value: what is allowed`.
    """
    return model_from_source(read_source(path), model)


def model_from_source(source: Source, model: type[Model]) -> Model:
    """As load_yaml_model, for a source that is already read."""
    _refuse_another_kind(source, model)
    try:
        return model.model_validate(source.data, context=source)
    except ValidationError as error:
        raise specification_error(error, source, model) from None


def _refuse_another_kind(source: Source, model: type[BaseModel]) -> None:
    """One sentence where a command is given a file that is meant for another: not a line for each field that the other has."""
    given, field = source.data.get("kind"), model.model_fields.get("kind")
    wanted = () if field is None else get_args(field.annotation)
    if "primum" in model.model_fields and given in KINDS and given not in wanted:
        allowed = " or ".join(wanted) or "an arm's procedure, which has no kind"
        problem = f"{given!r}: not what this command takes: allowed: {allowed}"
        raise SpecificationError(problem, file=source.file, line=source.line(("kind",)), field="kind")


def specification_error(error: ValidationError, source: Source, model: type[BaseModel]) -> SpecificationError:
    """One error with a line for every problem, in the order of the file."""
    found = []
    for problem in error.errors(include_url=False):
        location = _in_data(problem["loc"], source.data)
        if problem["type"] == "union_tag_invalid":
            location = (*location, "type")
        found.append((source.line(location), location, _sentence(problem, model)))
    found.sort(key=lambda item: item[0])
    first_line, first_location, first_sentence = found[0]
    rest = [str(SpecificationError(text, file=source.file, line=line, field=source.field(at))) for line, at, text in found[1:]]
    return SpecificationError("\n".join([first_sentence, *rest]), file=source.file, line=first_line, field=source.field(first_location))


def _in_data(location: tuple[str | int, ...], data: Plain) -> Location:
    """pydantic's location without the names of union members that it puts between fields (a constraint's type)."""
    part: Any = data
    kept: list[str | int] = []
    for i, key in enumerate(location):
        if isinstance(part, Mapping) and key not in part and i < len(location) - 1:
            continue  # a union member, not a field
        kept.append(key)
        if isinstance(part, Mapping):
            part = part.get(key)
        else:
            part = part[key] if isinstance(part, list) and isinstance(key, int) and 0 <= key < len(part) else None
    return tuple(kept)


def _sentence(problem: Any, model: type[BaseModel]) -> str:
    """`value: what is allowed`, for one of pydantic's errors."""
    kind, value, location = problem["type"], short(problem["input"]), problem["loc"]
    if kind == "missing":
        return f"missing: {_wanted(schema_at(model, location))}"
    if kind == "extra_forbidden":
        known = sorted(schema_at(model, location[:-1]).get("properties", {}))
        return f"{value}: unknown field: {did_you_mean(location[-1], known)}allowed: {', '.join(known)}"
    if kind == "union_tag_invalid":
        tag, known = problem["ctx"]["tag"], [text.strip(" '") for text in problem["ctx"]["expected_tags"].split(",")]
        return f"{tag!r}: unknown type: {did_you_mean(tag, known)}allowed: {', '.join(known)}"
    if kind == "union_tag_not_found":
        return f"{value}: a mapping with the field `type`"
    if kind == "unknown_step":
        word = next(iter(problem["input"]), "") if isinstance(problem["input"], Mapping) else problem["input"]
        known = [name for option in schema_at(model, location).get("oneOf", ()) for name in schema_at(model, (), option)["properties"]]
        return f"{value}: {did_you_mean(word, known)}{problem['msg']}"
    if kind in ("too_long", "too_short"):
        bound = f"at most {problem['ctx']['max_length']}" if kind == "too_long" else f"at least {problem['ctx']['min_length']}"
        return f"{value}: {problem['ctx']['actual_length'] or 'no'} items: {bound}"
    if kind in NOT_OF_KIND:
        return f"{value}: not {NOT_OF_KIND[kind]}"
    return f"{value}: {problem['msg']}"


def _wanted(schema: dict[str, Any]) -> str:
    """What a missing field would have to be."""
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    span = f" in {']' if 'exclusiveMinimum' in schema else '['}{low:g}, {high:g}]" if low is not None and high is not None else ""
    unit = str(schema.get("description", "")).removeprefix("in ") if span else ""
    return f"required, {schema.get('type', 'see the guide')}{span} {unit}".rstrip()
