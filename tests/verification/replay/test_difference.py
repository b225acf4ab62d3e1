"""Differences between two plain values: found wherever they are, with their size, and said so that a person can look there."""

import copy
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.replay import Difference, compare

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TREES: st.SearchStrategy[Any] = st.recursive(
    NUMBERS | st.text(max_size=5) | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=4), inner, max_size=4),
    max_leaves=20,
)


def differences(logged: Any, recomputed: Any) -> list[Difference]:
    return list(compare(7, 3, "x", logged, recomputed))


@given(TREES)
def test_a_tree_is_the_same_as_its_copy(tree: Any) -> None:
    assert differences(tree, copy.deepcopy(tree)) == []


@given(TREES, TREES)
def test_trees_that_are_not_equal_differ_somewhere(one: Any, other: Any) -> None:
    assert (differences(one, other) == []) == (one == other)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8), st.data())
def test_the_last_bit_of_one_number_is_found_with_its_size(values: list[float], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    changed = list(values)
    changed[place] = math.nextafter(values[place], math.inf)
    if not math.isfinite(changed[place]):
        return
    (found,) = differences({"margins": {"a": values}}, {"margins": {"a": changed}})
    assert found.field == f"x.margins.a[{place}]" and found.size == abs(changed[place] - values[place]) > 0.0


def test_sizes_are_in_units_of_the_last_place_of_doubles_and_whole_for_ticks() -> None:
    (doubles,) = differences(1.0, math.nextafter(math.nextafter(1.0, 2.0), 2.0))
    assert doubles.ulps == 2.0 and str(doubles) == (
        "record 7 (cycle 3): x: logged 1.0, recomputed 1.0000000000000004, apart by 4.44e-16 (2 ulp)"
    )
    (ticks,) = differences([5, 9], [5, 7])
    assert (ticks.size, ticks.ulps) == (2.0, None) and str(ticks) == "record 7 (cycle 3): x[1]: logged 9, recomputed 7, apart by 2"
    (words,) = differences("PASS", "STOP")
    assert words.size is None and str(words).endswith("x: logged 'PASS', recomputed 'STOP'")


@pytest.mark.parametrize(
    ("logged", "recomputed", "fields"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, ["x.b"]),
        ({"a": 1, "b": 2}, {"a": 1}, ["x.b"]),
        ([1, 2], [1, 2, 3], ["x"]),
        (None, [1], ["x"]),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [0, {"c": 3}]}}, ["x.a.b[0]", "x.a.b[1].c"]),
        (1, 1.0, []),
        (math.nan, math.nan, ["x"]),
    ],
)
def test_what_is_missing_or_too_many_differs(logged: Any, recomputed: Any, fields: list[str]) -> None:
    assert [difference.field for difference in differences(logged, recomputed)] == fields


@pytest.mark.parametrize(
    ("field", "decisive"),
    [
        *((name, True) for name in ("verdict", "ticks[2]", "next_plan.steps[0][1]", "memory.history.first[0]", "latch", "calls.raised")),
        *((name, True) for name in ("enable.refused", "enable.ticks[0]", "i", "written")),
        *((name, False) for name in ("margins.vessel", "margins.ticks", "observed.age_s", "active[0]", "reason", "enable.margins.i")),
        ("state.q[3]", False),
    ],
)
def test_what_was_sent_remembered_or_refused_is_decisive(field: str, decisive: bool) -> None:
    assert Difference(0, None, field, 1, 2, None, None).is_decisive is decisive
