"""Does the code that a requirement names exist? A path, or a path and a definition in that file."""

import ast
from functools import cache
from pathlib import Path


def missing_code(root: Path, reference: str) -> str | None:
    """None if it exists, else what is missing. `path`: a file or folder; `path:name`, `path:Class.name`: a definition in a Python file."""
    path, _, name = reference.partition(":")
    place = root / path
    if not place.exists():
        return f"{path}: no such file"
    if not name:
        return None
    if place.suffix != ".py":
        return f"{path}: not a Python file, so it defines no {name}"
    return None if name in _definitions(place) else f"{path}: defines no {name}"


@cache
def _definitions(path: Path) -> frozenset[str]:
    """Names of classes, functions and constants of a module, and of the members of its classes."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        own = _names(node)
        names |= own
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{member}" for child in node.body for member in _names(child)}
    return frozenset(names)


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return set()
