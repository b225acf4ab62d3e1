"""The pilot: turns a procedure's steps into references and asks the MPC for the next setpoint. Proposes; never decides."""

from dataclasses import dataclass

import numpy as np

from controllers import (
    CartesianSpeed,
    ConstantReference,
    JointReference,
    JointTrajectory,
    LineReference,
    PathReference,
    Reference,
    TrackingMpc,
)
from controllers.reference import is_joint_trajectory, is_tip_reference
from toolkit import CertifiedCommand, FloatArray, InvalidInput, JointProposal, JointState, Pose, Setpoint, SolveReport, Verdict
from toolkit.procedure import Disable, Enable, Home, MoveCp, MoveJp, ServoPath, Step, Wait, joint_vector

from .assembly import Assembly
from .mpc_setup import build_mpc, prime
from .timely_mpc import TimelyMpc

SETTLE_S = 0.15
OVERDUE_S = 4.0
ARRIVED_M = 1e-3
LINE_ACCELERATION_M_S2 = 0.25
TURN_RAD_S = 0.5


Motion = Reference | JointTrajectory


@dataclass(frozen=True)
class PilotPosition:
    """Where the pilot is in the procedure: step index and word, the motion's own time at the cycle's start.

    follows_path: on the recorded path itself, not on the way to its start.
    """

    step: int
    word: str
    t_s: float
    follows_path: bool = False


class Pilot:
    """Runs the steps one after another; `done` when the last one is reached and the setpoints are at rest."""

    def __init__(self, assembly: Assembly, mpc: TrackingMpc | None = None) -> None:
        self._assembly = assembly
        self._mpc = mpc or build_mpc(assembly)
        self._period_s = assembly.profile.period_s
        self._timely = TimelyMpc(self._mpc, self._period_s)
        self._index = -1
        self._motion: Motion | None = None
        # Built now: checking tens of thousands of samples takes longer than half a period.
        self._paths = {i: PathReference(path.positions_B_m, path.rate_hz, np.eye(3)) for i, path in assembly.paths.items()}
        self._pending: list[Motion] = []
        self._start_s = 0.0
        self._jaw = 0.0
        self._held_off = 0
        self.position = PilotPosition(0, "enable", 0.0)
        self.overdue = ""
        self.done = False

    @property
    def reference_tip_m(self) -> FloatArray | None:
        """Where the tip should be at this cycle's start, (3,), frame B; None for joint motions."""
        if self._motion is not None and is_tip_reference(self._motion):
            return np.asarray(self._motion.poses(np.array([self.position.t_s]))[0][0])
        return None

    def prime(self, setpoint: Setpoint) -> None:
        """Warm the controller where the arm stands."""
        prime(self._mpc, self._assembly, setpoint)

    def missed(self) -> None:
        """A setpoint was late: the next cycle continues the plan."""
        self._timely.missed()

    def decided(self, certified: CertifiedCommand) -> None:
        """What became of the newest proposal. A path may end where the safety layer does not let the arm go; that is no failure to arrive.

        Held off: within the last SETTLE_S a constraint changed a proposal, or refused it.
        """
        kept = certified.verdict in (Verdict.MODIFIED, Verdict.BACKUP) and bool(certified.active)
        self._held_off = round(SETTLE_S / self._period_s) if kept else max(0, self._held_off - 1)

    def compute(self, state: JointState, setpoint: Setpoint, now_s: float) -> JointProposal:
        """The MPC's proposal for the next period, on a time grid of whole periods so that jitter does not shake the reference."""
        self._timely.begin(now_s)
        if self._motion is None:
            self._next_motion(setpoint, now_s)
        t = round((now_s - self._start_s) / self._period_s) * self._period_s
        if self._finished(t, setpoint):
            self._next_motion(setpoint, now_s)
            t = 0.0
        word = self._assembly.procedure.steps[self._index].word
        on_path = isinstance(self._motion, _Following) and t <= self._motion.duration_s
        self.position = PilotPosition(self._index, word, t, on_path)
        if self._motion is None:
            raise InvalidInput("pilot: no motion to follow")
        if self.done and nearly_rests(setpoint, self._assembly):
            return stay(setpoint)
        return self._timely.propose(self._motion, t + self._period_s, state, setpoint, self._jaw_target())

    def _jaw_target(self) -> float | None:
        return self._jaw if self._assembly.arm.has_jaw else None

    def _finished(self, t: float, setpoint: Setpoint) -> bool:
        motion = self._motion
        if motion is None or self.done or t < motion.duration_s:
            return False
        if isinstance(motion, _Hold):
            return True
        step = self._assembly.procedure.steps[self._index]
        arrived = nearly_rests(setpoint, self._assembly) and self._distance(motion, setpoint) <= ARRIVED_M
        arrived = arrived or (isinstance(motion, _Following) and self._held_off > 0)
        if t > motion.duration_s + OVERDUE_S and not arrived:
            self.overdue = f"step {self._index} ({step.word}) has not arrived {OVERDUE_S:g} s after its time"
        return t >= motion.duration_s + SETTLE_S and arrived

    def _distance(self, motion: Motion, setpoint: Setpoint) -> float:
        """Tip distance to the end of the motion, [m]."""
        end = np.array([motion.duration_s])
        here = self._assembly.arm.tip_pose(setpoint.q).p_m
        if is_joint_trajectory(motion):
            return float(np.linalg.norm(self._assembly.arm.tip_pose(motion.joints(end)[0]).p_m - here))
        return float(np.linalg.norm(motion.poses(end)[0][0] - here)) if is_tip_reference(motion) else 0.0

    def _next_motion(self, setpoint: Setpoint, now_s: float) -> None:
        self._start_s = now_s
        if self._pending:
            self._motion = self._pending.pop(0)
            return
        while True:
            self._index += 1
            step = self._assembly.procedure.steps[self._index]
            if isinstance(step, Enable):
                self._jaw = float(setpoint.q[-1])
                continue
            break
        self._pending = self._motions(step, setpoint)
        self.done = isinstance(step, Disable)
        self._motion = self._pending.pop(0)

    def _motions(self, step: Step, setpoint: Setpoint) -> list[Motion]:
        assembly, pose = self._assembly, self._assembly.arm.tip_pose(setpoint.q)
        if isinstance(step, (Home, MoveJp)):
            return [self._joint_motion(step, setpoint)]
        if isinstance(step, MoveCp):
            return [LineReference(pose, _goal(step, pose), line_speed(step.speed_m_s))]
        if isinstance(step, ServoPath):
            motions: list[Motion] = [_Following(self._paths[self._index], pose.R)]
            if step.approach_speed_m_s is not None:
                start = Pose(pose.R, assembly.paths[self._index].start_B_m)
                motions.insert(0, LineReference(pose, start, line_speed(step.approach_speed_m_s)))
            return motions
        if isinstance(step, Wait):
            return [_Hold(pose, step.duration_s)]
        return [ConstantReference(pose)]

    def _joint_motion(self, step: Home | MoveJp, setpoint: Setpoint) -> JointReference:
        assembly = self._assembly
        goal = joint_vector(assembly.procedure, step.to if isinstance(step, MoveJp) else "home", assembly.arm)
        self._jaw = float(goal[-1])
        velocity = np.array([joint.si[2] for joint in assembly.profile.joints]) * step.speed_ratio
        acceleration = np.array([joint.si[3] for joint in assembly.profile.joints]) * 0.1
        return JointReference(setpoint.q, goal, velocity, acceleration)


@dataclass(frozen=True, eq=False)
class _Following:
    """A recorded path with the orientation the tip has when it begins."""

    path: PathReference
    R: FloatArray

    @property
    def duration_s(self) -> float:
        return self.path.duration_s

    def poses(self, t_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        p, _ = self.path.poses(t_s)
        return p, np.broadcast_to(self.R, (p.shape[0], 3, 3))


@dataclass(frozen=True, eq=False)
class _Hold:
    """A pose for a time (the step wait)."""

    pose: Pose
    duration_s: float

    def poses(self, t_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        return ConstantReference(self.pose).poses(t_s)


def nearly_rests(setpoint: Setpoint, assembly: Assembly) -> bool:
    """Whether the setpoints move by no more than two or three ticks a period: the MPC's dither about a target between two ticks."""
    return bool(np.all(np.abs(setpoint.q_dot) * assembly.profile.period_s <= 2.5 * assembly.profile.tick_map.abs_M.sum(axis=1)))


def stay(setpoint: Setpoint) -> JointProposal:
    """The newest setpoint again: what ends a motion exactly on a tick."""
    return JointProposal(setpoint.q, SolveReport(True, "stay", 0, 0.0, 0.0))


def _goal(step: MoveCp, pose: Pose) -> Pose:
    from toolkit.procedure.sampled_path import quaternion_matrix  # noqa: PLC0415

    if step.rotation_BT is not None:
        return Pose(np.array(step.rotation_BT), np.array(step.position_B_m))
    if step.quaternion_BT_wxyz is not None:
        return Pose(quaternion_matrix(step.quaternion_BT_wxyz), np.array(step.position_B_m))
    return Pose(pose.R, np.array(step.position_B_m))


def line_speed(speed_m_s: float) -> CartesianSpeed:
    """A straight line at this speed, with gentle ramps and turns."""
    return CartesianSpeed(speed_m_s, LINE_ACCELERATION_M_S2, TURN_RAD_S, 2.0 * TURN_RAD_S)
