"""Proposing in the time a cycle has left, so that the next one certifies and writes at once."""

from dataclasses import dataclass

import numpy as np

from .command import JointProposal
from .cycle import Controller
from .state import JointState, Setpoint


@dataclass(frozen=True, eq=False)
class _Ready:
    setpoint: Setpoint
    proposal: JointProposal | Exception


class ProposeAhead:
    """A controller that has thought already: the proposal after a setpoint depends on that setpoint, which is known once it is written.

    The measurement in it is the one of the cycle before; the safety layer always judges with the newest. If the setpoint is another
    than the one thought about (a missed period), or nothing was thought, it computes on the spot.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._ready: _Ready | None = None

    def think(self, state: JointState, setpoint: Setpoint, now_s: float) -> None:
        """Compute what `compute` will be asked at now_s, if nothing happens until then. What it raises, `compute` raises."""
        try:
            self._ready = _Ready(setpoint, self._controller.compute(state, setpoint, now_s))
        except Exception as error:  # raised again where the cycle has a reaction to it
            self._ready = _Ready(setpoint, error)

    def compute(self, state: JointState, setpoint: Setpoint, now_s: float) -> JointProposal:
        """The proposal in hand if it is for this setpoint, else a new one."""
        ready, self._ready = self._ready, None
        if ready is None or not (np.array_equal(ready.setpoint.q, setpoint.q) and np.array_equal(ready.setpoint.q_dot, setpoint.q_dot)):
            return self._controller.compute(state, setpoint, now_s)
        if isinstance(ready.proposal, Exception):
            raise ready.proposal
        return ready.proposal
