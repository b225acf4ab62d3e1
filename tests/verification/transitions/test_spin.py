"""SPIN, where it is installed, on the same transitions: as many states as ours, no bad one, no deadlock; and it finds a planted fault."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from verification.transitions import TransitionSystem, operating_system

pytestmark = pytest.mark.skipif(not (shutil.which("spin") and shutil.which("cc")), reason="SPIN or a C compiler is not installed")


def promela(system: TransitionSystem) -> str:
    """States as numbers, one indivisible step a transition, bad states asserted away."""
    states = sorted({*system.initial, *system.bad, *(s for a, _, b in system.transitions for s in (a, b))})
    number = {state: k for k, state in enumerate(states)}
    pairs = sorted({(number[a], number[b]) for a, _, b in system.transitions})
    bad = " && ".join(f"s != {number[state]}" for state in system.bad)
    steps = "\n".join(f":: d_step {{ s == {a} -> s = {b}; assert({bad}) }}" for a, b in pairs)
    return f"short s = {number[system.initial[0]]};\nactive proctype model() {{ do\n{steps}\nod }}\n"


def spin(system: TransitionSystem, folder: Path) -> tuple[int, int]:
    """Errors and states as SPIN's exhaustive search counts them."""
    (folder / "model.pml").write_text(promela(system), encoding="ascii")
    for command in (["spin", "-a", "model.pml"], ["cc", "-O0", "-DSAFETY", "-o", "pan", "pan.c"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    said = subprocess.run([folder / "pan"], cwd=folder, check=True, capture_output=True, text=True, timeout=60).stdout
    errors, states = re.search(r"errors: (\d+)", said), re.search(r"(\d+) states, stored", said)
    assert errors and states, said
    return int(errors[1]), int(states[1])


def test_spin_finds_the_same_states_and_no_error(tmp_path: Path) -> None:
    system = operating_system()
    assert spin(system, tmp_path) == (0, len(system.reached()))


@pytest.mark.campaign
def test_spin_finds_a_planted_fault_and_a_deadlock(tmp_path: Path) -> None:
    system = operating_system()
    fault = next(state for state in sorted(system.reached()) if state.startswith("FAULT"))
    for k, end in enumerate((system.bad[0], "nowhere to go")):
        (folder := tmp_path / str(k)).mkdir()
        errors, _ = spin(replace(system, transitions=(*system.transitions, (fault, "planted", end))), folder)
        assert errors == 1
