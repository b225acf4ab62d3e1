"""From the running code to the checker's word; with a hole in the code nothing is proved, nor can it be forged."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safety import Memory, SafetyLayer
from toolkit.app.proof_inputs import chain_inputs
from toolkit.models import psm_classic
from verification.checker.directory import check_directory
from verification.obligations import (
    STANDING_ASSUMED,
    STANDING_IDS,
    ProofDirectory,
    prove_all,
    running_code,
    standing_inputs,
    standing_obligations,
)
from verification.obligations.directory import Entry
from verification.obligations.obligation import Effort, Outcome, Verdict

W, N_MAX = 3, 5


@pytest.fixture(autouse=True)
def fresh() -> None:
    """What was extracted is kept for a process: a test that plants a hole must not leave it to the next."""
    running_code._extracted.cache_clear()


def proved(path: Path, outcomes: Callable[[Outcome], Outcome] = lambda outcome: outcome) -> tuple[list[Entry], list[str]]:
    arm = psm_classic()
    inputs = chain_inputs(arm, [1e-3] * arm.n, []) | standing_inputs(W, N_MAX)
    directory = ProofDirectory(path, inputs, None)
    obligations = standing_obligations(W, N_MAX)
    if outcomes.__name__ == "<lambda>":
        entries = prove_all(obligations, directory, Effort(), 1, lambda k, share: None)
    else:
        entries = [directory.add(k, o, outcomes(o.task.prove(Effort(), lambda share: None)), 0.0) for k, o in enumerate(obligations)]
    directory.finish(entries, [])
    return entries, [str(verdict) for verdict in check_directory(path)]


@pytest.mark.requirement("SAF-006")
def test_what_the_code_does_is_proved_and_the_checker_accepts_it(tmp_path: Path) -> None:
    entries, words = proved(tmp_path / "proofs")
    assert [(e.obligation.id, e.verdict) for e in entries] == [(id_, Verdict.PROVED) for id_ in STANDING_IDS]
    assert all(word.startswith("ACCEPTED") for word in words), words
    labels = {label for e in entries for label in e.obligation.assumptions} - {f"A{k}" for k in range(1, 8)}
    assert all(any(label in text.split(":")[0] for text in STANDING_ASSUMED) for label in labels)
    assert any("none of 11 bad ones, no deadlock, latch kept" in word for word in words)


def hole(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Memory, "missed", lambda memory: Memory(memory.history, memory.plan, memory.lost + 1))


def test_a_hole_in_the_code_is_unknown_and_its_trace_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hole(monkeypatch)
    entries, words = proved(tmp_path / "proofs")
    shield = entries[0]
    assert shield.verdict is Verdict.UNKNOWN and shield.file is None
    assert shield.detail.startswith("does not hold: [never enabled] --enable-->") and "not what was sent" in shield.detail
    assert words[-1].startswith("ACCEPTED") and "UNKNOWN" in words[-1]


@pytest.mark.parametrize("hide_the_bad_state", [True, False])
def test_a_hole_cannot_be_certified(hide_the_bad_state: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hole(monkeypatch)

    def forged(outcome: Outcome) -> Outcome:
        if outcome.verdict is Verdict.PROVED:
            return outcome
        system = json.loads(standing_inputs(W, N_MAX)["transitions_shield_induction"])
        states = {s for s, _, t in system["transitions"]} | {t for _, _, t in system["transitions"]}
        states -= set(system["bad"]) if hide_the_bad_state else set()
        return Outcome(Verdict.PROVED, "closure", {"system": "shield_induction", "states": sorted(states)})

    _, words = proved(tmp_path / "proofs", forged)
    assert words[0].startswith("REJECTED") and words[-1].startswith("REJECTED")


def test_a_layer_that_remembers_more_than_its_states_say_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SafetyLayer.missed

    def missed(self: Any) -> None:
        real(self)
        self.tired = True

    monkeypatch.setattr(SafetyLayer, "missed", missed)
    entries, words = proved(tmp_path / "proofs")
    assert entries[0].verdict is Verdict.UNKNOWN and "remembers ['tired']" in entries[0].detail
    assert words[-1].startswith("ACCEPTED")
