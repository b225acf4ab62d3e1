"""Numbers with a unit: the limits themselves are allowed, anything beyond is not, and a slip of the unit is recognised."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.procedure.quantity import Count, Quantity

LENGTH = Quantity("m", -1.0, 1.0)
RADIUS = Quantity("m", 0.0, 0.3, low_excluded=True)


@given(st.floats(allow_nan=True))
def test_exactly_the_range_is_allowed(value: float) -> None:
    assert (LENGTH.problem(value) is None) == (math.isfinite(value) and -1.0 <= value <= 1.0)
    assert (RADIUS.problem(value) is None) == (math.isfinite(value) and 0.0 < value <= 0.3)


@pytest.mark.requirement("WSP-014")
@pytest.mark.parametrize("value", [np.nextafter(1.0, 2.0), -np.nextafter(1.0, 2.0), math.nan, math.inf, -math.inf, 10**400])
def test_just_beyond_and_not_finite_are_refused(value: float) -> None:
    assert LENGTH.problem(value) is not None


@pytest.mark.parametrize("value", [True, False, "0.1", None, [0.1], 1j, np.bool_(True), b"1"])
def test_what_is_not_a_number_is_not_converted(value: object) -> None:
    assert "not a number" in (LENGTH.problem(value) or "")
    assert "not a whole number" in (Count(0, 5).problem(value) or "")


@pytest.mark.requirement("WSP-014")
@pytest.mark.parametrize(
    ("quantity", "value", "hint"),
    [
        (LENGTH, 50, "did you mean 50 mm (0.05 m)?"),
        (LENGTH, -104340, "did you mean -104340 um (-0.10434 m)?"),
        (Quantity("rad", -6.3, 6.3), 90, "did you mean 90 degrees (1.5708 rad)?"),
        (Quantity("s", 0.0, 0.1), 10, "did you mean 10 ms (0.01 s)?"),
        (Quantity("ms", 1.0, 1000.0), 0.02, "did you mean 0.02 s (20 ms)?"),
    ],
)
def test_a_slip_of_the_unit_is_recognised(quantity: Quantity, value: float, hint: str) -> None:
    assert hint in (quantity.problem(value) or "")


def test_a_value_that_fits_no_other_unit_gets_no_hint() -> None:
    assert "did you mean" not in (RADIUS.problem(-4.0) or "")
    assert "did you mean" not in (LENGTH.problem(1e9) or "")


@pytest.mark.parametrize(
    ("value", "allowed"), [(0, True), (5, True), (-1, False), (6, False), (3.0, False), (np.int64(3), True), (10**400, False)]
)
def test_a_count_is_a_whole_number_in_its_range(value: object, allowed: bool) -> None:
    assert (Count(0, 5).problem(value) is None) is allowed
