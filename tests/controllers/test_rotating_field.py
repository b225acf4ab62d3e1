"""The field stays across its axis, keeps its size, and never jumps, whatever the rotation vector does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.rotating_field import RotatingField
from toolkit import InvalidInput

vectors = st.tuples(*[st.floats(-40.0, 40.0)] * 3)


@given(st.lists(vectors, min_size=1, max_size=20))
def test_it_stays_across_and_moves_by_no_more_than_stated(ws: list[tuple[float, float, float]]) -> None:
    field = RotatingField.at_rest(8e-3, np.array([1.0, 0.0, 0.0]), 0.6)
    for w in ws:
        after = field.turned(np.array(w), 0.01)
        assert abs(after.B_tesla @ after.axis) <= 1e-12 and np.linalg.norm(after.B_tesla) == pytest.approx(8e-3)
        moved = np.linalg.norm(after.across - field.across)
        assert moved <= (np.linalg.norm(w) + 0.6) * 0.01 + 1e-9
        field = after


def test_it_rests_without_rotation_and_refuses_what_is_not_finite() -> None:
    field = RotatingField.at_rest(8e-3, np.array([0.0, 0.0, 1.0]), 0.6)
    assert np.array_equal(field.turned(np.zeros(3), 0.01).B_tesla, field.B_tesla)
    with pytest.raises(InvalidInput):
        field.turned(np.array([np.nan, 0.0, 0.0]), 0.01)
