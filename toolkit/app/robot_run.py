"""`primum run` of a micro-robot procedure: the rig if it is simulated, the control process, watched; then the results."""

import time
from contextlib import ExitStack
from pathlib import Path

from toolkit import InvalidInput

from .coil_assembly import CoilAssembly
from .coil_rig import launch_coil_rig
from .log_options import LogOptions
from .robot_kind import assemble, authority_of, world_of
from .robot_process import robot_main
from .run import Progress, RunResult, check_options, new_directory, watch

AFTER_S = 0.3
"""The plant is recorded this long after the control process ended: what a robot without currents does is part of the truth."""


def run_robot(
    path: Path,
    directory: Path,
    progress: Progress,
    assembly: CoilAssembly | None = None,
    options: LogOptions | None = None,
) -> RunResult:
    """Run a micro-robot procedure into a new run directory.

    Raises:
        SpecificationError, InvalidInput: bad input, or coils without authority over the path; no device was touched.
        DeviceFault: the simulated rig did not start.
        AuditFault: as `run_procedure`. Nothing was made.
    """
    assembly = assembly or assemble(path)
    options = options or LogOptions.resolve()
    check_options(options, directory)
    if assembly.profile.connection.url != "simulated":
        what = "only a simulated rig has cameras that this program can read; a camera driver is needed for a real one"
        raise InvalidInput(f"{assembly.profile.name}: {what}")
    authority_of(assembly)
    with ExitStack() as stack:
        new_directory(directory)
        truth, world = directory / "truth.bin", directory / "world.json"
        world.write_text(world_of(assembly).model_dump_json(indent=1), encoding="utf-8")
        rig = stack.enter_context(launch_coil_rig(assembly.profile, world, truth=truth))
        outcome = watch(robot_main, (str(path), str(directory), rig.port, rig.cameras, options), progress)
        time.sleep(AFTER_S)
    return RunResult(directory, outcome, truth)
