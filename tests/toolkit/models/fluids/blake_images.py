"""A sphere moving near a plane wall, by point forces inside it and their images (Blake 1971): shares nothing with the series.

The velocity of a point force beside a no-slip plane, in closed form; strengths by least squares on the sphere's surface.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def point_force_beside_wall(x: Array, y: Array) -> Array:
    """G[i, j] (3, 3): 8 pi eta times the velocity at x_i due to a unit force at y_j; no slip at z = 0."""
    eye, h = np.eye(3), y[:, 2]
    r = x[:, None] - y[None]
    R = r.copy()
    R[:, :, 2] = x[:, None, 2] + h
    near, far = np.linalg.norm(r, axis=2)[..., None, None], np.linalg.norm(R, axis=2)
    G = eye / near + r[..., :, None] * r[..., None, :] / near**3
    G -= eye / far[..., None, None] + R[..., :, None] * R[..., None, :] / far[..., None, None] ** 3
    q, R3 = far[..., None], R[..., 2][..., None]
    for k in range(3):
        Rk = R[..., k, None]
        source = h[None, :, None] * (eye[k] / q**3 - 3.0 * R * Rk / q**5)
        doublet = -eye[2] * Rk / q**3 + eye[k] * R3 / q**3 + R * (k == 2) / q**3 - 3.0 * R * R3 * Rk / q**5
        G[..., :, k] += (1.0 if k < 2 else -1.0) * 2.0 * h[None, :, None] * (source - doublet)
    return G


def spread_points(n: int) -> Array:
    i = np.arange(n) + 0.5
    polar, turn = np.arccos(1.0 - 2.0 * i / n), np.pi * (1.0 + 5.0**0.5) * i
    return np.column_stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)])


def drag_factors(x: float, sources: int = 200, collocation: int = 500, depth: float = 0.65) -> tuple[float, float]:
    """(along, towards) the wall: drag of a unit sphere at height 1/x over 6 pi eta."""
    centre = np.array([0.0, 0.0, 1.0 / x])
    G = point_force_beside_wall(centre + spread_points(collocation), centre + depth * spread_points(sources))
    A = G.transpose(0, 2, 1, 3).reshape(3 * collocation, 3 * sources)
    motion = np.tile(np.eye(3)[:, [0, 2]], (collocation, 1))
    force = np.linalg.lstsq(A, motion, rcond=1e-14)[0].reshape(sources, 3, 2).sum(axis=0) * 8.0 / 6.0
    return float(force[0, 0]), float(force[2, 1])
