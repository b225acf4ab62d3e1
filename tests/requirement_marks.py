"""`@pytest.mark.requirement("SAF-012", …)` says what a test shows.

An id that does not exist ends the session before any test.
"""

from pathlib import Path

import pytest

from toolkit import ToolkitError
from verification.trace import load_register

ROOT = Path(__file__).parents[1]


def requirements_of(item: pytest.Item) -> tuple[str, ...]:
    """The ids on a test and on its file, sorted."""
    return tuple(sorted({str(identity) for mark in item.iter_markers("requirement") for identity in mark.args}))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [(item, mark) for item in items for mark in item.iter_markers("requirement")]
    if not marked:
        return
    try:
        known = load_register(ROOT).requirements
    except ToolkitError as error:
        raise pytest.UsageError(str(error)) from error
    wrong = []
    for item, mark in marked:
        if not mark.args or mark.kwargs:
            wrong.append(f"{item.nodeid}: pytest.mark.requirement takes ids, at least one")
        wrong += [f"{item.nodeid}: {identity!r} is no requirement of docs/requirements" for identity in mark.args if identity not in known]
    if wrong:
        raise pytest.UsageError("\n".join(dict.fromkeys(wrong)))
