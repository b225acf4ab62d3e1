"""A YAML text (a procedure, a file of requirements) as plain data, with the line of every field.

Scalars are read by the YAML 1.2 core schema, so that `1e-9` is a number and `no` is a text, which YAML 1.1 has the other way round.
Refused with the line: duplicate keys, tags, several documents, merge keys, keys that are not text, and anything too large, too deep
or growing too much through aliases.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ..errors import SpecificationError
from .part import Location, short

BYTES_MAX = 200_000
DEPTH_MAX = 32
VALUES_MAX = 20_000
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


class _Loader(yaml.SafeLoader):
    """PyYAML's parser with the scalars of the YAML 1.2 core schema."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own class attribute, emptied of the YAML 1.1 rules


_CORE = (
    ("null", r"~|null|Null|NULL|", None),
    ("bool", r"true|True|TRUE|false|False|FALSE", None),
    ("int", r"[-+]?[0-9]{1,300}", None),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", None),
)
for _kind, _pattern, _first in _CORE:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), _first)


def _number(text: str) -> float:
    low = text.lower().lstrip("+")
    return float(low.replace(".inf", "inf").replace(".nan", "nan"))


_SCALARS: dict[str, Callable[[str], Plain]] = {
    "tag:yaml.org,2002:null": lambda text: None,
    "tag:yaml.org,2002:bool": lambda text: text.lower() == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": _number,
    "tag:yaml.org,2002:str": str,
}


@dataclass(frozen=True)
class Source:
    """A file's text, its plain data, and the line of every field (counted from 1)."""

    file: str
    text: str
    data: dict[str, Plain]
    lines: dict[Location, int] = field(repr=False)

    def line(self, location: Location) -> int:
        """The line of the field, or of the innermost part around it that is in the file."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def field(self, location: Location) -> str:
        """The field as text, list items by their name where they have one: `constraints[vessel].radius_m`."""
        text = ""
        part: Plain = self.data
        for key in location:
            part = _child(part, key)
            if isinstance(key, int):
                name = part.get("name") if isinstance(part, dict) else None
                text += f"[{name}]" if isinstance(name, str) and name.isidentifier() else f"[{key}]"
            else:
                text += f".{_shown(key)}" if text else _shown(key)
        return text


def _shown(key: str) -> str:
    """The key itself when it looks like one, otherwise as a literal: a message stays one line and controls no terminal."""
    return key if re.fullmatch(r"[\w<>-]{1,60}", key) else short(key)


def _child(part: Plain, key: str | int) -> Plain:
    if isinstance(part, dict) and isinstance(key, str):
        return part.get(key)
    if isinstance(part, list) and isinstance(key, int) and 0 <= key < len(part):
        return part[key]
    return None


def read_source(path: str | Path) -> Source:
    """Read a YAML file.

    Raises:
        SpecificationError: it cannot be read, is not UTF-8, is not YAML, or is refused by the rules of this module.
    """
    file = str(path)
    try:
        with Path(path).open("rb") as stream:
            raw = stream.read(BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        raise SpecificationError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=file) from error
    if len(raw) > BYTES_MAX:
        raise SpecificationError(f"larger than {BYTES_MAX} bytes", file=file)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SpecificationError(f"byte {raw[error.start]:#04x}: the file is UTF-8 text", file=file, line=line) from error
    return parse_source(text, file)


def parse_source(text: str, file: str = "") -> Source:
    """As read_source, for text that is already in memory."""
    try:
        _check_depth(text, file)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        tab = " (indent with spaces, not tabs)" if "\\t" in str(error.problem) else ""
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise SpecificationError(f"not YAML: {problem}{tab}", file=file, line=line) from error
    except yaml.YAMLError as error:
        position = getattr(error, "position", None)
        line = text[:position].count("\n") + 1 if isinstance(position, int) else None
        raise SpecificationError(f"not YAML: {getattr(error, 'reason', error)}", file=file, line=line) from error
    builder = _Builder(file)
    data = builder.build(root, (), 0) if root is not None else None
    if not isinstance(data, dict):
        wanted = "not a mapping of fields (a procedure is a mapping that begins with `primum: 1`)"
        raise SpecificationError(f"{short(data)}: {wanted}", file=file, line=1)
    return Source(file, text, data, builder.lines)


def _check_depth(text: str, file: str) -> None:
    """Refuse deep nesting before the recursive composer meets it; events come from an iterative parser."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            line = event.start_mark.line + 1 if event.start_mark is not None else None
            raise SpecificationError(f"nested more than {DEPTH_MAX} deep", file=file, line=line)


class _Builder:
    """Turns composed nodes into plain data, noting lines, within limits."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Location, int] = {}
        self._left = VALUES_MAX

    def build(self, node: yaml.Node, path: Location, depth: int) -> Plain:
        line = node.start_mark.line + 1
        self._left -= 1
        if self._left < 0 or depth > DEPTH_MAX:
            raise self._refusal(f"grows beyond {VALUES_MAX} values or {DEPTH_MAX} levels (aliases count each time)", line, path)
        self.lines.setdefault(path, line)
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.build(child, (*path, i), depth + 1) for i, child in enumerate(node.value)]
        convert = _SCALARS.get(node.tag) if isinstance(node, yaml.ScalarNode) else None
        if convert is None:
            raise self._refusal(f"{node.tag}: tags are not used here", line, path)
        try:
            return convert(node.value)
        except ValueError as error:
            raise self._refusal(f"{short(node.value)}: not a {node.tag.rpartition(':')[2]}", line, path) from error

    def _mapping(self, node: yaml.MappingNode, path: Location, depth: int) -> Plain:
        result: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not (isinstance(key_node, yaml.ScalarNode) and key_node.tag == "tag:yaml.org,2002:str"):
                raise self._refusal(f"{short(key)}: a field name is text", line, path)
            if key == "<<":
                raise self._refusal("'<<': merge keys are not used here: write the fields out, or alias the whole value", line, path)
            here = (*path, key)
            if key in result:
                raise self._refusal(f"{key!r}: stated twice, first on line {self.lines[here]}", line, here)
            self.lines[here] = line
            result[key] = self.build(value_node, here, depth + 1)
        return result

    def _refusal(self, problem: str, line: int, path: Location) -> SpecificationError:
        return SpecificationError(problem, file=self.file, line=line, field=".".join(_shown(str(key)) for key in path))
