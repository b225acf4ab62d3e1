"""Shortest vectors between hulls, for many configurations at once: proposals for planes and places. Nothing rests on them."""

import numpy as np

from toolkit import FloatArray

STEPS = 24


def nearest_difference(points: FloatArray, generators: FloatArray) -> tuple[FloatArray, FloatArray]:
    """About the shortest vector from hull(generators) to hull(points), and the weights that make it (pairwise Frank-Wolfe).

    Args:
        points: (N, p, 3). generators: (g, 3).
    Returns:
        x (N, 3) = sum w_pg (point_p - generator_g), and w (N, p, g) >= 0 with sum 1.
    """
    N, p, g = points.shape[0], points.shape[1], len(generators)
    vertices = (points[:, :, None, :] - generators[None, None]).reshape(N, p * g, 3)
    row = np.arange(N)
    start = np.argmin((vertices**2).sum(axis=2), axis=1)
    weights = np.zeros((N, p * g))
    weights[row, start] = 1.0
    x = vertices[row, start].copy()
    for _ in range(STEPS if p * g > 1 else 0):
        values = np.einsum("nvi,ni->nv", vertices, x)
        to = np.argmin(values, axis=1)
        away = np.argmax(np.where(weights > 0.0, values, -np.inf), axis=1)
        step = vertices[row, to] - vertices[row, away]
        length = (step**2).sum(axis=1)
        gain = values[row, away] - values[row, to]
        share = np.where(length > 0.0, np.minimum(gain / np.where(length > 0.0, length, 1.0), weights[row, away]), 0.0)
        share = np.where(gain > 1e-15, share, 0.0)
        if not share.any():
            break
        weights[row, to] += share
        weights[row, away] -= share
        x += share[:, None] * step
    return x, weights.reshape(N, p, g)
