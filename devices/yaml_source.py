"""YAML files whose errors can be named: file, line and field."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from toolkit import SpecificationError

Model = TypeVar("Model", bound=BaseModel)


def load_yaml_model(path: Path, model: type[Model]) -> Model:
    """Parse `path` as `model`.

    Raises:
        SpecificationError: unreadable, not YAML, or a field that is unknown, missing, of another type or outside its range. The
            first such field is named with its line, its value and what is allowed; how many more there are is said.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(f"cannot read: {error}", file=str(path)) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_duplicates(root, path)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = str(getattr(error, "problem", None) or error).splitlines()[0]
        raise SpecificationError(f"not YAML: {problem}", file=str(path), line=None if mark is None else mark.line + 1) from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first, *others = error.errors()
        more = f" (and {len(others)} more)" if others else ""
        value = first["input"] if not isinstance(first["input"], (dict, list)) else type(first["input"]).__name__
        raise SpecificationError(
            f"{value!r}: {first['msg']}{more}", file=str(path), line=_line_of(root, first["loc"]), field=_field_text(first["loc"])
        ) from error


def error_at(path: Path, problem: str, *location: int | str) -> SpecificationError:
    """The error of a field whose value contradicts something outside its file; without the line if the file has changed since."""
    try:
        line = _line_of(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader), location)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        line = None
    return SpecificationError(problem, file=str(path), line=line, field=_field_text(location))


def _line_of(node: yaml.Node | None, location: Sequence[int | str]) -> int | None:
    """Line of the deepest part of `location` that the file has; union tags in pydantic's location have no node and are passed over."""
    if node is None:
        return None
    line = node.start_mark.line + 1
    for part in location:
        child = _child(node, part)
        if child is not None:
            key, node = child
            line = key.start_mark.line + 1
    return line


def _child(node: yaml.Node, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _field_text(location: Sequence[Any]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _refuse_duplicates(node: yaml.Node | None, path: Path) -> None:
    """YAML lets the second of two equal keys win in silence; a limit that is stated twice is refused."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise SpecificationError("a key must be a word", file=str(path), line=key.start_mark.line + 1)
            if key.value in seen:
                raise SpecificationError("stated twice", file=str(path), line=key.start_mark.line + 1, field=str(key.value))
            seen.add(key.value)
            _refuse_duplicates(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicates(item, path)
