"""Windows hold everything the device may be doing: servos out of step, late, lost, between setpoints, in a corner of the tube."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import windows_touching
from tests.safety.parts import A, V, at, tick_map, tube
from toolkit import InvalidInput, TickArray

W = tube().window
SEEDS = st.integers(0, 2**31)


def sequence(rng: np.random.Generator, length: int) -> TickArray:
    """A random member of class C."""
    step, position, result = np.zeros(7, dtype=np.int64), at(), []
    for _ in range(length):
        step = np.clip(step + rng.integers(-A, A + 1), -V, V)
        position = position + step
        result.append(position)
    return np.array(result)


@pytest.mark.requirement("SAF-003")
@given(SEEDS)
def test_every_lag_loss_and_interpolation_within_the_assumptions_lies_in_a_window(seed: int) -> None:
    rng, T = np.random.default_rng(seed), tube()
    all_of_it = sequence(rng, W + 8)
    history, plan = all_of_it[:W], all_of_it[W:]
    windows = windows_touching(history, plan, tick_map(), T)
    for k in range(plan.shape[0]):
        newest = W + k
        servo = np.empty(7)
        for j in range(7):
            i = newest - rng.integers(0, T.behind_max + 1)
            servo[j] = all_of_it[i, j] + rng.random() * (all_of_it[i - 1, j] - all_of_it[i, j])
        q = tick_map().to_joints(servo) + rng.uniform(-1.0, 1.0, 7) * T.e
        assert np.all(np.abs(q - windows.c[k]) <= windows.r[k] * (1 + 1e-12))


@pytest.mark.requirement("SAF-006")
@given(SEEDS)
def test_the_windows_of_a_tail_are_literally_those_of_the_plan_it_is_a_tail_of(seed: int) -> None:
    all_of_it = sequence(np.random.default_rng(seed), W + 8)
    whole = windows_touching(all_of_it[:W], all_of_it[W:], tick_map(), tube())
    after = windows_touching(all_of_it[3 : W + 3], all_of_it[W + 3 :], tick_map(), tube())
    assert np.array_equal(after.c, whole.c[3:]) and np.array_equal(after.r, whole.r[3:])


@pytest.mark.requirement("SAF-003")
@given(SEEDS, st.integers(1, 12))
def test_the_windows_of_a_hold_lie_in_the_window_of_the_setpoint_that_is_held(seed: int, periods: int) -> None:
    history = sequence(np.random.default_rng(seed), W + 1)
    last = windows_touching(history[:-1], history[-1:], tick_map(), tube())
    held = windows_touching(history, np.repeat(history[-1:], periods, axis=0), tick_map(), tube())
    assert np.all(np.abs(held.c - last.c) + held.r <= last.r * (1 + 1e-12))


def test_a_window_at_rest_is_the_tube_alone() -> None:
    windows = windows_touching(np.repeat(at()[None], W, axis=0), at()[None], tick_map(), tube())
    np.testing.assert_array_equal(windows.r, tube().e[None])
    np.testing.assert_array_equal(windows.c, tick_map().to_joints(at())[None])


def test_only_the_last_w_setpoints_of_the_history_matter_and_the_oldest_of_them_does() -> None:
    rest = np.repeat(at()[None], W + 3, axis=0)
    before, oldest = rest.copy(), rest.copy()
    before[2, 0] += 50
    oldest[3, 0] += 50
    of = [windows_touching(h, at()[None], tick_map(), tube()).r[0, 0] for h in (rest, before, oldest)]
    assert of[0] == of[1] < of[2]


def test_too_little_history_is_refused_not_guessed() -> None:
    with pytest.raises(InvalidInput, match="history"):
        windows_touching(np.repeat(at()[None], W - 1, axis=0), at()[None], tick_map(), tube())


@pytest.mark.requirement("SAF-003")
def test_coupled_servos_out_of_step_widen_every_joint_they_move() -> None:
    history = np.repeat(at()[None], W, axis=0)
    plan = at()[None] + np.array([[0, 0, 0, 0, 40, 0, 0]])
    extra = windows_touching(history, plan, tick_map(), tube()).r[0] - tube().e
    np.testing.assert_allclose(extra, np.abs(tick_map().M[:, 4]) * 20.0, atol=1e-15)
