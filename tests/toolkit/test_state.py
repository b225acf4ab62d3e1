"""A measured state is complete and finite, or it does not exist."""

from typing import Any

import numpy as np
import pytest

from toolkit import InvalidInput, JointState

GOOD: dict[str, Any] = {
    "q": np.zeros(7), "q_dot": np.zeros(7), "ticks": np.zeros(7, dtype=np.int64), "goal_ticks": np.zeros(7, dtype=np.int64), "t_s": 1.0,
}  # fmt: skip


@pytest.mark.requirement("SAF-010")
@pytest.mark.parametrize("field", ["q", "q_dot"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_inf_in_a_measurement_are_refused(field: str, bad: float) -> None:
    values = np.zeros(7)
    values[4] = bad
    with pytest.raises(InvalidInput, match=field):
        JointState(**{**GOOD, field: values})


@pytest.mark.parametrize("field", ["q_dot", "ticks", "goal_ticks"])
def test_every_field_has_as_many_joints_as_q(field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        JointState(**{**GOOD, field: GOOD[field][:6]})


@pytest.mark.parametrize("t_s", [np.nan, -1e-9, np.inf])
def test_a_time_that_cannot_be_is_refused(t_s: float) -> None:
    with pytest.raises(InvalidInput, match="t_s"):
        JointState(**{**GOOD, "t_s": t_s})


def test_a_state_cannot_be_changed_afterwards() -> None:
    state = JointState(**GOOD)
    with pytest.raises(ValueError, match="read-only"):
        state.q[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        state.goal_ticks[0] = 1
