"""The world of a simulated swimmer's run, as a file: what the simulated rig has in its coils."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from verification.campaign.bead_plant import WrongCoils
from verification.campaign.helix_plant import HelixPlant, TrueHelix

from .coil_world import CoilWorld, Length, Radius, WorldPart

LIFTED = 0.9
"""Of the field that is wanted: at this strength the helix is taken for held by it, and its time begins."""


HELD_STEPS = 5
"""So many steps of the plant share a resistance: 10 ms."""


class HelixWorld(WorldPart):
    """As `TrueHelix`; moment_A_m2: of the head, across the axis."""

    turns: Annotated[float, Field(ge=0.5, le=100.0)]
    pitch_m: Radius
    radius_m: Radius
    filament_radius_m: Radius
    handedness: Literal["right", "left"]
    head_radius_m: Radius
    moment_A_m2: Annotated[float, Field(gt=0.0, le=1.0)]
    density_kg_m3: Annotated[float, Field(gt=0.0, le=3e4)]


class SwimmerWorld(CoilWorld):
    """A helix above a floor. floor_m: its height. axis: from tail to head, where it starts. field_T: that will hold it."""

    kind: Literal["swimmer"] = "swimmer"
    helix: HelixWorld
    floor_m: Length
    axis: Annotated[tuple[float, float, float], Field(strict=False)]
    field_T: Annotated[float, Field(gt=0.0, le=10.0)]

    @property
    def seen_radius_m(self) -> float:
        return self.helix.head_radius_m

    @property
    def shown_of_plant(self) -> tuple[str, ...]:
        return ("slip_rad",)

    def plant(self, coils: WrongCoils) -> HelixPlant:
        """Raises InvalidInput."""
        axis = np.array(self.axis)
        level = np.cross([0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 * np.linalg.norm(axis) else [1.0, 0.0, 0.0], axis)
        return HelixPlant(
            coils, self.true_helix(), self.floor_m, np.array(self.start_m), axis, level, substeps=1, lifts_T=LIFTED * self.field_T,
            held_steps=HELD_STEPS,
        )  # fmt: skip

    def true_helix(self) -> TrueHelix:
        """Raises InvalidInput."""
        h, fluid = self.helix, self.true_fluid()
        return TrueHelix(
            h.turns, h.pitch_m, h.radius_m, h.filament_radius_m, h.head_radius_m, h.moment_A_m2, h.density_kg_m3,
            fluid.density_kg_m3, fluid.viscosity_pa_s, h.handedness == "left",
        )  # fmt: skip
