"""The controller of a session: the newest CRTK motion through the MPC."""

import numpy as np

from controllers import MotionKind, MotionLimits, Motions, TrackingMpc
from toolkit import JointProposal, JointState, Setpoint

from .assembly import Assembly
from .pilot import line_speed, nearly_rests, stay
from .timely_mpc import TimelyMpc


def session_motions(assembly: Assembly) -> Motions:
    """CRTK motions of an arm, at a quarter of its joint speeds and a tenth of its accelerations; lines at 20 mm/s."""
    velocity, acceleration = (np.array([joint.si[column] for joint in assembly.profile.joints]) for column in (2, 3))
    return Motions(assembly.arm, MotionLimits(velocity * 0.25, acceleration * 0.1, line_speed(0.02)))


class MotionController:
    """Asks the MPC for the next setpoint of whatever motion was commanded last. Proposes; never decides."""

    def __init__(self, motions: Motions, mpc: TrackingMpc, assembly: Assembly) -> None:
        self._motions, self._assembly, self._period_s = motions, assembly, assembly.profile.period_s
        self._timely = TimelyMpc(mpc, self._period_s)

    def missed(self) -> None:
        """A setpoint was late: the next cycle continues the plan."""
        self._timely.missed()

    def compute(self, state: JointState, setpoint: Setpoint, now_s: float) -> JointProposal:
        """The MPC's proposal for the next period; at rest without a motion, the setpoint itself."""
        self._timely.begin(now_s)
        grid_s = round(now_s / self._period_s) * self._period_s
        active = self._motions.advance(setpoint.q, grid_s)
        if active.kind is MotionKind.HOLD and nearly_rests(setpoint, self._assembly):
            return stay(setpoint)
        return self._timely.propose(active.reference, active.t_s + self._period_s, state, setpoint, active.jaw)
