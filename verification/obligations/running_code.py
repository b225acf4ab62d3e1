"""The obligations that every procedure has, with the same ids: about the running code and about rules, not about a model of an arm."""

from dataclasses import dataclass
from functools import cache

from toolkit import InvalidInput

from ..transitions import TransitionSystem, World, shield_system
from .closure import ClosureTask
from .obligation import Obligation

SHIELD_INDUCTION = "shield_induction"
_SHIELD_SENTENCE = (
    "Whatever the cycle does (PASS, MODIFIED, BACKUP, a miss, a hold, a read, write or log that fails, death of the process, a new enable, "
    "a new layer with other constraints), every window that can come into force is part of one that was certified: every "
    "{y_(k-w) .. y_k} of H, the stored plan and its last setpoint for ever is a subset of a window that passed; all of it is in class C "
    "and at rest within n_max; a latched reaction never gets milder. By induction over steps, on the transitions of the running "
    "SafetyLayer, Memory, Shield.certify and run_cycle."
)
_SHIELD_ASSUMPTIONS = (
    "A2",
    "A3",
    "That the transitions are the code's is the word of verification/transitions, which found them by calling it; the checker re-checks "
    "what follows from them.",
    "The layer tells setpoints apart by == only, and stored tails of two and more setpoints by their first setpoint and their end.",
    "Shield, filter, monitors, device, controller and log answer in one of the ways that were enumerated; what a window check computes is "
    "not part of it.",
)


@dataclass(frozen=True)
class _Extracted:
    """unknown: why there is no system; then it is one that is not safe by anybody's reading."""

    system: TransitionSystem
    unknown: str = ""


_NONE = TransitionSystem(("not extracted",), (), ("not extracted",), (), ())


def running_code_inputs(window: int, n_max: int) -> dict[str, bytes]:
    """The `transitions_NAME` inputs. window: w of the tube. n_max: of the shield."""
    return {f"transitions_{SHIELD_INDUCTION}": _shield(window, n_max).system.to_json()}


def running_code_obligations(window: int, n_max: int) -> list[Obligation]:
    """Every obligation of this kind, ids as the checker names them."""
    shield = _shield(window, n_max)
    task = ClosureTask(SHIELD_INDUCTION, shield.system, shield.unknown)
    return [Obligation(f"closure.{SHIELD_INDUCTION}", _SHIELD_SENTENCE, _SHIELD_ASSUMPTIONS, task)]


RUNNING_CODE_IDS = (f"closure.{SHIELD_INDUCTION}",)
"""What every proofs directory of a procedure lists, PROVED or UNKNOWN."""


@cache
def _shield(window: int, n_max: int) -> _Extracted:
    try:
        return _Extracted(shield_system(World(window, n_max, (1, n_max - 1, n_max))))
    except InvalidInput as error:
        return _Extracted(_NONE, str(error))
