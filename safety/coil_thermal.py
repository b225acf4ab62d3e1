"""How hot a coil is at most, by its copper and by its sensor, and the thermal dose of tissue that touches its housing.

    C dT/dt = R20 (1 + alpha (T - 20)) i^2 - (T - T_ambient)/R_th

linear in T while i stands: solved exactly. A sensor that works says T <= reading + its error; one that does not says nothing, and the coil
then counts as at its limit. The hotter of model and sensor counts.

Dose, in minutes at 43 C (Sapareto and Dewey 1984): CEM43 = sum dt/60 R^(43 - T), R = 1/2 above 43 C and 1/4 below.

Assumes: one temperature a coil; constants that err to the hot side; tissue at 37 C, heated at once, by a stated share of the coil's excess.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit import FloatArray, InvalidInput, finite_array, finite_number

from .coil_selftest import COPPER_PER_KELVIN, REFERENCE_CELSIUS

BODY_C = 37.0
DOSE_C = 43.0
SENSOR_LOW_C, SENSOR_HIGH_C = -40.0, 300.0
"""A reading outside is no temperature of a coil: the sensor counts as unreadable."""


@dataclass(frozen=True, eq=False)
class CoilThermalState:
    """temperature_c: upper estimate of each coil, (n,). dose_min: of the tissue at the hottest coil so far, minutes at 43 C."""

    temperature_c: FloatArray
    dose_min: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperature_c", finite_array(self.temperature_c, "temperature_c", (None,)))
        finite_number(self.dose_min, "dose_min", 0.0, 1e300)


@dataclass(frozen=True, eq=False)
class CoilThermal:
    """The coils: R20_ohm (n,) at 20 C; of each coil heat capacity and thermal resistance to ambient_C; sensor_K: error of its sensor.

    limit_C: what a coil without a readable sensor counts as at least. contact_share: of its excess over 37 C that reaches tissue, [0, 1].
    Nothing here has a state: it goes in and comes out, so that a log can be computed again.
    """

    R20_ohm: FloatArray
    heat_capacity_J_K: float
    thermal_K_W: float
    ambient_C: float
    sensor_K: float
    limit_C: float
    contact_share: float

    def __post_init__(self) -> None:
        R20_ohm = finite_array(self.R20_ohm, "R20_ohm", (None,))
        if not (R20_ohm.size and (R20_ohm > 0.0).all()):
            raise InvalidInput(f"R20_ohm: {R20_ohm.tolist()}: each is positive")
        object.__setattr__(self, "R20_ohm", R20_ohm)
        finite_number(self.heat_capacity_J_K, "heat_capacity_J_K", 1e-3, 1e9)
        finite_number(self.thermal_K_W, "thermal_K_W", 1e-6, 1e4)
        finite_number(self.ambient_C, "ambient_C", -40.0, 100.0)
        finite_number(self.sensor_K, "sensor_K", 0.0, 50.0)
        finite_number(self.limit_C, "limit_C", self.ambient_C, SENSOR_HIGH_C)
        finite_number(self.contact_share, "contact_share", 0.0, 1.0)

    def begin(self, sensor_C: Sequence[float | None]) -> CoilThermalState:
        """What the sensors say at first, (n,), None: unreadable. No dose yet."""
        return CoilThermalState(self._sensed(sensor_C, np.full(self.R20_ohm.shape, SENSOR_LOW_C)), 0.0)

    def step(self, state: CoilThermalState, i_A: FloatArray, sensor_C: Sequence[float | None], dt_s: float) -> CoilThermalState:
        """The state dt_s later, during which no |i_k| was above that of i_A, (n,), and at whose end the sensors say sensor_C, (n,).

        A coil whose sensor was unreadable was taken for as hot as its limit and cools from there by the model, whatever it says after.
        Raises:
            InvalidInput: another number of coils, currents or time not finite, time that runs backwards.
        """
        hottest = self._sensed(sensor_C, self.after(state, i_A, dt_s))
        tissue_C = self.tissue_C(float(np.maximum(hottest, state.temperature_c).max()))
        return CoilThermalState(hottest, state.dose_min + cem43_min(tissue_C, dt_s))

    def after(self, state: CoilThermalState, i_A: FloatArray, dt_s: float) -> FloatArray:
        """(n,) [C]: the model alone, dt_s later, with these currents."""
        T = self._each(state.temperature_c, "temperature_c")
        heating, rate = self._slopes(i_A)
        finite_number(dt_s, "dt_s", 0.0, 1e6)
        x = rate * dt_s
        if not (x <= 500.0).all():
            raise InvalidInput(f"i_A: {np.abs(i_A).max():.3g} A for {dt_s:.3g} s: no coil bears the heat, and no number its temperature")
        held = np.where(np.abs(x) < 1e-12, 1.0, x)
        return np.asarray(T + (heating + rate * T) * dt_s * np.where(np.abs(x) < 1e-12, 1.0, np.expm1(x) / held))

    def steady_C(self, i_A: FloatArray) -> FloatArray:
        """(n,) [C]: where each coil ends with these currents; infinity where copper heats faster, the hotter it is, than the coil loses."""
        heating, rate = self._slopes(i_A)
        return np.where(rate < 0.0, heating / np.where(rate < 0.0, -rate, 1.0), np.inf)

    def until_limit_s(self, state: CoilThermalState, i_A: FloatArray) -> float:
        """How long these currents may stand until the first coil is at its limit by the model; infinity: for ever; 0: one is."""
        heating, rate = self._slopes(i_A)
        T = self._each(state.temperature_c, "temperature_c")
        slope_now, slope_then = heating + rate * T, heating + rate * self.limit_C
        if not (self.limit_C > T).all():
            return 0.0
        reached = (slope_now > 0.0) & (slope_then > 0.0)
        if not reached.any():
            return np.inf
        now, then, b = slope_now[reached], slope_then[reached], rate[reached]
        standing = np.abs(b) < 1e-15
        times = np.where(standing, (self.limit_C - T[reached]) / now, np.log(then / now) / np.where(standing, 1.0, b))
        return float(times.min())

    def resistance_ohm(self, state: CoilThermalState) -> FloatArray:
        """(n,): of copper as hot as the state says."""
        return np.asarray(self.R20_ohm * (1.0 + COPPER_PER_KELVIN * (state.temperature_c - REFERENCE_CELSIUS)))

    def tissue_C(self, coil_C: float) -> float:
        """Of tissue that touches the housing of a coil: 37 + contact_share (T - 37) when that is hotter."""
        return BODY_C + self.contact_share * max(0.0, coil_C - BODY_C)

    def _slopes(self, i_A: FloatArray) -> tuple[FloatArray, FloatArray]:
        """a [K/s], b [1/s] of dT/dt = a + b T."""
        copper = self.R20_ohm * self._each(i_A, "i_A") ** 2 / self.heat_capacity_J_K
        loss = 1.0 / (self.thermal_K_W * self.heat_capacity_J_K)
        return copper * (1.0 - COPPER_PER_KELVIN * REFERENCE_CELSIUS) + loss * self.ambient_C, copper * COPPER_PER_KELVIN - loss

    def _sensed(self, sensor_C: Sequence[float | None], model_C: FloatArray) -> FloatArray:
        if len(sensor_C) != self.R20_ohm.size:
            raise InvalidInput(f"sensor_C: {len(sensor_C)} readings for {self.R20_ohm.size} coils")
        readable = [None if C is None or not SENSOR_LOW_C <= C <= SENSOR_HIGH_C else C for C in sensor_C]
        return np.maximum(model_C, [self.limit_C if C is None else C + self.sensor_K for C in readable])

    def _each(self, value: FloatArray, name: str) -> FloatArray:
        return finite_array(value, name, self.R20_ohm.shape)


def cem43_min(tissue_C: float, dt_s: float) -> float:
    """Thermal dose of dt_s at tissue_C, in minutes at 43 C. Raises InvalidInput: NaN, time that runs backwards, beyond [0, 300] C."""
    finite_number(tissue_C, "tissue_C", 0.0, SENSOR_HIGH_C)
    finite_number(dt_s, "dt_s", 0.0, 1e9)
    return float(dt_s / 60.0 * (0.5 if tissue_C >= DOSE_C else 0.25) ** (DOSE_C - tissue_C))
