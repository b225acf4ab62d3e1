"""From a swimmer's assembly to what only its run has: authority, and the world of the simulated rig."""

import numpy as np

from .coil_parts import world_of
from .swimmer_assembly import SwimmerAssembly
from .swimmer_world import SwimmerWorld
from .turned_parts import turned_authority


def swimmer_authority(assembly: SwimmerAssembly) -> dict[str, str]:
    """Whether the coils can turn the field all along the path, in step, and the robot leave every wall (R1 to R3).

    Raises:
        SpecificationError: they cannot, and why.
    """
    helix = assembly.helix
    sinking = float(np.linalg.norm(helix.net_weight_n)) / float(helix.propulsion_matrix[0, 0])
    return turned_authority(assembly, abs(helix.advance_m_rad), sinking)


def swimmer_world(assembly: SwimmerAssembly) -> SwimmerWorld:
    """What the simulated rig is to have in its coils: as the procedure says, with errors of its own.

    Raises:
        SpecificationError: the procedure says nothing of it.
    """
    procedure = assembly.procedure
    world = world_of(assembly) | {
        "kind": "swimmer",
        "helix": procedure.helix.model_dump(),
        "floor_m": procedure.chamber.lower_m[2],
        "axis": assembly.path(np.zeros(1))[2][0].tolist(),
        "field_T": procedure.controller.field_T,
    }
    return SwimmerWorld.model_validate(world)
