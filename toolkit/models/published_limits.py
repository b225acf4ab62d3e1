"""Joint limits that a second public source states for an arm this package ships."""

from functools import lru_cache
from typing import Annotated

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field

from .instrument import dvrk_folder
from .json_file import validated
from .limits import JointLimits

_Range = Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=2, max_length=2)]


class _Stated(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str
    joints: dict[str, _Range]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int
    arms: dict[str, _Stated]
    tips: dict[str, _Stated]


def published_limits(arm: str, names: tuple[str, ...], tip_code: str = "") -> tuple[JointLimits, ...]:
    """What data/published_limits.yaml states for this arm and instrument, one set a source; empty where it states nothing."""
    table = _table()
    found = [s for s in (table.arms.get(arm), table.tips.get(tip_code)) if s is not None]
    return tuple(limits for limits in (_as_limits(stated, names) for stated in found) if limits.names)


def _as_limits(stated: _Stated, names: tuple[str, ...]) -> JointLimits:
    rows = [(name, stated.joints[name]) for name in names if name in stated.joints]
    return JointLimits(
        tuple(name for name, _ in rows), tuple("m" if name == "insertion" else "rad" for name, _ in rows),
        np.array([r[0] for _, r in rows]), np.array([r[1] for _, r in rows]), np.full(len(rows), np.nan), (stated.source,),
    )


@lru_cache(maxsize=1)
def _table() -> _Table:
    path = dvrk_folder().parent / "published_limits.yaml"
    text = path.read_text(encoding="utf-8")
    return validated(yaml.safe_load(text), _Table, str(path), text)
