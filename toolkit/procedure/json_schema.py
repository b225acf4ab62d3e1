"""The procedure's schema as JSON Schema (draft 2020-12), for editors and other languages; and where a field stands in a schema."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from .procedure import Procedure


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a procedure file. It is necessary, not sufficient: rules across fields are checked by `load_procedure`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Procedure.model_json_schema(mode="validation")}


def write_json_schema(path: str | Path) -> None:
    """Write `json_schema()` to a file, as text that changes only when the schema does."""
    Path(path).write_text(json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(mode="validation")


def schema_at(model: type[BaseModel], location: tuple[str | int, ...], start: dict[str, Any] | None = None) -> dict[str, Any]:
    """The part of the model's schema that a pydantic error location speaks of, from `start` if given; empty where it cannot be followed."""
    whole = _schema_of(model)
    part = _resolved(whole, whole if start is None else start)
    for key in location:
        part = _resolved(whole, _child(whole, part, key))
    return part


def _resolved(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        part = whole["$defs"][part["$ref"].rpartition("/")[2]]
    return part


def _child(whole: dict[str, Any], part: dict[str, Any], key: str | int) -> dict[str, Any]:
    if isinstance(key, int):
        fixed = part.get("prefixItems")
        child: dict[str, Any] = fixed[key % len(fixed)] if fixed else part.get("items") or {}
        return child
    if key in part.get("properties", {}):
        return dict(part["properties"][key])
    for member in [_resolved(whole, option) for option in (*part.get("oneOf", ()), *part.get("anyOf", ()))]:
        properties = member.get("properties", {})
        if properties.get("type", {}).get("const") == key:
            return member
        if key in properties:  # a step's word, or a field of an optional part
            return dict(properties[key])
    extra = part.get("additionalProperties")
    return dict(extra) if isinstance(extra, dict) else {}
