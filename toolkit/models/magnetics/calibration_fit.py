"""Fitting the sources of an MPEM calibration to measured fields: nonlinear least squares with the derivatives of the model itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import casadi as ca
import numpy as np
from scipy.optimize import least_squares

from ...arrays import FloatArray
from ...errors import InvalidInput, SolverFailure
from .field_data import FieldData
from .mpem import source_column
from .mpem_file import MpemCalibration, MpemSource


@dataclass(frozen=True)
class CalibrationFit:
    """A fitted calibration. residual_tesla: (k, 3), model minus measurement. evaluations: of the residual."""

    calibration: MpemCalibration
    residual_tesla: FloatArray
    evaluations: int


@dataclass(frozen=True)
class HeldOut:
    """Relative errors with one group held out: of the fit on the others, of that fit on the group, of the start on the group."""

    group: str
    fitted: float
    held_out: float
    start: float


def relative_rms(residual_tesla: FloatArray, B_tesla: FloatArray) -> float:
    """|residual| over |B|, both as root mean squares over all rows."""
    return float(np.sqrt((residual_tesla**2).sum() / (B_tesla**2).sum()))


def mpem_residual(calibration: MpemCalibration, data: FieldData) -> FloatArray:
    """Model minus measurement, (k, 3) [T], inside the workspace or not: what a fit looks at is the fit's own business."""
    return _Unknowns(calibration, data).residual(_parameters(calibration)).reshape(-1, 3)


def fit_mpem(start: MpemCalibration, data: FieldData, tolerance: float = 1e-3, evaluations: int = 400) -> CalibrationFit:
    """Positions, directions and coefficients of all sources that fit the data best, from `start` on: same coils, sources and orders.

        min Σ_j |Σ_k i_jk B_k(p_j; θ_k) + B_offset(p_j; θ_o) - B_j|²        Levenberg-Marquardt (MINPACK), analytic Jacobian

    A direction is v / |v| of three free numbers. The workspace becomes the box around the measured positions. Two sources that nearly
    cancel leave a valley in which the sum falls slowly for ever: the fit ends where a step gains less than `tolerance` of it.

    Raises:
        InvalidInput: another number of currents than coils, or fewer measured numbers than unknowns.
        SolverFailure: no convergence within `evaluations`, or a source that decays ended among the measured positions, where its field
            has no bound.
    """
    unknowns = _Unknowns(start, data)
    theta = _parameters(start)
    if not 3 * len(data.p_m) >= theta.size:
        raise InvalidInput(f"fit: {3 * len(data.p_m)} measured numbers for {theta.size} unknowns")
    options: dict[str, Any] = {"method": "lm", "x_scale": "jac", "ftol": tolerance, "max_nfev": evaluations}
    found = least_squares(unknowns.residual, theta, unknowns.jacobian, **options)
    if not (found.success and np.isfinite(found.x).all()):
        raise SolverFailure(f"fit: {found.message}", str(found.status))
    lower, upper = data.p_m.min(axis=0), data.p_m.max(axis=0)
    fitted = replace(_with_parameters(start, found.x), lower_m=lower, upper_m=upper)
    for name, group in (*zip(fitted.coil_names, fitted.coils, strict=True), ("offset", fitted.offset)):
        inside = [s.position_m.tolist() for s in group if s.b.size and ((lower <= s.position_m) & (s.position_m <= upper)).all()]
        if inside:
            raise SolverFailure(
                f"fit: sources of {name} ended among the measured positions, at {inside} m: start with fewer", "pole inside"
            )
    return CalibrationFit(fitted, found.fun.reshape(-1, 3), int(found.nfev))


def cross_validate(start: MpemCalibration, data: FieldData, group_of_row: Sequence[str], tolerance: float = 1e-3) -> list[HeldOut]:
    """Each group held out in turn: a fit is judged on points that it has not seen.

    Group by where was measured (a plane, a sensor), not by row: rows of one place with other currents say the same again.

    Raises:
        InvalidInput: not one group for each row, or fewer than two groups. Otherwise as fit_mpem.
    """
    groups = np.array(group_of_row)
    names = sorted(set(group_of_row))
    if not (groups.shape == (len(data.p_m),) and len(names) >= 2):
        raise InvalidInput(f"{groups.size} labels in {len(names)} groups for {len(data.p_m)} rows: one for each row, at least two groups")
    results = []
    for name in names:
        held = data.only(groups == name)
        fit = fit_mpem(start, data.only(groups != name), tolerance)
        errors = [relative_rms(mpem_residual(calibration, held), held.B_tesla) for calibration in (fit.calibration, start)]
        results.append(HeldOut(name, relative_rms(fit.residual_tesla, data.B_tesla[groups != name]), *errors))
    return results


class _Unknowns:
    """Residual and Jacobian as functions of all sources' parameters, one source's after the other's: position, direction, coefficients."""

    def __init__(self, start: MpemCalibration, data: FieldData) -> None:
        if data.i_ampere.shape[1] != len(start.coils):
            raise InvalidInput(f"fit: currents of {data.i_ampere.shape[1]} coils for {len(start.coils)} coils")
        # Sensors stay where they are while currents change: a field per ampere is computed once a place.
        self._places, self._place_of = np.unique(data.p_m, axis=0, return_inverse=True)
        self._place_of = self._place_of.ravel()
        self._B = data.B_tesla
        weights = [*data.i_ampere.T, np.ones(len(data.p_m))]
        groups = [*start.coils, start.offset]
        self._sources = [(source, weight) for group, weight in zip(groups, weights, strict=True) for source in group]

    def residual(self, theta: FloatArray) -> FloatArray:
        total = -self._B
        for source, weight, part in self._parts(theta):
            B = np.array(_source_graph(source.a.size, source.b.size)(self._places.T, part)[0]).T
            total = total + weight[:, None] * B[self._place_of]
        return np.asarray(total).ravel()

    def jacobian(self, theta: FloatArray) -> FloatArray:
        blocks = []
        for source, weight, part in self._parts(theta):
            J = np.array(_source_graph(source.a.size, source.b.size)(self._places.T, part)[1])
            J = J.reshape(3, len(self._places), part.size).transpose(1, 0, 2)
            blocks.append((weight[:, None, None] * J[self._place_of]).reshape(-1, part.size))
        return np.hstack(blocks)

    def _parts(self, theta: FloatArray) -> list[tuple[MpemSource, FloatArray, FloatArray]]:
        parts, begin = [], 0
        for source, weight in self._sources:
            end = begin + 6 + source.a.size + source.b.size
            parts.append((source, weight, theta[begin:end]))
            begin = end
        return parts


@lru_cache(maxsize=64)
def _source_graph(a: int, b: int) -> ca.Function:
    """(p (3, k), theta (6 + a + b)) -> B per ampere (3, k), dB/dtheta."""
    p, theta = ca.SX.sym("p", 3), ca.SX.sym("theta", 6 + a + b)
    v = theta[3:6]
    coefficients = [theta[6 + n] for n in range(a + b)]
    B = source_column(p, theta[:3], v / ca.norm_2(v), coefficients[:a], coefficients[a:])[:3]
    return ca.Function(f"source_{a}_{b}", [p, theta], [B, ca.densify(ca.jacobian(B, theta))])


def _parameters(calibration: MpemCalibration) -> FloatArray:
    sources = [source for group in (*calibration.coils, calibration.offset) for source in group]
    return np.concatenate([np.concatenate([s.position_m, s.direction, s.a, s.b]) for s in sources])


def _with_parameters(start: MpemCalibration, theta: FloatArray) -> MpemCalibration:
    begin = 0
    groups = []
    for group in (*start.coils, start.offset):
        made = []
        for source in group:
            a, b = source.a.size, source.b.size
            part = theta[begin : begin + 6 + a + b]
            begin += part.size
            direction = part[3:6] / np.linalg.norm(part[3:6])
            made.append(MpemSource(part[:3], direction / np.linalg.norm(direction), part[6 : 6 + a], part[6 + a :]))
        groups.append(tuple(made))
    return replace(start, coils=tuple(groups[:-1]), offset=groups[-1])
