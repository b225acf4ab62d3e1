"""Replay: every decision of the safety layer recomputed from the log, and compared bit for bit."""

from .difference import DECISIVE, Difference, compare
from .replayer import Replayed, Replayer, replay

__all__ = ["DECISIVE", "Difference", "Replayed", "Replayer", "compare", "replay"]
