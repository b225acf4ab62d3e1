import json
from pathlib import Path

import pytest

from safety.audit import read_records
from toolkit import InvalidInput, SpecificationError
from toolkit.app.log_view import FILTERS, Row, log_rows, sentence
from verification.campaign.made_log import PERIOD_NS, make_log

PERIOD_S = PERIOD_NS * 1e-9
EVERYTHING = (0.0, float("inf"), ("all",))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "second").mkdir()
    make_log().write(tmp_path, tmp_path / "second")
    return tmp_path


def rows(run: Path, from_s: float = 0.0, to_s: float = float("inf"), *only: str) -> list[Row]:
    return list(log_rows(run, from_s, to_s, only))


def test_everything_is_shown_in_order_with_seconds_since_the_first_record(run: Path) -> None:
    found = rows(run)
    assert [row.seq for row in found] == list(range(240))
    assert found[20].t_s == pytest.approx(20 * PERIOD_S) and found[0].utc == "2026-09-21T14:13:20.000Z"


def test_times_include_both_ends(run: Path) -> None:
    assert [row.seq for row in rows(run, 9.9 * PERIOD_S, 12.1 * PERIOD_S)] == [10, 11, 12]
    assert rows(run, 1e9) == []


def test_interventions_are_the_cycles_that_were_not_passed_on(run: Path) -> None:
    expected = [r["seq"] for r in read_records(run) if r["kind"] == "CYCLE" and r["data"]["verdict"] != "PASS"]
    assert expected and [row.seq for row in rows(run, 0.0, float("inf"), "interventions")] == expected
    assert all(row.text.split(";")[0] in {"MODIFIED", "BACKUP", "STOP"} for row in rows(run, 0.0, float("inf"), "interventions"))


def test_filters_add_up(run: Path) -> None:
    kinds = {row.kind for row in rows(run, 0.0, float("inf"), "keys", "ends")}
    assert kinds == {"KEY", "RUN_START", "RUN_END"}
    apart = [name for name in FILTERS if name not in ("all", "interventions")]
    assert sum(len(rows(run, 0.0, float("inf"), name)) for name in apart) == 240


@pytest.mark.parametrize("ask", [(0.0, 1.0, ("cycle",)), (2.0, 1.0, ("all",)), (float("nan"), 1.0, ("all",)), (0.0, float("nan"), ())])
def test_what_cannot_be_asked_is_refused(run: Path, ask: tuple[float, float, tuple[str, ...]]) -> None:
    with pytest.raises(InvalidInput, match=r"--only|--from"):
        list(log_rows(run, *ask))


def test_where_there_is_no_log_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="no log here"):
        list(log_rows(tmp_path, *EVERYTHING))


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        (
            "CYCLE",
            {"verdict": "STOP", "margins": {"a": 2.0, "b": 0.5}, "active": ["A2"], "reason": "late"},
            "STOP; smallest margin b 0.5; active A2; late",
        ),
        ("STATE", {"state": "FAULT", "reason": "A1"}, "FAULT: A1"),
        ("STATE", {"state": "ENABLED"}, "ENABLED"),
        ("CONFIG", {"name": "limit", "old": 1, "new": 2, "reason": "new tool"}, "limit: 1 -> 2 (new tool)"),
        ("OPERATOR", {"action": "enable", "reason": "start"}, "enable (start)"),
        ("SECURITY", {"event": "malformed packet", "detail": "CRC"}, "malformed packet: CRC"),
        ("MISS", {"why": "late", "in_a_row": 2}, "late (2 in a row)"),
        ("EVENT", {"text": "x" * 500}, "text " + "x" * 152 + "..."),
        ("CONTROL_LOST", {"reason": "gone"}, "reason gone"),
    ],
)
def test_a_record_in_a_sentence(kind: str, data: dict[str, object], words: str) -> None:
    assert sentence({"kind": kind, "data": json.loads(json.dumps(data))}) == words
