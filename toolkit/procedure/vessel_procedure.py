"""A micro-robot procedure: a magnetic bead is pulled along a vessel against a pulsating flow. Everything it needs, and what is accepted.

Lengths in [m], frame B: that of the coils' calibration. No limit, no assumption and no outcome after a loss has a default.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .coil_procedure import CoilController, CoilProcedure, SimulatedWorld, SinkingOutcomes
from .part import Location, Part, raise_problems
from .quantity import Count, Duration, Position, Quantity
from .region import Name
from .vessel_assumption import Share, SmallLength, VesselAssumptions


class BeadChoice(Part):
    """core_share: part of the volume that is soft iron, which saturates at saturation_A_m."""

    radius_m: Annotated[float, Quantity("m", 1e-6, 5e-3)]
    density_kg_m3: Annotated[float, Quantity("kg/m^3", 500.0, 22_000.0)]
    core_share: Share
    saturation_A_m: Annotated[float, Quantity("A/m", 1e3, 3e6)]


class CentreLine(Part):
    """A smooth curve through these points."""

    name: Name
    points_m: Annotated[tuple[Position, ...], Field(min_length=3, max_length=200)]


class VesselPart(Part):
    """A tube about a piece of a centre line, from one of its points to another. parent: where its flow comes from; flow_share: how much."""

    name: Name
    line: Name
    from_point: Annotated[int, Count(0, 199)]
    to_point: Annotated[int, Count(1, 199)]
    radius_m: SmallLength
    parent: Name | None = None
    flow_share: Share


class PathChoice(Part):
    """Along one centre line at constant speed, from `inset_m` after its begin to `inset_m` before its end."""

    line: Name
    inset_m: SmallLength
    duration_s: Duration


class PulseChoice(Part):
    """rate_Hz: of the heart, as it is known to the controller. harmonics: how many of them the flow is looked for in."""

    rate_Hz: Annotated[float, Quantity("Hz", 0.2, 5.0)]
    harmonics: Annotated[int, Count(1, 8)]


class BeadController(CoilController):
    """field_T: the field that is wanted at the bead.

    share: how much of the limits of field, gradient and rate it uses; the layer uses all.
    """

    field_T: tuple[
        Annotated[float, Quantity("T", -1.0, 1.0)], Annotated[float, Quantity("T", -1.0, 1.0)], Annotated[float, Quantity("T", -1.0, 1.0)]
    ]


class SimulatedFlow(SimulatedWorld):
    """What the simulated bead meets; the seed is of the pulse's phases, too. parts: of amplitude_m_s, by harmonic.

    mean_m_s, amplitude_m_s: mean over the inlet's cross-section and what the harmonics together reach.
    """

    rate_Hz: Annotated[float, Quantity("Hz", 0.2, 5.0)]
    mean_m_s: Annotated[float, Quantity("m/s", 0.0, 0.5)]
    amplitude_m_s: Annotated[float, Quantity("m/s", 0.0, 0.5)]
    parts: Annotated[tuple[Annotated[float, Quantity("", 0.0, 1.0)], ...], Field(min_length=1, max_length=8)]


class VesselProcedure(CoilProcedure):
    """The whole file.

    Raises:
        SpecificationError: from the constructor, listing every problem.
    """

    kind: Literal["microrobot_vessel"]
    bead: BeadChoice
    centre_lines: Annotated[tuple[CentreLine, ...], Field(min_length=1, max_length=50)]
    vessel: Annotated[tuple[VesselPart, ...], Field(min_length=1, max_length=50)]
    path: PathChoice
    pulse: PulseChoice
    controller: BeadController
    assumptions: VesselAssumptions
    outcomes: SinkingOutcomes
    simulator: SimulatedFlow | None = None

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        lines = {line.name: len(line.points_m) for line in self.centre_lines}
        problems: list[tuple[Location, object, str]] = []
        known = ", ".join(lines)
        if len(lines) != len(self.centre_lines):
            problems.append((("centre_lines",), [line.name for line in self.centre_lines], "named twice: each name once"))
        before: list[str] = []
        for k, part in enumerate(self.vessel):
            if part.line not in lines:
                problems.append((("vessel", k, "line"), part.line, f"no such centre line: allowed: {known}"))
            elif not part.from_point < part.to_point < lines[part.line]:
                at = f"points {part.from_point} to {part.to_point} of {part.line}, which has 0 to {lines[part.line] - 1}, in this order"
                problems.append((("vessel", k, "to_point"), part.to_point, at))
            if (part.parent is None) != (k == 0) or (part.parent is not None and part.parent not in before):
                allowed = "none of the first part" if k == 0 else f"one of {', '.join(before)}"
                problems.append((("vessel", k, "parent"), part.parent, f"allowed: {allowed}"))
            if part.name in before:
                problems.append((("vessel", k, "name"), part.name, "named twice: each name once"))
            before.append(part.name)
        if self.path.line not in lines:
            problems.append((("path", "line"), self.path.line, f"no such centre line: allowed: {known}"))
        raise_problems("VesselProcedure", problems)
        return self
