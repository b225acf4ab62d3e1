"""Replay: what was recorded is found again to the last bit, whatever happened; what was changed is found where it was changed."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safety import Shield
from tests.safety.parts import HOME, at, capsule, layer, rates, state, tick_map
from tests.verification.replay.recorded import Happens, Script, cycles_of, moved, replayed
from toolkit import SpecificationError
from toolkit.models import SerialArm
from verification.replay import Difference, replay

pytestmark = pytest.mark.requirement("AUD-027")

SAMPLES = ("none", "stale", "off the tube", "far off", "foreign goal", "behind", "unhealthy")


@st.composite
def happenings(draw: st.DrawFn) -> Happens:
    """Mostly good cycles, so that there is motion to interrupt."""
    if draw(st.integers(0, 4)):
        return Happens(proposes=draw(st.sampled_from(["across", "towards"])))
    return Happens(
        sample=draw(st.sampled_from(["good", "good", "good", *SAMPLES])),
        proposes=draw(st.sampled_from(["across", "towards", "far", "failed", "nothing", "raises"])),
        request=draw(st.sampled_from(["", "", "", "stop", "hold"])),
        late_s=draw(st.sampled_from([0.0, 0.0, 0.006, 0.013, 0.04])),
        compute_s=draw(st.sampled_from([0.0, 0.0, 0.0048, 0.006])),
        write=draw(st.sampled_from(["good", "good", "fails"])),
    )


@given(st.lists(st.lists(happenings(), min_size=3, max_size=40), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_sequence_of_cycles_replays_bit_for_bit(enables: list[list[Happens]]) -> None:
    script = Script()
    for cycles in enables:
        assert script.enable(state(at(), 99.9))
        for happens in cycles:
            script.cycle(happens)
        script.end()
    found = replayed(script.records)
    assert not found.differences, [str(difference) for difference in found.differences[:5]]
    assert found.is_identical and found.cycles == sum(map(len, enables)) and found.decisions == found.cycles + len(enables)


def test_a_refused_enable_is_replayed_too() -> None:
    script = Script()
    assert not script.enable(state(at(), q_dot=np.full(7, 0.3)))
    inside = HOME.copy()
    inside[0] = 0.24
    assert not script.enable(state(at(inside)))
    assert script.enable(state(at()))
    found = replayed(script.records)
    assert found.is_identical and found.decisions == 3 and found.cycles == 0


def first_of(records: list[dict[str, Any]]) -> Difference:
    found = replayed(records)
    assert not found.is_identical
    return found.differences[0]


@pytest.fixture(scope="module")
def honest() -> list[dict[str, Any]]:
    records = moved()
    assert replayed(records).is_identical
    return records


@pytest.fixture
def records(honest: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return copy.deepcopy(honest)


def cycle_at(records: list[dict[str, Any]], index: int) -> tuple[int, dict[str, Any]]:
    return next((k, data) for k, data in cycles_of(records) if data["i"] == index)


def one_tick(data: dict[str, Any]) -> None:
    data["ticks"][2] += 1


def last_bit_of_a_margin(data: dict[str, Any]) -> None:
    data["margins"]["vessel"] = math.nextafter(data["margins"]["vessel"], 1.0)


def last_bit_of_a_joint(data: dict[str, Any]) -> None:
    data["state"]["q"][1] = math.nextafter(data["state"]["q"][1], 1.0)


def goal(data: dict[str, Any]) -> None:
    data["state"]["goal_ticks"] = [value - 5000 for value in data["state"]["goal_ticks"]]


def last_bit_of_now(data: dict[str, Any]) -> None:
    call = next(call for call in data["calls"] if call["call"] == "certify")
    call["now_s"] = math.nextafter(call["now_s"], 1e9)


def proposed(data: dict[str, Any]) -> None:
    data["proposal"]["q"][0] += 1e-4


def verdict(data: dict[str, Any]) -> None:
    data["verdict"] = "BACKUP"


def plan_step(data: dict[str, Any]) -> None:
    data["next_plan"]["steps"][0][0] += 1


def history_step(data: dict[str, Any]) -> None:
    data["memory"]["history"]["steps"][-1][0] += 1


def latch(data: dict[str, Any]) -> None:
    data["calls"][0]["latch"] = {"assumption": "stop", "reason": "planted", "reaction": "TAIL"}


def written(data: dict[str, Any]) -> None:
    data["written"] = False


def extra_margin(data: dict[str, Any]) -> None:
    data["margins"]["invented"] = 1.0


def cut_margin(data: dict[str, Any]) -> None:
    del data["margins"]["vessel"]


CHANGES = {
    one_tick: "ticks[2]",
    last_bit_of_a_margin: "margins.vessel",
    last_bit_of_a_joint: "state.q[1]",
    goal: "verdict",
    last_bit_of_now: "observed.age_s",
    proposed: "ticks[0]",
    verdict: "verdict",
    plan_step: "next_plan.steps[0][0]",
    history_step: "memory.history.steps[7][0]",
    latch: "latch",
    written: "written",
    extra_margin: "margins.invented",
    cut_margin: "margins.vessel",
}


@pytest.mark.parametrize(("change", "field"), CHANGES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_one_changed_value_is_found_at_its_record_and_field(change: Any, field: str, records: list[dict[str, Any]]) -> None:
    position, data = cycle_at(records, 17)
    change(data)
    difference = first_of(records)
    assert (difference.record, difference.cycle, difference.field) == (position, 17, field)
    if "last_bit" in change.__name__ and "now" not in change.__name__:
        assert difference.ulps == 1.0 and difference.size is not None and difference.size > 0.0


@pytest.mark.parametrize("change", [one_tick, history_step, plan_step, verdict, last_bit_of_a_margin])
def test_a_change_of_what_came_out_is_one_difference_and_what_follows_agrees(change: Any, records: list[dict[str, Any]]) -> None:
    position, data = cycle_at(records, 17)
    change(data)
    assert {difference.record for difference in replayed(records).differences} == {position}


def test_a_deleted_cycle_is_a_difference(records: list[dict[str, Any]]) -> None:
    position, _ = cycle_at(records, 12)
    del records[position]
    found = replayed(records)
    assert (found.differences[0].field, found.differences[0].logged, found.differences[0].recomputed) == ("i", 13, 12)
    assert found.decisive


def test_a_deleted_miss_is_a_difference() -> None:
    script = Script()
    script.enable(state(at(), 99.999))
    for happens in (*[Happens()] * 8, Happens(late_s=0.013), *[Happens()] * 8):
        script.cycle(happens)
    assert replayed(script.records).is_identical
    position = next(k for k, record in enumerate(script.records) if record["kind"] == "MISS")
    del script.records[position]
    assert replayed(script.records).differences[0].field == "calls.missed"


def test_a_shield_without_curvature_is_found_at_the_enable(records: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SerialArm, "second_derivative_bounds", lambda self, lower, upper: np.zeros((len(self.point_names), self.n, self.n)))
    found = replay(records, layer(capsule(), *rates()), tick_map())
    assert found.differences[0].record == 0 and found.differences[0].field == "enable.margins.vessel"
    assert found.differences[0].size is not None and found.differences[0].size > 0.0


def test_a_shield_that_refuses_everything_differs_in_verdicts(records: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Shield.certify
    calls = [0]

    def refusing(self: Shield, memory: Any, plan: Any) -> Any:
        calls[0] += 1
        return honest(self, memory, plan if calls[0] < 20 else plan + 10**6)

    monkeypatch.setattr(Shield, "certify", refusing)
    found = replayed(records)
    assert found.decisive and found.differences[0].field == "verdict"
    assert (found.differences[0].logged, found.differences[0].recomputed) == ("MODIFIED", "BACKUP")
    assert found.cycles == len(list(cycles_of(records))), "it goes on to the end"


def failing_to_move(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """From now on the shield raises for whatever moves the arm; what it was before."""
    honest = Shield.certify

    def failing(self: Shield, memory: Any, plan: Any) -> Any:
        return 1 / 0 if (plan[0] != memory.newest).any() else honest(self, memory, plan)

    monkeypatch.setattr(Shield, "certify", failing)
    return honest


def test_a_certify_that_raised_must_raise_again(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = failing_to_move(monkeypatch)
    script = Script()
    script.enable(state(at(), 99.999))
    for _ in range(6):
        script.cycle(Happens())
    assert replayed(script.records).is_identical, "the same failure, the same reaction"
    monkeypatch.setattr(Shield, "certify", honest)
    found = replayed(script.records)
    assert found.differences[0].field == "calls.raised" and found.differences[0].logged == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("said", ["", "?", 0, None, [], "ValueError: planted"])
def test_an_exception_that_was_not_raised_does_not_switch_the_comparison_off(said: object, records: list[dict[str, Any]]) -> None:
    """Whoever writes `raised` into a call may not write a decision of his own beside it."""
    position, data = cycle_at(records, 17)
    next(call for call in data["calls"] if call["call"] == "certify")["raised"] = said
    alone = replayed(records)
    assert [(found.record, found.field, found.is_decisive) for found in alone.differences] == [(position, "calls.raised", True)]
    data["verdict"], data["ticks"] = "PASS", [9999] * 7
    found = {difference.field: difference for difference in replayed(records).differences if difference.record == position}
    assert {"calls.raised", "verdict", "ticks[0]"} <= found.keys()
    assert (found["calls.raised"].logged, found["calls.raised"].recomputed) == (said, "absent")


def test_a_decision_beside_a_call_that_really_raised_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception is reproduced, and the reaction to it is cut out of the record: what stands there then came from nowhere."""
    failing_to_move(monkeypatch)
    script = Script()
    script.enable(state(at(), 99.999))
    script.cycle(Happens())
    assert replayed(script.records).is_identical
    position, data = cycle_at(script.records, 1)
    assert [call["call"] for call in data["calls"]][:2] == ["certify", "fall_back"] and "raised" in data["calls"][0]
    del data["calls"][1]
    data["verdict"], data["ticks"] = "PASS", [9999] * 7
    found = replayed(script.records)
    decisive = {difference.field: difference.recomputed for difference in found.differences if difference.is_decisive}
    assert {"verdict": "absent", "ticks": "absent", "next_plan": "absent"}.items() <= decisive.items()
    assert {difference.record for difference in found.differences} == {position}


@pytest.mark.parametrize("cut", ["memory", "written", "calls", "verdict"])
def test_a_record_that_lacks_a_field_is_refused_or_differs(cut: str, records: list[dict[str, Any]]) -> None:
    position, data = cycle_at(records, 9)
    del data[cut]
    if cut == "verdict":
        assert first_of(records).recomputed == "MODIFIED"
        return
    with pytest.raises(SpecificationError, match=f"record {position}: cannot be replayed"):
        replayed(records)


def test_nothing_decided_is_not_identical() -> None:
    assert not replayed([]).is_identical
