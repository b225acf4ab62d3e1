"""Every path is run once, whatever the answers before it change about the questions after it."""

import pytest

from toolkit import InvalidInput
from verification.transitions import choices
from verification.transitions.choices import Choices, every_path


def test_paths_of_different_lengths_are_all_run_once_in_order() -> None:
    def run(c: Choices) -> str:
        first = c.pick("abc")
        return first + (c.pick("xy") + c.pick("12") if first == "b" else "")

    assert list(every_path(run)) == ["a", "bx1", "bx2", "by1", "by2", "c"]


def test_code_that_asks_nothing_has_one_path() -> None:
    assert list(every_path(lambda c: "only")) == ["only"]


def test_code_that_asks_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "PATHS_MAX", 100)
    with pytest.raises(InvalidInput, match="more than 100 paths"):
        list(every_path(lambda c: [c.pick("ab") for _ in range(10)]))
