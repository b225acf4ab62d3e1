"""The journal: every call is in it, in order, and the layer inside decides as it would alone."""

from typing import Any

import numpy as np
import pytest

from safety import RecordedLayer, SafetyLayer
from tests.safety.parts import at, capsule, layer, proposal, rates, state
from toolkit import InvalidInput, JointState, NoSafeCommand


@pytest.fixture(scope="module")
def inside() -> SafetyLayer:
    return layer(capsule(), *rates())


@pytest.fixture
def recorded(inside: SafetyLayer) -> RecordedLayer:
    layer = RecordedLayer(inside)
    layer.enable(state(at()))
    return layer


def names(calls: list[dict[str, Any]]) -> list[str]:
    return [call["call"] for call in calls]


def test_enable_is_noted_with_its_sample_and_its_result(recorded: RecordedLayer) -> None:
    (call,) = recorded.take()
    assert call["call"] == "enable" and call["state"]["ticks"] == at().tolist() and call["first"]["verdict"] == "PASS"
    assert set(call["first"]["units"]) == set(call["first"]["margins"]) and call["first"]["units"]["vessel"] == "m"


def test_a_refused_enable_is_noted_with_its_reason(inside: SafetyLayer) -> None:
    layer = RecordedLayer(inside)
    with pytest.raises(NoSafeCommand) as refused:
        layer.enable(state(at(), q_dot=np.ones(7)))
    (call,) = layer.take()
    assert call["refused"] == str(refused.value) and "first" not in call


def test_calls_are_handed_over_once_and_in_order(recorded: RecordedLayer) -> None:
    recorded.take()
    decision = recorded.certify(state(at()), proposal(recorded.setpoint.q), 1.001)
    recorded.commit(decision.certified)
    recorded.missed()
    recorded.request_stop("operator")
    recorded.request_hold("port gone")
    recorded.continue_tail("late")
    recorded.fall_back("certify raised")
    calls = recorded.take()
    assert names(calls) == ["certify", "commit", "missed", "request_stop", "request_hold", "continue_tail", "fall_back"]
    assert calls[0] == {"call": "certify", "now_s": 1.001}
    assert [call.get("reason") for call in calls[3:]] == ["operator", "port gone", "late", "certify raised"]
    assert calls[5]["latch"] == {"assumption": "A2", "reason": "port gone", "reaction": "HOLD"}
    assert recorded.take() == []


def test_a_certify_that_raises_is_noted_and_raises(recorded: RecordedLayer) -> None:
    recorded.take()
    two = np.zeros(2, dtype=np.int64)
    with pytest.raises(InvalidInput):
        recorded.certify(JointState(np.zeros(2), np.zeros(2), two, two, 1.0), None, 1.0, "trouble")
    (call,) = recorded.take()
    assert call["raised"].startswith("InvalidInput: measured state has 2 joints") and call["trouble"] == "trouble"


def test_only_what_was_decided_last_can_be_committed(recorded: RecordedLayer) -> None:
    first = recorded.certify(state(at()), None, 1.001)
    second = recorded.certify(state(at()), None, 1.001)
    with pytest.raises(InvalidInput, match="decided last"):
        recorded.commit(first.certified)
    recorded.commit(second.certified)
    recorded.enable(state(at()))
    with pytest.raises(InvalidInput, match="decided last"):
        recorded.commit(second.certified)


def test_it_shows_the_layer_inside(recorded: RecordedLayer, inside: SafetyLayer) -> None:
    assert recorded.memory is inside.memory and recorded.violation is inside.violation is None
    assert recorded.at_rest and np.array_equal(recorded.setpoint.q, inside.setpoint.q)
