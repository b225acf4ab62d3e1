"""The moving parts: servo loops, links, cables, encoders."""

from collections import deque

import mujoco
import numpy as np

from toolkit import FloatArray, TickArray

from ..control_table import TICKS_PER_TURN
from ..profile import ArmProfile
from .cable import CableError
from .chain import read_chain
from .mjcf import POINTS, ROTOR_INERTIA, build_moving_mjcf, build_shape_mjcf

_TICK_RAD = 2 * np.pi / TICKS_PER_TURN
_RUNAWAY_RAD_S = 10.0  # of a servo: 6500 ticks a second, a quarter of what the shipped profile's yaw may do
_BRAKING = 20.0  # torque off: the windings brake the gear train this much more than the loop does, so gravity droops it slowly


class Plant:
    """A PSM-like arm with n position servos, in steps of dt_s.

    Encoder side: servo angle th obeys J th'' + kv th' + kp (th - goal) = load, kp / J = 1 / (t_slow t_fast), kv / J = 1 / t_slow +
    1 / t_fast: real poles, no overshoot, lag t_slow + t_fast. Joint side: `CableError`. All numbers come from the profile.
    """

    def __init__(self, profile: ArmProfile) -> None:
        spec = profile.simulator
        if spec is None:
            raise ValueError(f"{profile.name} has no simulator section")
        chain = read_chain(profile.arm.model, profile.arm.instrument)
        self.n = profile.n
        self.dt_s = 1.0 / spec.physics_hz
        self.steps = 0
        self.running_away: tuple[int, ...] = ()
        self._zero = np.array([servo.zero_ticks for servo in profile.servos], dtype=np.float64)
        coupling = np.eye(self.n)
        coupling[3:, 3:] = chain.coupling
        joint_from_servo = coupling / np.array([servo.direction * servo.gear for servo in profile.servos])
        self._servo_from_joint = np.linalg.inv(joint_from_servo)
        self.model = mujoco.MjModel.from_xml_string(build_moving_mjcf(chain, self._servo_from_joint, spec.payload_kg, self.dt_s))
        self._moving = mujoco.MjData(self.model)
        self._shape = mujoco.MjModel.from_xml_string(build_shape_mjcf(chain, spec.jaw_length_m))
        self._seen = mujoco.MjData(self._shape)
        self._sites = [self._shape.site(name).id for name in POINTS]
        slow, fast = spec.servo_slow_ms * 1e-3, spec.servo_fast_ms * 1e-3
        self._kp = ROTOR_INERTIA / (slow * fast)
        self._kv = ROTOR_INERTIA * (1 / slow + 1 / fast)
        self._lead_s = slow + fast
        self._random = np.random.default_rng(spec.seed)
        self._latency_s = (spec.latency_min_ms * 1e-3, spec.latency_max_ms * 1e-3)
        self._noise = spec.encoder_noise_ticks
        start = np.array(spec.start_rad_or_m, dtype=np.float64)
        lower, upper = (np.array([joint.si[side] for joint in profile.joints]) for side in (0, 1))
        self._cable = CableError(
            profile.joint_error, lower, upper, spec.cable.play_fraction, spec.cable.waves_per_range, start,
            self._random,
        )
        self._moving.qpos[:] = start
        self._moving.qpos[-1] /= 2
        self._pending: list[deque[tuple[float, float]]] = [deque() for _ in range(self.n)]
        for servo in range(self.n):
            self.set_torque(servo, False)
        self._update_truth()

    def set_goal(self, servo: int, goal_ticks: int, t_s: float) -> None:
        """A goal that arrived at t_s (plant time); the loop uses it after a delay of its own, and never before an earlier goal."""
        due = t_s + self._random.uniform(*self._latency_s)
        queue = self._pending[servo]
        if queue:
            due = max(due, queue[-1][0])
        queue.append((due, (goal_ticks - self._zero[servo]) * _TICK_RAD))

    def set_torque(self, servo: int, on: bool) -> None:
        """Torque on holds the present position until a goal arrives; torque off leaves the gear train to gravity and its own drag."""
        kp, kv = (self._kp, self._kv) if on else (0.0, _BRAKING * self._kv)
        self.model.actuator_gainprm[servo, 0] = kp
        self.model.actuator_biasprm[servo, 1:3] = (-kp, -kv)
        self.halt(servo)

    def halt(self, servo: int) -> None:
        """Hold where the servo is now."""
        self._pending[servo].clear()
        self._moving.ctrl[servo] = self.servo_angles()[servo]

    def step(self) -> None:
        """Advance one time step and update the truth."""
        t = self.steps * self.dt_s
        for servo, queue in enumerate(self._pending):
            while queue and queue[0][0] <= t:
                self._moving.ctrl[servo] = queue.popleft()[1]
        for servo in self.running_away:
            self._moving.ctrl[servo] = self.servo_angles()[servo] + _RUNAWAY_RAD_S * self._lead_s
        mujoco.mj_step(self.model, self._moving)
        self.steps += 1
        self._update_truth()

    @property
    def t_s(self) -> float:
        """Plant time, [s]."""
        return self.steps * self.dt_s

    def servo_angles(self) -> FloatArray:
        """Exact servo angles, shape (n,), [rad]."""
        return np.asarray(self._servo_from_joint @ self._joints_of(self._moving.qpos))

    def encoder_ticks(self) -> TickArray:
        """What the encoders say now: rounded, and off by up to the stated noise."""
        noise = self._random.integers(-self._noise, self._noise, size=self.n, endpoint=True)
        return np.rint(self._zero + self.servo_angles() / _TICK_RAD).astype(np.int64) + noise

    def servo_velocities(self) -> FloatArray:
        """Servo velocities, shape (n,), [rad/s]."""
        return np.asarray(self._servo_from_joint @ self._joints_of(self._moving.qvel))

    def truth_row(self) -> FloatArray:
        """True joints and body points: [q_1..q_n, x, y, z of each of POINTS], [rad], [m]."""
        return np.concatenate((self._true_joints, self._seen.site_xpos[self._sites].ravel()))

    def _update_truth(self) -> None:
        self._true_joints = self._cable.true_joints(self._joints_of(self._moving.qpos))
        self.show(self._true_joints)

    def show(self, q: FloatArray) -> FloatArray:
        """Body points at joints q, shape (len(POINTS), 3), [m]; moves nothing."""
        self._seen.qpos[:-1] = q
        self._seen.qpos[-2:] = (q[-1] / 2, -q[-1] / 2)
        mujoco.mj_kinematics(self._shape, self._seen)
        return np.asarray(self._seen.site_xpos[self._sites])

    @staticmethod
    def _joints_of(vector: FloatArray) -> FloatArray:
        """Arm joints of MuJoCo's: the last is the hinge of one jaw, half the opening."""
        joints = np.array(vector)
        joints[-1] *= 2
        return joints
