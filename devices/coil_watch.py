"""What is watched in every sample while currents flow, beside what the firmware watches a thousand times a second."""

import numpy as np

from toolkit import FloatArray

from .coil_profile import CoilProfile, Readback
from .coil_state import CoilState

_SETTLED = 0.03
"""A current within this fraction of its set-point hardly changes: L di/dt is then small beside R i."""
_SHORT = 0.5
"""Below this fraction of the model's resistance it is called a short."""


class CoilWatch:
    """Each measured current follows its set-point, and voltage over current is the resistance its temperature calls for.

    The second also catches a temperature sensor that stands still: copper is its own thermometer. It says nothing of a coil that carries
    less than `resistance_ma_min`, or whose current is on its way.
    """

    def __init__(self, profile: CoilProfile, readback: Readback) -> None:
        self._coils = profile.coils
        self._readback = readback
        self._patience_s = readback.patience_ms * 1e-3
        self._off_since = np.full(profile.n, np.inf)
        self._odd_since = np.full(profile.n, np.inf)

    def problem(self, state: CoilState) -> str:
        """What is wrong with a coil since longer than `patience_ms`, in words; empty while nothing is."""
        off = np.abs(state.current_a - state.applied_a) > 1e-3 * self._readback.tolerance_ma
        ratio = self._resistance_ratio(state)
        judged = ~np.isnan(ratio)
        odd = np.where(judged, np.abs(ratio - 1.0) > self._readback.resistance_tolerance, np.isfinite(self._odd_since))
        self._off_since = np.where(off, np.minimum(self._off_since, state.t_s), np.inf)
        self._odd_since = np.where(odd, np.minimum(self._odd_since, state.t_s), np.inf)
        for k, coil in enumerate(self._coils):
            if state.t_s - self._off_since[k] > self._patience_s:
                return f"{coil.name}: {state.current_a[k]:.3f} A flow, {state.applied_a[k]:.3f} A are set: it does not follow"
            if judged[k] and odd[k] and state.t_s - self._odd_since[k] > self._patience_s:
                measured = state.voltage_v[k] / state.current_a[k]
                kind = "a short" if 0 <= ratio[k] < _SHORT else "reversed" if ratio[k] < 0 else "not the resistance of its temperature"
                return f"{coil.name}: {measured:.3f} ohm at {state.temperature_c[k]} C, {ratio[k]:.2f} of the model: {kind}"
        return ""

    def _resistance_ratio(self, state: CoilState) -> FloatArray:
        """Measured over modelled resistance, NaN where nothing can be said."""
        ratio = np.full(len(self._coils), np.nan)
        for k, coil in enumerate(self._coils):
            current, temperature = float(state.current_a[k]), state.temperature_c[k]
            settled = abs(current - state.applied_a[k]) <= _SETTLED * abs(current)
            if temperature is not None and settled and abs(current) >= 1e-3 * self._readback.resistance_ma_min:
                ratio[k] = state.voltage_v[k] / current / coil.resistance_ohm(temperature)
        return ratio
