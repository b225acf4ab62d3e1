"""A micro-robot procedure: a magnetic bead is pulled along a vessel against a pulsating flow. Everything it needs, and what is accepted.

Lengths in [m], frame B: that of the coils' calibration. No limit, no assumption and no outcome after a loss has a default.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from ..errors import SpecificationError
from .part import Location, Part, raise_problems
from .quantity import Count, Duration, Position, Quantity, Rate
from .region import Name
from .selftest import CalibrationChoice
from .servo_path import FileName
from .source import Source
from .vessel_assumption import Share, ShortTime, SmallLength, VesselAssumptions

Ampere = Annotated[float, Quantity("A", 0.0, 200.0, low_excluded=True)]
Outcome = Literal["currents_to_zero_bead_sinks"]
"""What is done, and what becomes of the bead then. There is no other yet: a soft bead needs feedback to stay where it is."""


class BeadChoice(Part):
    """core_share: part of the volume that is soft iron, which saturates at saturation_A_m."""

    radius_m: Annotated[float, Quantity("m", 1e-6, 5e-3)]
    density_kg_m3: Annotated[float, Quantity("kg/m^3", 500.0, 22_000.0)]
    core_share: Share
    saturation_A_m: Annotated[float, Quantity("A/m", 1e3, 3e6)]


class FluidChoice(Part):
    """Newtonian."""

    density_kg_m3: Annotated[float, Quantity("kg/m^3", 500.0, 2000.0)]
    viscosity_Pa_s: Annotated[float, Quantity("Pa s", 1e-5, 10.0)]


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


class CameraView(Part):
    """A camera that looks along an axis of frame B: columns along x or y, rows against z (down). origin_m: of pixel (0, 0)."""

    column_axis: Literal["x", "y"]
    origin_m: Position
    columns: Annotated[int, Count(16, 10_000)]
    rows: Annotated[int, Count(16, 10_000)]


class Cameras(Part):
    """Two views at right angles, the first with columns along x, the second along y.

    contrast_min: least grey levels that the bead is darker by. window_m: searched about its last place.
    """

    scale_m_px: Annotated[float, Quantity("m/px", 1e-7, 1e-3)]
    contrast_min: Annotated[float, Quantity("", 1.0, 65535.0)]
    window_m: SmallLength
    views: tuple[CameraView, CameraView]


class BeadController(Part):
    """field_T: the field that is wanted at the bead. latency_s: from a cycle's instant to when its currents begin to move.

    share: how much of the limits of field, gradient and rate it uses; the layer uses all.
    """

    period_s: Annotated[float, Quantity("s", 2e-3, 0.05)]
    field_T: tuple[
        Annotated[float, Quantity("T", -1.0, 1.0)], Annotated[float, Quantity("T", -1.0, 1.0)], Annotated[float, Quantity("T", -1.0, 1.0)]
    ]
    latency_s: Annotated[float, Quantity("s", 0.0, 0.05)]
    share: Share


class CoilBounds(Part):
    """What coils and patient bear. heat_W: of all coils together. field_rate_T_s: |dB/dt| at the bead (peripheral nerves, IEC 60601-2-33).

    contact_share: how much of a coil's excess over 37 °C reaches tissue that touches its housing; cem43_min: thermal dose of that tissue.
    """

    current_A: Ampere
    slew_A_s: Annotated[float, Quantity("A/s", 1.0, 1e5)]
    heat_W: Annotated[float, Quantity("W", 0.1, 1e5)]
    field_T: Annotated[float, Quantity("T", 1e-4, 3.0)]
    gradient_T_m: Annotated[float, Quantity("T/m", 1e-3, 100.0)]
    field_rate_T_s: Annotated[float, Quantity("T/s", 1e-3, 20.0)]
    coil_temperature_C: Annotated[float, Quantity("°C", 25.0, 150.0)]
    contact_share: Annotated[float, Quantity("", 0.0, 1.0)]
    cem43_min: Annotated[float, Quantity("min", 0.0, 240.0, low_excluded=True)]


class Outcomes(Part):
    """What happens at the end, and after the loss of camera, controller or coils: accepted by name by whoever wrote this."""

    end: Outcome
    camera: Outcome
    controller: Outcome
    coil: Outcome


class SimulatedFlow(Part):
    """What the simulated bead meets. seed: of the coils' errors, the pulse's phases and all noise. parts: of amplitude_m_s, by harmonic.

    mean_m_s, amplitude_m_s: mean over the inlet's cross-section and what the harmonics together reach.
    """

    seed: Annotated[int, Count(0, 2**31)]
    rate_Hz: Annotated[float, Quantity("Hz", 0.2, 5.0)]
    mean_m_s: Annotated[float, Quantity("m/s", 0.0, 0.5)]
    amplitude_m_s: Annotated[float, Quantity("m/s", 0.0, 0.5)]
    parts: Annotated[tuple[Annotated[float, Quantity("", 0.0, 1.0)], ...], Field(min_length=1, max_length=8)]
    camera_rate_Hz: Rate
    camera_latency_s: ShortTime


class DeviceFile(Part):
    profile: FileName


class VesselProcedure(Part):
    """The whole file. primum: version of this schema.

    Raises:
        SpecificationError: from the constructor, listing every problem.
    """

    primum: Literal[1]
    kind: Literal["microrobot_vessel"]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    device: DeviceFile
    calibration: CalibrationChoice
    bead: BeadChoice
    fluid: FluidChoice
    centre_lines: Annotated[tuple[CentreLine, ...], Field(min_length=1, max_length=50)]
    vessel: Annotated[tuple[VesselPart, ...], Field(min_length=1, max_length=50)]
    path: PathChoice
    pulse: PulseChoice
    cameras: Cameras
    controller: BeadController
    limits: CoilBounds
    assumptions: VesselAssumptions
    outcomes: Outcomes
    simulator: SimulatedFlow | None = None

    _source: Source | None = PrivateAttr(None)

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

    def model_post_init(self, context: Any) -> None:
        if isinstance(context, Source):
            self._source = context

    @property
    def text(self) -> str:
        """The file, as it was read; of one made in Python, its fields as JSON."""
        return self._source.text if self._source is not None else self.model_dump_json(indent=2)

    @property
    def sha256(self) -> str:
        """SHA-256 of `text` in UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def file(self) -> str:
        """The file it was read from, or nothing."""
        return self._source.file if self._source is not None else ""

    def resolve(self, file: str) -> Path:
        """A file that it names, relative to itself."""
        return Path(self.file).parent / file

    def error(self, problem: str, *location: str | int) -> SpecificationError:
        """An error of one of its fields, with its line."""
        if self._source is None:
            return SpecificationError(problem, field=".".join(map(str, location)))
        return SpecificationError(problem, file=self.file, line=self._source.line(location), field=self._source.field(location))
