import numpy as np
import pytest

from controllers import OutputDisturbance
from toolkit import InvalidInput

T = 0.005


def test_a_constant_offset_is_found_without_mistaking_lag_for_it() -> None:
    estimate = OutputDisturbance(T, 0.02, 0.1, [1.0])
    for k in range(400):
        # The newest setpoint was written one period ago; the joint is where the setpoint was 20 ms ago, plus the offset.
        value = estimate.update(np.array([0.3 * (k - 1) * T]), np.array([0.3 * (k * T - 0.02) + 0.004]))
    assert value[0] == pytest.approx(0.004, abs=1e-6)


def test_it_never_exceeds_its_bound() -> None:
    estimate = OutputDisturbance(T, 0.0, 0.05, [0.01, 0.0])
    for _ in range(500):
        value = estimate.update(np.zeros(2), np.array([5.0, -5.0]))
    assert value.tolist() == pytest.approx([0.01, 0.0])


def test_without_a_measurement_it_keeps_its_value() -> None:
    estimate = OutputDisturbance(T, 0.0, 0.05, [0.01])
    for _ in range(10):
        before = estimate.update(np.zeros(1), np.array([0.005]))
    assert before[0] > 0.0
    assert np.array_equal(estimate.update(np.zeros(1), None), before)
    estimate.reset()
    assert estimate.value[0] == 0.0


def test_a_measurement_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InvalidInput, match="measured"):
        OutputDisturbance(T, 0.0, 0.05, [0.01]).update(np.zeros(1), np.array([np.nan]))
    with pytest.raises(InvalidInput, match="bound"):
        OutputDisturbance(T, 0.0, 0.05, [-0.01])
