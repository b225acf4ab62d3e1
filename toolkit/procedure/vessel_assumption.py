"""The assumptions B1 to B6 of a micro-robot's run, each with its numbers and the author's reason to believe it here."""

from typing import Annotated, ClassVar

from .assumption import Statement
from .part import Part
from .quantity import Count, Quantity

Share = Annotated[float, Quantity("", 0.0, 1.0, low_excluded=True)]
SmallLength = Annotated[float, Quantity("m", 0.0, 0.05, low_excluded=True)]
BodySpeed = Annotated[float, Quantity("m/s", 0.0, 0.5, low_excluded=True)]
ShortTime = Annotated[float, Quantity("s", 0.0, 1.0, low_excluded=True)]


class CoilErrors(Part):
    """B1."""

    claim: ClassVar[str] = "The coils differ from their calibration by no more than these errors."
    gain: Share
    axis_rad: Annotated[float, Quantity("rad", 0.0, 0.5)]
    offset_m: Annotated[float, Quantity("m", 0.0, 0.05)]
    statement: Statement


class Images(Part):
    """B2. age_s_max: of the newest image in use. noise_m: standard deviation of a position, per axis.

    gap_m_max, skew_s_max: by which the two views of one number may differ, in height and time. missing_max: images missing in a row.
    """

    claim: ClassVar[str] = "Where the cameras show the robot it was, and no image in use is older than age_s_max."
    age_s_max: ShortTime
    noise_m: SmallLength
    gap_m_max: SmallLength
    skew_s_max: ShortTime
    missing_max: Annotated[int, Count(0, 10)]
    statement: Statement


class Drift(Part):
    """B3. speed_m_s: of the robot, in any direction; flow_m_s: of the fluid.

    across_m_s: towards a wall, while a controller works on images or on its prediction: without one a bead sinks many times faster.
    """

    claim: ClassVar[str] = (
        "Since the newest image the robot came nearer to a wall by at most across_m_s times its age, and moved no faster than speed_m_s."
    )
    speed_m_s: BodySpeed
    across_m_s: BodySpeed
    flow_m_s: Annotated[float, Quantity("m/s", 0.0, 0.5)]
    statement: Statement


class BeadDrift(Drift):
    """force_margin_N: by which the coils must be able to pull it off every wall on its path, drag, weight and errors deducted."""

    force_margin_N: Annotated[float, Quantity("N", 0.0, 1.0)]


class CoilsFollow(Part):
    """B4. within_s: a current reaches its new set-point in this time."""

    claim: ClassVar[str] = "Currents reach their set-points within within_s; the driver watches them, the device trips by itself."
    within_s: ShortTime
    statement: Statement


class CoilHeat(Part):
    """B5. Of each coil: C dT/dt = R i^2 - (T - T_ambient)/R_th. sensor_K: error of its temperature sensor."""

    claim: ClassVar[str] = "A coil is no hotter than the hotter of its thermal model and of its sensor with its error."
    heat_capacity_J_K: Annotated[float, Quantity("J/K", 0.1, 1e6)]
    thermal_K_W: Annotated[float, Quantity("K/W", 1e-4, 100.0)]
    ambient_C: Annotated[float, Quantity("°C", 0.0, 60.0)]
    sensor_K: Annotated[float, Quantity("K", 0.0, 20.0)]
    statement: Statement


class WallGeometry(Part):
    """B6. error_m: how far the true wall may be from where the procedure has it."""

    claim: ClassVar[str] = "The wall is where the procedure has it, within error_m, and does not move further."
    error_m: Annotated[float, Quantity("m", 0.0, 0.05)]
    statement: Statement


class CoilAssumptions(Part):
    """What every robot in coils assumes."""

    B1: CoilErrors
    B2: Images
    B3: Drift
    B4: CoilsFollow
    B5: CoilHeat
    B6: WallGeometry


class VesselAssumptions(CoilAssumptions):
    B3: BeadDrift
