"""The exact map between the integers on the wire and the joints."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .arrays import FloatArray, TickArray, finite_array, tick_array
from .errors import InvalidInput


@dataclass(frozen=True, eq=False)
class TickMap:
    """q = q_zero + M (ticks - ticks_zero).

    The entries of M and q_zero are float64, hence exact rationals: the map itself has no rounding, only its evaluation has
    (that is part of eta). Coupled tools (dVRK `ActuatorToJointPosition`) make M non-diagonal, so what a *servo* may be doing is
    bounded first and mapped to joints by |M| (guarantee, section 1.1: a hull in joints would miss servos that are out of step).

    M: shape (n, n), [rad/tick] or [m/tick]. q_zero: shape (n,). ticks_zero: shape (n,).
    names: joint names, in order.
    """

    M: FloatArray
    q_zero: FloatArray
    ticks_zero: TickArray
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.names)
        object.__setattr__(self, "M", finite_array(self.M, "M", (n, n)))
        object.__setattr__(self, "q_zero", finite_array(self.q_zero, "q_zero", (n,)))
        object.__setattr__(self, "ticks_zero", tick_array(self.ticks_zero, "ticks_zero", (n,)))
        largest = np.abs(self.M).max(axis=1, keepdims=True)
        if not (largest > 0.0).all() or not np.linalg.cond(self.M / largest) < 1e6:
            raise InvalidInput("M: the tick map is singular: some joint cannot be moved by the servos")

    @cached_property
    def _inverse(self) -> FloatArray:
        return np.asarray(np.linalg.inv(self.M), dtype=np.float64)

    @cached_property
    def abs_M(self) -> FloatArray:
        """|M|, entry by entry: maps half-ranges of servos to half-ranges of joints."""
        return np.abs(self.M)

    def to_joints(self, ticks: TickArray | FloatArray) -> FloatArray:
        """Joint positions of servo positions; works on the last axis, so (n,) and (k, n) both do."""
        return np.asarray(self.q_zero + (ticks - self.ticks_zero) @ self.M.T, dtype=np.float64)

    def to_ticks(self, q: FloatArray) -> TickArray:
        """The nearest integers whose joints are near q, shape (n,). Not a bound: what is certified is what is returned."""
        q = finite_array(q, "q", (len(self.names),))
        return tick_array(self.ticks_zero + np.rint(self._inverse @ (q - self.q_zero)).astype(np.int64), "ticks", (len(self.names),))

    def rate_to_ticks(self, dq: FloatArray) -> FloatArray:
        """Real-valued servo increments of a joint increment, last axis (n,)."""
        return np.asarray(dq @ self._inverse.T, dtype=np.float64)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names and exact (hex) constants: the identity of this map in logs and certificates."""
        parts = ["tickmap/1", *self.names, *(x.hex() for x in self.M.ravel().tolist()), *(x.hex() for x in self.q_zero.tolist())]
        parts += [str(x) for x in self.ticks_zero.tolist()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
