"""Upper bounds of field, gradient and change of field at a bead, over where it may be and over coils that are not as calibrated.

The coils are those of the model, each stronger or weaker by a gain g_k in [1 - gamma, 1 + gamma], all turned together by R about the origin
of frame B, and displaced by o:

    B_true(p) = R^T sum_k g_k i_k b_k(R p + o),   |angle of R| <= axis,   |o| <= offset,   |p - p_hat| <= radius.

Norms do not see R^T, and q = R p + o lies in the ball about p_hat of

    D = radius + offset + 2 sin(axis/2) (|p_hat| + radius).

With s a vertex of the gains, and y = B (Jacobian J = gradient G) or y = G (J = its derivatives), Taylor at p_hat:

    |y_s(q)| <= sqrt(|y_s|^2 + 2 D |J_s^T y_s| + D^2 |J_s|_F^2) + D^2/2 (1 + gamma) sum_k |i_k| c_k.

A norm is convex in the gains, so that its maximum over them is at a vertex: all 2^n are tried, and no triangle inequality over the coils is
spent on the gain error. c_k bounds the second directional derivatives of coil k per ampere.

Assumes: c_k is *sampled*, at nodes 1 mm apart in the workspace and in 13 directions; the largest of the nodes about the ball counts, times
`MARGIN`: not proved. Coils are linear, without a field of their own; errors are no larger than stated.
"""

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, finite_array, finite_number
from toolkit.models.magnetics import FieldModel

COILS_MAX = 10
"""2^n gains are tried."""
MARGIN = 1.5
_NODE_M, _SAMPLE_STEP_M, _STEP_M = 1e-3, 5e-4, 1e-4
_DIRECTIONS = np.array([d for d in product((-1.0, 0.0, 1.0), repeat=3) if d > (0.0, 0.0, 0.0)])
_DIRECTIONS = _DIRECTIONS / np.linalg.norm(_DIRECTIONS, axis=1)[:, None]
_NINE = np.array([0, 1, 2, 1, 3, 4, 2, 4])
"""g5 -> dBx/dx, dBx/dy, dBx/dz, dBy/dx, ... without dBz/dz = -(dBx/dx + dBy/dy)."""
_FROBENIUS = np.linalg.cholesky([[2, 0, 0, 1, 0], [0, 2, 0, 0, 0], [0, 0, 2, 0, 0], [1, 0, 0, 2, 0], [0, 0, 0, 0, 2]]).T
"""|_FROBENIUS g5| is the Frobenius norm of the gradient."""


@dataclass(frozen=True)
class CoilError:
    """How wrong a calibration may be. gain: of each coil, relative. axis_rad: all coils turned together. offset_m: and displaced."""

    gain: float
    axis_rad: float
    offset_m: float

    def __post_init__(self) -> None:
        finite_number(self.gain, "gain", 0.0, 0.5)
        finite_number(self.axis_rad, "axis_rad", 0.0, 0.5)
        finite_number(self.offset_m, "offset_m", 0.0, 0.1)

    def displacement_m(self, p_m: FloatArray, radius_m: float) -> float:
        """D: no point that the true coils see a bead at is further from p_m, for a bead within radius_m of it."""
        return radius_m + self.offset_m + 2.0 * math.sin(0.5 * self.axis_rad) * (float(np.linalg.norm(p_m)) + radius_m)


class FieldBound:
    """Upper bounds for one model and one error of it.

    Not safe to call from two threads, as the model is not.
    Raises:
        InvalidInput: coils with saturation, a field without current, or more than `COILS_MAX` coils: not covered.
    """

    def __init__(self, model: FieldModel, error: CoilError) -> None:
        self.model, self.error = model, error
        if model.saturation is not None:
            raise InvalidInput(f"{model.name}: coils with saturation: this bound is for fields linear in the currents")
        if not model.n <= COILS_MAX:
            raise InvalidInput(f"{model.name}: {model.n} coils: this bound tries all gains of at most {COILS_MAX}")
        self._gains = np.ascontiguousarray(1.0 + error.gain * np.array(list(product((-1.0, 1.0), repeat=model.n))).T)  # (n, 2^n)
        self._steps = _STEP_M * np.vstack([np.zeros(3), np.eye(3), -np.eye(3)])
        self._low_m = model.lower_m + _SAMPLE_STEP_M
        self._nodes = np.ceil((model.upper_m - _SAMPLE_STEP_M - self._low_m) / _NODE_M).astype(int) + 1
        if not (self._nodes >= 2).all():
            raise InvalidInput(f"{model.name}: workspace smaller than {2 * _SAMPLE_STEP_M} m")
        if np.any(model.field(0.5 * (model.lower_m + model.upper_m), np.zeros(model.n)).B_tesla != 0.0):
            raise InvalidInput(f"{model.name}: a field without current: this bound is for coils alone")
        self._curvature = (1.0 + error.gain) * MARGIN * self._sampled()

    def bound(self, p_m: ArrayLike, i_A: FloatArray, di_A: FloatArray, radius_m: float) -> tuple[float, float, float]:
        """(field_T, gradient_T_m, change_T): |B| and the Frobenius norm of its gradient with the currents i, |dB| for a change di of them.

        Args:
            p_m: p_hat, (3,), frame B. i_A, di_A: (n,). radius_m: the bead is no further than this from p_hat.
        Raises:
            InvalidInput: shapes, NaN, or a p_hat of which the ball of D about it is not in the workspace.
        """
        p = finite_array(p_m, "p_m", (3,))
        current = finite_array((i_A, di_A), "i_A, di_A", (2, self.model.n))
        D = self.error.displacement_m(p, finite_number(radius_m, "radius_m", 0.0, 0.1))
        reach = D + _STEP_M
        if not ((self.model.lower_m <= p - reach) & (p + reach <= self.model.upper_m)).all():
            raise InvalidInput(f"{self.model.name}: the {D * 1e3:.3g} mm about {p.tolist()} m, where the bead may be, leave the workspace")
        second = (0.5 * D * D) * (self._curvature_about(p, D) @ np.abs(current.T))
        per_A = self._derivatives(p)
        by_gains = (current[:, :, None] * self._gains).swapaxes(0, 1).reshape(self.model.n, -1)  # 2^n columns of i, 2^n of di
        of_B, of_gradient = per_A[:12] @ by_gains, per_A[12:] @ by_gains[:, : self._gains.shape[1]]
        B = _squared(of_B[:3], of_B[3:], D).reshape(2, -1).max(axis=1)
        gradient = float(_squared(of_gradient[:5], of_gradient[5:], D).max())
        return math.sqrt(B[0]) + float(second[0, 0]), math.sqrt(gradient) + float(second[1, 0]), math.sqrt(B[1]) + float(second[0, 1])

    def _derivatives(self, p: FloatArray) -> FloatArray:
        """(32, n) per ampere at p: B (3), its Jacobian (9), row j of nine / 3 is dB_j/dx; g (5), |g| = Frobenius; its Jacobian (15)."""
        A = self.model.actuation(p + self._steps)
        g5, out = A[:, 3:], np.empty((32, self.model.n))
        out[:3] = A[0, :3]
        out[3:11] = g5[0, _NINE]
        out[11] = -(g5[0, 0] + g5[0, 3])
        out[12:17] = _FROBENIUS @ g5[0]
        out[17:] = (_FROBENIUS @ ((g5[1:4] - g5[4:]) * (0.5 / _STEP_M))).swapaxes(0, 1).reshape(15, -1)
        return out

    def _curvature_about(self, p: FloatArray, D: float) -> FloatArray:
        """(2, n): the largest at the nodes of all cells that the ball touches."""
        first = np.maximum(np.floor((p - D - self._low_m) / _NODE_M), 0.0).astype(int)
        last = np.ceil((p + D - self._low_m) / _NODE_M).astype(int)
        x, y, z = (slice(a, b + 1) for a, b in zip(first, last, strict=True))
        return np.asarray(self._curvature[:, :, x, y, z].max(axis=(2, 3, 4)))

    def _sampled(self) -> FloatArray:
        """(2, n, nodes): largest second directional derivative of each coil's B and gradient at each node, per ampere."""
        high = self.model.upper_m - _SAMPLE_STEP_M
        axes = (np.minimum(low + _NODE_M * np.arange(n), top) for low, n, top in zip(self._low_m, self._nodes, high, strict=True))
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        middle, most = self.model.actuation(points), np.zeros((2, len(points), self.model.n))
        for direction in _SAMPLE_STEP_M * _DIRECTIONS:
            ends = self.model.actuation(points + direction) + self.model.actuation(points - direction)
            second = (ends - 2.0 * middle) / _SAMPLE_STEP_M**2
            most[0] = np.maximum(most[0], np.linalg.norm(second[:, :3], axis=1))
            most[1] = np.maximum(most[1], np.linalg.norm(_FROBENIUS @ second[:, 3:], axis=1))
        return np.ascontiguousarray(most.swapaxes(1, 2)).reshape(2, self.model.n, *self._nodes)


def _squared(y: FloatArray, J: FloatArray, D: float) -> FloatArray:
    """|y|^2 + 2 D |J^T y| + D^2 |J|^2, column by column: y (m, k), J (3 m, k), three rows for each component of y."""
    pull = (y[:, None] * J.reshape(len(y), 3, -1)).sum(axis=0)
    along = np.sqrt(np.einsum("jk,jk->k", pull, pull))
    return np.asarray(np.einsum("jk,jk->k", y, y) + (D * D) * np.einsum("jk,jk->k", J, J) + (2.0 * D) * along)
