"""What a bead in coils and flow really does, written apart from the controller: multipoles in NumPy, coils that are not as calibrated."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation

from toolkit import FloatArray, InvalidInput
from toolkit.models.fluids import (
    PARALLEL_X_MAX,
    PERPENDICULAR_X_MAX,
    Fluid,
    PulseWaveform,
    SphereDrag,
    Vessel,
    wall_factor_parallel,
    wall_factor_perpendicular,
)
from toolkit.models.magnetics import MpemCalibration

MU_0 = 4e-7 * np.pi
GAIN_ERROR, AXIS_ERROR_DEG, OFFSET_ERROR_M = 0.05, 2.0, 1e-3
SUBSTEPS = 5
LIFT_SHARE = 0.8
_STEP_M = 1e-4


@dataclass(frozen=True, eq=False)
class WrongCoils:
    """Calibrated coils of which each is up to 5 % stronger or weaker than it should be, turned together by 2 degrees, and 1 mm away."""

    calibration: MpemCalibration
    gain: FloatArray
    turn: FloatArray
    offset_m: FloatArray

    @classmethod
    def draw(cls, calibration: MpemCalibration, rng: np.random.Generator) -> "WrongCoils":
        axis, offset = rng.normal(size=3), rng.normal(size=3)
        turn = Rotation.from_rotvec(np.deg2rad(AXIS_ERROR_DEG) * axis / np.linalg.norm(axis)).as_matrix()
        gain = 1.0 + rng.uniform(-GAIN_ERROR, GAIN_ERROR, len(calibration.coils))
        return cls(calibration, gain, np.asarray(turn), OFFSET_ERROR_M * offset / np.linalg.norm(offset))

    def field(self, p_m: FloatArray, i_A: FloatArray) -> tuple[FloatArray, FloatArray]:
        """B, (3,) [T], and dB_i/dx_j, (3, 3) [T/m], at p, frame B. The gradient is a central difference: 1e-4 m make 1e-5 of it."""
        at = self.turn @ p_m + self.offset_m
        around = at + _STEP_M * np.vstack([np.zeros(3), np.eye(3), -np.eye(3)])
        B = np.einsum("kns,s->kn", self._per_ampere(around), (self.gain * i_A)[self._sources[0]])
        gradient = ((B[1:4] - B[4:]) / (2.0 * _STEP_M)).T
        return self.turn.T @ B[0], self.turn.T @ gradient @ self.turn

    @cached_property
    def _sources(self) -> tuple[FloatArray, ...]:
        flat = [(k, source) for k, coil in enumerate(self.calibration.coils) for source in coil]
        if self.calibration.offset or max(source.a.size + source.b.size for _, source in flat) > 2:
            raise InvalidInput(f"{self.calibration.name}: this plant knows sources of two orders, and no field without current")
        a, b = (
            np.array([np.pad(part, (0, 2 - part.size)) for part in parts]) for parts in zip(*((s.a, s.b) for _, s in flat), strict=True)
        )
        position, direction = (np.array(part) for part in zip(*((s.position_m, s.direction) for _, s in flat), strict=True))
        return np.array([k for k, _ in flat]), position, direction, a, b

    def _per_ampere(self, points: FloatArray) -> FloatArray:
        """B of every source per ampere, (k, 3, sources), in the angle to its axis as the calibration's paper has it."""
        _, position, z, a, b = self._sources
        d = points[:, None] - position
        r = np.sqrt(np.einsum("ksn,ksn->ks", d, d))
        h = d / r[..., None]
        c = np.einsum("ksn,sn->ks", h, z)
        on_h, on_z = np.zeros_like(c), np.zeros_like(c)  # the parts of B along h and along z
        for n, (P, slope) in enumerate(((c, np.ones_like(c)), (1.5 * c**2 - 0.5, 3.0 * c)), start=1):
            far, near = a[:, n - 1] * r ** (n - 1), b[:, n - 1] / r ** (n + 2)
            on_h += near * ((n + 1) * P + slope * c) - far * (n * P - slope * c)
            on_z -= (far + near) * slope
        return np.asarray((on_h[..., None] * h + on_z[..., None] * z).swapaxes(1, 2))


@dataclass(frozen=True)
class TrueBead:
    """A sphere with a soft core: m = 3 V B / mu0 of the core, up to its saturation."""

    radius_m: float
    density_kg_m3: float
    core_m3: float
    saturation_A_m: float

    def force(self, B: FloatArray, gradient: FloatArray) -> FloatArray:
        """(m grad) B, (3,) [N]."""
        m = 3.0 * self.core_m3 / MU_0 * B
        most = self.saturation_A_m * self.core_m3
        size = float(np.linalg.norm(m))
        return np.asarray(gradient.T @ (m * min(1.0, most / size) if size > 0.0 else m))


class BeadPlant:
    """p, v of the bead, and what limits it met: the state is true, nothing of it is told to a controller but frames.

    Args:
        substeps: parts of a step; in each the force and the drag's speed are new. held_steps: so many steps share what is around the bead
            (flow, wall, its drag), taken at the middle of them.
    Assumes: nearer to a wall than a/h = 0.65, where Faxen's series ends, the drag along it grows no more.
    """

    def __init__(
        self,
        coils: WrongCoils,
        bead: TrueBead,
        fluid: Fluid,
        vessel: Vessel,
        inlet: PulseWaveform,
        p_m: FloatArray,
        substeps: int = SUBSTEPS,
        held_steps: int = 1,
    ) -> None:
        self._substeps, self._held_steps, self._steps = substeps, held_steps, 0
        self.coils, self.bead, self.fluid, self.vessel, self.inlet = coils, bead, fluid, vessel, inlet
        self.p_m, self.v_m_s = np.array(p_m), np.zeros(3)
        volume = 4.0 / 3.0 * np.pi * bead.radius_m**3
        self._displaced_kg = fluid.density_kg_m3 * volume
        self._mass_kg = bead.density_kg_m3 * volume + 0.5 * self._displaced_kg
        self.weight_N = np.array([0.0, 0.0, -9.80665 * volume * (bead.density_kg_m3 - fluid.density_kg_m3)])
        self._drag = SphereDrag(fluid, bead.radius_m)
        self._flow_before: FloatArray | None = None
        self._flow, self._push_N, self._walls = np.zeros(3), self.weight_N, np.eye(3)
        self.B_tesla = np.zeros(3)
        self.gradient_T_m = np.zeros((3, 3))

    def step(self, t_s: float, from_A: FloatArray, to_A: FloatArray, period_s: float) -> list[tuple[float, FloatArray]]:
        """Move on by a period in which the currents run straight from one set to the other; where the bead was meanwhile."""
        h = period_s / self._substeps
        if self._steps % self._held_steps == 0:
            self._look_around(t_s, self._held_steps * period_s)
        self._steps += 1
        flow, push_N, walls = self._flow, self._push_N, self._walls
        trace = []
        for k in range(self._substeps):
            self.B_tesla, self.gradient_T_m = self.coils.field(self.p_m, from_A + (to_A - from_A) * (k + 0.5) / self._substeps)
            drag = self._drag.drag_kg_s(float(np.linalg.norm(self.v_m_s - flow))) * walls
            rate, axes = np.linalg.eigh(drag / self._mass_kg)
            steady = flow + np.linalg.solve(drag, self.bead.force(self.B_tesla, self.gradient_T_m) + push_N)
            off, decay = axes.T @ (self.v_m_s - steady), np.exp(-rate * h)
            self.p_m = self.p_m + h * steady + axes @ ((1.0 - decay) / rate * off)
            self.v_m_s = steady + axes @ (decay * off)
            trace.append((t_s + (k + 1) * h, self.p_m))
        return trace

    @property
    def is_lifted(self) -> bool:
        """The coils pull with `LIFT_SHARE` of its weight: weaker than calibrated, they might never show all of it."""
        weight = float(np.linalg.norm(self.weight_N))
        return -float(self.bead.force(self.B_tesla, self.gradient_T_m) @ self.weight_N) >= LIFT_SHARE * weight**2

    def wall_distance_m(self) -> float:
        """From the bead's surface; negative when it is in the wall."""
        return max(self.vessel.depth_m(self.p_m), 0.0) - self.bead.radius_m

    def _look_around(self, t_s: float, period_s: float) -> None:
        """Flow, the push of its acceleration and weight, and the walls' factor on the drag, for a period."""
        flow = self.vessel.flow_m_s(self.p_m, self.fluid, self.inlet, t_s + 0.5 * period_s)
        normal = self.vessel.wall_normal(self.p_m)
        before = flow if self._flow_before is None else self._flow_before
        self._push_N = 1.5 * self._displaced_kg * (flow - before) / period_s + self.weight_N
        self._flow = self._flow_before = flow
        across = np.outer(normal, normal)
        x = self.bead.radius_m / self.vessel.wall_distance_m(self.p_m)
        along, towards = wall_factor_parallel(min(x, PARALLEL_X_MAX)), wall_factor_perpendicular(min(x, PERPENDICULAR_X_MAX))
        self._walls = along * (np.eye(3) - across) + towards * across
