"""Class C is decided in whole ticks: at the limit is a member, one tick over is not."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import CommandClass, InvalidInput

C = CommandClass(0.005, np.array([10, 20]), np.array([3, 4]))


def member(sequence: list[list[int]]) -> bool:
    """The definition, spelled out in Python's integers."""
    v, a = [10, 20], [3, 4]
    steps = [[y - x for x, y in zip(p, q, strict=True)] for p, q in pairwise(sequence)]
    changes = [[y - x for x, y in zip(p, q, strict=True)] for p, q in pairwise(steps)]
    return all(abs(s[j]) <= v[j] for s in steps for j in range(2)) and all(abs(c[j]) <= a[j] for c in changes for j in range(2))


@pytest.mark.requirement("WSP-009")
@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(-5, 5)), max_size=8))
def test_excess_decides_membership_as_the_definition_does(changes: list[tuple[int, int]]) -> None:
    sequence = np.cumsum(np.cumsum(np.array([(0, 0), (0, 0), *changes]), axis=0), axis=0)
    over_v, over_a = C.excess(sequence)
    assert (over_v <= 0 and over_a <= 0) == member(sequence.tolist())


@pytest.mark.requirement("WSP-009")
@pytest.mark.parametrize(("step", "over"), [(10, 0), (11, 1), (-10, 0), (-11, 1)])
def test_speed_at_the_limit_is_a_member_and_one_tick_more_is_not(step: int, over: int) -> None:
    assert C.excess(np.array([[0, 0], [step, 0]]))[0] == over


@pytest.mark.requirement("WSP-009")
@pytest.mark.parametrize(("change", "over"), [(4, 0), (5, 1), (-4, 0), (-5, 1)])
def test_acceleration_at_the_limit_is_a_member_and_one_tick_more_is_not(change: int, over: int) -> None:
    assert C.excess(np.array([[0, 0], [0, 0], [0, change]]))[1] == over


@pytest.mark.parametrize("length", [0, 1])
def test_a_sequence_without_steps_exceeds_nothing(length: int) -> None:
    over_v, over_a = C.excess(np.zeros((length, 2), dtype=np.int64))
    assert over_v <= 0 and over_a <= 0


@pytest.mark.parametrize("v", [[0, 20], [-1, 20], [10.0, 20.0], [10, 20, 30]])
def test_limits_that_are_not_whole_positive_and_of_one_shape_are_refused(v: list[float]) -> None:
    with pytest.raises(InvalidInput):
        CommandClass(0.005, np.array(v), np.array([3, 4]))


@pytest.mark.parametrize("period_s", [0.0, np.nan, -0.005, 2.0])
def test_a_period_that_cannot_be_is_refused(period_s: float) -> None:
    with pytest.raises(InvalidInput, match="period_s"):
        CommandClass(period_s, np.array([1]), np.array([1]))
