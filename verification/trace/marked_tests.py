"""Which tests name which requirements, read from the tests' source: works without pytest and without running anything.

@pytest.mark.requirement("SAF-012", "WSP-003")     on a test, or inside its parameters: of that test
pytestmark = pytest.mark.requirement("SAF-012")    at the head of a file, alone or in a list: of every test in it
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit import SpecificationError

MARK = "requirement"


@dataclass(frozen=True)
class MarkedTest:
    """node_id: pytest's, without parameters. line: of the test's definition."""

    node_id: str
    line: int
    requirements: tuple[str, ...]


def marked_tests(root: Path) -> tuple[MarkedTest, ...]:
    """Every test function below `root`/tests with the requirements it names (possibly none), in the order of files and lines.

    Raises:
        SpecificationError: a mark whose arguments are not plain strings, with file and line.
    """
    found: list[MarkedTest] = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        module = ast.parse(path.read_text(encoding="utf-8"), filename=name)
        common = [identity for node in module.body if _is_pytestmark(node) for identity in _marked(node, name)]
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                own = [identity for decorator in node.decorator_list for identity in _marked(decorator, name)]
                found.append(MarkedTest(f"{name}::{node.name}", node.lineno, tuple(sorted({*common, *own}))))
    return tuple(found)


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _marked(node: ast.AST, file: str) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == MARK:
            if not call.args or call.keywords:
                raise SpecificationError("pytest.mark.requirement takes ids, at least one", file=file, line=call.lineno)
            for argument in call.args:
                if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                    raise SpecificationError(
                        f"{ast.unparse(argument)}: an id is written out as text", file=file, line=call.lineno, field="requirement"
                    )
                yield argument.value
