"""What the device is measured to be doing."""

from dataclasses import dataclass
from enum import Enum

from .arrays import FloatArray, TickArray, finite_array, finite_number, tick_array


class OperatingState(Enum):
    """CRTK operating states. `is_homed` and `is_busy` are modes beside them, not states."""

    DISABLED = "DISABLED"
    ENABLED = "ENABLED"
    PAUSED = "PAUSED"
    FAULT = "FAULT"


@dataclass(frozen=True, eq=False)
class JointState:
    """One sample of the arm, CRTK `measured_js` with what the monitors need.

    q: joint positions from the encoders, shape (n,), [rad] or [m] by joint.
    q_dot: joint velocities from the device, shape (n,), [rad/s] or [m/s].
    ticks: the servo positions that q was computed from, shape (n,).
    goal_ticks: the goal each servo reports to be applying, shape (n,); sync write has no reply, this is its echo.
    t_s: when it was sampled, on the control process's monotonic clock (time.monotonic()), [s].
    writes_since: setpoints written after this sample was asked for: so many its goal_ticks may be behind without any being lost.
    healthy: no hardware error, torque on, watchdog armed, in every servo.
    """

    q: FloatArray
    q_dot: FloatArray
    ticks: TickArray
    goal_ticks: TickArray
    t_s: float
    healthy: bool = True
    problem: str = ""
    writes_since: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "q", finite_array(self.q, "q", (None,)))
        n = self.q.shape[0]
        object.__setattr__(self, "q_dot", finite_array(self.q_dot, "q_dot", (n,)))
        object.__setattr__(self, "ticks", tick_array(self.ticks, "ticks", (n,)))
        object.__setattr__(self, "goal_ticks", tick_array(self.goal_ticks, "goal_ticks", (n,)))
        object.__setattr__(self, "t_s", finite_number(self.t_s, "t_s", 0.0, 1e12))
        finite_number(self.writes_since, "writes_since", 0, 1000)


@dataclass(frozen=True, eq=False)
class Setpoint:
    """Where the command stands, CRTK `setpoint_js`: q (n,) of the newest setpoint and q_dot, its increment per period over T_s."""

    q: FloatArray
    q_dot: FloatArray
