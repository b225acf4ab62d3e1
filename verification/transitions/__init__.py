"""Transition systems extracted from the running code, for the certificates of kind `closure`."""

from .operating_states import operating_system
from .shield import shield_system
from .shield_world import World
from .system import TransitionSystem

__all__ = ["TransitionSystem", "World", "operating_system", "shield_system"]
