"""A stop: a member of class C, at rest at its end, within one tick of braking evenly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import brake
from tests.safety.parts import A, T, V, command_class
from toolkit import CommandClass

STEPS = st.tuples(*(st.integers(-int(v), int(v)) for v in V)).map(np.array)
START = np.array([100, -200, 30_000, 7, 0, -1, 5])


@pytest.mark.requirement("SAF-002")
@given(STEPS, st.floats(0.0, 4e-4), st.floats(0.2, 5.0))
def test_a_stop_is_a_member_of_class_c_and_ends_at_rest(step: np.ndarray, tip_step_m: float, brake_m_s2: float) -> None:
    stop = brake(START, step, tip_step_m, brake_m_s2, command_class())
    sequence = np.concatenate([(START - step)[None], START[None], stop, stop[-1:]])
    over_v, over_a = command_class().excess(sequence)
    assert over_v <= 0 and over_a <= 0
    before = stop[-2] if stop.shape[0] > 1 else START
    assert np.array_equal(stop[-1], before) and stop.dtype == np.int64


@given(STEPS, st.floats(0.0, 4e-4), st.floats(0.2, 5.0))
def test_second_differences_stay_within_one_tick_of_an_even_stop(step: np.ndarray, tip_step_m: float, brake_m_s2: float) -> None:
    stop = brake(START, step, tip_step_m, brake_m_s2, command_class())
    steps = np.diff(np.concatenate([(START - step)[None], START[None], stop]), axis=0)
    even = -step / stop.shape[0] if step.any() else np.zeros(7)
    assert np.abs(np.diff(steps, axis=0) - even).max() <= 1.0


@given(STEPS.filter(np.any), st.floats(1e-5, 4e-4), st.floats(0.2, 5.0))
def test_the_tip_decelerates_no_faster_than_asked_and_a_servo_no_faster_than_it_can(
    step: np.ndarray, tip_step_m: float, brake_m_s2: float
) -> None:
    periods = brake(START, step, tip_step_m, brake_m_s2, command_class()).shape[0]
    assert tip_step_m / periods <= brake_m_s2 * T * T * (1 + 1e-12)
    assert np.all(np.abs(step) / periods <= A - 1)


@given(STEPS)
def test_a_stop_never_turns_back_nor_overshoots(step: np.ndarray) -> None:
    stop = brake(START, step, 2e-4, 1.0, command_class())
    steps = np.diff(np.concatenate([START[None], stop]), axis=0)
    assert np.all(steps * np.sign(step) >= 0) and np.all(np.abs(steps) <= np.abs(step))


def test_from_rest_a_stop_is_the_setpoint_again() -> None:
    assert brake(START, np.zeros(7, dtype=np.int64), 0.0, 1.0, command_class()).tolist() == [START.tolist()]


@given(st.integers(-12, 12), st.integers(-12, 12))
def test_one_tick_of_acceleration_is_enough_to_stop_with(first: int, second: int) -> None:
    slow = CommandClass(T, np.array([12, 12]), np.array([1, 1]))
    step = np.array([first, second])
    stop = brake(np.zeros(2, dtype=np.int64), step, 0.0, 1.0, slow)
    assert slow.excess(np.concatenate([-step[None], np.zeros((1, 2), dtype=np.int64), stop]))[1] <= 0
