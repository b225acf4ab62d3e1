"""A micro-robot procedure becomes coils, bead, vessel, path and limits, checked against each other. Nothing is armed here."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from controllers import BeadLimits, BeadMpc, BeadMpcOptions, BeadObserverOptions, BeadOptions, CoilLimits
from devices import CoilProfile, load_coil_profile
from toolkit import FloatArray, InvalidInput
from toolkit.models.fluids import PARALLEL_X_MAX, AlongLine, CentreLine, Fluid, Vessel, wall_factor_parallel
from toolkit.models.magnetics import FieldModel, load_mpem, mpem_model
from toolkit.models.microrobots import Bead, SoftMoment
from toolkit.procedure.vessel_procedure import VesselProcedure
from toolkit.procedure.yaml_model import load_yaml_model

PATH_POINTS = 200
FLOW_START, HARMONIC_START, DISTURBANCE_START = 1e-2, 3e-3, 5e-3
SPEED_NOISE, RETURN_S = 3e-3, 0.1
"""Currents that begin to move some milliseconds early or late move the bead as no flow does: a filter that takes every such millimetre a
second for flow, or a controller that wants all of an error back at once, loses it in the first tenths of a second (tried in given time)."""


@dataclass(frozen=True, eq=False)
class VesselAssembly:
    """Everything a micro-robot's run is made of. path: begun at 0; `begun_at` gives it another start."""

    procedure: VesselProcedure
    profile: CoilProfile
    calibration_path: Path
    model: FieldModel
    bead: Bead
    vessel: Vessel
    path: AlongLine

    @property
    def period_s(self) -> float:
        return self.procedure.controller.period_s

    @cached_property
    def coil_limits(self) -> CoilLimits:
        """Resistances are those of the hottest coil allowed: heat is never less than what flows makes."""
        limits = self.procedure.limits
        R = np.array([coil.resistance_ohm(limits.coil_temperature_C) for coil in self.profile.coils])
        return CoilLimits(np.full(self.profile.n, limits.current_A), R, limits.heat_W)

    def controller_limits(self) -> BeadLimits:
        """What the controller keeps to: its share of field, gradient and rate, because it knows the coils to B1 only."""
        limits, share = self.procedure.limits, self.procedure.controller.share
        return BeadLimits(
            self.coil_limits, limits.slew_A_s, share * limits.field_T, share * limits.gradient_T_m, share * limits.field_rate_T_s
        )

    def mpc(self, begin_s: float, at_m: FloatArray) -> BeadMpc:
        """A controller for the path begun at begin_s, of a bead seen at at_m."""
        procedure = self.procedure
        options = BeadMpcOptions(
            problem=BeadOptions(period_s=self.period_s, field_T=procedure.controller.field_T),
            observer=BeadObserverOptions(
                harmonics=procedure.pulse.harmonics, frame_noise_m=procedure.assumptions.B2.noise_m, speed_noise=SPEED_NOISE,
                flow_start_m_s=FLOW_START, harmonic_start_m_s=HARMONIC_START, disturbance_start_m_s=DISTURBANCE_START,
            ),
            return_s=RETURN_S,
        )
        limits, path = self.controller_limits(), self.path.begun_at(begin_s)
        rate_Hz = procedure.pulse.rate_Hz
        return BeadMpc(self.model, self.bead, limits, path, rate_Hz, begin_s, self.drag_factor, options, seen_m=at_m)

    @cached_property
    def drag_factor(self) -> float:
        """What the walls do to the drag of a bead in the middle, as in the narrowest part."""
        narrowest = min(float(part.radius_m) for part in self.procedure.vessel)
        return wall_factor_parallel(min(self.bead.radius_m / narrowest, PARALLEL_X_MAX))

    @cached_property
    def _middle(self) -> tuple[FloatArray, FloatArray]:
        return path_points(self.path)

    def middle_of(self, p_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The point of the path nearest to p, and the vessel's direction there."""
        points, along = self._middle
        k = int(np.argmin(((points - p_m) ** 2).sum(axis=1)))
        return points[k], along[k]

    @property
    def hashes(self) -> dict[str, str]:
        """What identifies this run's mathematics: SHA-256 by name."""
        files = {"profile": self.profile.path, "calibration": self.calibration_path}
        return {"procedure": self.procedure.sha256} | {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def assemble_vessel(path: Path | str) -> VesselAssembly:
    """Read a micro-robot procedure and everything it names, and refuse what cannot work, before any device is touched.

    Raises:
        SpecificationError: any file is wrong, or they contradict each other; names file, line, field, value, allowed.
    """
    procedure = load_yaml_model(path, VesselProcedure)
    profile = load_coil_profile(procedure.resolve(procedure.device.profile))
    calibration_path = procedure.resolve(procedure.calibration.file)
    return put_vessel_together(procedure, profile, calibration_path)


def put_vessel_together(procedure: VesselProcedure, profile: CoilProfile, calibration_path: Path) -> VesselAssembly:
    """As assemble_vessel, from parts that are read already."""
    _check_device(procedure, profile)
    calibration, signs = load_mpem(calibration_path), procedure.calibration.current_signs
    if not len(signs) == len(calibration.coils) == profile.n:
        counts = f"{len(signs)} signs for {len(calibration.coils)} calibrated coils, and a device of {profile.n}"
        raise procedure.error(f"{list(signs)}: {counts}: one each", "calibration", "current_signs")
    if procedure.calibration.saturation is not None:
        what = "a soft bead is held by currents of a linear calibration: saturation cannot be used here"
        raise procedure.error(what, "calibration", "saturation")
    model = mpem_model(calibration.with_signs(signs))
    vessel, path = _vessel(procedure), _path(procedure)
    try:
        bead = _bead(procedure)
    except InvalidInput as error:
        raise procedure.error(str(error), "bead") from error
    _check_path(procedure, model, bead, vessel, path)
    return VesselAssembly(procedure, profile, calibration_path, model, bead, vessel, path)


def _check_device(procedure: VesselProcedure, profile: CoilProfile) -> None:
    limits, period_s = procedure.limits, procedure.controller.period_s
    if profile.watchdog is None or profile.readback is None:
        raise procedure.error(f"{profile.name}: a device without watchdog and read-back cannot carry a bead", "device", "profile")
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
        raise procedure.error("missing: the device is simulated: what its bead meets must be stated", "simulator")


def _vessel(procedure: VesselProcedure) -> Vessel:
    lines = {line.name: CentreLine(np.array(line.points_m)) for line in procedure.centre_lines}
    parts = []
    for k, part in enumerate(procedure.vessel):
        try:
            tube = lines[part.line].segment(part.name, part.from_point, part.to_point, part.radius_m, part.parent or "", part.flow_share)
        except InvalidInput as error:
            raise procedure.error(str(error), "vessel", k) from error
        parts.append(tube)
    try:
        return Vessel(tuple(parts))
    except InvalidInput as error:
        raise procedure.error(str(error), "vessel") from error


def _path(procedure: VesselProcedure) -> AlongLine:
    choice = procedure.path
    points = next(line.points_m for line in procedure.centre_lines if line.name == choice.line)
    try:
        return AlongLine(CentreLine(np.array(points)), choice.inset_m, choice.duration_s)
    except InvalidInput as error:
        raise procedure.error(str(error), "path", "inset_m") from error


def _bead(procedure: VesselProcedure) -> Bead:
    stated, fluid = procedure.bead, procedure.fluid
    volume = 4.0 / 3.0 * np.pi * stated.radius_m**3
    moment = SoftMoment(stated.core_share * volume, stated.saturation_A_m)
    return Bead(
        stated.radius_m, stated.density_kg_m3, moment, Fluid("of the procedure", fluid.density_kg_m3, fluid.viscosity_Pa_s, procedure.title)
    )


def path_points(path: AlongLine, count: int = PATH_POINTS) -> tuple[FloatArray, FloatArray]:
    """Points of the path and its directions, (count, 3) each."""
    position, _, along = path(np.linspace(0.0, path.duration_s, count))
    return position, along


def _check_path(procedure: VesselProcedure, model: FieldModel, bead: Bead, vessel: Vessel, path: AlongLine) -> None:
    points, _ = path_points(path)
    outside = ~((model.lower_m <= points) & (points <= model.upper_m)).all(axis=1)
    if outside.any():
        where = points[int(np.argmax(outside))].round(5).tolist()
        raise procedure.error(f"{where} m is outside the calibrated workspace {model.lower_m.tolist()} to {model.upper_m.tolist()}", "path")
    room = np.array([vessel.wall_distance_m(p) if vessel.is_inside(p) else -1.0 for p in points]) - bead.radius_m
    if not room.min() > 0.0:
        where = points[int(np.argmin(room))].round(5).tolist()
        raise procedure.error(f"the bead does not fit in the vessel at {where} m", "path")
