"""How far the executed double precision value of a tape may be from the real one, over a whole box of inputs."""

from .forward_error import LIBRARY_ULPS, Register, forward_error
from .shield_error import ShieldError, shield_error

__all__ = ["LIBRARY_ULPS", "Register", "ShieldError", "forward_error", "shield_error"]
