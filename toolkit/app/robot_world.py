"""Which world a world file is of."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from toolkit.models.json_file import load_json

from .coil_world import CoilWorld
from .roller_world import RollerWorld
from .swimmer_world import SwimmerWorld
from .vessel_world import VesselWorld


class _Kind(BaseModel):
    model_config = ConfigDict(extra="ignore")

    kind: Literal["vessel", "swimmer", "roller"]


WORLDS: dict[str, type[CoilWorld]] = {"vessel": VesselWorld, "swimmer": SwimmerWorld, "roller": RollerWorld}


def load_world(path: Path) -> CoilWorld:
    """Read a world file (JSON). Raises SpecificationError naming file, line, field and value."""
    return load_json(path, WORLDS[load_json(path, _Kind).kind])
