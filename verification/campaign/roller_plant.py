"""What a magnetic sphere on a floor really does in a rotating field: its moment is turned against the fluid, and it rolls as it turns.

    zeta omega = m x B,  dm/dt = omega x m,  v = slip a omega x n + (grad(m.B) along the floor)/(6 pi eta a)     (creeping flow: no inertia)

Below step-out the moment lags and the sphere turns with the field; above, it slips: nothing of that is put in. No code is shared with the
controller or its model of the roller.
"""

from dataclasses import dataclass

import numpy as np

from toolkit import FloatArray

from .bead_plant import WrongCoils

SUBSTEPS = 2


@dataclass(frozen=True)
class TrueRoller:
    """radius [m], true slip, rotational drag on the floor over 8 pi eta a^3, moment [A m^2], viscosity."""

    radius_m: float
    slip: float
    torque_factor: float
    moment_A_m2: float
    viscosity_Pa_s: float


class RollerPlant:
    """The true sphere in a box, on its floor. p_m: centre. moment: unit vector.

    slip_rad: angle between moment and field. lifts_T: field from which on it is held by the field.
    """

    def __init__(
        self, coils: WrongCoils, roller: TrueRoller, lower_m: FloatArray, upper_m: FloatArray, p_m: FloatArray, moment: FloatArray,
        lifts_T: float = 0.0,
    ) -> None:  # fmt: skip
        self.coils, self.roller, self._lower_m, self._upper_m, self._lifts_T = coils, roller, lower_m, upper_m, lifts_T
        self.p_m: FloatArray = np.array(p_m, dtype=np.float64)
        self.p_m[2] = lower_m[2] + roller.radius_m
        self.moment: FloatArray = np.asarray(moment) / np.linalg.norm(moment)
        self.B_tesla, self.gradient_T_m, self.slip_rad = np.zeros(3), np.zeros((3, 3)), 0.0
        eta, a = roller.viscosity_Pa_s, roller.radius_m
        self._turning = roller.torque_factor * 8.0 * np.pi * eta * a**3
        self._sliding = 6.0 * np.pi * eta * a

    @property
    def is_lifted(self) -> bool:
        """The field holds it."""
        return float(np.linalg.norm(self.B_tesla)) >= self._lifts_T

    def wall_distance_m(self) -> float:
        """From its surface to the nearest side or the lid; the floor is where it rolls."""
        sides = np.concatenate([(self.p_m - self._lower_m)[:2], self._upper_m - self.p_m])
        return float(sides.min()) - self.roller.radius_m

    def step(self, t_s: float, from_A: FloatArray, to_A: FloatArray, period_s: float) -> list[tuple[float, FloatArray]]:
        """Move on by a period in which the currents run straight from one set to the other; where it was meanwhile.

        The field is that of the middle of the way, where the period begins: it moves by micrometres in it.
        """
        h, trace, r = period_s / SUBSTEPS, [], self.roller
        B, self.gradient_T_m = self.coils.field(self.p_m, 0.5 * (from_A + to_A))
        self.B_tesla = B
        rate = r.moment_A_m2 / self._turning
        for k in range(SUBSTEPS):
            middle = _unit(self.moment + 0.5 * h * rate * _cross(_cross(self.moment, B), self.moment))
            omega = rate * _cross(middle, B)
            self.moment = _unit(self.moment + h * _cross(omega, middle))
            push = r.moment_A_m2 * (self.gradient_T_m.T @ middle) / self._sliding
            rolled = r.slip * r.radius_m
            self.p_m = self.p_m + h * np.array([rolled * omega[1] + push[0], -rolled * omega[0] + push[1], 0.0])
            trace.append((t_s + (k + 1) * h, self.p_m))
        size = float(np.linalg.norm(B))
        self.slip_rad = float(np.arccos(np.clip(self.moment @ B / size, -1.0, 1.0))) if size > 0.0 else 0.0
        return trace


def _unit(v: FloatArray) -> FloatArray:
    return np.asarray(v / np.sqrt(v @ v))


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """a x b of two vectors: numpy's own takes ten times as long for three numbers."""
    (x, y, z), (u, v, w) = a.tolist(), b.tolist()
    return np.array([y * w - z * v, z * u - x * w, x * v - y * u])
