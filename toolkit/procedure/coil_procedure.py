"""What every procedure of a micro-robot in coils states: device, calibration, fluid, cameras, limits, assumptions, and what is accepted.

Lengths in [m], frame B: that of the coils' calibration. No limit, no assumption and no outcome after a loss has a default.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from ..errors import SpecificationError
from .part import Location, Part, raise_problems
from .quantity import Count, Position, Quantity, Rate
from .selftest import CalibrationChoice
from .servo_path import FileName
from .source import Source
from .vessel_assumption import CoilAssumptions, Share, ShortTime, SmallLength

Ampere = Annotated[float, Quantity("A", 0.0, 200.0, low_excluded=True)]
Sinks = Literal["currents_to_zero_robot_sinks"]
"""What is done, and what becomes of the robot then: without feedback a bead or a swimmer does not stay where it is."""


class FluidChoice(Part):
    """Newtonian."""

    density_kg_m3: Annotated[float, Quantity("kg/m^3", 500.0, 2000.0)]
    viscosity_Pa_s: Annotated[float, Quantity("Pa s", 1e-5, 10.0)]


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

    @model_validator(mode="after")
    def _at_right_angles(self) -> Self:
        problems: list[tuple[Location, object, str]] = []
        for k, axis in enumerate("xy"):
            given = self.views[k].column_axis
            if given != axis:
                problems.append((("views", k, "column_axis"), given, f"allowed: x for the first view, y for the second, here {axis}"))
        raise_problems("Cameras", problems)
        return self


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

    end: str
    camera: str
    controller: str
    coil: str


class SinkingOutcomes(Outcomes):
    """Of a robot that nothing but its field holds."""

    end: Sinks
    camera: Sinks
    controller: Sinks
    coil: Sinks


class DeviceFile(Part):
    profile: FileName


class CoilController(Part):
    """latency_s: from a cycle's instant to when its currents begin to move."""

    period_s: Annotated[float, Quantity("s", 2e-3, 0.05)]
    latency_s: Annotated[float, Quantity("s", 0.0, 0.05)]
    share: Share


class SimulatedWorld(Part):
    """seed: of the coils' errors and all noise."""

    seed: Annotated[int, Count(0, 2**31)]
    camera_rate_Hz: Rate
    camera_latency_s: ShortTime


class CoilProcedure(Part):
    """primum: version of this schema."""

    primum: Literal[1]
    kind: str
    title: Annotated[str, Field(min_length=1, max_length=200)]
    device: DeviceFile
    calibration: CalibrationChoice
    fluid: FluidChoice
    cameras: Cameras
    controller: CoilController
    limits: CoilBounds
    assumptions: CoilAssumptions
    outcomes: Outcomes
    simulator: SimulatedWorld | None = None

    _source: Source | None = PrivateAttr(None)

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
