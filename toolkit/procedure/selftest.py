"""A self-test file: which measurement is compared with which calibration, and what is accepted before arming."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .part import Location, Part, raise_problems
from .quantity import Count, Quantity
from .region import Name
from .servo_path import FileName

Ohm = Annotated[float, Quantity("ohm", 0.0, 1e6, low_excluded=True)]
Ampere = Annotated[float, Quantity("A", -1e4, 1e4)]
Volt = Annotated[float, Quantity("V", -1e5, 1e5)]
Celsius = Annotated[float, Quantity("°C", -40.0, 200.0)]
Share = Annotated[float, Quantity("", 0.0, 0.999, low_excluded=True)]
Sign = Literal[1, -1]


class CalibrationChoice(Part):
    """file: MPEM calibration (YAML). current_signs: for each coil 1, or -1 where its current is counted the other way round.

    saturation: saturation file, or none stated for iron that stays linear.
    """

    file: FileName
    current_signs: Annotated[tuple[Sign, ...], Field(min_length=1, max_length=100)]
    saturation: FileName | None = None


class MeasurementChoice(Part):
    """file: measured fields (CSV). outside_workspace: what happens to positions outside the calibrated workspace.

    refuse: the file is refused; leave_out: they are counted and not looked at; use: somebody vouches for the calibration out there.
    """

    file: FileName
    outside_workspace: Literal["refuse", "leave_out", "use"]


class FieldAcceptance(Part):
    """gain: range of the overall gain and of each coil's. residual_max: relative. See safety/field_selftest.py."""

    gain: tuple[Annotated[float, Quantity("", 0.001, 1.0)], Annotated[float, Quantity("", 1.0, 1000.0)]]
    residual_max: Share
    field_max_tesla: Annotated[float, Quantity("T", 0.0, 100.0, low_excluded=True)]
    positions_min: Annotated[int, Count(1, 10**6)]


class CoilMeasurement(Part):
    """R20_ohm: from the coil's data sheet or first measurement. V, i_ampere: measured together, four-wire, two pairs or more."""

    name: Name
    R20_ohm: Ohm
    temperature_celsius: Celsius
    V: Annotated[tuple[Volt, ...], Field(min_length=2, max_length=1000)]
    i_ampere: Annotated[tuple[Ampere, ...], Field(min_length=2, max_length=1000)]


class ResistanceAcceptance(Part):
    """See safety/coil_selftest.py."""

    tolerance: Annotated[float, Quantity("", 1e-4, 0.5)]
    short_below: Annotated[float, Quantity("", 1e-3, 0.999)]
    current_min_ampere: Annotated[float, Quantity("A", 0.0, 1e4, low_excluded=True)]
    temperature_celsius: tuple[Celsius, Celsius]


class Resistance(Part):
    """Either coils with what is accepted, or the reason why no resistance was measured: silence is not a choice."""

    not_measured: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    coils: Annotated[tuple[CoilMeasurement, ...], Field(min_length=1, max_length=100)] | None = None
    accepted: ResistanceAcceptance | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        problems: list[tuple[Location, object, str]] = []
        if (self.not_measured is None) == (self.coils is None) or (self.coils is None) != (self.accepted is None):
            problems.append(((), None, "either `not_measured: reason`, or `coils` and `accepted`"))
        for k, coil in enumerate(self.coils or ()):
            if len(coil.V) != len(coil.i_ampere):
                problems.append((("coils", k, "V"), coil.V, f"{len(coil.V)} voltages for {len(coil.i_ampere)} currents"))
        raise_problems("Resistance", problems)
        return self


class Selftest(Part):
    """The whole file. primum: version of this schema. No threshold has a default.

    Raises:
        SpecificationError: from the constructor, listing every problem.
    """

    primum: Literal[1]
    kind: Literal["selftest"]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    calibration: CalibrationChoice
    measurement: MeasurementChoice
    field: FieldAcceptance
    resistance: Resistance
