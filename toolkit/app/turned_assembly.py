"""What the runs of all robots share that a rotating field turns, in a box of fluid: step-out, controller, walls as they are drawn."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from controllers import BeadLimits, SwimmerMpc, SwimmerMpcOptions
from toolkit.models.fluids import Chamber
from toolkit.models.microrobots import Helix, Roller
from toolkit.procedure.roller_procedure import RollerProcedure
from toolkit.procedure.swimmer_procedure import SwimmerProcedure
from verification.report import BoxRegion, Region

from .coil_assembly import CoilAssembly


@dataclass(frozen=True, eq=False)
class TurnedAssembly(CoilAssembly):
    """chamber: the box, its floor included."""

    procedure: SwimmerProcedure | RollerProcedure
    chamber: Chamber

    @property
    @abstractmethod
    def robot(self) -> Helix | Roller:
        """As the controller knows it."""

    @property
    @abstractmethod
    def mpc_options(self) -> SwimmerMpcOptions:
        """What its controller is told."""

    @cached_property
    def step_out_rad_s(self) -> float:
        """By the model, in the field that is wanted."""
        return self.robot.step_out_rad_s(self.procedure.controller.field_T)

    def mpc(self, begin_s: float) -> SwimmerMpc:
        """A controller for the path begun at begin_s."""
        limits = self.procedure.limits
        bounds = BeadLimits(self.coil_limits, limits.slew_A_s, limits.field_T, limits.gradient_T_m, limits.field_rate_T_s)
        return SwimmerMpc(self.model, self.robot, bounds, self.path.begun_at(begin_s), self.mpc_options, begin_s)

    @property
    def regions(self) -> tuple[Region, ...]:
        half = 0.5 * (self.chamber.upper_m - self.chamber.lower_m)
        return (BoxRegion("chamber", "in", self.chamber.middle_m, half, np.eye(3)),)

    @property
    def said_of_all(self) -> dict[str, str]:
        """Step-out and chamber in words."""
        size = (self.chamber.upper_m - self.chamber.lower_m) * 1e3
        field_mT = self.procedure.controller.field_T * 1e3
        return {
            "step-out": f"{self.step_out_rad_s:.3g} rad/s in {field_mT:g} mT, by the model",
            "chamber": " x ".join(f"{x:g}" for x in size) + " mm",
        }
