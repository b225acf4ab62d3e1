"""An adversarial device: everything assumption A1-A3 lets it do, done on purpose.

Servos out of step, stepped or linear between setpoints, up to m setpoints behind (lost, late), the control process killed at any
instant, the true joint in a corner of the tube. And the worst of it: the corner of the tightest windows where the margin falls fastest.
"""

import numpy as np

from safety import Memory, windows_touching
from toolkit import FloatArray, TickArray

from .world import World

INSTANTS = 240
CORNERS = 24


def worst_margin(world: World, memory: Memory, plan: TickArray, rng: np.random.Generator) -> float:
    """Smallest true margin found over everything the device may do with history + plan."""
    reached = np.concatenate([_runs(world, memory, plan, rng), _corners(world, memory, plan, rng)])
    return float(world.margin(reached).min())


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
    found = []
    for i in chosen:
        low, high = _servo_hull(memory, plan, int(i), tube.window)
        signs = rng.choice([-1.0, 1.0], size=(CORNERS, low.size))
        tubes = rng.choice([-1.0, 1.0], size=(CORNERS, low.size))
        found.append(_at(world, low, high, signs, tubes))
        point = windows.c[i]
        for _ in range(3):
            gradient = _gradient(world, point)
            signs = -np.sign(gradient @ tick_map.M)[None]
            point = _at(world, low, high, signs, -np.sign(gradient)[None])[0]
            found.append(point[None])
    return np.concatenate(found)


def _servo_hull(memory: Memory, plan: TickArray, i: int, w: int) -> tuple[FloatArray, FloatArray]:
    sequence = np.concatenate([memory.history[memory.history.shape[0] - w :], plan])[i : i + w + 1]
    return sequence.min(axis=0).astype(np.float64), sequence.max(axis=0).astype(np.float64)


def _at(world: World, low: FloatArray, high: FloatArray, signs: FloatArray, tubes: FloatArray) -> FloatArray:
    servo = 0.5 * (low + high) + 0.5 * signs * (high - low)
    return np.asarray(world.shield.tick_map.to_joints(servo) + tubes * world.real_tube.e)


def _gradient(world: World, q: FloatArray) -> FloatArray:
    step = 1e-6
    around = np.concatenate([q + step * np.eye(q.size), q - step * np.eye(q.size)])
    margin = world.margin(around)
    return np.asarray((margin[: q.size] - margin[q.size :]) / (2.0 * step))
