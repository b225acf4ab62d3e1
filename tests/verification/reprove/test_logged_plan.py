"""Reading plans from a log: whole ticks and finite numbers, or one error that names the record."""

import json
from typing import Any

import pytest

from tests.verification.reprove.records import cycle, enable, home, lines, sequence, state
from toolkit import SpecificationError
from verification.reprove.logged_plan import logged_plans

pytestmark = pytest.mark.requirement("AUD-036")


def test_enable_and_cycle_are_read() -> None:
    y = home()
    first, second = logged_plans(lines(enable(), cycle(7)), 7)
    assert (first.cycle, first.record, first.plan, first.history) == (None, 0, (tuple(y),), (tuple(y),))
    assert (second.cycle, second.record, len(second.history), second.plan) == (7, 1, 11, (tuple(y), tuple(y)))
    assert second.t_s == pytest.approx(0.035) and second.sample is not None and second.sample.age_s == pytest.approx(0.002)


def test_a_latched_assumption_is_read_and_an_operators_stop_is_none() -> None:
    def latched(word: str) -> dict[str, Any]:
        latch = {"assumption": word, "reason": "x", "reaction": "TAIL"}
        return cycle(calls=[{"call": "certify", "now_s": 10.002, "latch": latch}])

    violated, stopped = logged_plans(lines(latched("A2"), latched("stop")), 7)
    assert (violated.violated, stopped.violated) == ("A2", "")


def changed(path: str, value: Any) -> dict[str, Any]:
    record = cycle()
    *parents, last = path.split(".")
    place: Any = record["data"]
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    place[int(last) if isinstance(place, list) else last] = value
    return record


BAD = [
    ("next_plan.first.0", 1.0, "whole ticks"),
    ("next_plan.first.0", float("nan"), "no number"),
    ("next_plan.first.0", True, "whole ticks"),
    ("next_plan.first.0", "2048", "whole ticks"),
    ("next_plan.first.0", 2**31, "whole ticks"),
    ("next_plan.steps.0", [2**31 - 1] * 7, "whole ticks"),
    ("next_plan.first", [1, 2, 3], "7 servos"),
    ("memory.history", None, "expected an object"),
    ("memory.history.steps", {}, "steps: expected list"),
    ("ticks", [0.5] * 7, "whole ticks"),
    ("i", "1", "i: expected int"),
    ("i", True, "i: expected int"),
    ("calls", [[1]], "calls: expected an object"),
    ("calls.0.now_s", float("inf"), "no number"),
    ("calls.0.now_s", None, "no finite number"),
    ("state.q.2", float("nan"), "no number"),
    ("state.q", [0.0] * 6, "7 joints"),
    ("state.healthy", 1, "healthy: expected bool"),
    ("state.ticks.1", 0.0, "whole ticks"),
]


@pytest.mark.parametrize(("path", "value", "words"), BAD)
def test_what_is_no_plan_is_refused_by_record(path: str, value: Any, words: str) -> None:
    with pytest.raises(SpecificationError, match=words) as refused:
        list(logged_plans(lines(enable(), changed(path, value)), 7))
    assert "record 1" in str(refused.value)


def test_margins_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(SpecificationError, match=r"margins\.vessel"):
        list(logged_plans(lines(cycle(verdict="PASS", margins={"vessel": "0.1"})), 7))


@pytest.mark.parametrize("line", [b"{", b"[]", b"null", b'{"kind": "CYCLE"}', b"\xff", b"[" * 100_000, b'{"a": NaN}'])
def test_a_line_that_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(SpecificationError, match="record 0"):
        list(logged_plans([line], 7))


@pytest.mark.parametrize("mono_ns", [5, None, "", "-1", "1.0", "٣", "9" * 30])
def test_a_time_that_is_none_is_refused(mono_ns: object) -> None:
    with pytest.raises(SpecificationError, match="mono_ns"):
        list(logged_plans(lines(cycle() | {"mono_ns": mono_ns}), 7))


def test_increments_are_summed() -> None:
    y = home()
    rows = [y, [a + 3 for a in y], [a + 5 for a in y]]
    (plan,) = logged_plans(lines(cycle(next_plan=sequence(rows), state=state(y))), 7)
    assert [list(row) for row in plan.plan] == rows and json.loads(json.dumps(rows)) == rows
