"""The obligations that every procedure has, whatever its arm and constraints: they are about the running code.

The force rule (force_rule.py) is not among them: nothing in the program measures or limits a force, so no procedure rests on it.
"""

from .obligation import Obligation
from .running_code import RUNNING_CODE_ASSUMED, running_code_inputs, running_code_obligations, running_code_sentences

STANDING_SENTENCES = running_code_sentences()
STANDING_IDS = tuple(STANDING_SENTENCES)
"""What the summary of every procedure's proofs lists, PROVED or UNKNOWN."""
STANDING_ASSUMED = (
    *RUNNING_CODE_ASSUMED,
    "force: Not part of this: the force rule is proved as a rule, and no mechanism measures or limits a force.",
)
"""What they take for granted, and the mechanisms that do not exist: for the list of all that is assumed and not proved."""


def standing_inputs(window: int, n_max: int) -> dict[str, bytes]:
    """Their inputs by role: the transition systems. window: w of the tube. n_max: of the shield."""
    return running_code_inputs(window, n_max)


def standing_obligations(window: int, n_max: int) -> list[Obligation]:
    """In the order of STANDING_IDS. Arguments as those of `standing_inputs`."""
    return running_code_obligations(window, n_max)
