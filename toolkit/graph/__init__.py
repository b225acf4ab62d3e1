"""CasADi graphs as tapes, and tapes as machine code."""

from .machine_code import MachineCode, SlidingLeast
from .tape import BINARY, UNARY, Operation, Tape

__all__ = ["BINARY", "UNARY", "MachineCode", "Operation", "SlidingLeast", "Tape"]
