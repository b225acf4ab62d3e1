"""What a helical swimmer near a floor really does: a rigid body of filament elements and a magnetic head, six degrees of freedom.

    sum over the body of the drag  +  weight  +  m x B, grad(m.B)  +  contact  =  0      (creeping flow: no inertia)

Each element resists along and across itself by resistive-force theory (Gray and Hancock 1955); near the floor by a cylinder's near a plane
wall, which grow as its height h shrinks: 2 pi eta/L along it, 4 pi eta/L across it and level, 4 pi eta/(L - sqrt(1 - r^2/h^2)) towards the
wall, L = arcosh(h/r) (for h >> r these are Katz, Blake and Paveri-Fontana's 1975, with L = log(2h/r)). Whichever is larger counts. Step-out
is not put in: it is what the torques make of it. No code is shared with the controller or its model of the helix.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.spatial.transform import Rotation

from toolkit import FloatArray
from toolkit.models.fluids import PARALLEL_X_MAX, PERPENDICULAR_X_MAX, wall_factor_parallel, wall_factor_perpendicular

from .bead_plant import WrongCoils

SUBSTEPS, PER_TURN, NEAREST = 5, 12, 1.02
"""NEAREST: height over radius below which a resistance grows no more: the floor is a contact there."""
_G = 9.80665


@dataclass(frozen=True)
class TrueHelix:
    """turns, pitch, radius, filament radius, head radius [m]; moment across the axis [A m^2]; densities, viscosity; how it is wound."""

    turns: float
    pitch_m: float
    radius_m: float
    filament_radius_m: float
    head_radius_m: float
    moment_A_m2: float
    density_kg_m3: float
    fluid_kg_m3: float
    viscosity_Pa_s: float
    is_left_handed: bool = False


class HelixPlant:
    """The true swimmer. p_m: the head's centre, what cameras see. frame: rotation, columns: axis (tail to head), moment, and their normal.

    Args:
        floor_m: height of the floor, None: there is none. p_m: (3,). axis, moment: (3,), the second is made perpendicular to the first.
        lifts_T: field from which on it is held by the field. held_steps: so many steps share a resistance, turned with the body.
    slip_rad: angle about the axis from the moment to the field. is_out: it is more than a right angle.
    """

    def __init__(
        self, coils: WrongCoils, helix: TrueHelix, floor_m: float | None, p_m: FloatArray, axis: FloatArray, moment: FloatArray,
        substeps: int = SUBSTEPS, lifts_T: float = 0.0, held_steps: int = 1,
    ) -> None:  # fmt: skip
        self.coils, self.helix, self.floor_m, self._substeps, self._lifts_T = coils, helix, floor_m, substeps, lifts_T
        self.p_m: FloatArray = np.array(p_m, dtype=np.float64)
        n = np.asarray(axis) / np.linalg.norm(axis)
        m = np.asarray(moment) - (moment @ n) * n
        m = m / np.linalg.norm(m)
        self.frame: FloatArray = np.column_stack([n, m, _cross(n, m)])
        self.B_tesla, self.gradient_T_m, self.velocity = np.zeros(3), np.zeros((3, 3)), np.zeros(6)
        self.slip_rad, self.contacts = 0.0, 0
        self._held_steps, self._steps, self._held = held_steps, 0, np.eye(6)
        h = helix
        count = round(h.turns * PER_TURN)
        z = (np.arange(count) + 0.5) / count * h.turns * h.pitch_m
        f, k = 2.0 * np.pi * z / h.pitch_m, 2.0 * np.pi * h.radius_m / h.pitch_m
        slope, hand = np.hypot(1.0, k), -1.0 if h.is_left_handed else 1.0
        self._ds = h.turns * h.pitch_m * slope / count
        # The tail hangs behind the head.
        self._r = np.column_stack([z - h.turns * h.pitch_m - h.head_radius_m, h.radius_m * np.cos(f), hand * h.radius_m * np.sin(f)])
        self._t = np.column_stack([np.ones(count), -k * np.sin(f), hand * k * np.cos(f)]) / slope
        log = np.log(2.0 * h.pitch_m / h.filament_radius_m)
        self._far = 2.0 * np.pi * h.viscosity_Pa_s / (log - 0.5), 4.0 * np.pi * h.viscosity_Pa_s / (log + 0.5)
        tail, head = np.pi * h.filament_radius_m**2 * self._ds * count, 4.0 / 3.0 * np.pi * h.head_radius_m**3
        self._centre = self._r.mean(axis=0) * tail / (tail + head)
        self.weight_N = np.array([0.0, 0.0, -_G * (h.density_kg_m3 - h.fluid_kg_m3) * (tail + head)])

    @property
    def axis(self) -> FloatArray:
        return np.asarray(self.frame[:, 0])

    @property
    def is_lifted(self) -> bool:
        """The field holds it."""
        return float(np.linalg.norm(self.B_tesla)) >= self._lifts_T

    @property
    def is_out(self) -> bool:
        return abs(self.slip_rad) > 0.5 * np.pi

    def wall_distance_m(self) -> float:
        """Least distance of the body's surface from the floor; infinite without one, not positive in contact."""
        return np.inf if self.floor_m is None else float(self._gaps(self.p_m, self.frame).min())

    def step(self, t_s: float, from_A: FloatArray, to_A: FloatArray, period_s: float) -> list[tuple[float, FloatArray]]:
        """Move on by a period in which the currents run straight from one set to the other; where the head was meanwhile."""
        h, trace = period_s / self._substeps, []
        if self._held_steps > 1 and self._steps % self._held_steps == 0:
            self._held = _turned(self.frame.T, self.resistance(self.p_m, self.frame))
        self._steps += 1
        for k in range(self._substeps):
            self.B_tesla, self.gradient_T_m = self.coils.field(self.p_m, from_A + (to_A - from_A) * (k + 0.5) / self._substeps)
            first = self._speed(self.p_m, self.frame)
            middle = self._moved(first, 0.5 * h)
            self.velocity = self._speed(*middle)
            self.p_m, self.frame = self._moved(self.velocity, h)
            self.contacts += self.wall_distance_m() <= 0.0
            trace.append((t_s + (k + 1) * h, self.p_m))
        _, m, q = self.frame.T
        self.slip_rad = float(np.arctan2(self.B_tesla @ q, self.B_tesla @ m))
        return trace

    def _moved(self, speed: FloatArray, h: float) -> tuple[FloatArray, FloatArray]:
        """Position and frame later, the frame made orthonormal again."""
        frame = Rotation.from_rotvec(h * speed[3:]).as_matrix() @ self.frame
        n = frame[:, 0] / np.linalg.norm(frame[:, 0])
        m = frame[:, 1] - (frame[:, 1] @ n) * n
        m = m / np.linalg.norm(m)
        return self.p_m + h * speed[:3], np.column_stack([n, m, _cross(n, m)])

    def _speed(self, p_m: FloatArray, frame: FloatArray) -> FloatArray:
        """(velocity of the head's centre, angular velocity), (6,)."""
        m = self.helix.moment_A_m2 * frame[:, 1]
        force = self.gradient_T_m.T @ m + self.weight_N
        torque = _cross(m, self.B_tesla) + _cross(frame @ self._centre, self.weight_N)
        resistance = self.resistance(p_m, frame) if self._held_steps == 1 else _turned(frame, self._held)
        speed = np.linalg.solve(resistance, np.concatenate([force, torque]))
        if self.floor_m is None:
            return np.asarray(speed)
        gaps = self._gaps(p_m, frame)
        low = int(np.argmin(gaps))
        if gaps[low] > 0.0:
            return np.asarray(speed)
        arm = np.zeros(3) if low == len(self._r) else frame @ self._r[low]
        row = np.array([0.0, 0.0, 1.0, arm[1], -arm[0], 0.0])  # vertical speed of the lowest point
        down = float(row @ speed)
        give = np.linalg.solve(resistance, row)
        return np.asarray(speed - min(down, 0.0) / float(row @ give) * give)

    def resistance(self, p_m: FloatArray, frame: FloatArray) -> FloatArray:
        """[[force; torque] per [velocity; rate]], (6, 6), about the head's centre, with the sign that makes it positive."""
        r, t, h = self._r @ frame.T, self._t @ frame.T, self.helix
        along, level = (np.full(len(r), far) for far in self._far)
        towards, head, spin = level, np.eye(3), np.eye(3)
        if self.floor_m is not None:
            ratio = np.maximum((p_m[2] + r[:, 2] - self.floor_m) / h.filament_radius_m, NEAREST)
            log, eta = np.arccosh(ratio), h.viscosity_Pa_s
            along, level = np.maximum(along, 2.0 * np.pi * eta / log), np.maximum(level, 4.0 * np.pi * eta / log)
            towards = np.maximum(level, 4.0 * np.pi * eta / (log - np.sqrt(1.0 - ratio**-2)))
            x = h.head_radius_m / max(float(p_m[2]) - self.floor_m, h.head_radius_m * NEAREST)
            parallel, normal = _head_factors(round(x, 4))
            head = np.diag([parallel, parallel, normal])
            spin = np.diag([1.0 + 0.3125 * x**3, 1.0 + 0.3125 * x**3, 1.0 + 0.125 * x**3])
        up = np.array([0.0, 0.0, 1.0]) - t[:, 2:] * t  # of length sin: an upright element is towards nothing
        K = level[:, None, None] * np.eye(3) + (along - level)[:, None, None] * t[:, :, None] * t[:, None, :]
        K = self._ds * (K + (towards - level)[:, None, None] * up[:, :, None] * up[:, None, :])
        S = np.zeros((len(r), 3, 3))
        S[:, 0, 1], S[:, 0, 2], S[:, 1, 2] = -r[:, 2], r[:, 1], -r[:, 0]
        S -= S.swapaxes(1, 2)
        SK = S @ K
        whole, eta = np.empty((6, 6)), h.viscosity_Pa_s
        whole[:3, :3] = K.sum(axis=0) + 6.0 * np.pi * eta * h.head_radius_m * head
        whole[3:, :3] = SK.sum(axis=0)
        whole[:3, 3:] = whole[3:, :3].T
        whole[3:, 3:] = -(SK @ S).sum(axis=0) + 8.0 * np.pi * eta * h.head_radius_m**3 * spin
        return whole

    def _gaps(self, p_m: FloatArray, frame: FloatArray) -> FloatArray:
        """From the floor to the surface of every element, and of the head, last."""
        floor = 0.0 if self.floor_m is None else self.floor_m
        tail = p_m[2] + self._r @ frame[2] - floor - self.helix.filament_radius_m
        return np.append(tail, p_m[2] - floor - self.helix.head_radius_m)


def _turned(turn: FloatArray, resistance: FloatArray) -> FloatArray:
    """A resistance, (6, 6), in axes turned by a rotation, (3, 3)."""
    blocks = resistance.reshape(2, 3, 2, 3).transpose(0, 2, 1, 3)
    return np.asarray((turn @ blocks @ turn.T).transpose(0, 2, 1, 3).reshape(6, 6))


@lru_cache(maxsize=4096)
def _head_factors(x: float) -> tuple[float, float]:
    """Along and towards the floor, of a sphere of radius over height x."""
    return wall_factor_parallel(min(x, PARALLEL_X_MAX)), wall_factor_perpendicular(min(x, PERPENDICULAR_X_MAX))


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """a x b of two vectors: numpy's own takes ten times as long for three numbers."""
    (x, y, z), (u, v, w) = a.tolist(), b.tolist()
    return np.array([y * w - z * v, z * u - x * w, x * v - y * u])
