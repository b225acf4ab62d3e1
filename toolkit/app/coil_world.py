"""What every simulated micro-robot's world has, as a file: coils, fluid, start, cameras. The controller is never told of it."""

from abc import abstractmethod
from pathlib import Path
from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from devices.bead_finder import BeadSpec, Polarity
from devices.stereo_tracker import View
from toolkit import FloatArray
from toolkit.models.fluids import Fluid
from toolkit.models.magnetics import MpemCalibration, load_mpem
from verification.campaign.bead_plant import WrongCoils

Length = Annotated[float, Field(ge=-1.0, le=1.0)]
Point = Annotated[tuple[Length, Length, Length], Field(strict=False)]
Radius = Annotated[float, Field(gt=0.0, le=1.0)]
Pixels = Annotated[int, Field(ge=8, le=8192)]
CONTRAST = 100.0
"""Grey levels by which the robot is darker than what is around it."""


class Plant(Protocol):
    """A robot in true coils, written apart from any controller."""

    coils: WrongCoils
    p_m: FloatArray
    B_tesla: FloatArray
    gradient_T_m: FloatArray

    def step(self, t_s: float, from_A: FloatArray, to_A: FloatArray, period_s: float) -> object:
        """Move on by a period in which the currents run straight from one set to the other."""

    def wall_distance_m(self) -> float:
        """From the robot's surface; not positive when it touches."""

    @property
    def is_lifted(self) -> bool:
        """The field that it is in would move it from its rest."""


class WorldPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FluidWorld(WorldPart):
    density_kg_m3: Annotated[float, Field(gt=0.0)]
    viscosity_Pa_s: Annotated[float, Field(gt=0.0)]


class ViewWorld(WorldPart):
    """origin_m: the place of pixel (0, 0). shape: rows, columns."""

    origin_m: Point
    shape: Annotated[tuple[Pixels, Pixels], Field(strict=False)]


class CamerasWorld(WorldPart):
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


class CoilWorld(WorldPart):
    """calibration: MPEM file, from the world file's folder if it is not absolute. current_signs: of each coil, as it is wired.

    seed: of the coils' errors (gains 5 %, turned 2 degrees, 1 mm away) and of all noise.
    """

    seed: Annotated[int, Field(ge=0)]
    calibration: Annotated[str, Field(min_length=1)]
    current_signs: Annotated[tuple[Literal[1, -1], ...], Field(strict=False)]
    fluid: FluidWorld
    start_m: Point
    cameras: CamerasWorld

    @property
    @abstractmethod
    def seen_radius_m(self) -> float:
        """Of the dark disc in both views."""

    @property
    def shown_of_plant(self) -> tuple[str, ...]:
        """Numbers of this robot's plant that the truth file has besides what all robots have."""
        return ()

    @abstractmethod
    def plant(self, coils: WrongCoils) -> Plant:
        """The robot where it starts. Raises InvalidInput."""

    def true_fluid(self) -> Fluid:
        """Raises InvalidInput."""
        return Fluid("simulated", self.fluid.density_kg_m3, self.fluid.viscosity_Pa_s, "the world file")

    def calibrated(self, folder: Path) -> MpemCalibration:
        """The calibration with this wiring. Raises SpecificationError, InvalidInput."""
        return load_mpem(folder / self.calibration).with_signs(self.current_signs)

    def look(self) -> BeadSpec:
        """What the robot looks like in both views. Raises InvalidInput."""
        return BeadSpec(self.seen_radius_m / self.cameras.scale_m_px, 0.5 * CONTRAST, Polarity.DARK)
