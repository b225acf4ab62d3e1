"""Search for the largest value of a function over a box: samples, corners, then ever smaller steps about the best. It proves nothing."""

from collections.abc import Callable

import numpy as np

from toolkit import FloatArray

SAMPLES = 8000
ROUNDS = 16
STEPS = 400


def largest(f: Callable[[FloatArray], FloatArray], lower: FloatArray, upper: FloatArray, seed: int = 0) -> float:
    """The largest value met of f, (N, n) -> (N,). Deterministic for a seed."""
    return search(f, lower, upper, seed)[1]


def search(f: Callable[[FloatArray], FloatArray], lower: FloatArray, upper: FloatArray, seed: int = 0) -> tuple[FloatArray, float]:
    """Where, and the value. A value that is not a number counts as the smallest."""
    rng = np.random.default_rng(seed)
    q = rng.uniform(lower, upper, (SAMPLES, len(lower)))
    at_end = rng.random(q.shape) < rng.choice([0.0, 0.3, 0.8], (SAMPLES, 1))
    q = np.where(at_end, np.where(rng.random(q.shape) < 0.5, lower, upper), q)
    q[0] = 0.5 * (lower + upper)
    best, value = _best(f, q)
    for step in 0.3 * 0.45 ** np.arange(ROUNDS):
        moves = rng.normal(size=(STEPS, len(lower))) * (rng.random((STEPS, len(lower))) < 0.6)
        near, found = _best(f, np.clip(best + step * moves * (upper - lower), lower, upper))
        if found > value:
            best, value = near, found
    return best, value


def _best(f: Callable[[FloatArray], FloatArray], q: FloatArray) -> tuple[FloatArray, float]:
    values = np.nan_to_num(f(q), nan=-np.inf)
    k = int(np.argmax(values))
    return q[k], float(values[k])
