"""`python -m devices.simulated_coils --profile P --link PATH [--faults JSON]`."""

import argparse
import sys
import tempfile
from pathlib import Path

from toolkit import ToolkitError
from toolkit.cores import leave_servo_core

from ..coil_profile import load_coil_profile
from .faults import CoilFaults
from .firmware import build_library
from .process import SimulatedCoilsProcess
from .rig import Rig


def main() -> int:
    """Run the simulated rig until SIGTERM, or until its parent is gone."""
    parser = argparse.ArgumentParser(prog="python -m devices.simulated_coils", description="A simulated coil rig on a pseudo-terminal.")
    parser.add_argument("--profile", type=Path, required=True, help="coil profile with a `simulator` section")
    parser.add_argument("--link", type=Path, required=True, help="symbolic link to make: the port to open")
    parser.add_argument("--faults", default="{}", help="faults in force from the start, as JSON")
    options = parser.parse_args()
    leave_servo_core()
    try:
        profile = load_coil_profile(options.profile)
        with tempfile.TemporaryDirectory(prefix="primum-firmware-") as folder:
            rig = Rig(profile, build_library(Path(folder)))
            rig.inject(CoilFaults.model_validate_json(options.faults))
            SimulatedCoilsProcess(rig, options.link, profile.connection.baud_bits_per_s).run()
    except (ToolkitError, ValueError, OSError) as error:
        sys.stderr.write(f"simulated coils: {error}\n")
        return error.exit_code if isinstance(error, ToolkitError) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
