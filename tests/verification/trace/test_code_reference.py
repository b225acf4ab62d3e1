"""A requirement's code exists: the file, and the definition in it."""

from pathlib import Path

import pytest

from verification.trace.code_reference import missing_code

SOURCE = """
LIMIT = 3
typed: int = 4


class Thing:
    size = 1

    def do(self) -> None:
        local = 1


def act() -> None: ...
"""


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("a/code.py", None),
        ("a", None),
        ("a/code.py:LIMIT", None),
        ("a/code.py:typed", None),
        ("a/code.py:Thing", None),
        ("a/code.py:Thing.do", None),
        ("a/code.py:Thing.size", None),
        ("a/code.py:act", None),
        ("a/text.md", None),
        ("a/none.py", "no such file"),
        ("a/code.py:Thing.undo", "defines no Thing.undo"),
        ("a/code.py:do", "defines no do"),
        ("a/code.py:local", "defines no local"),
        ("a/text.md:LIMIT", "not a Python file"),
    ],
)
def test_what_exists_is_found_and_what_does_not_is_named(reference: str, problem: str | None, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "code.py").write_text(SOURCE)
    (tmp_path / "a" / "text.md").write_text("LIMIT = 3")
    found = missing_code(tmp_path, reference)
    assert (found is None) if problem is None else (found is not None and problem in found)
