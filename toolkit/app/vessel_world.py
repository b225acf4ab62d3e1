"""The world of a simulated bead's run, as a file: what the simulated rig has in its coils."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from toolkit.models.fluids import PulseWaveform, Vessel, VesselSegment
from verification.campaign.bead_plant import BeadPlant, TrueBead, WrongCoils

from .coil_world import CoilWorld, Point, Radius, WorldPart

HELD_STEPS = 5
"""So many steps of the plant share flow and walls: 10 ms, as in the vessel campaign."""


class BeadWorld(WorldPart):
    """core_m3, saturation_A_m: the volume of its soft core and that core's saturation magnetisation."""

    radius_m: Annotated[float, Field(gt=0.0, le=1e-2)]
    density_kg_m3: Annotated[float, Field(gt=0.0, le=3e4)]
    core_m3: Annotated[float, Field(gt=0.0, le=1e-5)]
    saturation_A_m: Annotated[float, Field(gt=0.0, le=1e7)]


class SegmentWorld(WorldPart):
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


class PulseWorld(WorldPart):
    """mean_m_s: over the inlet's section and time. harmonics: [re, im] of each, [m/s]; t = 0 is when the bead leaves its rest."""

    rate_Hz: Annotated[float, Field(gt=0.0, le=1e3)]
    mean_m_s: float
    harmonics: Annotated[tuple[Annotated[tuple[float, float], Field(strict=False)], ...], Field(max_length=50, strict=False)] = ()

    def build(self) -> PulseWaveform:
        """Raises InvalidInput."""
        return PulseWaveform(self.rate_Hz, self.mean_m_s, np.array([complex(re, im) for re, im in self.harmonics], dtype=np.complex128))


class VesselWorld(CoilWorld):
    """A bead in a pulsating vessel."""

    kind: Literal["vessel"] = "vessel"
    bead: BeadWorld
    vessel: Annotated[tuple[SegmentWorld, ...], Field(min_length=1, max_length=1000, strict=False)]
    pulse: PulseWorld

    @property
    def seen_radius_m(self) -> float:
        return self.bead.radius_m

    def plant(self, coils: WrongCoils) -> BeadPlant:
        """Raises InvalidInput."""
        parts = self.true_bead(), self.true_fluid(), self.true_vessel(), self.pulse.build(), np.array(self.start_m)
        return BeadPlant(coils, *parts, substeps=1, held_steps=HELD_STEPS)

    def true_bead(self) -> TrueBead:
        bead = self.bead
        return TrueBead(bead.radius_m, bead.density_kg_m3, bead.core_m3, bead.saturation_A_m)

    def true_vessel(self) -> Vessel:
        """Raises InvalidInput."""
        return Vessel(tuple(segment.build() for segment in self.vessel))
