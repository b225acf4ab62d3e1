"""Arrays are checked where they enter: shape, finiteness, whole ticks; and cannot change afterwards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import InvalidInput, finite_array, finite_number, tick_array


@pytest.mark.requirement("SAF-010")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 3, 6])
def test_one_entry_that_is_not_finite_refuses_the_array(bad: float, at: int) -> None:
    values = np.zeros(7)
    values[at] = bad
    with pytest.raises(InvalidInput, match="q: not finite"):
        finite_array(values, "q", (7,))


@pytest.mark.parametrize(("value", "shape"), [(np.zeros(6), (7,)), (np.zeros((1, 7)), (7,)), (0.0, (None,)), (np.zeros((2, 3)), (None, 4))])
def test_another_shape_is_refused_and_both_shapes_are_named(value: object, shape: tuple[int | None, ...]) -> None:
    with pytest.raises(InvalidInput, match=r"expected shape \(.*got \("):
        finite_array(value, "q", shape)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["north", [[1.0], [1.0, 2.0]], None, {"a": 1}])
def test_what_is_not_numbers_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        finite_array(value, "q", (None,))  # type: ignore[arg-type]


def test_a_checked_array_is_a_copy_that_cannot_be_written() -> None:
    source = np.array([1.0, 2.0])
    checked = finite_array(source, "q", (2,))
    source[0] = np.nan
    assert checked.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        checked[0] = 3.0


def test_a_none_in_the_shape_leaves_that_axis_free() -> None:
    assert finite_array(np.zeros((5, 3)), "P", (None, 3)).shape == (5, 3)


@pytest.mark.parametrize("value", [[1.0, 2.0], [True, False], ["1"], [1.5]])
def test_ticks_that_are_not_integers_are_refused_never_rounded(value: list[object]) -> None:
    with pytest.raises(InvalidInput, match="ticks are integers"):
        tick_array(value, "ticks", (None,))  # type: ignore[arg-type]


@pytest.mark.parametrize(("value", "fits"), [(2**31 - 1, True), (2**31, False), (-(2**31), True), (-(2**31) - 1, False)])
def test_ticks_end_exactly_at_the_servo_register(value: int, fits: bool) -> None:
    if fits:
        assert tick_array([value], "ticks", (1,))[0] == value
    else:
        with pytest.raises(InvalidInput, match="32-bit"):
            tick_array([value], "ticks", (1,))


def test_unsigned_ticks_beyond_int64_are_refused_before_they_could_wrap() -> None:
    with pytest.raises(InvalidInput, match="32-bit"):
        tick_array(np.array([2**64 - 1], dtype=np.uint64), "ticks", (1,))


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=9))
def test_whole_ticks_come_back_unchanged_as_int64(values: list[int]) -> None:
    array = np.array(values, dtype=np.int64)
    checked = tick_array(array, "ticks", (None,))
    assert checked.dtype == np.int64 and checked.tolist() == values and not checked.flags.writeable


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e-9, 1.0 + 1e-9, "0.5", True, None])
def test_a_number_outside_its_range_or_not_a_number_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="x:"):
        finite_number(value, "x", 0.0, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0.0, 1.0, 0.25, np.float64(0.5), 1])
def test_a_number_at_or_inside_its_limits_is_returned(value: float) -> None:
    assert finite_number(value, "x", 0.0, 1.0) == value
