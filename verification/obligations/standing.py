"""The obligations that every procedure has, whatever its arm and constraints: about the running code, and about rules."""

from .force_rule import FORCE_RULE_ASSUMED, force_rule_obligations
from .obligation import Obligation
from .running_code import RUNNING_CODE_ASSUMED, running_code_inputs, running_code_obligations

STANDING_IDS = (
    "closure.shield_induction", "closure.operating_states", "algebra.force_rule_step", "algebra.force_rule_advance", "algebra.force_rule",
    "algebra.one_scalar", "algebra.per_wall_damping",
)  # fmt: skip
"""What the summary of every procedure's proofs lists, PROVED or UNKNOWN."""
STANDING_ASSUMED = (*RUNNING_CODE_ASSUMED, *FORCE_RULE_ASSUMED)
"""What they take for granted, and the mechanisms that do not exist: for the list of all that is assumed and not proved."""


def standing_inputs(window: int, n_max: int) -> dict[str, bytes]:
    """Their inputs by role: the transition systems. window: w of the tube. n_max: of the shield."""
    return running_code_inputs(window, n_max)


def standing_obligations(window: int, n_max: int) -> list[Obligation]:
    """In the order of STANDING_IDS. Arguments as those of `standing_inputs`."""
    return [*running_code_obligations(window, n_max), *force_rule_obligations()]
