"""A micro-robot procedure: a helical swimmer is steered by a rotating field along a figure of eight in a chamber with level walls.

Lengths in [m], frame B: that of the coils' calibration, z up. No limit, no assumption and no outcome after a loss has a default.
"""

from typing import Annotated, Literal, Self

from pydantic import model_validator

from .coil_procedure import CoilController, CoilProcedure, SinkingOutcomes
from .part import Location, Part, raise_problems
from .quantity import Count, Duration, Position, Quantity
from .swimmer_assumption import SwimmerAssumptions
from .vessel_assumption import SmallLength


class HelixChoice(Part):
    """A rigid helix behind a spherical magnetic head.

    radius_m: to the filament's axis. moment_A_m2: of the head, across the axis of the helix.
    """

    turns: Annotated[float, Quantity("", 0.5, 100.0)]
    pitch_m: SmallLength
    radius_m: SmallLength
    filament_radius_m: SmallLength
    handedness: Literal["right", "left"]
    head_radius_m: SmallLength
    moment_A_m2: Annotated[float, Quantity("A m^2", 0.0, 1.0, low_excluded=True)]
    density_kg_m3: Annotated[float, Quantity("kg/m^3", 500.0, 22_000.0)]


class Chamber(Part):
    """A box of fluid: its opposite corners."""

    lower_m: Position
    upper_m: Position


class FigureOfEight(Part):
    """In a level plane: x = half_width sin, y = half_height sin(2 .), `turns` times, one in turn_s."""

    centre_m: Position
    half_width_m: SmallLength
    half_height_m: SmallLength
    turn_s: Duration
    turns: Annotated[int, Count(1, 1000)]


class SwimmerPath(Part):
    figure_of_eight: FigureOfEight

    @property
    def duration_s(self) -> float:
        """Of the whole path."""
        return self.figure_of_eight.turn_s * self.figure_of_eight.turns


class SwimmerController(CoilController):
    """field_T: strength of the field that turns. share: how much of the step-out rate that the model has it may turn with."""

    field_T: Annotated[float, Quantity("T", 1e-5, 1.0)]


class SwimmerProcedure(CoilProcedure):
    """The whole file.

    Raises:
        SpecificationError: from the constructor, listing every problem.
    """

    kind: Literal["microrobot_swimmer"]
    helix: HelixChoice
    chamber: Chamber
    path: SwimmerPath
    controller: SwimmerController
    assumptions: SwimmerAssumptions
    outcomes: SinkingOutcomes

    @model_validator(mode="after")
    def _chamber_is_a_box(self) -> Self:
        raise_unless_a_box("SwimmerProcedure", self.chamber)
        return self


def raise_unless_a_box(title: str, chamber: Chamber) -> None:
    """Of a procedure whose model is named `title`: every upper side above its lower one."""
    problems: list[tuple[Location, object, str]] = []
    for k, axis in enumerate("xyz"):
        low, high = chamber.lower_m[k], chamber.upper_m[k]
        if not low < high:
            problems.append((("chamber", "upper_m", k), high, f"{axis}: allowed: above lower_m, {low:g}"))
    raise_problems(title, problems)
