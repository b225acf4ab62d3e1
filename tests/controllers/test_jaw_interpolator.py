import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers import JawInterpolator
from toolkit import InvalidInput

T, SPEED, ACCELERATION = 0.005, 1.5, 20.0


def _jaw() -> JawInterpolator:
    return JawInterpolator(T, SPEED, ACCELERATION, -0.3, 1.4)


@settings(max_examples=100, deadline=None)
@given(st.floats(-0.3, 1.4), st.floats(-0.3, 1.4), st.floats(-0.5, 0.5))
def test_the_target_is_reached_within_speed_and_acceleration(start: float, target: float, rate: float) -> None:
    jaw, path = _jaw(), [start - T * rate, start]
    for _ in range(600):
        path.append(jaw.next(path[-1], (path[-1] - path[-2]) / T, target))
    velocity = np.diff(path) / T
    assert np.abs(velocity).max() <= SPEED + 1e-9
    assert np.abs(np.diff(velocity)).max() <= ACCELERATION * T + 1e-9
    assert abs(path[-1] - target) < 1e-9
    # Once it moves towards the target it does not pass it.
    if abs(rate) < 1e-12:
        assert min(start, target) - 1e-9 <= min(path) and max(path) <= max(start, target) + 1e-9


def test_without_a_target_it_comes_to_rest() -> None:
    jaw, y, dy = _jaw(), 0.5, 1.0
    for _ in range(30):
        y_next = jaw.next(y, dy, None)
        y, dy = y_next, (y_next - y) / T
    assert abs(dy) < 1e-9


@pytest.mark.parametrize("target", [1.5, -0.4, np.nan])
def test_a_target_outside_its_limits_is_refused(target: float) -> None:
    with pytest.raises(InvalidInput, match="jaw"):
        _jaw().next(0.0, 0.0, target)
