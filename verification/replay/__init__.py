"""Replay: every decision of the safety layer recomputed from the log, and compared bit for bit."""

from .coil_replay import replay_coils
from .difference import DECISIVE, Difference, compare
from .findings import KEPT_MAX, FieldFindings, Replayed
from .replayer import Replayer, replay

__all__ = ["DECISIVE", "KEPT_MAX", "Difference", "FieldFindings", "Replayed", "Replayer", "compare", "replay", "replay_coils"]
