"""A micro-robot driven by the simulated coil rig and looked at by two cameras.

Every 2 ms the plant moves on by the currents that flow, and a row of truth is written; at the cameras' rate both look at it, at the end of
such a step. At first the robot lies held at its start: until its field would move it (`Plant.is_lifted`), or for a second from when all
bridges are first switched on together, as they are in a run and never in an electrical self-test. Then its time begins, and with it a
pulse. A controller must begin with it: one that works on a bead still held learns a flow that is not there.
A robot that meets the wall, or leaves by an open end, stays where it is: `wall_m` is not positive from then on.
"""

import numpy as np

from devices.camera import CameraFrame
from devices.camera_link import CameraServer
from devices.simulated_camera import SimulatedCamera
from devices.simulated_coils.faults import CoilFaults
from devices.simulated_coils.plant import CoilTruth
from devices.truth_file import TruthWriter
from toolkit import FloatArray, InvalidInput
from toolkit.models.magnetics import MpemCalibration
from verification.campaign.bead_plant import WrongCoils

from .coil_world import CONTRAST, CoilWorld, Plant

PLANT_HZ = 500
HOLD_S_MAX = 1.0
_STEPS = 2
"""Rig's milliseconds a plant's step."""
_NOISE, _NOISE_BANK = 5.0, 8


def truth_columns(coil_names: tuple[str, ...], shown_of_plant: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Columns of the truth file after t_s, the plant's own last. p: what cameras see, frame B. B_T: |B| at p.

    wall_m: of the robot's surface from the wall. gradient_T_m: Frobenius norm.
    """
    point = ("p_x_m", "p_y_m", "p_z_m", "wall_m", "B_T", "gradient_T_m")
    return (*point, *(f"i_{name}_A" for name in coil_names), *(f"temperature_{name}_c" for name in coil_names), *shown_of_plant)


class RobotInCoils:
    """What the rig's coils drive (`DrivenByCoils`). The truth writer and the server stay their owner's.

    Raises:
        InvalidInput: a start outside the vessel or in its wall; coils of another number; pictures noisier than the stated noise.
    """

    def __init__(self, world: CoilWorld, calibration: MpemCalibration, truth: TruthWriter, server: CameraServer) -> None:
        self._random = np.random.default_rng(world.seed)
        coils = WrongCoils.draw(calibration, self._random)
        self.plant: Plant = world.plant(coils)
        if not self.plant.wall_distance_m() > 0.0:
            raise InvalidInput(f"start_m: {world.start_m}: the robot's surface is {self.plant.wall_distance_m():.3g} m from the wall")
        self._truth, self._server, self._shown = truth, server, world.shown_of_plant
        self._cameras = _RobotCameras(world, self._random)
        self._frame_s = 1.0 / world.cameras.rate_Hz
        self._next_frame_s: float | None = None
        self._before_A = np.zeros(len(calibration.coils))
        self._steps = 0
        self._live_s: float | None = None
        self._free_s: float | None = None
        self.is_stuck = False

    @property
    def is_free(self) -> bool:
        """It has left its rest."""
        return self._free_s is not None

    def inject(self, faults: CoilFaults) -> None:
        self._cameras.frozen, self._cameras.stopped = faults.frozen_cameras, faults.stopped_cameras

    def step(self, t_s: float, dt_s: float, coils: CoilTruth) -> None:
        """A millisecond; every second one moves the bead."""
        self._steps += 1
        if self._steps % _STEPS == 0:
            self._move(t_s, _STEPS * dt_s, coils)
            self._before_A = coils.current_a
            self._look(t_s)
        self._server.flush(t_s)

    def _move(self, t_s: float, period_s: float, coils: CoilTruth) -> None:
        plant, i_A = self.plant, coils.current_a
        if self._free_s is not None and not self.is_stuck:
            plant.step(t_s - period_s - self._free_s, self._before_A, i_A, period_s)
        else:
            plant.B_tesla, plant.gradient_T_m = plant.coils.field(plant.p_m, i_A)
        wall_m = plant.wall_distance_m()
        self.is_stuck |= not wall_m > 0.0
        if self._free_s is None and self._is_lifted(t_s, coils):
            self._free_s = t_s
        norms = wall_m, float(np.linalg.norm(plant.B_tesla)), float(np.linalg.norm(plant.gradient_T_m))
        shown = [float(getattr(plant, name)) for name in self._shown]
        self._truth.append(t_s, np.concatenate([plant.p_m, norms, i_A, coils.temperature_c, shown]))

    def _is_lifted(self, t_s: float, coils: CoilTruth) -> bool:
        plant = self.plant
        if self._live_s is None and coils.is_live.all():
            self._live_s = t_s
        return plant.is_lifted or (self._live_s is not None and t_s - self._live_s >= HOLD_S_MAX)

    def _look(self, t_s: float) -> None:
        if self._next_frame_s is None:
            self._next_frame_s = t_s
        if t_s >= self._next_frame_s:
            self._next_frame_s += self._frame_s
            for camera, frame in self._cameras.expose(self.plant.p_m, t_s):
                self._server.offer(camera, frame)


class _RobotCameras:
    """Two cameras on one trigger: their frames have the trigger's number. frozen, stopped: cameras with that fault."""

    def __init__(self, world: CoilWorld, random: np.random.Generator) -> None:
        radius_px, scale = world.look().radius_px, world.cameras.scale_m_px
        self._views, self._random = world.cameras.build(), random
        seeds = random.integers(2**31, size=2).tolist()
        self._cameras = [
            SimulatedCamera(view.shape, radius_px, contrast=CONTRAST, noise=_NOISE, seed=seed, noise_bank=_NOISE_BANK)
            for view, seed in zip(world.cameras.views, seeds, strict=True)
        ]
        # The finder's own deviation: noise sqrt(sum x^2)/sum(c) over a disc of 1.5 radii (bead_finder.py).
        seen_m = scale * _NOISE * np.sqrt(np.pi / 4.0 * (1.5 * radius_px) ** 4) / (CONTRAST * np.pi * radius_px**2)
        if not seen_m <= world.cameras.noise_m:
            raise InvalidInput(f"cameras.noise_m: {world.cameras.noise_m}: the pictures' own noise is {seen_m:.2g} m already")
        # The height is the mean of both views: for the same deviation each may be wrong by sqrt(2) as much.
        self._wander_m = np.sqrt(world.cameras.noise_m**2 * np.array([1.0, 1.0, 2.0]) - seen_m**2)
        self._triggers = 0
        self.frozen = self.stopped = frozenset[int]()

    def expose(self, p_m: FloatArray, t_s: float) -> list[tuple[int, CameraFrame]]:
        """A frame of each camera that has not stopped."""
        self._triggers += 1
        frames = []
        for k, (camera, view) in enumerate(zip(self._cameras, self._views, strict=True)):
            wander_m = self._wander_m * self._random.standard_normal(3)
            camera.is_frozen = k in self.frozen
            if k not in self.stopped:
                image = camera.expose([view.pixel(p_m + wander_m)], t_s).image
                frames.append((k, CameraFrame(image, self._triggers, t_s)))
        return frames
