"""`primum run` of a micro-robot procedure: the rig if it is simulated, the control process, watched; then the results."""

import time
from contextlib import ExitStack
from pathlib import Path

from toolkit import InvalidInput

from .log_options import LogOptions
from .run import Progress, RunResult, check_options, new_directory, watch
from .vessel_assembly import VesselAssembly, assemble_vessel
from .vessel_parts import authority_of, write_world
from .vessel_process import vessel_main
from .vessel_rig import launch_vessel_rig

AFTER_S = 0.3
"""The plant is recorded this long after the control process ended: what a bead without currents does is part of the truth."""


def run_vessel(
    path: Path,
    directory: Path,
    progress: Progress,
    assembly: VesselAssembly | None = None,
    options: LogOptions | None = None,
) -> RunResult:
    """Run a micro-robot procedure into a new run directory.

    Raises:
        SpecificationError, InvalidInput: bad input, or coils without authority over the path; no device was touched.
        DeviceFault: the simulated rig did not start.
        AuditFault: as `run_procedure`. Nothing was made.
    """
    assembly = assembly or assemble_vessel(path)
    options = options or LogOptions.resolve()
    check_options(options, directory)
    if assembly.profile.connection.url != "simulated":
        what = "only a simulated rig has cameras that this program can read; a camera driver is needed for a real one"
        raise InvalidInput(f"{assembly.profile.name}: {what}")
    authority_of(assembly)
    with ExitStack() as stack:
        new_directory(directory)
        truth, world = directory / "truth.bin", directory / "world.json"
        write_world(assembly, world)
        rig = stack.enter_context(launch_vessel_rig(assembly.profile, world, truth=truth))
        outcome = watch(vessel_main, (str(path), str(directory), rig.port, rig.cameras, options), progress)
        time.sleep(AFTER_S)
    return RunResult(directory, outcome, truth)
