"""Marks are read from source as pytest reads them."""

from pathlib import Path

import pytest

from tests.requirement_marks import requirements_of
from tests.verification.trace.small import TESTS, Checkout
from toolkit import SpecificationError
from verification.trace import marked_tests

ROOT = Path(__file__).parents[3]


def test_marks_of_a_file_and_of_a_test_add_up(tmp_path: Path) -> None:
    found = {test.node_id: test.requirements for test in marked_tests(Checkout(tmp_path).write())}
    assert found == {"tests/test_a.py::test_one": ("SAF-001", "SAF-002"), "tests/test_a.py::test_two": ("SAF-002",)}


def test_a_mark_inside_a_parameter_counts_for_its_test(tmp_path: Path) -> None:
    parameters = '[1, pytest.param(2, marks=pytest.mark.requirement("SAF-003"))]'
    text = f'import pytest\n@pytest.mark.parametrize("x", {parameters})\ndef test_it(x): ...\n'
    assert marked_tests(Checkout(tmp_path, tests=text).write())[0].requirements == ("SAF-003",)


@pytest.mark.parametrize("words", ["", "ID", '*["SAF-001"]', 'id="SAF-001"', '"SAF-" + "001"'])
def test_a_mark_that_cannot_be_read_without_running_it_is_refused_with_its_line(words: str, tmp_path: Path) -> None:
    text = TESTS.replace('requirement("SAF-001")', f"requirement({words})")
    with pytest.raises(SpecificationError, match=r"tests/test_a\.py:7"):
        marked_tests(Checkout(tmp_path, tests=text).write())


def test_the_source_says_what_pytest_collected(request: pytest.FixtureRequest) -> None:
    """Two readings of the same marks: by the parser, and by pytest in this very session."""
    read = {test.node_id: set(test.requirements) for test in marked_tests(ROOT)}
    collected: dict[str, set[str]] = {}
    for item in request.session.items:
        name = item.nodeid.partition("[")[0]
        collected.setdefault(name, set()).update(requirements_of(item))
    assert collected and all(read[name] == ids for name, ids in collected.items())
