"""The simulated coil rig with a micro-robot in it, in a process of its own.

`python -m toolkit.app.coil_rig --profile P --world WORLD.json --link PATH --cameras SOCKET --truth FILE [--faults JSON]`
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devices.camera_link import CameraServer
from devices.coil_profile import CoilProfile, load_coil_profile
from devices.simulated_coils import CoilFaults, SimulatedCoils, launch_simulated_coils
from devices.simulated_coils.firmware import build_library
from devices.simulated_coils.process import SimulatedCoilsProcess
from devices.simulated_coils.rig import Rig
from devices.truth_file import TruthWriter
from toolkit import InvalidInput, ToolkitError
from toolkit.cores import leave_servo_core
from toolkit.memory_lock import lock_memory

from .robot_in_coils import PLANT_HZ, RobotInCoils, truth_columns
from .robot_world import load_world


@dataclass(frozen=True)
class CoilRig(SimulatedCoils):
    """A running rig. port: what a coil driver opens. cameras: what a CameraLink opens. truth: the true motion."""

    cameras: str
    truth: Path


@contextmanager
def launch_coil_rig(
    profile: CoilProfile, world: Path, *, truth: Path, faults: CoilFaults | None = None, timeout_s: float = 60.0
) -> Iterator[CoilRig]:
    """Run the rig of `profile` with the world of a file in its coils, in its own process for as long as the context lasts.

    Raises:
        DeviceFault: no compiler, it ended, or it was not ready in time; its own words are in the message, those about a wrong world too.
    """
    with tempfile.TemporaryDirectory(prefix="primum-cameras-") as folder:
        cameras = str(Path(folder) / "frames")
        arguments = ("--world", str(world), "--cameras", cameras, "--truth", str(truth))
        with launch_simulated_coils(
            profile, faults=faults, timeout_s=timeout_s, module="toolkit.app.coil_rig", arguments=arguments
        ) as rig:
            yield CoilRig(rig.port, rig.process, cameras, truth)


def main() -> int:
    """Run the rig until SIGTERM, or until its parent is gone."""
    options = _parser().parse_args()
    # It stands for hardware, and the loop loses nothing to it. No real-time class: with half a core of work on a slow host it would reach
    # the share at which Linux stops such a process for 50 ms.
    leave_servo_core()
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    try:
        _run(options)
    except (ToolkitError, ValueError, OSError) as error:
        sys.stderr.write(f"simulated coil rig: {error}\n")
        return error.exit_code if isinstance(error, ToolkitError) else 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m toolkit.app.coil_rig", description="A simulated coil rig with a micro-robot in it.")
    parser.add_argument("--profile", type=Path, required=True, help="coil profile with a `simulator` section")
    parser.add_argument("--world", type=Path, required=True, help="the world in its coils (JSON)")
    parser.add_argument("--link", type=Path, required=True, help="symbolic link to make: the port to open")
    parser.add_argument("--cameras", type=Path, required=True, help="Unix socket to make: the cameras' frames")
    parser.add_argument("--truth", type=Path, required=True, help="file for the true motion")
    parser.add_argument("--faults", default="{}", help="faults in force from the start, as JSON")
    return parser


def _run(options: argparse.Namespace) -> None:
    profile, world = load_coil_profile(options.profile), load_world(options.world)
    faults = CoilFaults.model_validate_json(options.faults)
    calibration = world.calibrated(options.world.parent)
    if len(calibration.coils) != profile.n:
        raise InvalidInput(f"calibration: {len(calibration.coils)} coils, and {profile.name} has {profile.n}")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="primum-firmware-"))
        library = build_library(Path(folder))
        truth = TruthWriter(options.truth, truth_columns(tuple(coil.name for coil in profile.coils), world.shown_of_plant), PLANT_HZ)
        stack.callback(truth.close)
        server = CameraServer(options.cameras, world.cameras.latency_s)
        stack.callback(server.close)
        rig = Rig(profile, library, attached=[RobotInCoils(world, calibration, truth, server)])
        rig.inject(faults)
        process = SimulatedCoilsProcess(rig, options.link, profile.connection.baud_bits_per_s)
        lock_memory(read_in=False)
        process.run()


if __name__ == "__main__":
    sys.exit(main())
