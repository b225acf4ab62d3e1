"""The extracted system of the real layer is safe; with any planted hole it is not, and the trace says where."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from safety import Certification, Memory, SafetyLayer, Shield, Violation, layer, shield
from safety.monitors import Reaction
from toolkit import CertifiedCommand, InvalidInput, JointState, Verdict
from toolkit import cycle as toolkit_cycle
from verification.transitions import TransitionSystem, World, shield_system
from verification.transitions import shield as extraction
from verification.transitions.shield_rules import BAD
from verification.transitions.shield_world import AbstractShield

Plant = Callable[[pytest.MonkeyPatch], None]
W, N_MAX, STOPS = 3, 5, (1, 4, 5)


def extracted(**changes: Any) -> TransitionSystem:
    return shield_system(World(**{"window": W, "n_max": N_MAX, "stops": STOPS, **changes}))


@pytest.fixture(scope="module")
def real() -> TransitionSystem:
    return extracted()


@pytest.mark.requirement("SAF-006")
def test_the_real_layer_is_safe_and_does_all_that_the_claim_is_about(real: TransitionSystem) -> None:
    assert real.objection() == ""
    assert set(real.bad) == set(BAD.values()) and not set(real.bad) & set(real.reached())
    events = {event for _, event, _ in real.transitions}
    assert {"PASS", "MODIFIED", "BACKUP", "STOP", "hold", "miss", "death", "enable", "enable refused", "disable", "rehearsal"} <= events
    assert {"PASS, late", "PASS, write failed", "PASS, unlogged", "BACKUP, late", extraction.EXITS[1]} <= events


def test_the_real_layer_is_safe_in_the_same_states_whatever_the_window_and_n_max(real: TransitionSystem) -> None:
    other = extracted(window=7, n_max=40, stops=(1, 39, 40))
    assert other.to_json() == real.to_json()


def missed_as(change: Callable[[Memory], Memory]) -> Plant:
    return lambda patch: patch.setattr(Memory, "missed", change)


def kept_by_hold(memory: Memory) -> Memory:
    return Memory(np.concatenate([memory.history[1:], memory.newest[None]]), memory.plan, memory.lost + 1)


def commit_of(change: Callable[[SafetyLayer, Memory, CertifiedCommand], Memory]) -> Plant:
    def commit(self: SafetyLayer, certified: CertifiedCommand) -> None:
        assert self.memory is not None
        self.memory = change(self, self.memory, certified)

    return lambda patch: patch.setattr(SafetyLayer, "commit", commit)


def committed(memory: Memory, certified: CertifiedCommand, plan: Any = None) -> Memory:
    if certified.ticks is None:
        return memory.held()
    return memory.followed_by(certified.ticks, certified.plan[1:] if plan is None else plan)


def uncertified(patch: pytest.MonkeyPatch) -> None:
    """What the shield refused is sent all the same."""
    real = SafetyLayer._certify_with_stop

    def accept(self: SafetyLayer, *given: Any) -> Any:
        plan, _ = real(self, *given)
        return plan, Certification({}, (), "")

    patch.setattr(SafetyLayer, "_certify_with_stop", accept)


def another_stop(patch: pytest.MonkeyPatch) -> None:
    """The first setpoint of the stop that is stored is not the one that was certified."""
    real = SafetyLayer._certify_with_stop

    def swap(self: SafetyLayer, *given: Any) -> Any:
        plan, certification = real(self, *given)
        return np.concatenate([plan[:1], plan[1:2] + (len(plan) > 3), plan[2:]]), certification

    patch.setattr(SafetyLayer, "_certify_with_stop", swap)


def enable_as(change: Callable[[SafetyLayer, JointState, Any], Any]) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        real = SafetyLayer.enable
        patch.setattr(SafetyLayer, "enable", lambda self, state: change(self, state, real))

    return plant


def old_memory(self: SafetyLayer, state: JointState, real: Any) -> Any:
    before = self.memory
    first = real(self, state)
    self.memory = before or self.memory
    return first


def unlooked(self: SafetyLayer, state: JointState, real: Any) -> Any:
    self.memory, self.violation = Memory.at_rest(state.ticks, W), None
    return CertifiedCommand(state.ticks, state.ticks[None], Verdict.PASS)


def at_any_speed(self: SafetyLayer, state: JointState, real: Any) -> Any:
    return real(self, replace(state, q_dot=np.zeros(1)))


def milder(self: SafetyLayer, violation: Violation) -> None:
    self.violation = violation


def opened(self: SafetyLayer) -> None:
    memory = self.memory
    assert memory is not None
    self.memory, self.violation = memory.missed(), None


def hold_sends(self: SafetyLayer, memory: Memory, violation: Violation, started: float) -> Any:
    return self._backup(memory, (), "still", started)


def end_of_tail(self: SafetyLayer, memory: Memory, verdict: Any, active: Any, reason: str, started: float) -> CertifiedCommand:
    plan = memory.plan[-1:] if memory.plan.shape[0] else memory.newest[None]
    return CertifiedCommand(plan[0], plan, verdict)


def forgets_the_latch(patch: pytest.MonkeyPatch) -> None:
    real = SafetyLayer.certify

    def certify(self: SafetyLayer, *given: Any) -> Any:
        latched, self.violation = self.violation, None
        decision = real(self, *given)
        self.violation = self.violation or latched
        return decision

    patch.setattr(SafetyLayer, "certify", certify)


def rehearsal_that_stays(patch: pytest.MonkeyPatch) -> None:
    real = SafetyLayer.rehearse

    def rehearse(self: SafetyLayer) -> None:
        real(self)
        assert self.memory is not None
        self.memory = self.memory.advanced()

    patch.setattr(SafetyLayer, "rehearse", rehearse)


def new_constraints(self: SafetyLayer, reason: str) -> None:
    self._latch(Violation("stop", reason, Reaction.TAIL))
    self._shield = AbstractShield(W, N_MAX)


def nan_passes(patch: pytest.MonkeyPatch) -> None:
    real = Shield.certify

    def certify(self: Shield, memory: Memory, plan: Any) -> Certification:
        found = real(self, memory, plan)
        return Certification(found.margins, tuple(n for n in found.refused_by if found.margins and found.margins[n].value < 0.0), "")

    patch.setattr(Shield, "certify", certify)


def commits_before_it_writes(patch: pytest.MonkeyPatch) -> None:
    """A cycle that takes a failed write for a missed one: the setpoint may be in force, and the history says another."""

    class Device:
        def __init__(self, device: Any, safety: Any) -> None:
            self._device, self._safety = device, safety

        def read(self) -> Any:
            return self._device.read()

        def write(self, certified: Any) -> None:
            try:
                self._device.write(certified)
            except Exception:
                self._safety.commit = lambda certified: self._safety.missed()
                raise

    def cycle(device: Any, controller: Any, safety: Any, *rest: Any) -> Any:
        return toolkit_cycle.run_cycle(Device(device, safety), controller, safety, *rest)

    patch.setattr(extraction, "run_cycle", cycle)
    patch.setattr(extraction, "_KNOWN", extraction._KNOWN | {"commit"})


HOLES: dict[str, tuple[Plant, str]] = {
    "a miss that does not count": (missed_as(lambda m: Memory(m.history, m.plan, m.lost + 1)), "history"),
    "a miss that drops the head of the tail": (missed_as(lambda m: Memory(m.history, m.plan[1:], m.lost + 1)), "history"),
    "a miss that holds and then goes on": (missed_as(kept_by_hold), "class"),
    "a miss that skips a setpoint": (missed_as(lambda m: m.held().followed_by(m.tail_head, m.plan[1:])), "history"),
    "a hold that keeps the tail": (lambda patch: patch.setattr(Memory, "held", kept_by_hold), "class"),
    "a hold that takes no period": (commit_of(lambda s, m, c: m if c.ticks is None else committed(m, c)), "history"),
    "a tail that is not advanced": (commit_of(lambda s, m, c: committed(m, c, c.plan)), "long"),
    "a shorter tail that is not advanced": (commit_of(lambda s, m, c: committed(m, c, c.plan[len(c.plan) // N_MAX :])), "class"),
    "a tail that is cut": (commit_of(lambda s, m, c: committed(m, c, c.plan[1:-1])), "rest"),
    "a commit of the old tail": (commit_of(lambda s, m, c: committed(m, c, m.plan)), "rest"),
    "a history without the newest": (commit_of(lambda s, m, c: Memory(m.history, c.plan[1:])), "history"),
    "a history that grows": (commit_of(lambda s, m, c: Memory(np.concatenate([m.history, c.plan[:1]]), c.plan[1:])), "history"),
    "a plan that was refused": (uncertified, "window"),
    "a stop that was not certified": (another_stop, "window"),
    "enable with an old memory": (enable_as(old_memory), "start"),
    "enable without a certificate": (enable_as(unlooked), "window"),
    "enable of a moving arm": (enable_as(at_any_speed), "moving"),
    "a latch that any later reaction overrides": (lambda patch: patch.setattr(SafetyLayer, "_latch", milder), "latch"),
    "a miss that opens the latch": (lambda patch: patch.setattr(SafetyLayer, "missed", opened), "latch"),
    "a hold that sends the tail": (lambda patch: patch.setattr(SafetyLayer, "_stop", hold_sends), "held"),
    "a jump to the end of the tail": (lambda patch: patch.setattr(SafetyLayer, "_tail", end_of_tail), "rest"),
    "a latched stop that lets proposals through": (forgets_the_latch, "tail"),
    "a rehearsal that stays": (rehearsal_that_stays, "history"),
    "constraints changed under a stored plan": (lambda patch: patch.setattr(SafetyLayer, "request_stop", new_constraints), "parts"),
    "a shield without the rule of rest": (lambda patch: patch.setattr(layer, "brake", lambda ticks, *_: ticks[None] + 5), ""),
    "a shield that lets NaN pass": (nan_passes, "window"),
    "a shield without class C": (lambda patch: patch.setattr(shield, "_refuse_membership", lambda least, setpoints: ""), "window"),
    "a shield without rules of form": (lambda patch: patch.setattr(Shield, "_refuse_form", lambda self, memory, plan: ""), "long"),
    "a failed write that counts as missed": (commits_before_it_writes, "history"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLES)
def test_a_planted_hole_is_found_with_a_trace(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, rule = HOLES[name]
    plant(monkeypatch)
    try:
        objection = extracted().objection()
    except InvalidInput as error:
        objection = f"unknown: {error}"
    assert objection
    if rule:
        assert objection.endswith(f"[{BAD[rule]}]")
