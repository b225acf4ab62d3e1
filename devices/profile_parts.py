"""The parts of a device profile: joints, servos, line, timing. Units are the last word of every field's name."""

from math import isfinite
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from .control_table import EXTENDED_TICKS_MAX, WATCHDOG_UNIT_MS


def _finite(value: float) -> float:
    if not isfinite(value):
        raise ValueError("must be finite")
    return value


Number = Annotated[float, AfterValidator(_finite)]
Positive = Annotated[float, Field(gt=0), AfterValidator(_finite)]


class Strict(BaseModel):
    """Unknown fields and other types are refused; nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RevoluteJoint(Strict):
    """Hard limits, the rates the command class is derived from, and the declared bound between encoder and true joint."""

    name: str
    type: Literal["revolute"]
    lower_rad: Number
    upper_rad: Number
    rate_rad_per_s: Positive
    acceleration_rad_per_s2: Positive
    joint_error_rad: Annotated[float, Field(ge=0, lt=0.2)]

    @property
    def si(self) -> tuple[float, float, float, float, float]:
        """lower, upper, rate, acceleration, joint_error in SI."""
        return self.lower_rad, self.upper_rad, self.rate_rad_per_s, self.acceleration_rad_per_s2, self.joint_error_rad

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not -20 <= self.lower_rad < self.upper_rad <= 20:
            raise ValueError(f"joint {self.name}: -20 <= lower_rad < upper_rad <= 20 must hold: {self.lower_rad}, {self.upper_rad}")
        return self


class PrismaticJoint(Strict):
    """As RevoluteJoint, in metres."""

    name: str
    type: Literal["prismatic"]
    lower_m: Number
    upper_m: Number
    rate_m_per_s: Positive
    acceleration_m_per_s2: Positive
    joint_error_m: Annotated[float, Field(ge=0, lt=0.02)]

    @property
    def si(self) -> tuple[float, float, float, float, float]:
        """lower, upper, rate, acceleration, joint_error in SI."""
        return self.lower_m, self.upper_m, self.rate_m_per_s, self.acceleration_m_per_s2, self.joint_error_m

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        # 2 m is longer than any surgical arm: a limit written in millimetres is found here.
        if not -2 <= self.lower_m < self.upper_m <= 2:
            raise ValueError(f"joint {self.name}: -2 <= lower_m < upper_m <= 2 must hold: {self.lower_m}, {self.upper_m}")
        return self


class Servo(Strict):
    """One servo: its identity on the bus, its gear, its zero and its own range.

    The servo turns by gear_rad_per_rad x the angle of what it drives (an arm joint, or an instrument disk before the coupling), or by
    gear_rad_per_m x its travel. zero_ticks: present position where what it drives is at zero, as left by homing.
    """

    id: Annotated[int, Field(ge=0, le=252)]
    model_number: Annotated[int, Field(ge=1, le=65535)]
    gear_rad_per_rad: Positive | None = None
    gear_rad_per_m: Positive | None = None
    direction: Literal[-1, 1]
    zero_ticks: Annotated[int, Field(ge=-EXTENDED_TICKS_MAX, le=EXTENDED_TICKS_MAX)]
    min_ticks: Annotated[int, Field(ge=-EXTENDED_TICKS_MAX, le=EXTENDED_TICKS_MAX)]
    max_ticks: Annotated[int, Field(ge=-EXTENDED_TICKS_MAX, le=EXTENDED_TICKS_MAX)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.gear_rad_per_rad is None) == (self.gear_rad_per_m is None):
            raise ValueError(f"servo {self.id}: state exactly one of gear_rad_per_rad and gear_rad_per_m")
        if not self.min_ticks < self.max_ticks:
            raise ValueError(f"servo {self.id}: min_ticks < max_ticks must hold: {self.min_ticks}, {self.max_ticks}")
        return self

    @property
    def gear(self) -> float:
        """Servo radians per radian or metre of what it drives."""
        return self.gear_rad_per_rad or self.gear_rad_per_m or 0.0


class ArmIdentity(Strict):
    """Which kinematic model of toolkit.models, and which instrument (dVRK's NAME:MODEL) the servos move."""

    model: Literal["psm_classic", "psm_si"]
    instrument: str


class Connection(Strict):
    """The line. url: any pyserial URL, or the word `simulated`, in which case `simulator` says what is simulated.

    return_delay_us: register 9, written and read back. watchdog_ms: register 98, a multiple of 20.
    """

    url: str
    baud_bits_per_s: Annotated[int, Field(ge=9600, le=12_000_000)]
    reply_timeout_ms: Annotated[float, Field(ge=1, le=1000)]
    read_retries: Annotated[int, Field(ge=0, le=5)]
    return_delay_us: Annotated[int, Field(ge=0, le=508, multiple_of=2)]
    watchdog_ms: Annotated[int, Field(ge=WATCHDOG_UNIT_MS, le=127 * WATCHDOG_UNIT_MS, multiple_of=WATCHDOG_UNIT_MS)]


class Timing(Strict):
    """period_ms: servo period T_s. latency_ms: from a setpoint's write to the motion it causes, stated for delay compensation.

    sample_age_ms: how old an encoder value may be when the servo answers. age_max_ms: assumption A4.
    losses_max: lost setpoints in a row that the tube covers. jitter_ms: how late a setpoint may take effect beyond what identification
    meets; the tube's window is longer by it.
    """

    period_ms: Annotated[float, Field(ge=1, le=1000)]
    latency_ms: Annotated[float, Field(ge=0, le=500)]
    sample_age_ms: Annotated[float, Field(ge=0, le=100)]
    age_max_ms: Annotated[float, Field(gt=0, le=1000)]
    losses_max: Annotated[int, Field(ge=0, le=20)]
    jitter_ms: Annotated[float, Field(ge=0, le=100)]
