"""What is remembered: history of a fixed length, the stored tail, and what a miss or a hold makes of them."""

import numpy as np
import pytest

from safety import Memory
from toolkit import InvalidInput

TICKS = np.array([5, -3])


def test_at_enable_the_arm_has_been_at_its_setpoint_for_longer_than_any_window() -> None:
    memory = Memory.at_rest(TICKS, 7)
    assert memory.history.shape == (9, 2) and (memory.history == TICKS).all()
    assert memory.plan.shape == (0, 2) and not memory.step.any() and memory.lost == 0


@pytest.mark.requirement("SAF-006")
def test_what_was_sent_enters_the_history_and_its_tail_is_stored() -> None:
    tail = np.array([[8, -3], [8, -3]])
    memory = Memory.at_rest(TICKS, 3).followed_by(np.array([7, -3]), tail)
    assert memory.newest.tolist() == [7, -3] and memory.step.tolist() == [2, 0]
    assert memory.tail_head.tolist() == [8, -3] and memory.history.shape == (5, 2)


def test_an_empty_tail_continues_with_the_newest_setpoint() -> None:
    memory = Memory.at_rest(TICKS, 3)
    assert memory.tail_head.tolist() == TICKS.tolist()
    assert memory.advanced().plan.shape == (0, 2) and memory.advanced().newest.tolist() == TICKS.tolist()


@pytest.mark.requirement("SAF-019")
def test_misses_run_down_the_tail_and_are_counted_in_a_row() -> None:
    memory = Memory.at_rest(TICKS, 3).followed_by(np.array([7, -3]), np.array([[8, -3], [9, -3], [9, -3]]))
    once = memory.missed()
    twice = once.missed()
    assert (once.newest.tolist(), once.lost) == ([8, -3], 1) and (twice.newest.tolist(), twice.lost) == ([9, -3], 2)
    assert twice.plan.tolist() == [[9, -3]]
    assert twice.followed_by(np.array([9, -3]), twice.plan[1:]).lost == 0


def test_a_hold_repeats_the_newest_setpoint_and_forgets_the_tail() -> None:
    memory = Memory.at_rest(TICKS, 3).followed_by(np.array([7, -3]), np.array([[8, -3]]))
    held = memory.held()
    assert held.newest.tolist() == [7, -3] and not held.step.any() and held.plan.shape == (0, 2)
    assert held.history.shape == memory.history.shape


@pytest.mark.requirement("SAF-041", "SAF-043")
def test_a_cycle_that_is_not_carried_out_leaves_no_trace() -> None:
    memory = Memory.at_rest(TICKS, 3).followed_by(np.array([7, -3]), np.array([[8, -3]]))
    before = memory.history.tolist(), memory.plan.tolist(), memory.lost
    memory.missed(), memory.held(), memory.advanced(), memory.followed_by(TICKS, memory.plan)
    assert (memory.history.tolist(), memory.plan.tolist(), memory.lost) == before
    for array in (memory.history, memory.plan):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


@pytest.mark.parametrize(
    ("history", "plan", "lost"),
    [
        (np.zeros((2, 2), dtype=np.int64), np.zeros((0, 2), dtype=np.int64), 0),
        (np.zeros((3, 2), dtype=np.int64), np.zeros((1, 3), dtype=np.int64), 0),
        (np.zeros((3, 2)), np.zeros((0, 2), dtype=np.int64), 0),
        (np.zeros((3, 2), dtype=np.int64), np.zeros((0, 2), dtype=np.int64), -1),
    ],
)
def test_a_memory_that_cannot_be_is_refused(history: np.ndarray, plan: np.ndarray, lost: int) -> None:
    with pytest.raises(InvalidInput):
        Memory(history, plan, lost)
