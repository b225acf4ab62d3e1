"""The tracking MPC under a deadline: one late cycle must not make three."""

import time

from controllers import JointTrajectory, Reference, TrackingMpc
from toolkit import JointProposal, JointState, Setpoint

OVERRUN_SHARE = 0.1
"""A solve in the slack of a cycle may reach this far into the next period: reading and certifying leave that much."""
SOLVE_SHARE = 0.5
"""A solve within a cycle that takes more of the period than this leaves too little for reading, certifying and writing."""
CONTINUED_MAX = 3
"""The first input of a plan holds for a stage of four periods: after three continued ones it is used up."""


class TimelyMpc:
    """Solves; or, where the last solve took longer than there is time now, continues its plan, at most CONTINUED_MAX times in a row."""

    def __init__(self, mpc: TrackingMpc, period_s: float) -> None:
        self._mpc, self._period_s = mpc, period_s
        self._solve_s = 0.0
        self._left_s = 0.0
        self._continued = 0
        self._missed = False

    def missed(self) -> None:
        """A setpoint was late: the next proposal must cost nothing."""
        self._missed = True

    def begin(self, now_s: float) -> None:
        """A proposal is wanted for the cycle that begins at now_s."""
        self._left_s = now_s - time.monotonic()

    def propose(
        self, motion: Reference | JointTrajectory, t_s: float, state: JointState, setpoint: Setpoint, jaw: float | None
    ) -> JointProposal:
        """The next setpoint on the way along `motion`, whose own time at it is t_s."""
        if self._is_late() and self._continued < CONTINUED_MAX:
            self._continued, self._missed = self._continued + 1, False
            return self._mpc.continue_plan(setpoint.q, setpoint.q_dot, jaw)
        self._continued, self._missed = 0, False
        begun = time.perf_counter()
        proposal = self._mpc.compute(setpoint.q, setpoint.q_dot, motion, t_s, state, jaw)
        self._solve_s = time.perf_counter() - begun
        return proposal

    def _is_late(self) -> bool:
        if self._missed:
            return True
        if self._left_s > 0.0:  # thinking ahead
            return self._solve_s > self._left_s + OVERRUN_SHARE * self._period_s
        return self._continued == 0 and self._solve_s > SOLVE_SHARE * self._period_s
