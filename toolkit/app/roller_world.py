"""The world of a simulated roller's run, as a file: what the simulated rig has in its coils."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from verification.campaign.bead_plant import WrongCoils
from verification.campaign.roller_plant import RollerPlant, TrueRoller

from .coil_world import CoilWorld, Point, Radius, WorldPart
from .swimmer_world import LIFTED


class RollerInWorld(WorldPart):
    """As `TrueRoller`."""

    radius_m: Radius
    slip: Annotated[float, Field(gt=0.0, le=1.0)]
    wall_torque_factor: Annotated[float, Field(ge=1.0, le=100.0)]
    moment_A_m2: Annotated[float, Field(gt=0.0, le=1.0)]


class RollerWorld(CoilWorld):
    """A sphere on the floor of a box. moment: its direction where it starts. field_T: that will hold it."""

    kind: Literal["roller"] = "roller"
    roller: RollerInWorld
    lower_m: Point
    upper_m: Point
    moment: Annotated[tuple[float, float, float], Field(strict=False)]
    field_T: Annotated[float, Field(gt=0.0, le=10.0)]

    @property
    def seen_radius_m(self) -> float:
        return self.roller.radius_m

    @property
    def shown_of_plant(self) -> tuple[str, ...]:
        return ("slip_rad",)

    def plant(self, coils: WrongCoils) -> RollerPlant:
        """Raises InvalidInput."""
        corners = np.array(self.lower_m), np.array(self.upper_m)
        return RollerPlant(coils, self.true_roller(), *corners, np.array(self.start_m), np.array(self.moment), LIFTED * self.field_T)

    def true_roller(self) -> TrueRoller:
        """Raises InvalidInput."""
        r = self.roller
        return TrueRoller(r.radius_m, r.slip, r.wall_torque_factor, r.moment_A_m2, self.true_fluid().viscosity_pa_s)
