"""Each violated assumption is seen in one sample, and has its stated reaction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import Memory, Monitors, Reaction, Violation
from tests.safety.parts import NO_PLAN, at, at_rest, state, tick_map, tube
from toolkit import InvalidInput, JointState, Tube

MONITORS = Monitors(tick_map(), tube(), 0.01)
ONE = np.eye(7, dtype=np.int64)
STEADY = Memory(at() + np.arange(-8, 1)[:, None] * np.array([30, -20, 10, 15, 5, -25, 40]), NO_PLAN)


def violation(memory: Memory, sample: JointState, now_s: float = 1.0, monitors: Monitors = MONITORS) -> Violation | None:
    return monitors.observe(memory, sample, now_s)[1]


def test_a_perfect_sample_violates_nothing_and_says_how_much_is_used() -> None:
    observation, found = MONITORS.observe(at_rest(), state(at(), 0.999), 1.0)
    assert found is None and observation.behind == 0 and abs(observation.tube_use) <= 1e-9
    assert observation.age_s == pytest.approx(1e-3)


@pytest.mark.requirement("SAF-012")
@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a1_a_sample_beyond_the_monitored_tube_stops_along_the_tail(joint: int, side: float) -> None:
    for share, expected in ((0.99, None), (1.01, "A1")):
        q = tick_map().to_joints(at())
        q[joint] += side * share * tube().e_monitor[joint]
        found = violation(at_rest(), state(at(), q=q))
        assert (found.assumption if found else None) == expected
    assert found is not None and found.reaction is Reaction.TAIL


@pytest.mark.requirement("SAF-014")
@pytest.mark.parametrize(("behind", "ok"), [(0, True), (2, True), (3, False), (7, False)])
def test_a2_a_goal_further_behind_than_losses_allow_holds(behind: int, ok: bool) -> None:
    found = violation(STEADY, state(STEADY.newest, goal_ticks=STEADY.history[-1 - behind]))
    assert (found is None) is ok
    assert ok or (found is not None and found.assumption == "A2" and found.reaction is Reaction.HOLD and str(behind) in found.reason)


@pytest.mark.requirement("SAF-014", "CYB-004")
@pytest.mark.parametrize("joint", range(7))
def test_a2_one_servo_alone_that_is_behind_or_was_sent_something_else_holds(joint: int) -> None:
    for goal in (STEADY.history[-4], STEADY.newest + 1):
        goals = np.where(np.arange(7) == joint, goal, STEADY.newest)
        found = violation(STEADY, state(STEADY.newest, goal_ticks=goals))
        assert found is not None and found.assumption == "A2" and found.reaction is Reaction.HOLD


@pytest.mark.requirement("SAF-014")
def test_a2_a_goal_older_than_the_window_is_one_we_never_sent() -> None:
    history = np.concatenate([at()[None] - 500, STEADY.history[1:]])
    observation, found = MONITORS.observe(Memory(history, NO_PLAN), state(STEADY.newest, goal_ticks=at() - 500), 1.0)
    assert observation.behind == -1 and found is not None and "never sent" in found.reason


def test_a2_the_same_goal_twice_counts_as_the_newer_one() -> None:
    history = np.repeat(at()[None], 9, axis=0)
    history[-2] += 10 * ONE[0]
    observation, found = MONITORS.observe(Memory(history, NO_PLAN), state(at()), 1.0)
    assert observation.behind == 0 and found is None


@pytest.mark.requirement("SAF-014")
def test_a2_a_tube_without_losses_allows_none() -> None:
    strict = Monitors(tick_map(), tube(losses_max=0), 0.01)
    assert violation(STEADY, state(STEADY.newest), monitors=strict) is None
    found = violation(STEADY, state(STEADY.newest, goal_ticks=STEADY.history[-2]), monitors=strict)
    assert found is not None and found.assumption == "A2"


@pytest.mark.requirement("SAF-017")
def test_a3_a_device_that_is_not_healthy_holds_and_its_problem_is_quoted() -> None:
    found = violation(at_rest(), state(at(), healthy=False, problem="overheating in servo 4"))
    assert found is not None and (found.assumption, found.reaction) == ("A3", Reaction.HOLD) and "overheating in servo 4" in found.reason


@pytest.mark.requirement("SAF-018")
@pytest.mark.parametrize(("t_s", "ok"), [(1.0, True), (0.9901, True), (0.9899, False), (1.0001, False), (0.0, False)])
def test_a4_a_sample_too_old_or_from_the_future_holds(t_s: float, ok: bool) -> None:
    found = violation(at_rest(), state(at(), t_s))
    assert (found is None) is ok
    assert ok or (found is not None and (found.assumption, found.reaction) == ("A4", Reaction.HOLD))


@pytest.mark.requirement("SAF-018", "SAF-010")
def test_a4_a_clock_that_is_nan_holds() -> None:
    found = violation(at_rest(), state(at()), np.nan)
    assert found is not None and found.assumption == "A4"


@pytest.mark.requirement("SAF-022")
def test_a_hold_is_found_before_a_tail_when_both_are_due() -> None:
    far = state(at(), q=tick_map().to_joints(at()) + 1.0, goal_ticks=at() + 1)
    found = violation(at_rest(), far)
    assert found is not None and found.reaction is Reaction.HOLD


def test_a_sample_of_another_arm_is_refused() -> None:
    other = JointState(np.zeros(6), np.zeros(6), np.zeros(6, dtype=np.int64), np.zeros(6, dtype=np.int64), 1.0)
    with pytest.raises(InvalidInput, match="6 joints"):
        MONITORS.observe(at_rest(), other, 1.0)


@pytest.mark.parametrize("age_s_max", [0.0, np.nan, np.inf, -0.01])
def test_an_age_limit_that_would_never_fire_is_refused(age_s_max: float) -> None:
    with pytest.raises(InvalidInput, match="age_s_max"):
        Monitors(tick_map(), tube(), age_s_max)


def test_the_tube_is_asked_about_lagging_samples_inside_the_window() -> None:
    lagging = tick_map().to_joints(STEADY.history[-6])
    assert violation(STEADY, state(STEADY.newest, q=lagging)) is None
    narrow = Monitors(tick_map(), Tube(tube().e, tube().e_monitor, 1, 0, ""), 0.01)
    beyond = tick_map().to_joints(STEADY.history[0] - 20 * (STEADY.newest - STEADY.history[0]))
    found = violation(STEADY, state(STEADY.newest, q=beyond), monitors=narrow)
    assert found is not None and found.assumption == "A1"


@pytest.mark.requirement("SAF-012")
@given(st.integers(0, 2**30))
def test_what_is_seen_is_what_whole_numbers_and_plain_arithmetic_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    w, M = tube().window, tick_map().M
    history = at() + np.cumsum(rng.integers(-30, 31, (w + 3, 7)), axis=0)
    behind = rng.integers(0, w + 1 + int(rng.integers(0, 2)), 7)
    q = tick_map().to_joints(history[-1] + rng.integers(-60, 61, 7))
    goals = history[-1 - behind, np.arange(7)]
    newest = history[-(w + 1) :]
    low, high = newest.min(axis=0), newest.max(axis=0)
    excess = np.abs(q - tick_map().to_joints((low + high) / 2)) - np.abs(M) @ ((high - low) / 2)
    first = [next((a for a in range(w + 1) if newest[-1 - a, s] == goals[s]), w + 1) for s in range(7)]
    observation, _ = MONITORS.observe(Memory(history, NO_PLAN), state(history[-1], goal_ticks=goals, q=q), 1.0)
    assert observation.tube_use == pytest.approx((excess / tube().e_monitor).max(), abs=1e-9)
    assert observation.behind == (max(first) if max(first) <= w else -1)
