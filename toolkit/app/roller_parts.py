"""From a roller's assembly to what only its run has: authority, and the world of the simulated rig."""

import numpy as np

from .coil_parts import world_of
from .roller_assembly import RollerAssembly
from .roller_world import RollerWorld
from .turned_parts import turned_authority


def roller_authority(assembly: RollerAssembly) -> dict[str, str]:
    """Whether the coils can turn the field all along the path, in step, and the robot leave every side (R1 to R3); it lies on the floor.

    Raises:
        SpecificationError: they cannot, and why.
    """
    return turned_authority(assembly, assembly.roller.slip * assembly.roller.radius_m, 0.0)


def roller_world(assembly: RollerAssembly) -> RollerWorld:
    """What the simulated rig is to have in its coils: as the procedure says, with errors of its own, and its own slip.

    Raises:
        SpecificationError: the procedure says nothing of it.
    """
    common, procedure = world_of(assembly), assembly.procedure
    if procedure.simulator is None:
        raise procedure.error("missing: what the simulated roller meets", "simulator")
    r = procedure.roller
    along = assembly.path(np.zeros(1))[2][0]
    world = common | {
        "kind": "roller",
        "roller": {
            "radius_m": r.radius_m,
            "slip": procedure.simulator.slip,
            "wall_torque_factor": r.wall_torque_factor,
            "moment_A_m2": r.moment_A_m2,
        },
        "lower_m": procedure.chamber.lower_m,
        "upper_m": procedure.chamber.upper_m,
        "moment": (-along).tolist(),
        "field_T": procedure.controller.field_T,
    }
    return RollerWorld.model_validate(world)
