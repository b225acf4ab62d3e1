"""JSON as dVRK writes it: with // and /* */ comments, and errors that name file, line and field."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ..errors import SpecificationError

Model = TypeVar("Model", bound=BaseModel)


def strip_comments(text: str, file: str = "") -> str:
    """The text with every // and /* */ comment replaced by blanks; strings and line numbers stay as they are.

    Raises:
        SpecificationError: a /* that is never closed.
    """
    kept: list[str] = []
    i = 0
    while i < len(text):
        if text[i] == '"':
            end = _string_end(text, i)
            kept.append(text[i:end])
        elif text.startswith("//", i):
            end = text.find("\n", i)
            end = len(text) if end < 0 else end
        elif text.startswith("/*", i):
            end = text.find("*/", i + 2)
            if end < 0:
                raise SpecificationError("a comment that begins with /* is never closed", file=file, line=text.count("\n", 0, i) + 1)
            end += 2
            kept.append("".join(c if c == "\n" else " " for c in text[i:end]))
        else:
            end = i + 1
            kept.append(text[i])
        i = end
    return "".join(kept)


def load_json(path: Path, model: type[Model]) -> Model:
    """Read a commented JSON file into a pydantic model.

    Raises:
        SpecificationError: unreadable, not JSON, a key given twice, or a field that the model refuses.
    """
    file = str(path)
    try:
        text = strip_comments(path.read_text(encoding="utf-8"), file)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(f"cannot be read: {error}", file=file) from error
    try:
        raw = json.loads(text, object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        raise SpecificationError(f"not JSON: {error.msg}", file=file, line=error.lineno) from error
    except KeyError as error:
        raise SpecificationError(f"the key {error} is given twice in one object", file=file) from error
    return validated(raw, model, file, text)


def validated(raw: object, model: type[Model], file: str, text: str) -> Model:
    """`raw` as a `model`; the first thing wrong becomes a SpecificationError with its line in `text`."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        given = "" if first["type"] == "missing" else f" (got {first['input']!r})"
        raise SpecificationError(f"{first['msg']}{given}", file=file, line=line_of(text, first["loc"]), field=field) from error


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line on which the value at a path of keys and indices stands; the deepest part that exists when it is missing."""
    try:
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)  # JSON is YAML, and YAML's nodes know their lines
    except yaml.YAMLError:
        return None
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = [value for key, value in node.value if key.value == str(part)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            found = node.value[part : part + 1]
        else:
            found = []
        if not found:
            break
        node = found[0]
    return None if node is None else int(node.start_mark.line) + 1


def _string_end(text: str, start: int) -> int:
    """Index after the closing quote of the string that opens at `start`."""
    i = start + 1
    while i < len(text) and text[i] != '"':
        i += 2 if text[i] == "\\" else 1
    return min(i + 1, len(text))


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise KeyError(key)
        result[key] = value
    return result
