"""An adversarial device: everything assumption A1-A3 lets it do, done on purpose.

Servos out of step, stepped or linear between setpoints, up to m setpoints behind (lost, late), the control process killed at any
instant, the true joint in a corner of the tube. And the worst of it: the corner of the tightest windows where the margin falls fastest.
"""

import numpy as np

from safety import Memory, windows_touching
from toolkit import FloatArray, TickArray

from ..truth import joint_margins
from .world import World

INSTANTS = 240
CORNERS = 24


def worst_margin(world: World, memory: Memory, plan: TickArray, rng: np.random.Generator) -> float:
    """Smallest true margin found over everything the device may do with history + plan."""
    reached = np.concatenate([_runs(world, memory, plan, rng), _corners(world, memory, plan, rng)])
    joints = joint_margins(reached, world.lower, world.upper)
    return float(min(world.margin(reached).min(), joints.min()))


def _runs(world: World, memory: Memory, plan: TickArray, rng: np.random.Generator) -> FloatArray:
    """Joints at random instants of runs in which every servo lags on its own and the process dies at a random setpoint."""
    m, tube = world.real_tube.behind_max, world.real_tube
    sequence = np.concatenate([memory.history[-(m + 1) :], plan]).astype(np.float64)
    first, last = m, sequence.shape[0] - 1
    newest = rng.integers(first, last + 1, INSTANTS)
    servo = np.empty((INSTANTS, sequence.shape[1]))
    for j in range(sequence.shape[1]):
        behind = rng.integers(0, m + 1, INSTANTS)
        at = newest - behind
        # Linear: on the way from the setpoint before, which is still within the window of w + 1 = m + 2 setpoints.
        share = np.where(rng.random(INSTANTS) < 0.5, 1.0, rng.random(INSTANTS))
        before = np.maximum(at - (behind < m), 0)
        servo[:, j] = share * sequence[at, j] + (1.0 - share) * sequence[before, j]
    corner = rng.choice([-1.0, 0.0, 1.0], size=servo.shape, p=[0.45, 0.1, 0.45])
    return np.asarray(world.shield.tick_map.to_joints(servo) + corner * tube.e)


def _corners(world: World, memory: Memory, plan: TickArray, rng: np.random.Generator) -> FloatArray:
    """Corners of the tightest windows: random ones, and the one the gradient of the true margin points to, twice refined."""
    tick_map, tube = world.shield.tick_map, world.real_tube
    windows = windows_touching(memory.history, plan, tick_map, tube)
    tightest = np.argsort(world.margin(windows.c))[:2]
    chosen = np.unique(np.concatenate([tightest, rng.integers(0, windows.c.shape[0], 2)]))
    hulls = [_servo_hull(memory, plan, int(i), tube.window) for i in chosen]
    low, high = np.stack([low for low, _ in hulls]), np.stack([high for _, high in hulls])
    n = low.shape[1]
    signs, tubes = (rng.choice([-1.0, 1.0], size=(CORNERS, chosen.size, n)) for _ in range(2))
    found = [_at(world, low, high, signs, tubes).reshape(-1, n)]
    points = windows.c[chosen]
    for _ in range(3):
        gradients = _gradients(world, points)
        points = _at(world, low, high, -np.sign(gradients @ tick_map.M), -np.sign(gradients))
        found.append(points)
    return np.concatenate(found)


def _servo_hull(memory: Memory, plan: TickArray, i: int, w: int) -> tuple[FloatArray, FloatArray]:
    sequence = np.concatenate([memory.history[memory.history.shape[0] - w :], plan])[i : i + w + 1]
    return sequence.min(axis=0).astype(np.float64), sequence.max(axis=0).astype(np.float64)


def _at(world: World, low: FloatArray, high: FloatArray, signs: FloatArray, tubes: FloatArray) -> FloatArray:
    servo = 0.5 * (low + high) + 0.5 * signs * (high - low)
    return np.asarray(world.shield.tick_map.to_joints(servo) + tubes * world.real_tube.e)


def _gradients(world: World, q: FloatArray) -> FloatArray:
    """Central differences of the true margin at configurations q (k, n), all in one call."""
    step, n = 1e-6, q.shape[1]
    around = q[:, None] + np.concatenate([step * np.eye(n), -step * np.eye(n)])
    margin = world.margin(around.reshape(-1, n)).reshape(-1, 2 * n)
    return np.asarray((margin[:, :n] - margin[:, n:]) / (2.0 * step))
