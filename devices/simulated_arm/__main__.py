"""`python -m devices.simulated_arm --profile P --link PATH --truth FILE [--faults JSON]`."""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from toolkit import ToolkitError
from toolkit.cores import leave_servo_core
from toolkit.memory_lock import lock_memory

from ..profile import load_profile
from .faults import Faults
from .process import SimulatedArmProcess


def main() -> int:
    """Run the simulated arm until SIGTERM, or until its parent is gone."""
    parser = argparse.ArgumentParser(prog="python -m devices.simulated_arm", description="A simulated arm on a pseudo-terminal.")
    parser.add_argument("--profile", type=Path, required=True, help="device profile with a `simulator` section")
    parser.add_argument("--link", type=Path, required=True, help="symbolic link to make: the port to open")
    parser.add_argument("--truth", type=Path, required=True, help="file for the plant's true motion")
    parser.add_argument("--faults", default="{}", help="faults in force from the start, as JSON")
    options = parser.parse_args()
    # The simulator stands for hardware: no scheduler preempts it, and the servo loop loses nothing to it. Without the privileges it runs
    # as it is.
    leave_servo_core()
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(20))
    try:
        profile = load_profile(options.profile)
        process = SimulatedArmProcess(profile, options.link, options.truth, Faults.model_validate_json(options.faults))
        lock_memory(read_in=False)
        process.run()
    except (ToolkitError, ValueError, OSError) as error:
        sys.stderr.write(f"simulated arm: {error}\n")
        return error.exit_code if isinstance(error, ToolkitError) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
