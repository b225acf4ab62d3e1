import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import InvalidInput
from toolkit.models.fluids import Chamber

LOWER, UPPER = np.array([-1.0, -2.0, -3.0]), np.array([4.0, 5.0, 6.0])
point = st.tuples(*[st.floats(-10.0, 10.0)] * 3).map(np.array)


@given(point, point)
def test_depth_is_the_distance_to_the_nearest_wall_and_changes_no_faster_than_the_point(p: np.ndarray, q: np.ndarray) -> None:
    chamber = Chamber(LOWER, UPPER)
    depth = chamber.depth_m(p)
    assert (depth >= 0.0) == bool(((p >= LOWER) & (p <= UPPER)).all())
    assert abs(depth - chamber.depth_m(q)) <= np.linalg.norm(p - q) + 1e-12
    if depth > 0.0:
        walls = [np.where(np.arange(3) == k, wall[k], p) for wall in (LOWER, UPPER) for k in range(3)]
        assert depth == pytest.approx(min(np.linalg.norm(p - w) for w in walls))


def test_corners_that_span_no_box_are_refused() -> None:
    with pytest.raises(InvalidInput, match="upper_m"):
        Chamber(LOWER, np.array([4.0, -2.0, 6.0]))
    with pytest.raises(InvalidInput, match="lower_m"):
        Chamber(np.array([np.nan, 0.0, 0.0]), UPPER)
    assert Chamber(LOWER, UPPER).middle_m.tolist() == [1.5, 1.5, 1.5]
