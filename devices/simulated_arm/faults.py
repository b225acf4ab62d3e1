"""Faults a test can cause in the simulated arm, each one a thing real hardware does."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Faults(BaseModel):
    """drop_every: every k-th sync write is lost (0: none). frozen: servo ids whose measurements and clock stand still.

    hardware_error: bits of register 70 to raise, by servo id: torque goes off, every status carries the alert bit.
    silent: nobody answers. mute: these ids never answer, and do not hear writes addressed to them alone.
    bad_crc: every k-th reply is damaged (0: none). extra_latency_ms: replies come this much later.
    mode_locked: ids whose operating mode cannot be written. torque_stuck: ids that ignore torque-off but report success.
    torque_lost: ids whose torque goes off by itself. foreign_goal_ticks: someone else moves the goal of these ids by so much, once.
    runaway: drives that follow no goal but turn on and on; their registers say nothing of it, and only torque off ends it.
    exit: the process ends at once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    drop_every: Annotated[int, Field(ge=0)] = 0
    frozen: frozenset[int] = frozenset()
    hardware_error: dict[int, int] = {}
    silent: bool = False
    mute: frozenset[int] = frozenset()
    bad_crc: Annotated[int, Field(ge=0)] = 0
    extra_latency_ms: Annotated[float, Field(ge=0, le=10_000)] = 0.0
    mode_locked: frozenset[int] = frozenset()
    torque_stuck: frozenset[int] = frozenset()
    torque_lost: frozenset[int] = frozenset()
    runaway: frozenset[int] = frozenset()
    foreign_goal_ticks: dict[int, int] = {}
    exit: bool = False
