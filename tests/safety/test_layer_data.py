"""What the layer takes and gives survives the log: through canonical JSON and back, to the last bit."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import Memory, Reaction, Violation
from safety.audit import canonical_bytes
from safety.layer_data import (
    latch_data,
    latch_from,
    memory_data,
    memory_from,
    proposal_data,
    proposal_from,
    sequence_data,
    sequence_from,
    state_data,
    state_from,
)
from toolkit import InvalidInput, JointProposal, JointState, SolveReport

N = 3
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
TICKS = st.integers(-(2**31), 2**31 - 1)


def vector(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(elements, min_size=N, max_size=N)


def logged(data: Any) -> Any:
    return json.loads(canonical_bytes(data))


def bits(values: np.ndarray) -> list[str]:
    """Exact, but for the sign of zero, which canonical JSON drops."""
    return [(value + 0.0).hex() for value in values.tolist()]


@given(vector(DOUBLES), vector(DOUBLES), vector(TICKS), vector(TICKS), st.floats(0.0, 1e12), st.booleans(), st.text(), st.integers(0, 1000))
def test_a_sample_comes_back(
    q: list[float], q_dot: list[float], ticks: list[int], goal: list[int], t_s: float, healthy: bool, problem: str, since: int
) -> None:
    state = JointState(np.array(q), np.array(q_dot), np.array(ticks), np.array(goal), t_s, healthy, problem, since)
    data = logged(state_data(state))
    again = state_from(data)
    assert bits(again.q) == bits(state.q) and bits(again.q_dot) == bits(state.q_dot) and again.t_s.hex() == state.t_s.hex()
    assert again.ticks.tolist() == ticks and again.goal_ticks.tolist() == goal
    assert (again.healthy, again.problem, again.writes_since) == (healthy, problem, since)


@given(st.none() | vector(DOUBLES), st.booleans(), st.sampled_from(["solved", "max_iterations", "raised X: y"]))
def test_a_proposal_comes_back_as_far_as_the_layer_looks(q: list[float] | None, ok: bool, status: str) -> None:
    proposal = JointProposal(None if q is None else np.array(q), SolveReport(ok, status, 3, float("inf"), 1e-3))
    again = proposal_from(logged(proposal_data(proposal)))
    assert (again.report.ok, again.report.status) == (ok, status)
    assert (again.q is None) == (q is None) and (again.q is None or proposal.q is None or bits(again.q) == bits(proposal.q))


@given(st.lists(vector(TICKS), min_size=3, max_size=9), st.lists(vector(TICKS), max_size=6), st.integers(0, 5))
def test_a_memory_comes_back(history: list[list[int]], plan: list[list[int]], lost: int) -> None:
    memory = Memory(np.array(history), np.array(plan, dtype=np.int64).reshape(-1, N), lost)
    again = memory_from(logged(memory_data(memory)))
    assert again.history.tolist() == history and again.plan.tolist() == plan and again.lost == lost
    assert again.plan.shape == (len(plan), N)


@given(st.lists(vector(TICKS), min_size=1, max_size=9))
def test_a_sequence_comes_back(ticks: list[list[int]]) -> None:
    assert sequence_from(logged(sequence_data(np.array(ticks)))).tolist() == ticks


@pytest.mark.parametrize("latch", [None, *(Violation("A1", "why", reaction) for reaction in Reaction)])
def test_a_latch_comes_back(latch: Violation | None) -> None:
    assert latch_from(logged(latch_data(latch))) == latch


@pytest.mark.parametrize(("name", "value"), [("ticks", [1.5, 2, 3]), ("q", [1.0, 2.0]), ("t_s", -1.0), ("goal_ticks", [2**40, 0, 0])])
def test_what_was_never_written_is_refused(name: str, value: Any) -> None:
    ticks = np.zeros(N, dtype=np.int64)
    data = state_data(JointState(np.zeros(N), np.zeros(N), ticks, ticks, 1.0))
    with pytest.raises(InvalidInput, match=name):
        state_from({**data, name: value})
