"""Findings: every difference is counted; only the first ones are kept one by one."""

import pytest

from verification.replay import Difference, Replayed, findings


def difference(field: str, size: float | None, record: int = 0) -> Difference:
    return Difference(record, None, field, 1, 2, size, None)


def test_differences_are_counted_by_field_with_the_first_and_the_largest() -> None:
    found = Replayed(decisions=1)
    assert found.is_identical
    assert not found.add([difference("margins.a", 1.0, 1), difference("margins.a", 3.0, 2), difference("reason", None, 3)])
    assert found.add([difference("ticks[0]", 1.0, 4), difference("ticks[5]", 9.0, 5), difference("ticks[1]", 2.0, 6)])
    assert (found.decisive, found.beside, found.count) == (3, 3, 6) and not found.is_identical
    rows = {row.field: row for row in found.by_field}
    assert [row.field for row in found.by_field] == ["ticks", "margins.a", "reason"]
    assert rows["ticks"].first.record == 4 and rows["ticks"].largest is not None and rows["ticks"].largest.record == 5
    assert rows["reason"].largest is None


def test_what_is_not_kept_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "KEPT_MAX", 10)
    found = Replayed(decisions=1)
    found.add(difference("margins.a", float(k), k) for k in range(25))
    assert len(found.differences) == 10 and found.count == 25
    (row,) = found.by_field
    assert row.count == 25 and row.largest is not None and row.largest.record == 24
