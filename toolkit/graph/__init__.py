"""CasADi graphs as tapes."""

from .tape import BINARY, UNARY, Operation, Tape

__all__ = ["BINARY", "UNARY", "Operation", "Tape"]
