"""A proposal thought out ahead is used for the setpoint it was thought about, and for no other."""

import numpy as np
import pytest

from toolkit import JointProposal, JointState, ProposeAhead, Setpoint, SolveReport

REPORT = SolveReport(True, "solved", 1, 0.0, 0.0)
TICKS = np.zeros(2, dtype=np.int64)
STATE = JointState(np.zeros(2), np.zeros(2), TICKS, TICKS, 0.0)


class Counting:
    """Proposes one more than the setpoint, and counts how often it was asked; raises on request."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.fails = False

    def compute(self, state: JointState, setpoint: Setpoint, now_s: float) -> JointProposal:
        self.asked.append(now_s)
        if self.fails:
            raise ZeroDivisionError("a bug")
        return JointProposal(setpoint.q + 1.0, REPORT)


def at(q: float, q_dot: float = 0.0) -> Setpoint:
    return Setpoint(np.full(2, q), np.full(2, q_dot))


def test_what_was_thought_about_is_not_computed_again() -> None:
    controller = Counting()
    ahead = ProposeAhead(controller)
    ahead.think(STATE, at(3.0), 0.005)
    proposal = ahead.compute(STATE, at(3.0), 0.0051)
    assert proposal.q is not None and proposal.q.tolist() == [4.0, 4.0] and controller.asked == [0.005]


def test_a_proposal_is_used_once() -> None:
    controller = Counting()
    ahead = ProposeAhead(controller)
    ahead.think(STATE, at(3.0), 0.005)
    ahead.compute(STATE, at(3.0), 0.005)
    ahead.compute(STATE, at(3.0), 0.010)
    assert controller.asked == [0.005, 0.010]


@pytest.mark.parametrize("other", [at(3.5), at(3.0, 0.1)])
def test_another_setpoint_than_the_one_thought_about_is_computed_on_the_spot(other: Setpoint) -> None:
    controller = Counting()
    ahead = ProposeAhead(controller)
    ahead.think(STATE, at(3.0), 0.005)
    proposal = ahead.compute(STATE, other, 0.006)
    assert proposal.q is not None and np.array_equal(proposal.q, other.q + 1.0) and controller.asked == [0.005, 0.006]


def test_what_thinking_raised_is_raised_in_the_cycle() -> None:
    controller = Counting()
    ahead = ProposeAhead(controller)
    controller.fails = True
    ahead.think(STATE, at(3.0), 0.005)
    with pytest.raises(ZeroDivisionError):
        ahead.compute(STATE, at(3.0), 0.006)
    controller.fails = False
    assert ahead.compute(STATE, at(3.0), 0.007).q is not None
