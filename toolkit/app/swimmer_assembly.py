"""A swimmer's procedure becomes coils, helix, chamber, path and limits, checked against each other. Nothing is armed here."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers import SwimmerMpcOptions
from devices import CoilProfile
from toolkit import InvalidInput
from toolkit.models.fluids import Chamber, Fluid
from toolkit.models.microrobots import FigureOfEight, Helix
from toolkit.procedure.swimmer_procedure import SwimmerProcedure

from .coil_assembly import check_path, field_model
from .turned_assembly import TurnedAssembly


@dataclass(frozen=True, eq=False)
class SwimmerAssembly(TurnedAssembly):
    """Everything that a swimmer's run is made of."""

    procedure: SwimmerProcedure
    path: FigureOfEight
    helix: Helix

    @property
    def robot(self) -> Helix:
        return self.helix

    @property
    def walls(self) -> Chamber:
        return self.chamber

    @property
    def reach_m(self) -> float:
        """From the head's centre to the far end of the tail, however it lies; the head reaches no further."""
        h = self.procedure.helix
        tail = h.head_radius_m + h.turns * h.pitch_m + h.filament_radius_m
        return math.hypot(tail, h.radius_m + h.filament_radius_m)

    @property
    def seen_radius_m(self) -> float:
        return self.procedure.helix.head_radius_m

    @property
    def mpc_options(self) -> SwimmerMpcOptions:
        controller = self.procedure.controller
        return SwimmerMpcOptions(controller.field_T, self.period_s, controller.share)

    @property
    def said(self) -> dict[str, str]:
        h, eight = self.procedure.helix, self.procedure.path.figure_of_eight
        return {
            "helix": f"{h.turns:g} turns of {h.pitch_m * 1e3:g} mm, head {h.head_radius_m * 1e6:g} µm",
            **self.said_of_all,
            "path": f"figure of eight of {eight.half_width_m * 2e3:g} mm, {self.path.duration_s:g} s",
        }


def put_swimmer_together(procedure: SwimmerProcedure, profile: CoilProfile, calibration_path: Path) -> SwimmerAssembly:
    """What a swimmer's run is made of, from parts that are read already.

    Raises:
        SpecificationError: they contradict each other.
    """
    model = field_model(procedure, profile, calibration_path)
    chamber = Chamber(np.array(procedure.chamber.lower_m), np.array(procedure.chamber.upper_m))
    eight = procedure.path.figure_of_eight
    path = FigureOfEight(np.array(eight.centre_m), eight.half_width_m, eight.half_height_m, eight.turn_s, eight.turns)
    try:
        helix = _helix(procedure)
    except InvalidInput as error:
        raise procedure.error(str(error), "helix") from error
    assembly = SwimmerAssembly(procedure, profile, calibration_path, model, path, chamber, helix)
    check_path(assembly)
    return assembly


def _helix(procedure: SwimmerProcedure) -> Helix:
    h, fluid = procedure.helix, procedure.fluid
    return Helix(
        h.turns, h.pitch_m, h.radius_m, h.filament_radius_m, h.handedness, h.moment_A_m2, h.density_kg_m3,
        Fluid("of the procedure", fluid.density_kg_m3, fluid.viscosity_Pa_s, procedure.title), h.head_radius_m,
    )  # fmt: skip
