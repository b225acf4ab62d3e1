"""What is simulated: the part of a profile that a real arm does not have. All of its numbers are invented and say so."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]


class CableSpec(BaseModel):
    """How the true joint departs from what the encoders say, within the profile's joint_error.

    play_fraction of the bound is hysteresis (a dead band the motion must cross), the rest a smooth function of position with
    `waves_per_range` waves over the joint's range.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    play_fraction: Fraction
    waves_per_range: Annotated[float, Field(gt=0, le=20)]


class SimulatorSpec(BaseModel):
    """Servo, line and plant of the simulated arm.

    start_rad_or_m: joints at power-on, jaw included. servo_slow_ms, servo_fast_ms: the two real poles of the position loop (no
    overshoot; together its lag). latency_min_ms..latency_max_ms: from the last byte of a goal to the loop using it, drawn per servo
    and command. encoder_noise_ticks: largest error of a reading. payload_kg: moving mass that gravity droops the insertion axis with.
    jaw_length_m: from the wrist's yaw axis to the ends of the jaws. seed: of every random draw.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    start_rad_or_m: list[float]
    seed: Annotated[int, Field(ge=0)]
    physics_hz: Annotated[int, Field(ge=500, le=2000)]
    servo_slow_ms: Annotated[float, Field(gt=0, le=200)]
    servo_fast_ms: Annotated[float, Field(gt=0, le=200)]
    latency_min_ms: Annotated[float, Field(ge=0, le=100)]
    latency_max_ms: Annotated[float, Field(ge=0, le=100)]
    encoder_noise_ticks: Annotated[int, Field(ge=0, le=10)]
    payload_kg: Annotated[float, Field(gt=0, le=20)]
    jaw_length_m: Annotated[float, Field(gt=0, le=0.1)]
    cable: CableSpec
