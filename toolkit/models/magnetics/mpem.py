"""The multipole electromagnet model as a CasADi graph: field and gradient of every coil per ampere, all orders, without a pole on the axis.

With d = p - r_s, s = d·z, q = d·d, and Q_n(s, q) = r^n P_n(s/r) (a polynomial), the potential of a source is

    Phi = Σ_n a_n Q_n            or            Phi = Σ_n b_n Q_n / r^(2n+1)
    B = -∇Phi = -(Phi_s z + 2 Phi_q d)
    ∇B = -(Phi_ss z zᵀ + 2 Phi_sq (z dᵀ + d zᵀ) + 4 Phi_qq d dᵀ + 2 Phi_q 1)

Source: A. J. Petruska, J. Edelmann, B. J. Nelson, "Model-based calibration for magnetic manipulation", IEEE Trans. Magn. 53 (7), 2017,
as ETH's mag_manip 3.0.0 computes it (Legendre series in the angle; the polynomials in s and q are the same function).
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import casadi as ca

from .field_model import FieldModel
from .mpem_file import ORDER_MAX, MpemCalibration, MpemSource, load_mpem


def mpem_model(calibration: MpemCalibration) -> FieldModel:
    """The field model of a calibration, valid in the workspace that was calibrated."""
    p = ca.SX.sym("p", 3)
    columns = ca.horzcat(*(_sum(coil, p) for coil in calibration.coils))
    graph = ca.Function("mpem", [p], [ca.densify(columns), ca.densify(_sum(calibration.offset, p))], ["p_m"], ["A", "offset"])
    return FieldModel(calibration.name, calibration.coil_names, graph, calibration.lower_m, calibration.upper_m)


def load_mpem_model(path: str | Path) -> FieldModel:
    """As mpem_model(load_mpem(path))."""
    return mpem_model(load_mpem(path))


def source_column(p: ca.SX, position: ca.SX, direction: ca.SX, a: Sequence[ca.SX | float], b: Sequence[ca.SX | float]) -> ca.SX:
    """[B; g5] of one source, (8,), [T] and [T/m]. Everything may be symbolic: the calibration differentiates by all of it.

    Assumes: the direction has length one; the point is not a source with coefficients b (there the field has no bound).
    """
    d = p - position
    s, q = ca.dot(d, direction), ca.dot(d, d)
    phi_s, phi_q, phi_ss, phi_sq, phi_qq = _potential(s, q, a, b)
    B = -(phi_s * direction + 2.0 * phi_q * d)
    entries = []
    for j, k in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2)):
        mixed = direction[j] * d[k] + direction[k] * d[j]
        entry = phi_ss * direction[j] * direction[k] + 2.0 * phi_sq * mixed + 4.0 * phi_qq * d[j] * d[k]
        entries.append(-(entry + 2.0 * phi_q if j == k else entry))
    return ca.vertcat(B, *entries)


def _sum(sources: tuple[MpemSource, ...], p: ca.SX) -> ca.SX:
    columns = [source_column(p, ca.SX(s.position_m), ca.SX(s.direction), s.a.tolist(), s.b.tolist()) for s in sources]
    return sum(columns, ca.SX.zeros(8))


def _potential(s: ca.SX, q: ca.SX, a: Sequence[ca.SX | float], b: Sequence[ca.SX | float]) -> tuple[ca.SX, ...]:
    """Phi_s, Phi_q, Phi_ss, Phi_sq, Phi_qq. The powers of r are written out: differentiating them would need pow."""
    total = [ca.SX(0)] * 5
    over_q = 1.0 / q
    power = ca.sqrt(over_q)
    for n, coefficient in enumerate(a or b, start=1):
        power = power * over_q  # r^-(2n+1)
        Q, *terms = _solid(n)(s, q)
        if not a:
            h = n + 0.5  # r^-(2n+1) = q^-h
            first, second = -h * over_q, h * (h + 1.0) * over_q * over_q
            Q_s, Q_q, Q_ss, Q_sq, Q_qq = terms
            products = [Q_s, Q_q + first * Q, Q_ss, Q_sq + first * Q_s, Q_qq + 2.0 * first * Q_q + second * Q]
            terms = [power * product for product in products]
        total = [sum_ + coefficient * term for sum_, term in zip(total, terms, strict=True)]
    return tuple(total)


@lru_cache(maxsize=ORDER_MAX)
def _solid(n: int) -> ca.Function:
    """Q_n and its derivatives by s, q, ss, sq, qq.

    (k + 1) Q_{k+1} = (2k + 1) s Q_k - k q Q_{k-1}, Q_0 = 1, Q_1 = s: the recursion of Legendre polynomials times r^(k+1).
    """
    s, q = ca.SX.sym("s"), ca.SX.sym("q")
    below, Q = ca.SX(1), s
    for k in range(1, n):
        below, Q = Q, ((2 * k + 1) * s * Q - k * q * below) / (k + 1)
    Q_s, Q_q = ca.gradient(Q, s), ca.gradient(Q, q)
    second = [ca.gradient(Q_s, s), ca.gradient(Q_s, q), ca.gradient(Q_q, q)]
    return ca.Function(f"solid_{n}", [s, q], [ca.densify(value) for value in (Q, Q_s, Q_q, *second)])
