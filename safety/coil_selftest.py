"""Before arming: the DC resistance of each coil against its temperature model. Open, shorted, swapped and wrong coils are named.

R(T) = R20 (1 + 0.00393 (T - 20 °C)) for copper; measured: the slope of voltage over current, so that a constant offset does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, finite_number

COPPER_PER_KELVIN = 0.00393
REFERENCE_CELSIUS = 20.0


@dataclass(frozen=True)
class CoilResistance:
    """name. R20_ohm: at 20 °C. temperature_celsius: of the coil now. V, i_ampere: (k,), pairs that were measured together."""

    name: str
    R20_ohm: float
    temperature_celsius: float
    V: FloatArray
    i_ampere: FloatArray

    def __post_init__(self) -> None:
        finite_number(self.R20_ohm, f"{self.name}: R20_ohm", 1e-6, 1e6)
        for name in ("V", "i_ampere"):
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=np.float64))
        if not (self.V.ndim == 1 and self.V.shape == self.i_ampere.shape and self.V.size >= 2):
            raise InvalidInput(f"{self.name}: pairs of voltage and current, two or more, not {self.V.shape} and {self.i_ampere.shape}")

    @property
    def expected_ohm(self) -> float:
        """R(T) of copper."""
        return self.R20_ohm * (1.0 + COPPER_PER_KELVIN * (self.temperature_celsius - REFERENCE_CELSIUS))


@dataclass(frozen=True)
class ResistanceLimits:
    """tolerance: of R over R(T), relative. short_below: a share of R(T). current_min_ampere: the currents tried span at least this.

    temperature_low_celsius, temperature_high_celsius: of a sensor that works, of a coil that may be armed.
    """

    tolerance: float
    short_below: float
    current_min_ampere: float
    temperature_low_celsius: float
    temperature_high_celsius: float

    def __post_init__(self) -> None:
        finite_number(self.tolerance, "tolerance", 1e-4, 0.5)
        finite_number(self.short_below, "short_below", 1e-3, 1.0 - self.tolerance)
        finite_number(self.current_min_ampere, "current_min_ampere", 1e-6, 1e4)
        finite_number(self.temperature_low_celsius, "temperature_low_celsius", -40.0, 200.0)
        finite_number(self.temperature_high_celsius, "temperature_high_celsius", self.temperature_low_celsius, 200.0)


@dataclass(frozen=True)
class ResistanceFindings:
    """measured_ohm: (n,), NaN for a coil whose current did not flow. expected_ohm: (n,). reasons: why it may not arm; empty if it may."""

    names: tuple[str, ...]
    measured_ohm: FloatArray
    expected_ohm: FloatArray
    reasons: tuple[str, ...]

    @property
    def arms(self) -> bool:
        """Nothing speaks against arming."""
        return not self.reasons


def check_resistance(coils: Sequence[CoilResistance], limits: ResistanceLimits) -> ResistanceFindings:
    """Compare every coil with its model; a value that is not finite speaks against arming like any other fault."""
    if not coils or len({coil.name for coil in coils}) != len(coils):
        raise InvalidInput(f"coils {[coil.name for coil in coils]}: at least one, each named once")
    measured = np.array([_slope(coil.V, coil.i_ampere, limits.current_min_ampere) for coil in coils])
    expected = np.array([coil.expected_ohm for coil in coils])
    swapped = _swapped(measured, expected, limits.tolerance)
    reasons = []
    for k, coil in enumerate(coils):
        reasons += _reasons(coil, float(measured[k]), limits, "" if k not in swapped else coils[swapped[k]].name)
    return ResistanceFindings(tuple(coil.name for coil in coils), measured, expected, tuple(reasons))


def _slope(V: ArrayLike, i: ArrayLike, span_min: float) -> float:
    """dV/di by least squares; NaN where no current flowed or a value is not finite."""
    x, y = np.array(i), np.array(V)
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.ptp(x) >= span_min):
        return float("nan")
    x = x - x.mean()
    return float(x @ (y - y.mean()) / (x @ x))


def _reasons(coil: CoilResistance, ohm: float, limits: ResistanceLimits, taken_for: str) -> list[str]:
    expected, reasons = coil.expected_ohm, []
    if not limits.temperature_low_celsius <= coil.temperature_celsius <= limits.temperature_high_celsius:
        allowed = f"[{limits.temperature_low_celsius:g}, {limits.temperature_high_celsius:g}] °C"
        reasons.append(f"{coil.name}: temperature {coil.temperature_celsius:g} °C, allowed {allowed}; unreadable counts as hot")
    if not np.isfinite(ohm):
        reasons.append(f"{coil.name}: open, or not measured: the currents span less than {limits.current_min_ampere:g} A")
    elif not abs(ohm - expected) <= limits.tolerance * expected:
        share = ohm / expected
        if taken_for:
            what = f"swapped with {taken_for}: each has the other's resistance"
        elif ohm < 0.0:
            what = "negative: voltage and current are counted in opposite directions"
        elif share < limits.short_below:
            what = "shorted"
        else:
            implied = REFERENCE_CELSIUS + (ohm / coil.R20_ohm - 1.0) / COPPER_PER_KELVIN
            what = f"out of tolerance (copper would have it at {implied:.0f} °C)"
        reasons.append(f"{coil.name}: {ohm:.4g} ohm, {expected:.4g} ohm expected at {coil.temperature_celsius:g} °C: {what}")
    return reasons


def _swapped(measured: FloatArray, expected: FloatArray, tolerance: float) -> dict[int, int]:
    """Pairs of coils that do not have their own resistance and have each other's."""
    fits = np.abs(measured[:, None] - expected[None, :]) <= tolerance * expected[None, :]
    n = len(measured)
    pairs = [(k, m) for k in range(n) for m in range(n) if k != m and fits[k, m] and fits[m, k] and not fits[k, k] and not fits[m, m]]
    return dict(pairs)
