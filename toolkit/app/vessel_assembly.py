"""A bead's procedure becomes coils, bead, vessel, path and limits, checked against each other. Nothing is armed here."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from controllers import BeadLimits, BeadMpc, BeadMpcOptions, BeadObserverOptions, BeadOptions
from devices import CoilProfile
from toolkit import FloatArray, InvalidInput
from toolkit.models.fluids import PARALLEL_X_MAX, AlongLine, CentreLine, Fluid, Vessel, wall_factor_parallel
from toolkit.models.microrobots import Bead, SoftMoment
from toolkit.procedure.vessel_procedure import VesselProcedure
from verification.report import CapsuleRegion, Region

from .coil_assembly import CoilAssembly, check_path, field_model

DRAWN_EVERY = 6
"""A tube is drawn as capsules between every sixth point of its centre line."""
FLOW_START, HARMONIC_START, DISTURBANCE_START = 1e-2, 3e-3, 5e-3
SPEED_NOISE, RETURN_S = 3e-3, 0.1
"""Currents that begin to move some milliseconds early or late move the bead as no flow does: a filter that takes every such millimetre a
second for flow, or a controller that wants all of an error back at once, loses it in the first tenths of a second (tried in given time)."""


@dataclass(frozen=True, eq=False)
class VesselAssembly(CoilAssembly):
    """Everything that a bead's run is made of."""

    procedure: VesselProcedure
    path: AlongLine
    bead: Bead
    vessel: Vessel

    @property
    def walls(self) -> Vessel:
        return self.vessel

    @property
    def reach_m(self) -> float:
        return self.procedure.bead.radius_m

    @property
    def seen_radius_m(self) -> float:
        return self.procedure.bead.radius_m

    @property
    def regions(self) -> tuple[Region, ...]:
        """Capsules along the centre lines."""
        drawn: list[Region] = []
        for segment in self.vessel.segments:
            points = segment.points_m[::DRAWN_EVERY]
            if not np.array_equal(points[-1], segment.points_m[-1]):
                points = np.vstack([points, segment.points_m[-1]])
            for k, (a, b) in enumerate(pairwise(points), start=1):
                drawn.append(CapsuleRegion(f"{segment.name} {k}", "in", a, b, float(segment.radius_m.max())))
        return tuple(drawn)

    @property
    def said(self) -> dict[str, str]:
        stated = self.procedure
        return {
            "bead": f"{stated.bead.radius_m * 1e6:g} µm, {stated.bead.density_kg_m3:g} kg/m³",
            "vessel": ", ".join(f"{part.name} {part.radius_m * 1e3:g} mm" for part in stated.vessel),
            "path": f"{stated.path.line}, {stated.path.duration_s:g} s",
        }

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


def put_vessel_together(procedure: VesselProcedure, profile: CoilProfile, calibration_path: Path) -> VesselAssembly:
    """What a bead's run is made of, from parts that are read already.

    Raises:
        SpecificationError: they contradict each other.
    """
    model = field_model(procedure, profile, calibration_path)
    vessel, path = _vessel(procedure), _path(procedure)
    try:
        bead = _bead(procedure)
    except InvalidInput as error:
        raise procedure.error(str(error), "bead") from error
    assembly = VesselAssembly(procedure, profile, calibration_path, model, path, bead, vessel)
    check_path(assembly)
    return assembly


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
