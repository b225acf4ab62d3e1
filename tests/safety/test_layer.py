"""The layer: what each violated assumption, failed part and refused proposal turns into, and what stays latched."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from safety import Filtered, Reaction, SafetyLayer, Shield
from tests.safety.parts import FAILED, HOME, OK, T, at, capsule, layer, proposal, rates, state, tick_map, tip_step, tube
from toolkit import CertifiedCommand, InvalidInput, JointProposal, JointState, NoSafeCommand, Verdict

ACROSS = np.array([0.0, 1.0, 0.0])


@pytest.fixture(scope="module")
def parts() -> SafetyLayer:
    """Built once; each test enables it anew."""
    return layer(capsule(), *rates())


@pytest.fixture
def enabled(parts: SafetyLayer) -> SafetyLayer:
    parts.enable(state(at()))
    return parts


def sample(of: SafetyLayer, **changes: Any) -> JointState:
    assert of.memory is not None
    return state(of.memory.newest, **changes)


def ahead(of: SafetyLayer, speed_m_s: float = 0.03) -> JointProposal:
    """The tip sideways, along the vessel, 0.5 m/s2 from what it does now."""
    q = of.setpoint.q
    now = np.linalg.norm(of.setpoint.q_dot[:3])
    return proposal(q + tip_step(q, ACROSS * T * min(speed_m_s, now * 0.125 + 0.0025)))


def cycle(of: SafetyLayer, proposed: JointProposal | None = None, **changes: Any) -> CertifiedCommand:
    certified = of.certify(sample(of, **changes), proposed or ahead(of), 1.0).certified
    of.commit(certified)
    return certified


def set_moving(of: SafetyLayer, cycles: int = 14) -> SafetyLayer:
    for _ in range(cycles):
        assert cycle(of).verdict in (Verdict.PASS, Verdict.MODIFIED)
    assert of.memory is not None and of.memory.step.any() and not of.at_rest
    return of


def run_out(of: SafetyLayer, **changes: Any) -> list[CertifiedCommand]:
    """Cycles until the commanded sequence is at rest."""
    sent = []
    while not of.at_rest:
        sent.append(cycle(of, **changes))
        assert len(sent) < 60
    return sent


@pytest.mark.requirement("SAF-024")
def test_certify_before_enable_is_refused_and_so_is_everything_that_needs_a_memory() -> None:
    fresh = layer()
    for call in (
        lambda: fresh.certify(state(at()), None, 1.0),
        fresh.missed,
        lambda: fresh.setpoint,
        lambda: fresh.fall_back("x"),
        lambda: fresh.at_rest,
    ):
        with pytest.raises(InvalidInput, match="before enable"):
            call()


@pytest.mark.requirement("SAF-024")
def test_enable_certifies_staying_at_the_measured_ticks(parts: SafetyLayer) -> None:
    first = parts.enable(state(at()))
    assert first.ticks is not None and first.ticks.tolist() == at().tolist() and first.verdict is Verdict.PASS
    assert min(m.value for m in first.margins.values()) > 0.0 and parts.at_rest and parts.violation is None


@pytest.mark.requirement("SAF-024")
@pytest.mark.parametrize("joint", range(7))
def test_enable_refuses_a_moving_arm(parts: SafetyLayer, joint: int) -> None:
    for speed, ok in ((0.049, True), (-0.051, False)):
        moving = state(at(), q_dot=speed * np.eye(7)[joint])
        if ok:
            parts.enable(moving)
        else:
            with pytest.raises(NoSafeCommand, match="moving"):
                parts.enable(moving)


@pytest.mark.requirement("SAF-024", "WSP-001")
@pytest.mark.parametrize("joint", [0, 1, 2, 6])
def test_enable_refuses_outside_the_joint_limits(parts: SafetyLayer, joint: int) -> None:
    q = HOME + 10.0 * np.eye(7)[joint] * [1, 1, 0.03, 1, 1, 1, 0.2]
    with pytest.raises(NoSafeCommand, match="joint_limits"):
        parts.enable(state(at(q)))


@pytest.mark.requirement("SAF-024")
def test_enable_refuses_inside_a_region_and_keeps_what_was_before() -> None:
    inside = layer(capsule())
    q = HOME.copy()
    q[0] = 0.24
    with pytest.raises(NoSafeCommand, match="vessel"):
        inside.enable(state(at(q)))
    assert inside.memory is None


def test_a_proposal_far_from_everything_passes_unchanged_to_the_tick(enabled: SafetyLayer) -> None:
    wanted = HOME + tip_step(HOME, ACROSS * 1e-5)
    certified = cycle(enabled, proposal(wanted))
    assert certified.verdict is Verdict.PASS and certified.ticks is not None
    assert certified.ticks.tolist() == tick_map().to_ticks(wanted).tolist()


@pytest.mark.requirement("SAF-006")
def test_a_plan_starts_with_its_head_ends_at_rest_and_its_rest_is_stored(enabled: SafetyLayer) -> None:
    set_moving(enabled)
    certified = cycle(enabled)
    assert certified.ticks is not None and certified.plan[0].tolist() == certified.ticks.tolist()
    assert certified.plan[-1].tolist() == certified.plan[-2].tolist()
    assert enabled.memory is not None and enabled.memory.plan.tolist() == certified.plan[1:].tolist()


@pytest.mark.requirement("SAF-006", "SAF-007")
@pytest.mark.parametrize("proposed", [JointProposal(None, FAILED), JointProposal(None, OK), JointProposal(HOME, FAILED)])
def test_a_failed_solve_continues_the_stored_tail_and_recovers(enabled: SafetyLayer, proposed: JointProposal) -> None:
    set_moving(enabled)
    assert enabled.memory is not None
    tail = enabled.memory.plan
    for k in range(2):
        certified = cycle(enabled, proposed)
        assert certified.verdict is Verdict.BACKUP and certified.ticks is not None and certified.ticks.tolist() == tail[k].tolist()
    assert cycle(enabled).verdict in (Verdict.PASS, Verdict.MODIFIED) and enabled.violation is None


@pytest.mark.requirement("SAF-006")
def test_nothing_proposed_is_a_backup(enabled: SafetyLayer) -> None:
    assert enabled.certify(sample(enabled), None, 1.0).certified.verdict is Verdict.BACKUP


@pytest.mark.requirement("SAF-006")
def test_a_refused_proposal_sends_literally_the_windows_that_were_certified(enabled: SafetyLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    set_moving(enabled)
    assert enabled.memory is not None
    tail, margins = enabled.memory.plan, dict(cycle(enabled).margins)
    tail = enabled.memory.plan
    far = enabled.memory.newest + 5000
    monkeypatch.setattr(enabled._filter, "apply", lambda memory, q: Filtered(far, (), "planted", 0.0))
    sent = [cycle(enabled) for _ in range(tail.shape[0] + 2)]
    assert {c.verdict for c in sent} == {Verdict.BACKUP} and all(c.active == ("command_class",) for c in sent)
    heads = [c.ticks.tolist() for c in sent if c.ticks is not None]
    assert heads == [*tail.tolist(), tail[-1].tolist(), tail[-1].tolist()] and enabled.at_rest
    assert all(dict(c.margins) == margins for c in sent)


@pytest.mark.requirement("SAF-006")
def test_a_filter_without_an_answer_is_a_backup(enabled: SafetyLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enabled._filter, "apply", lambda memory, q: Filtered(None, ("vessel",), "infeasible", 0.0))
    certified = cycle(enabled)
    assert certified.verdict is Verdict.BACKUP and certified.active == ("vessel",) and "infeasible" in certified.reason


@pytest.mark.requirement("SAF-019")
def test_missed_periods_continue_the_tail(enabled: SafetyLayer) -> None:
    set_moving(enabled)
    assert enabled.memory is not None
    tail = enabled.memory.plan
    enabled.missed()
    enabled.missed()
    assert enabled.memory.newest.tolist() == tail[1].tolist() and enabled.memory.lost == 2
    certified = cycle(enabled, JointProposal(None, FAILED), goal_ticks=enabled.memory.history[-3])
    assert certified.ticks is not None and certified.ticks.tolist() == tail[2].tolist()


def far_off(of: SafetyLayer) -> dict[str, Any]:
    assert of.memory is not None
    return {"q": tick_map().to_joints(of.memory.newest) + 20.0 * tube().e}


VIOLATIONS: dict[str, tuple[Callable[[SafetyLayer], dict[str, Any]], str, bool]] = {
    "A1": (far_off, "A1", False),
    "A2": (lambda of: {"goal_ticks": at() - 999}, "A2", True),
    "A3": (lambda of: {"healthy": False, "problem": "torque off"}, "A3", True),
    "A4": (lambda of: {"t_s": 0.5}, "A4", True),
}


@pytest.mark.requirement("SAF-012", "SAF-014", "SAF-017", "SAF-018", "SAF-021")
@pytest.mark.parametrize("name", VIOLATIONS)
def test_each_violated_assumption_has_its_reaction_and_latches(enabled: SafetyLayer, name: str) -> None:
    changes, assumption, holds = VIOLATIONS[name]
    set_moving(enabled)
    assert enabled.memory is not None
    tail, newest = enabled.memory.plan, enabled.memory.newest
    first = cycle(enabled, **changes(enabled))
    assert first.verdict is Verdict.STOP and first.active == (assumption,)
    if holds:
        assert first.ticks is None and enabled.memory.newest.tolist() == newest.tolist() and enabled.at_rest
    else:
        assert first.ticks is not None and first.ticks.tolist() == tail[0].tolist()
    after = [cycle(enabled) for _ in range(3)]
    assert {c.verdict for c in after} == {Verdict.STOP} and {c.ticks is None for c in after} == {holds}
    enabled.enable(state(at()))
    assert enabled.violation is None and cycle(enabled).verdict is Verdict.PASS


@pytest.mark.requirement("SAF-013")
@pytest.mark.parametrize(
    ("uses", "off"),
    [
        ((1.1, 1.9, 1.99), False),
        ((1.1, 2.0), True),
        ((1.9, 0.5, 2.1), True),
        ((5.0, 4.9, 3.0, 1.0), False),
        ((5.0, 5.0, 4.0, 5.0), False),
        ((5.0, 4.0, 5.01), True),
        ((2.0, 2.0), False),
        ((1.1, float("nan")), True),
        ((float("nan"),), True),
    ],
    ids=str,
)
def test_a_deviation_of_two_tubes_that_grows_while_the_arm_stops_takes_its_power(
    enabled: SafetyLayer, uses: tuple[float, ...], off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was as large when it was first seen, and shrinks, does not: the arm is being brought back."""
    set_moving(enabled)
    observe, left = enabled._monitors.observe, list(uses)

    def seen(*arguments: Any) -> Any:
        observation, violation = observe(*arguments)
        return replace(observation, tube_use=left.pop(0)), violation

    monkeypatch.setattr(enabled, "_monitors", SimpleNamespace(observe=seen))
    for k in range(len(uses)):
        last = cycle(enabled, **far_off(enabled))
        assert last.verdict is Verdict.STOP and enabled.violation is not None
        assert (enabled.violation.reaction is Reaction.POWER_OFF) is (off and k == len(uses) - 1)
    assert (last.ticks is None) is off


@pytest.mark.requirement("SAF-031")
def test_without_a_measurement_nothing_is_sent_and_the_trouble_is_said(enabled: SafetyLayer) -> None:
    set_moving(enabled)
    certified = enabled.certify(None, None, 1.0, "port gone").certified
    assert certified.ticks is None and certified.active == ("A4",) and "port gone" in certified.reason


@pytest.mark.requirement("SAF-022")
def test_a_hold_overrides_a_tail_and_a_tail_does_not_end_a_hold(enabled: SafetyLayer) -> None:
    set_moving(enabled)
    enabled.request_stop("operator")
    assert cycle(enabled).ticks is not None
    enabled.request_hold("three misses")
    assert cycle(enabled).ticks is None
    enabled.request_stop("operator again")
    assert cycle(enabled).ticks is None and enabled.violation is not None and "three misses" in enabled.violation.reason


@pytest.mark.requirement("SAF-022")
def test_the_first_cause_is_kept(enabled: SafetyLayer) -> None:
    enabled.request_stop("first")
    enabled.request_stop("second")
    assert enabled.violation is not None and enabled.violation.reason == "first"


@pytest.mark.requirement("SAF-021")
def test_a_requested_stop_runs_the_certified_tail_to_rest_and_stays_there(enabled: SafetyLayer) -> None:
    set_moving(enabled)
    assert enabled.memory is not None
    tail = enabled.memory.plan
    enabled.request_stop("operator")
    sent = run_out(enabled)
    assert [c.ticks.tolist() for c in sent if c.ticks is not None] == tail.tolist()[: len(sent)]
    assert enabled.memory.newest.tolist() == tail[-1].tolist() == cycle(enabled).plan[-1].tolist()


@pytest.mark.requirement("SAF-009")
def test_when_certify_fails_the_stored_tail_continues_and_motion_ends(enabled: SafetyLayer) -> None:
    set_moving(enabled)
    assert enabled.memory is not None
    tail = enabled.memory.plan
    certified = enabled.fall_back("certify raised").certified
    assert certified.verdict is Verdict.STOP and certified.ticks is not None and certified.ticks.tolist() == tail[0].tolist()
    enabled.commit(certified)
    assert cycle(enabled).verdict is Verdict.STOP


@pytest.mark.requirement("SAF-009", "SAF-022")
@pytest.mark.parametrize("call", [lambda of: of.fall_back("certify raised"), lambda of: of.continue_tail("late")])
def test_a_latched_hold_sends_nothing_even_when_certify_fails_or_is_late(enabled: SafetyLayer, call: Callable[[SafetyLayer], Any]) -> None:
    set_moving(enabled)
    enabled.request_hold("the write failed")
    assert call(enabled).certified.ticks is None


def test_a_period_that_is_over_continues_the_tail_and_latches_nothing(enabled: SafetyLayer) -> None:
    set_moving(enabled)
    assert enabled.memory is not None
    certified = enabled.continue_tail("late").certified
    assert certified.verdict is Verdict.BACKUP and certified.ticks is not None and enabled.violation is None
    assert certified.ticks.tolist() == enabled.memory.plan[0].tolist()


def bits(certified: CertifiedCommand) -> tuple[Any, ...]:
    margins = {name: (margin.value.hex(), margin.unit) for name, margin in certified.margins.items()}
    ticks = None if certified.ticks is None else certified.ticks.tolist()
    return ticks, certified.plan.tolist(), certified.verdict, margins, certified.active, certified.reason


@pytest.mark.requirement("SAF-041")
def test_certify_gives_the_same_bits_for_the_same_state_proposal_and_memory(enabled: SafetyLayer) -> None:
    other = layer(capsule(), *rates())
    set_moving(enabled)
    other.memory = enabled.memory
    for proposed in (ahead(enabled), proposal(HOME + 0.5), JointProposal(None, FAILED)):
        once, twice = (enabled.certify(sample(enabled), proposed, 1.0).certified for _ in range(2))
        assert bits(once)[:3] == bits(twice)[:3] and bits(once) == bits(twice)
        if once.verdict is not Verdict.BACKUP:
            assert bits(other.certify(sample(enabled), proposed, 1.0).certified) == bits(once)


@pytest.mark.requirement("SAF-041")
def test_deciding_without_commit_leaves_the_memory_alone(enabled: SafetyLayer) -> None:
    memory = enabled.memory
    enabled.certify(sample(enabled), ahead(enabled), 1.0)
    assert enabled.memory is memory


def test_a_rehearsal_leaves_no_trace(enabled: SafetyLayer) -> None:
    set_moving(enabled)
    memory, before = enabled.memory, bits(enabled.certify(sample(enabled), ahead(enabled), 1.0).certified)
    enabled.rehearse()
    assert enabled.memory is memory and enabled.violation is None
    assert bits(enabled.certify(sample(enabled), ahead(enabled), 1.0).certified) == before
    enabled.request_stop("asked")
    enabled.rehearse()
    assert cycle(enabled).verdict is Verdict.STOP


@pytest.mark.requirement("SAF-001")
def test_only_what_the_shield_certified_is_ever_new(enabled: SafetyLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    set_moving(enabled)
    assert enabled.memory is not None
    tail = enabled.memory.plan
    refuse = enabled._shield.certify(enabled.memory, enabled.memory.newest[None] + 9999)
    monkeypatch.setattr(Shield, "certify", lambda self, memory, plan: refuse)
    certified = cycle(enabled)
    assert certified.verdict is Verdict.BACKUP and certified.ticks is not None and certified.ticks.tolist() == tail[0].tolist()
