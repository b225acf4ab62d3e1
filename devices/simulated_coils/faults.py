"""Faults a test can cause in the simulated coil rig, each one a thing real hardware does. Channels and coils count from 0."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class CoilFaults(BaseModel):
    """open: coils whose winding is broken. short: coils whose winding is shorted, with the part of it that is left.

    swapped: connectors of two coils exchanged, sense leads and sensor included. swapped_leads: only the leads that carry current.
    reversed: current leads of a coil exchanged, sense leads as labelled. turned: all leads exchanged: no voltage tells.
    stuck_temperature_c: sensors that say this whatever happens. no_temperature: sensors that cannot be read.
    drop_every: every k-th frame from the host is lost (0: none). bad_crc_every: every k-th reply is damaged. silent: nobody answers.
    extra_latency_ms: replies come this much later. exit: the process ends at once.
    frozen_cameras: cameras that give their last picture again under new numbers. stopped_cameras: cameras that give nothing more. A rig
        without cameras has none that could fail.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    open: frozenset[int] = frozenset()
    short: dict[int, Annotated[float, Field(gt=0, lt=1)]] = {}
    swapped: tuple[int, int] | None = None
    swapped_leads: tuple[int, int] | None = None
    reversed: frozenset[int] = frozenset()
    turned: frozenset[int] = frozenset()
    stuck_temperature_c: dict[int, float] = {}
    no_temperature: frozenset[int] = frozenset()
    drop_every: Annotated[int, Field(ge=0)] = 0
    bad_crc_every: Annotated[int, Field(ge=0)] = 0
    silent: bool = False
    extra_latency_ms: Annotated[float, Field(ge=0, le=10_000)] = 0.0
    frozen_cameras: frozenset[int] = frozenset()
    stopped_cameras: frozenset[int] = frozenset()
    exit: bool = False
