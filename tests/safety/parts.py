"""Arm, map, class, tube and layers that the tests of the safety package share."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from safety import (
    Bounds,
    Capsule,
    CommandedRate,
    Constraint,
    Filter,
    JointBox,
    KeepInFaces,
    KeepOut,
    Memory,
    Monitors,
    SafetyLayer,
    Shield,
    brake,
)
from toolkit import CommandClass, FloatArray, JointProposal, JointState, SolveReport, TickArray, TickMap, Tube
from toolkit.models import SerialArm, psm_classic

T = 0.005
HOME = np.array([0.0, 0.0, 0.13, 0.0, 0.0, 0.0, 0.2])
BODIES = ("shaft", "wrist", "jaw_1", "jaw_2")
POINTS = ("tip", "jaw_1", "jaw_2")
OK = SolveReport(True, "solved", 1, 0.0, 0.0)
FAILED = SolveReport(False, "max_iterations", 5, float("inf"), 0.0)
V = np.array([150, 150, 90, 110, 110, 300, 300])
A = np.array([20, 20, 12, 20, 20, 30, 30])
NO_PLAN = np.empty((0, 7), dtype=np.int64)
E = np.array([0.002, 0.002, 0.0003, 0.0097, 0.0061, 0.0069, 0.0122])


@cache
def arm() -> SerialArm:
    return psm_classic()


@cache
def tick_map() -> TickMap:
    """The PSM's gearing with 4096 ticks a turn, the wrist coupled as the instrument file says."""
    tick, M = 2.0 * np.pi / 4096.0, np.zeros((7, 7))
    M[0, 0] = M[1, 1] = tick / 56.5
    M[2, 2] = tick / 336.6
    M[3:, 3:] = arm().coupling * (tick / 11.71)
    return TickMap(M, np.zeros(7), np.zeros(7, dtype=np.int64), arm().joint_names)


def tube(scale: float = 1.0, behind_max: int = 6, losses_max: int = 2) -> Tube:
    return Tube(scale * E, 0.6 * scale * E, behind_max, losses_max, "test")


def command_class() -> CommandClass:
    return CommandClass(T, V, A)


def joint_limits() -> JointBox:
    return JointBox("joint_limits", arm().limits.lower, arm().limits.upper)


def shield(*constraints: Constraint, n_max: int = 60, tube_: Tube | None = None) -> Shield:
    """Joint limits and what is given."""
    return Shield(arm(), [joint_limits(), *constraints], tick_map(), tube_ or tube(), command_class(), Bounds(1e-9, 0.0), n_max)


@cache
def free_shield() -> Shield:
    """Joint limits only."""
    return shield()


def capsule() -> KeepOut:
    """A vessel that crosses in front of the tip."""
    return KeepOut("vessel", Capsule(np.array([0.03, -0.04, -0.125]), np.array([0.03, 0.04, -0.125]), 0.006), BODIES)


def wall(x_m: float = 0.03) -> KeepInFaces:
    return KeepInFaces("wall", np.array([[1.0, 0.0, 0.0]]), np.array([x_m]), BODIES)


def rates(speed: float = 0.05, acceleration: float = 1.0) -> list[CommandedRate]:
    return [CommandedRate("speed", POINTS, 1, speed), CommandedRate("acceleration", POINTS, 2, acceleration)]


def layer(*constraints: Constraint, registration_m: float = 0.0, **changes: Any) -> SafetyLayer:
    """A layer over joint limits and what is given, with one tube, map and class throughout; changes: of the tube."""
    everything: Sequence[Constraint] = [joint_limits(), *constraints]
    its_tube = tube(**changes)
    its_shield = Shield(arm(), everything, tick_map(), its_tube, command_class(), Bounds(1e-9, registration_m), 60)
    its_filter = Filter(arm(), everything, tick_map(), its_tube, command_class(), registration_m)
    return SafetyLayer(its_shield, its_filter, Monitors(tick_map(), its_tube, 0.01), enable_speed_max=0.05)


def state(ticks: TickArray, t_s: float = 1.0, **changes: Any) -> JointState:
    """What a perfect device reports: it is where its newest goal is."""
    parts: dict[str, Any] = {"q": tick_map().to_joints(ticks), "q_dot": np.zeros(7), "ticks": ticks, "goal_ticks": ticks, "t_s": t_s}
    return JointState(**{**parts, **changes})


def proposal(q: FloatArray) -> JointProposal:
    return JointProposal(q, OK)


def at(q: FloatArray = HOME) -> TickArray:
    return tick_map().to_ticks(q)


def at_rest(q: FloatArray = HOME) -> Memory:
    return Memory.at_rest(at(q), tube().window)


def moving(step: TickArray, q: FloatArray = HOME) -> Memory:
    """A history that moves by `step` each period and ends at q, with no tail."""
    window = tube().window
    history = at(q) + np.arange(-(window + 1), 1)[:, None] * step
    return Memory(history, NO_PLAN)


def stop_after(memory: Memory, candidate: TickArray) -> TickArray:
    """The candidate and a stop by servo acceleration alone."""
    return np.concatenate([candidate[None], brake(candidate, candidate - memory.newest, 0.0, 1.0, command_class())])


def tip_step(q: FloatArray, move_m: FloatArray) -> FloatArray:
    """The joint step (n,) that moves the tip by move_m (3,) without turning it."""
    J = arm().jacobian(q)[:, :6]
    return np.append(np.linalg.lstsq(J, np.concatenate([move_m, np.zeros(3)]), rcond=None)[0], 0.0)
