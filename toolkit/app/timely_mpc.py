"""The tracking MPC under a deadline: one late cycle must not make three."""

import time

from controllers import JointTrajectory, Reference, TrackingMpc
from toolkit import JointProposal, JointState, Setpoint

SOLVE_SHARE = 0.5
"""A solve that takes more of the period than this leaves too little for reading, certifying and writing."""
LATE_SHARE = 1.3
"""A cycle that comes to its proposal later than this after the one before has no time left to solve either."""


class TimelyMpc:
    """Solves; or, once after a solve, a period or a write that was late, continues the plan of the last solve."""

    def __init__(self, mpc: TrackingMpc, period_s: float) -> None:
        self._mpc, self._period_s = mpc, period_s
        self._solve_s = 0.0
        self._asked_s = float("nan")

    def missed(self) -> None:
        """A setpoint was late: reading a sample that was not asked for ahead costs the time that a solve would need."""
        self._solve_s = float("inf")

    def begin(self, now_s: float) -> None:
        """A cycle has come to its proposal."""
        if now_s - self._asked_s > LATE_SHARE * self._period_s:
            self.missed()
        self._asked_s = now_s

    def propose(
        self, motion: Reference | JointTrajectory, t_s: float, state: JointState, setpoint: Setpoint, jaw: float | None
    ) -> JointProposal:
        """The next setpoint on the way along `motion`, whose own time at it is t_s."""
        if self._solve_s > SOLVE_SHARE * self._period_s:
            self._solve_s = 0.0
            return self._mpc.continue_plan(setpoint.q, setpoint.q_dot, jaw)
        begun = time.perf_counter()
        proposal = self._mpc.compute(setpoint.q, setpoint.q_dot, motion, t_s, state, jaw)
        self._solve_s = time.perf_counter() - begun
        return proposal
