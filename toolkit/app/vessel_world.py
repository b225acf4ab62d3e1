"""The world of a simulated micro-robot run, as a file: what the simulated rig has in its coils. The controller is never told of it."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from devices.bead_finder import BeadSpec, Polarity
from devices.stereo_tracker import View
from toolkit.models.fluids import Fluid, PulseWaveform, Vessel, VesselSegment
from toolkit.models.json_file import load_json
from toolkit.models.magnetics import MpemCalibration, load_mpem
from verification.campaign.bead_plant import TrueBead

Length = Annotated[float, Field(ge=-1.0, le=1.0)]
Point = Annotated[tuple[Length, Length, Length], Field(strict=False)]
Radius = Annotated[float, Field(gt=0.0, le=1.0)]
Pixels = Annotated[int, Field(ge=8, le=8192)]
CONTRAST = 100.0
"""Grey levels by which the bead is darker than what is around it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class BeadWorld(_Part):
    """core_m3, saturation_A_m: the volume of its soft core and that core's saturation magnetisation."""

    radius_m: Annotated[float, Field(gt=0.0, le=1e-2)]
    density_kg_m3: Annotated[float, Field(gt=0.0, le=3e4)]
    core_m3: Annotated[float, Field(gt=0.0, le=1e-5)]
    saturation_A_m: Annotated[float, Field(gt=0.0, le=1e7)]


class FluidWorld(_Part):
    density_kg_m3: Annotated[float, Field(gt=0.0)]
    viscosity_Pa_s: Annotated[float, Field(gt=0.0)]


class SegmentWorld(_Part):
    """As `VesselSegment`; radius_m: one for the whole line, or one a point."""

    name: str
    points_m: Annotated[tuple[Point, ...], Field(min_length=2, max_length=10_000, strict=False)]
    radius_m: Radius | Annotated[tuple[Radius, ...], Field(strict=False)]
    parent: str = ""
    share: float = 1.0

    def build(self) -> VesselSegment:
        """Raises InvalidInput."""
        points = np.array(self.points_m)
        radius = np.full(len(points), self.radius_m) if isinstance(self.radius_m, float) else np.array(self.radius_m)
        return VesselSegment(self.name, points, radius, self.parent, self.share)


class PulseWorld(_Part):
    """mean_m_s: over the inlet's section and time. harmonics: [re, im] of each, [m/s]; t = 0 is when the bead leaves its rest."""

    rate_Hz: Annotated[float, Field(gt=0.0, le=1e3)]
    mean_m_s: float
    harmonics: Annotated[tuple[Annotated[tuple[float, float], Field(strict=False)], ...], Field(max_length=50, strict=False)] = ()

    def build(self) -> PulseWaveform:
        """Raises InvalidInput."""
        return PulseWaveform(self.rate_Hz, self.mean_m_s, np.array([complex(re, im) for re, im in self.harmonics], dtype=np.complex128))


class ViewWorld(_Part):
    """origin_m: the place of pixel (0, 0). shape: rows, columns."""

    origin_m: Point
    shape: Annotated[tuple[Pixels, Pixels], Field(strict=False)]


class CamerasWorld(_Part):
    """noise_m: standard deviation of a tracked point along each axis. Columns of view 0 run along x, of 1 along y; rows of both down."""

    rate_Hz: Annotated[float, Field(ge=1.0, le=250.0)]
    latency_s: Annotated[float, Field(ge=0.0, le=1.0)]
    noise_m: Annotated[float, Field(gt=0.0, le=1e-2)]
    scale_m_px: Annotated[float, Field(gt=0.0, le=1e-3)]
    views: Annotated[tuple[ViewWorld, ViewWorld], Field(strict=False)]

    def build(self) -> tuple[View, View]:
        """The two views, in frame B."""
        first, second = (np.array(view.origin_m) for view in self.views)
        x, y, z = np.eye(3)
        return View(first, self.scale_m_px, x, -z), View(second, self.scale_m_px, y, -z)


class VesselWorld(_Part):
    """calibration: MPEM file, from the world file's folder if it is not absolute. current_signs: of each coil, as it is wired.

    seed: of the coils' errors (gains 5 %, turned 2 degrees, 1 mm away) and of all noise.
    """

    seed: Annotated[int, Field(ge=0)]
    calibration: Annotated[str, Field(min_length=1)]
    current_signs: Annotated[tuple[Literal[1, -1], ...], Field(strict=False)]
    bead: BeadWorld
    fluid: FluidWorld
    vessel: Annotated[tuple[SegmentWorld, ...], Field(min_length=1, max_length=1000, strict=False)]
    pulse: PulseWorld
    start_m: Point
    cameras: CamerasWorld

    def true_bead(self) -> TrueBead:
        bead = self.bead
        return TrueBead(bead.radius_m, bead.density_kg_m3, bead.core_m3, bead.saturation_A_m)

    def true_fluid(self) -> Fluid:
        """Raises InvalidInput."""
        return Fluid("simulated", self.fluid.density_kg_m3, self.fluid.viscosity_Pa_s, "the world file")

    def true_vessel(self) -> Vessel:
        """Raises InvalidInput."""
        return Vessel(tuple(segment.build() for segment in self.vessel))

    def calibrated(self, folder: Path) -> MpemCalibration:
        """The calibration with this wiring. Raises SpecificationError, InvalidInput."""
        return load_mpem(folder / self.calibration).with_signs(self.current_signs)

    def look(self) -> BeadSpec:
        """What the bead looks like in both views. Raises InvalidInput."""
        return BeadSpec(self.bead.radius_m / self.cameras.scale_m_px, 0.5 * CONTRAST, Polarity.DARK)


def load_vessel_world(path: Path) -> VesselWorld:
    """Read a world file (JSON). Raises SpecificationError naming file, line, field and value."""
    return load_json(path, VesselWorld)
