"""The coils as a circuit: L di/dt + R(T) i = v, heating, and sensors with noise and faults.

    i(t + dt) = v/R + (i(t) - v/R) e^(-R dt/L)           exact while v and R stand still
    C dT/dt = R i^2 - (T - T_ambient)/R_th,    R(T) = R_20 (1 + 0.00393 (T - 20))

The door for what the coils drive (a field and a bead in it) is `DrivenByCoils`: the rig calls it once a millisecond with what is true of
the coils, which is not what the sensors report.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from toolkit import FloatArray, TickArray

from ..coil_profile import COPPER_PER_K, CoilProfile, RigSpec
from ..coil_protocol import TEMPERATURE_UNREADABLE
from .faults import CoilFaults

_DUTY_MAX = 10_000


@dataclass(frozen=True, eq=False)
class CoilTruth:
    """The coils as they are, faults included; each of shape (n,).

    current_a: positive along the coil's own axis. is_live: where the bridge is switched on.
    """

    current_a: FloatArray
    temperature_c: FloatArray
    is_live: NDArray[np.bool_]


class DrivenByCoils(Protocol):
    """Something that the coils' currents drive. t_s: time.monotonic(), end of the step, [s]."""

    def step(self, t_s: float, dt_s: float, coils: CoilTruth) -> None: ...

    def inject(self, faults: CoilFaults) -> None: ...


class CoilPlant:
    """n coils, the bridges that feed them and the sensors that watch them. Channel k feeds coil k unless leads are swapped."""

    def __init__(self, profile: CoilProfile, spec: RigSpec) -> None:
        self._spec = spec
        self._random = np.random.default_rng(spec.seed)
        self._n = profile.n
        spread = 1.0 + spec.resistance_spread * self._random.standard_normal(profile.n)
        self._r_20 = profile.resistance_ohm_20c * spread
        self._inductance = np.array([coil.inductance_h for coil in profile.coils])
        self.temperature_c = np.full(profile.n, spec.ambient_c)
        self.current_a = np.zeros(profile.n)
        self._is_live = np.zeros(profile.n, dtype=bool)
        self._coil_v = np.zeros(profile.n)
        self.inject(CoilFaults())

    def inject(self, faults: CoilFaults) -> None:
        """Put these faults in force, and no others."""
        self._feeds, self._senses = np.arange(self._n), np.arange(self._n)
        if faults.swapped:
            a, b = faults.swapped
            self._feeds[[a, b]], self._senses[[a, b]] = (b, a), (b, a)
        if faults.swapped_leads:
            a, b = faults.swapped_leads
            self._feeds[[a, b]] = b, a
        self._left = np.array([faults.short.get(k, 1.0) for k in range(self._n)])
        self._is_open = np.array([k in faults.open for k in range(self._n)])
        self._sense_sign = np.array([-1.0 if k in faults.reversed else 1.0 for k in range(self._n)])
        self._axis_sign = np.array([-1.0 if k in faults.reversed | faults.turned else 1.0 for k in range(self._n)])
        self._stuck_c = np.array([faults.stuck_temperature_c.get(k, np.nan) for k in range(self._n)])
        self._no_temperature = np.array([k in faults.no_temperature for k in range(self._n)])

    @property
    def resistance_ohm(self) -> FloatArray:
        """True resistance of each coil at its temperature, shape (n,), [ohm]; of an open one, what it was."""
        return np.asarray(self._r_20 * self._left * (1.0 + COPPER_PER_K * (self.temperature_c - 20.0)))

    @property
    def truth(self) -> CoilTruth:
        """The coils as a field sees them: the current of a coil that is turned over counts negative."""
        return CoilTruth(self.current_a * self._axis_sign, self.temperature_c, self._is_live)

    def step(self, dt_s: float, duty: TickArray, enabled: TickArray) -> None:
        """One step with the bridges as they are: duty of channel k in 1/10000 of the supply, enabled 0 or 1."""
        channel_v = np.where(enabled == 1, duty / _DUTY_MAX * self._spec.supply_v, 0.0)
        live, v = np.zeros(self._n, dtype=bool), np.zeros(self._n)
        live[self._feeds], v[self._feeds] = enabled == 1, channel_v
        resistance = self.resistance_ohm
        total = resistance + self._spec.lead_ohm
        settled = v / total
        # A shorted part of a winding takes its flux with it: L falls with the square of the turns that are left.
        current = settled + (self.current_a - settled) * np.exp(-total * dt_s / (self._inductance * self._left**2))
        self._is_live = live
        self.current_a = np.where(live & ~self._is_open, current, 0.0)
        self._coil_v = np.where(live, v - self._spec.lead_ohm * self.current_a, 0.0)
        heat = resistance * self.current_a**2 - (self.temperature_c - self._spec.ambient_c) / self._spec.thermal_ohm_k_per_w
        self.temperature_c = self.temperature_c + dt_s * heat / self._spec.heat_capacity_j_per_k

    def sensors(self) -> tuple[TickArray, TickArray, TickArray]:
        """What the channels' sensors say now: current [mA], voltage [mV], temperature [0.01 C], each shape (n,)."""
        noise = self._random.standard_normal((3, self._n))
        current = 1e3 * self.current_a[self._feeds] + self._spec.current_noise_ma * noise[0]
        voltage = 1e3 * (self._sense_sign * self._coil_v)[self._senses] + self._spec.voltage_noise_mv * noise[1]
        true_c = self.temperature_c[self._senses] + self._spec.temperature_noise_c * noise[2]
        temperature = np.rint(1e2 * np.where(np.isnan(self._stuck_c), true_c, self._stuck_c)).astype(np.int64)
        temperature[self._no_temperature] = TEMPERATURE_UNREADABLE
        return np.rint(current).astype(np.int64), np.rint(voltage).astype(np.int64), temperature
