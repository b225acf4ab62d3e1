"""Before arming: does the measured field agree with the calibration? Polarity, gain, crossed leads, residual, plausibility.

With b_jk the calibrated field of coil k at position j per ampere, s the currents (after saturation), B the measured fields without offset:

    overall gain g     min |g Σ_k s_k b_k - B|        residual ρ = |g Σ_k s_k b_k - B| / |B|, root mean squares over all numbers
    coil gains g_k     min |Σ_k g_k s_k b_k - B|
    mixing W           min |Σ_kl W_kl s_k b_l - B|    the current of coil k makes W_kl times the field of coil l; crossed leads are seen
    map M              min |M Σ_k s_k b_k - B|, (3, 3): turned or mislabelled sensor axes are seen

What cannot be told apart from these positions and currents is not shown, and what is not shown does not arm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit import FloatArray, InvalidInput, finite_number
from toolkit.models.magnetics import FieldData, FieldModel

RESOLVED = 1e-3
"""Smallest singular value over the largest, columns scaled to length one, from which on coefficients count as told apart."""


@dataclass(frozen=True)
class FieldLimits:
    """What the procedure accepts. None of it has a default.

    gain_low, gain_high: of the overall gain and of each coil's. residual_max: of ρ. field_max_tesla: no plausible measurement is larger.
    positions_min: places at which a field was measured.
    """

    gain_low: float
    gain_high: float
    residual_max: float
    field_max_tesla: float
    positions_min: int

    def __post_init__(self) -> None:
        finite_number(self.gain_low, "gain_low", 1e-3, 1.0)
        finite_number(self.gain_high, "gain_high", 1.0, 1e3)
        finite_number(self.residual_max, "residual_max", 1e-6, 0.999)
        finite_number(self.field_max_tesla, "field_max_tesla", 1e-9, 100.0)
        finite_number(self.positions_min, "positions_min", 1, 10**9)


@dataclass(frozen=True)
class FieldFindings:
    """What was found; `reasons` says why it may not arm, one sentence each, and is empty where it may.

    coil_gains: (n,), mixing: (n, n), map: (3, 3); None where the measurement does not tell.
    residual: ρ. residual_of_coil_gains, residual_of_map: what is left with these instead of one gain.
    """

    positions: int
    rows: int
    gain: float
    residual: float
    coil_gains: FloatArray | None
    residual_of_coil_gains: float | None
    mixing: FloatArray | None
    map: FloatArray | None
    residual_of_map: float | None
    reasons: tuple[str, ...]

    @property
    def arms(self) -> bool:
        """Nothing speaks against arming."""
        return not self.reasons


def check_field(model: FieldModel, data: FieldData, limits: FieldLimits) -> FieldFindings:
    """Compare a measurement with a model.

    Raises:
        InvalidInput: a position outside the model's workspace, another number of currents: the measurement does not belong to the model.
    """
    s, offset = _effective(model, data.i_ampere), model.field(data.p_m, np.zeros_like(data.i_ampere)).B_tesla
    each = model.actuation(data.p_m)[:, :3, :]
    B = (data.B_tesla - offset).ravel()
    columns = (each * s[:, None, :]).reshape(-1, model.n)
    total = columns.sum(axis=1)
    positions = len(np.unique(data.p_m, axis=0))
    power, measured = float(total @ total), float(B @ B)
    if not (power > 0.0 and measured > 0.0):
        reason = "no field: " + (
            "no coil was driven" if not power > 0.0 else "nothing was measured beyond the offset: open circuit or dead sensor"
        )
        return FieldFindings(positions, len(B) // 3, 0.0, 1.0, None, None, None, None, None, (reason,))
    gain = float(total @ B) / power
    coil_gains, left = _solved(columns, B)
    mixing, _ = _solved((each[:, :, None, :] * s[:, None, :, None]).reshape(len(B), -1), B)
    turned, left_of_map = _solved(np.einsum("ab,jc->jabc", np.eye(3), total.reshape(-1, 3)).reshape(len(B), 9), B)
    findings = FieldFindings(
        positions=positions,
        rows=len(B) // 3,
        gain=gain,
        residual=_relative(gain * total - B, B),
        coil_gains=coil_gains,
        residual_of_coil_gains=left,
        mixing=None if mixing is None else mixing.reshape(model.n, model.n),
        map=None if turned is None else turned.reshape(3, 3),
        residual_of_map=left_of_map,
        reasons=(),
    )
    reasons = _reasons(findings, limits, model.coil_names, float(np.linalg.norm(data.B_tesla, axis=1).max()))
    return replace(findings, reasons=reasons)


def _effective(model: FieldModel, i_ampere: FloatArray) -> FloatArray:
    if i_ampere.shape[1] != model.n:
        raise InvalidInput(f"{model.name}: currents of {i_ampere.shape[1]} coils measured, {model.n} calibrated")
    return i_ampere if model.saturation is None else model.saturation.effective(i_ampere)


def _solved(columns: FloatArray, B: FloatArray) -> tuple[FloatArray | None, float | None]:
    """Least squares and its relative residual; None where the columns do not tell the coefficients apart."""
    lengths = np.linalg.norm(columns, axis=0)
    if not ((lengths > 0.0).all() and len(B) >= columns.shape[1]):
        return None, None
    x, _, _, singular = np.linalg.lstsq(columns / lengths, B, rcond=None)
    if not singular[-1] >= RESOLVED * singular[0]:
        return None, None
    x = x / lengths
    return x, _relative(columns @ x - B, B)


def _relative(residual: FloatArray, B: FloatArray) -> float:
    return float(np.linalg.norm(residual) / np.linalg.norm(B))


def _reasons(found: FieldFindings, limits: FieldLimits, names: Sequence[str], largest_tesla: float) -> tuple[str, ...]:
    allowed = f"[{limits.gain_low:g}, {limits.gain_high:g}]"
    reasons = []
    if not found.positions >= limits.positions_min:
        reasons.append(f"measured at {found.positions} positions, at least {limits.positions_min} are asked for")
    if not largest_tesla <= limits.field_max_tesla:
        reasons.append(f"a field of {largest_tesla:.4g} T was measured, at most {limits.field_max_tesla:g} T is plausible")
    if not limits.gain_low <= found.gain <= limits.gain_high:
        explained = f"with this gain {found.residual:.1%} of the measured field is left"
        reasons.append(f"{_polarity(found.gain)}overall gain {found.gain:.3f}, allowed {allowed}; {explained}")
    reasons += _reasons_by_coil(found, limits, names)
    if not found.residual <= limits.residual_max:
        reasons.append(f"residual {found.residual:.1%} of the measured field, allowed {limits.residual_max:.1%}")
    return tuple(reasons)


def _reasons_by_coil(found: FieldFindings, limits: FieldLimits, names: Sequence[str]) -> list[str]:
    if found.coil_gains is None:
        return ["the gains of the single coils cannot be told apart: drive them one by one, or in more combinations"]
    allowed = f"[{limits.gain_low:g}, {limits.gain_high:g}]"
    reasons = [
        f"{name}: {_polarity(gain)}gain {gain:.3f}, allowed {allowed}"
        for name, gain in zip(names, found.coil_gains.tolist(), strict=True)
        if not limits.gain_low <= gain <= limits.gain_high
    ]
    for k, row in enumerate(np.abs(found.mixing) if found.mixing is not None else ()):
        made = int(row.argmax())
        if made != k and row[made] >= limits.gain_low:
            reasons.append(f"the current of {names[k]} makes the field of {names[made]}: crossed leads")
    return reasons


def _polarity(gain: float) -> str:
    return "polarity reversed: " if gain < 0.0 else ""
