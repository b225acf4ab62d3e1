"""The tick map is the affine map of its exact constants, invertible, and named by what it is."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import InvalidInput, TickMap

M = np.array([[1e-4, 0.0, 0.0], [0.0, 2e-4, -1e-4], [0.0, 3e-5, 1.5e-4]])
MAP = TickMap(M, np.array([0.1, -0.2, 0.0]), np.array([2048, 0, -7]), ("a", "b", "c"))
TICKS = st.lists(st.integers(-200_000, 200_000), min_size=3, max_size=3)


def exactly(ticks: list[int]) -> list[Fraction]:
    """The map in rational arithmetic."""
    offset = [t - z for t, z in zip(ticks, MAP.ticks_zero.tolist(), strict=True)]
    q_zero = [Fraction(x) for x in MAP.q_zero.tolist()]
    return [zero + sum(Fraction(m) * o for m, o in zip(row, offset, strict=True)) for zero, row in zip(q_zero, MAP.M.tolist(), strict=True)]


@pytest.mark.requirement("WSP-021")
@given(TICKS)
def test_joints_are_the_exact_rational_map_to_within_float_rounding(ticks: list[int]) -> None:
    q = MAP.to_joints(np.array(ticks))
    assert all(abs(Fraction(x) - y) < Fraction(1, 10**13) for x, y in zip(q.tolist(), exactly(ticks), strict=True))


@given(TICKS)
def test_ticks_come_back_from_their_joints(ticks: list[int]) -> None:
    assert MAP.to_ticks(MAP.to_joints(np.array(ticks))).tolist() == ticks


@given(TICKS, TICKS)
def test_a_rate_is_the_difference_of_positions(a: list[int], b: list[int]) -> None:
    difference = MAP.to_joints(np.array(b)) - MAP.to_joints(np.array(a))
    np.testing.assert_allclose(MAP.rate_to_ticks(difference), np.array(b) - np.array(a), atol=1e-6)


def test_many_setpoints_map_as_each_alone() -> None:
    ticks = np.arange(12).reshape(4, 3) * 1000
    np.testing.assert_array_equal(MAP.to_joints(ticks), np.stack([MAP.to_joints(t) for t in ticks]))


@pytest.mark.parametrize(
    "singular",
    [
        pytest.param(np.zeros((3, 3))),
        pytest.param(np.diag([1e-4, 0.0, 1e-4])),
        np.ones((3, 3)) * 1e-4,
        np.array([[1e-4, 0.0, 0.0], [0.0, 1e-4, 0.0], [1e-4, 1e-4, 0.0]]),
    ],
)
def test_a_map_by_which_some_joint_cannot_be_moved_is_refused(singular: np.ndarray) -> None:
    with np.errstate(invalid="ignore"), pytest.raises(InvalidInput, match="singular"):
        TickMap(singular, np.zeros(3), np.zeros(3, dtype=np.int64), ("a", "b", "c"))


@pytest.mark.parametrize("q", [np.full(3, np.nan), np.array([0.0, np.inf, 0.0]), np.zeros(2)])
def test_joints_that_are_not_finite_or_too_few_become_no_ticks(q: np.ndarray) -> None:
    with pytest.raises(InvalidInput):
        MAP.to_ticks(q)


def test_joints_beyond_the_register_become_no_ticks() -> None:
    with np.errstate(invalid="ignore"), pytest.raises(InvalidInput):
        MAP.to_ticks(np.full(3, 1e9))


@pytest.mark.requirement("WSP-021")
@pytest.mark.parametrize(
    "change",
    [{"M": np.nextafter(M, 1.0)}, {"q_zero": np.zeros(3)}, {"ticks_zero": np.zeros(3, dtype=np.int64)}, {"names": ("a", "b", "d")}],
)
def test_any_change_of_the_map_changes_its_digest(change: dict[str, object]) -> None:
    parts = {"M": MAP.M, "q_zero": MAP.q_zero, "ticks_zero": MAP.ticks_zero, "names": MAP.names}
    assert TickMap(**parts).digest == MAP.digest != TickMap(**{**parts, **change}).digest  # type: ignore[arg-type]
