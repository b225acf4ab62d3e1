"""A micro-robot procedure: a magnetic sphere rolls on a level floor after a recorded path, driven by a rotating field.

Lengths in [m], frame B: that of the coils' calibration, z up. No limit, no assumption and no outcome after a loss has a default.
"""

from typing import Annotated, Literal, Self

from pydantic import model_validator

from .coil_procedure import CoilProcedure, Outcomes, SimulatedWorld
from .part import Location, Part, raise_problems
from .quantity import Duration, Position, Quantity
from .servo_path import FileName
from .swimmer_assumption import SwimmerAssumptions
from .swimmer_procedure import Chamber, SwimmerController, raise_unless_a_box
from .vessel_assumption import Share, SmallLength

Moment = Annotated[float, Quantity("s", 0.0, 1e5)]


class RollerChoice(Part):
    """slip: speed over that of rolling without slip, measured. wall_torque_factor: its rotational drag on the floor over that far away."""

    radius_m: SmallLength
    slip: Share
    wall_torque_factor: Annotated[float, Quantity("", 1.0, 100.0)]
    moment_A_m2: Annotated[float, Quantity("A m^2", 0.0, 1.0, low_excluded=True)]
    density_kg_m3: Annotated[float, Quantity("kg/m^3", 500.0, 22_000.0)]


class RecordedStretch(Part):
    """Of a recorded cell-bot: from from_s to to_s, every every_s seconds (means about them), a pixel being scale_m_px long.

    start_m: where the stretch begins, x along the image's columns, y against its rows.
    """

    file: FileName
    from_s: Moment
    to_s: Moment
    every_s: Duration
    scale_m_px: Annotated[float, Quantity("m/px", 1e-8, 1e-3)]
    start_m: Position

    @model_validator(mode="after")
    def _is_a_stretch(self) -> Self:
        if not self.to_s - self.from_s >= 2.0 * self.every_s:
            problem = f"allowed: at least two steps of every_s after from_s, {self.from_s + 2.0 * self.every_s:g} s"
            raise_problems("RecordedStretch", [(("to_s",), self.to_s, problem)])
        return self


class RollerPath(Part):
    recorded: RecordedStretch

    @property
    def duration_s(self) -> float:
        """Of the whole path."""
        return self.recorded.to_s - self.recorded.from_s


class SimulatedFloor(SimulatedWorld):
    """slip: the true one."""

    slip: Share


Rests = Literal["currents_to_zero_robot_rests_on_the_floor"]


class RestingOutcomes(Outcomes):
    """Of a robot that lies on a level floor."""

    end: Rests
    camera: Rests
    controller: Rests
    coil: Rests


class RollerProcedure(CoilProcedure):
    """The whole file.

    Raises:
        SpecificationError: from the constructor, listing every problem.
    """

    kind: Literal["microrobot_roller"]
    roller: RollerChoice
    chamber: Chamber
    path: RollerPath
    controller: SwimmerController
    assumptions: SwimmerAssumptions
    outcomes: RestingOutcomes
    simulator: SimulatedFloor | None = None

    @model_validator(mode="after")
    def _rolls_on_the_floor(self) -> Self:
        raise_unless_a_box("RollerProcedure", self.chamber)
        problems: list[tuple[Location, object, str]] = []
        on_floor, given = self.chamber.lower_m[2] + self.roller.radius_m, self.path.recorded.start_m[2]
        if not abs(given - on_floor) <= 1e-6:
            allowed = f"allowed: its centre when it lies on the floor, {on_floor:g} m"
            problems.append((("path", "recorded", "start_m", 2), given, allowed))
        raise_problems("RollerProcedure", problems)
        return self
