"""Re-proof: every window of every plan of a run again, in exact rationals and Arb balls, from its log and the files it names."""

from .findings import ConstraintFindings, Failure, Reproof
from .reprover import reprove

__all__ = ["ConstraintFindings", "Failure", "Reproof", "reprove"]
