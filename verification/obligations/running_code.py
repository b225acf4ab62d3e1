"""Obligations about the running code: transition systems extracted from it, with what is claimed of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from toolkit import InvalidInput

from ..transitions import TransitionSystem, World, operating_system, shield_system
from .closure import ClosureTask
from .obligation import Obligation

_SHIELD_INDUCTION, _OPERATING_STATES = "shield_induction", "operating_states"
_SHIELD_SENTENCE = (
    "Whatever the cycle does (PASS, MODIFIED, BACKUP, a miss, a hold, a read, write or log that fails, death of the process, a new enable, "
    "a new layer with other constraints), every window that can come into force is part of one that was certified: every "
    "{y_(k-w) .. y_k} of H, the stored plan and its last setpoint for ever is a subset of a window that passed; all of it is in class C "
    "and at rest within n_max; a latched reaction never gets milder. By induction over steps, on the transitions of the running "
    "SafetyLayer, Memory, Shield.certify and run_cycle: post(R) is a subset of R, and R holds no bad state."
)
_SHIELD_ASSUMPTIONS = ("A2", "A3", "extraction", "names", "answers")
_OPERATING_SENTENCE = (
    "No motion is accepted outside ENABLED; FAULT is left through disable only, and from everywhere a way leads back to DISABLED; after a "
    "latched stop nothing but the stored tail is sent, after a latched hold nothing; three setpoints missed in a row, more losses than the "
    "tube covers or a silence that lets the watchdog expire end motion. On the transitions of the running StateMachine and its table, "
    "ServoLoop, run_cycle, SafetyLayer and Monitors, with lost frames, a dead line, old and wrong samples, a process late or dead: "
    "post(R) is a subset of R, and R holds no bad state."
)
_OPERATING_ASSUMPTIONS = ("A2", "A3", "extraction", "composition")
RUNNING_CODE_ASSUMED = (
    "extraction: the transitions are the code's on the word of verification/transitions, which found them by calling it; the checker "
    "re-checks what follows from them.",
    "names: the layer tells setpoints apart by == only, and stored tails of two and more setpoints by their first setpoint and their end.",
    "answers: shield, filter, monitors, device, controller and log answer in one of the ways that were enumerated; what a window check "
    "computes is not part of it.",
    "composition: the program puts its parts together as the model does: torque after a certified enable only, a latched violation is a "
    "FAULT, torque off ends the cycles; the watchdog's period is longer than the loop's patience, and what it halted refuses everything.",
    "Not proved, no mechanism yet: an E-stop input; the power switch of the arm is outside of this program.",
    "Not proved, no mechanism yet: heartbeats between processes; only a front end whose pipe has closed is noticed, and that ends the run.",
    "Not proved, no mechanism yet: reordered messages; the line is point to point, and a goal that was never sent, or is too old, ends "
    "motion (A2).",
    "Not proved, no mechanism yet: pause of a motion under way; paused, new motions are refused, and no command of the program pauses.",
)
"""What the labels above mean, and what the operating states are often asked for and the code does not have."""


@dataclass(frozen=True)
class _Extracted:
    """unknown: why there is no system; then it is one that is not safe by anybody's reading."""

    system: TransitionSystem
    unknown: str = ""


_NONE = TransitionSystem(("not extracted",), (), ("not extracted",), (), ())


def running_code_inputs(window: int, n_max: int) -> dict[str, bytes]:
    """The `transitions_NAME` inputs. window: w of the tube. n_max: of the shield."""
    return {f"transitions_{name}": found.system.to_json() for name, found in _extracted(window, n_max).items()}


def running_code_sentences() -> dict[str, str]:
    """Id -> sentence, without running anything."""
    return {f"closure.{_SHIELD_INDUCTION}": _SHIELD_SENTENCE, f"closure.{_OPERATING_STATES}": _OPERATING_SENTENCE}


def running_code_obligations(window: int, n_max: int) -> list[Obligation]:
    """Every obligation of this kind, ids as the checker names them."""
    said = {
        _SHIELD_INDUCTION: (_SHIELD_SENTENCE, _SHIELD_ASSUMPTIONS),
        _OPERATING_STATES: (_OPERATING_SENTENCE, _OPERATING_ASSUMPTIONS),
    }
    found = _extracted(window, n_max)
    return [Obligation(f"closure.{name}", *said[name], ClosureTask(name, found[name].system, found[name].unknown)) for name in said]


@cache
def _extracted(window: int, n_max: int) -> dict[str, _Extracted]:
    """Once a process: the code does not change while it runs."""
    world = World(window, n_max, (1, n_max - 1, n_max))
    return {_SHIELD_INDUCTION: _tried(lambda: shield_system(world)), _OPERATING_STATES: _tried(operating_system)}


def _tried(extract: Callable[[], TransitionSystem]) -> _Extracted:
    try:
        return _Extracted(extract())
    except InvalidInput as error:
        return _Extracted(_NONE, str(error))
