"""What every micro-robot's run is made of: coils, field, walls, path and limits; and the checks that all of them need."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from controllers import CoilLimits
from devices import CoilProfile
from devices.stereo_tracker import View
from safety.coil_layer import Walls
from toolkit import FloatArray
from toolkit.models.magnetics import FieldModel, load_mpem, mpem_model
from toolkit.procedure.coil_procedure import CoilProcedure
from verification.report import Region

PATH_POINTS = 200
EDGE_RADII = 1.5
"""The finder's window is so many radii of the disc: it must lie in the picture."""


class TimedPath(Protocol):
    """Where the robot should be: called with times (k,) [s] it gives position, velocity and direction, (k, 3) each."""

    @property
    def duration_s(self) -> float: ...

    def begun_at(self, begin_s: float) -> Self: ...

    def __call__(self, times_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]: ...


@dataclass(frozen=True, eq=False)
class CoilAssembly(ABC):
    """path: begun at 0; `begun_at` gives it another start."""

    procedure: CoilProcedure
    profile: CoilProfile
    calibration_path: Path
    model: FieldModel
    path: TimedPath

    @property
    @abstractmethod
    def walls(self) -> Walls:
        """What is about the robot."""

    @property
    @abstractmethod
    def reach_m(self) -> float:
        """No part of the robot is further from the point that the cameras see."""

    @property
    @abstractmethod
    def seen_radius_m(self) -> float:
        """Of the dark disc that the cameras see of it."""

    @property
    @abstractmethod
    def regions(self) -> tuple[Region, ...]:
        """The walls as a report draws them."""

    @property
    @abstractmethod
    def said(self) -> dict[str, str]:
        """Robot, walls and path in words, by what they are."""

    @property
    def record_path(self) -> Path | None:
        """A recording that the path is of, if it is of one."""
        return None

    @property
    def period_s(self) -> float:
        return self.procedure.controller.period_s

    @cached_property
    def coil_limits(self) -> CoilLimits:
        """Resistances are those of the hottest coil allowed: heat is never less than what flows makes."""
        limits = self.procedure.limits
        R = np.array([coil.resistance_ohm(limits.coil_temperature_C) for coil in self.profile.coils])
        return CoilLimits(np.full(self.profile.n, limits.current_A), R, limits.heat_W)

    @cached_property
    def _middle(self) -> tuple[FloatArray, FloatArray]:
        return path_points(self.path)

    def middle_of(self, p_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The point of the path nearest to p, and the path's direction there."""
        points, along = self._middle
        k = int(np.argmin(((points - p_m) ** 2).sum(axis=1)))
        return points[k], along[k]

    @property
    def hashes(self) -> dict[str, str]:
        """What identifies this run's mathematics: SHA-256 by name."""
        files = {"profile": self.profile.path, "calibration": self.calibration_path}
        if self.record_path is not None:
            files["record"] = self.record_path
        return {"procedure": self.procedure.sha256} | {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def path_points(path: TimedPath, count: int = PATH_POINTS) -> tuple[FloatArray, FloatArray]:
    """Points of the path and its directions, (count, 3) each."""
    position, _, along = path(np.linspace(0.0, path.duration_s, count))
    return position, along


def field_model(procedure: CoilProcedure, profile: CoilProfile, calibration_path: Path) -> FieldModel:
    """The calibrated field of these coils, as they are wired.

    Raises:
        SpecificationError: the device cannot carry this procedure; another number of coils; a calibration with saturation.
    """
    _check_device(procedure, profile)
    calibration, signs = load_mpem(calibration_path), procedure.calibration.current_signs
    if not len(signs) == len(calibration.coils) == profile.n:
        counts = f"{len(signs)} signs for {len(calibration.coils)} calibrated coils, and a device of {profile.n}"
        raise procedure.error(f"{list(signs)}: {counts}: one each", "calibration", "current_signs")
    if procedure.calibration.saturation is not None:
        raise procedure.error("the layer's bounds are of a linear calibration: saturation cannot be used here", "calibration", "saturation")
    return mpem_model(calibration.with_signs(signs))


def views_of(procedure: CoilProcedure) -> tuple[View, View]:
    """The two cameras. Raises InvalidInput."""
    axes, down, scale = {"x": np.eye(3)[0], "y": np.eye(3)[1]}, -np.eye(3)[2], procedure.cameras.scale_m_px
    first, second = (View(np.array(view.origin_m), scale, axes[view.column_axis], down) for view in procedure.cameras.views)
    return first, second


def check_path(assembly: CoilAssembly) -> None:
    """Refuse a path that leaves the calibrated workspace or a picture, is faster than the robot, or on which it does not fit.

    Raises:
        SpecificationError: where, and what is there.
    """
    procedure, model, path = assembly.procedure, assembly.model, assembly.path
    points, _ = path_points(path)
    outside = ~((model.lower_m <= points) & (points <= model.upper_m)).all(axis=1)
    if outside.any():
        where = points[int(np.argmax(outside))].round(5).tolist()
        raise procedure.error(f"{where} m is outside the calibrated workspace {model.lower_m.tolist()} to {model.upper_m.tolist()}", "path")
    room = np.array([assembly.walls.depth_m(p) for p in points]) - assembly.reach_m
    if not room.min() > 0.0:
        where = points[int(np.argmin(room))].round(5).tolist()
        raise procedure.error(f"the robot does not fit between the walls at {where} m", "path")
    _, velocity, _ = path(np.linspace(0.0, path.duration_s, PATH_POINTS))
    speed, most = float(np.linalg.norm(velocity, axis=1).max()), procedure.assumptions.B3.speed_m_s
    if not speed <= most:
        raise procedure.error(f"{speed:.3g} m/s along the path: allowed: at most B3.speed_m_s, {most:g} m/s", "path")
    for k, (view, stated) in enumerate(zip(views_of(procedure), procedure.cameras.views, strict=True)):
        edge, pixels = EDGE_RADII * assembly.seen_radius_m / view.scale_m_px, np.array([view.pixel(p) for p in points])
        seen = ((edge <= pixels) & (pixels <= np.array([stated.columns, stated.rows]) - 1.0 - edge)).all(axis=1)
        if not seen.all():
            where = points[int(np.argmin(seen))].round(5).tolist()
            raise procedure.error(f"the robot at {where} m is not whole in this picture", "cameras", "views", k)


def _check_device(procedure: CoilProcedure, profile: CoilProfile) -> None:
    limits, period_s = procedure.limits, procedure.controller.period_s
    if profile.watchdog is None or profile.readback is None:
        raise procedure.error(f"{profile.name}: a device without watchdog and read-back cannot carry a robot", "device", "profile")
    if not 1000.0 * limits.current_A <= profile.limit_ma.min():
        raise procedure.error(f"{limits.current_A:g} A: the device allows {profile.limit_ma.min() / 1000:g} A", "limits", "current_A")
    step_A = limits.slew_A_s * period_s
    if not 1000.0 * step_A <= profile.step_ma_max:
        allowed = f"at most {profile.step_ma_max / 1000 / period_s:g} A/s, the driver's largest step in a period"
        raise procedure.error(f"{limits.slew_A_s:g} A/s: allowed: {allowed}", "limits", "slew_A_s")
    hottest = min(coil.temperature_c_max for coil in profile.coils)
    if not limits.coil_temperature_C <= hottest:
        raise procedure.error(f"{limits.coil_temperature_C:g} °C: the device trips at {hottest:g} °C", "limits", "coil_temperature_C")
    if not 1e-3 * profile.watchdog.time_ms >= 3.0 * period_s:
        what = f"{period_s:g} s: the device's watchdog of {profile.watchdog.time_ms} ms must last three periods"
        raise procedure.error(what, "controller", "period_s")
    if profile.connection.url == "simulated" and procedure.simulator is None:
        raise procedure.error("missing: the device is simulated: what its robot meets must be stated", "simulator")
