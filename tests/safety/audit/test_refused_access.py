"""What was refused while no log was open."""

import json
from pathlib import Path

import pytest

from safety.audit.refused_access import REFUSALS_MAX, RefusedAccesses, noting_refusals
from toolkit import AuditFault, InvalidInput

pytestmark = pytest.mark.requirement("AUD-010")


def refuse(state: Path, what: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as raised, noting_refusals(state):
        raise InvalidInput(what)
    return raised.value


def test_refusals_are_kept_in_order_until_they_are_recorded(tmp_path: Path) -> None:
    state = tmp_path / "state"
    for number in range(3):
        refuse(state, f"the {number}th\nkey")
    kept = RefusedAccesses.read(state)
    assert [said["what"] for said in kept.said] == [f"InvalidInput: the {number}th\nkey" for number in range(3)]
    assert [int(said["utc_ns"]) for said in kept.said] == sorted(int(said["utc_ns"]) for said in kept.said)
    refuse(state, "meanwhile")
    kept.recorded()
    assert [said["what"] for said in RefusedAccesses.read(state).said] == ["InvalidInput: meanwhile"]


def test_what_is_not_refused_leaves_nothing(tmp_path: Path) -> None:
    with noting_refusals(tmp_path / "state"):
        pass
    with pytest.raises(ZeroDivisionError), noting_refusals(tmp_path / "state"):
        1 / 0  # noqa: B018  a defect of ours is no refusal
    assert not (tmp_path / "state").exists() and RefusedAccesses.read(tmp_path / "state").said == ()


def test_a_flood_of_refusals_fills_no_disk_and_says_that_there_may_have_been_more(tmp_path: Path) -> None:
    for number in range(REFUSALS_MAX + 20):
        refuse(tmp_path, str(number))
    said = RefusedAccesses.read(tmp_path).said
    assert len(said) == REFUSALS_MAX
    assert said[-1]["what"].endswith("not kept") and "not kept" not in said[-2]["what"]


def test_a_refusal_that_cannot_be_noted_is_raised_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    error = refuse(tmp_path / "state", "no")
    assert str(error) == "no" and "could not be noted" in error.__notes__[0]


def test_a_note_that_cannot_be_read_is_an_audit_fault(tmp_path: Path) -> None:
    refuse(tmp_path, "no")
    (note,) = tmp_path.iterdir()
    assert json.loads(note.read_text())["what"] == "InvalidInput: no"
    note.write_text("{")
    with pytest.raises(AuditFault, match="cannot be read"):
        RefusedAccesses.read(tmp_path)
