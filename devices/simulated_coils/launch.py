"""Start the simulated coil rig as a child process, and end it for certain."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolkit import DeviceFault

from ..child_process import end_child, read_line
from ..coil_profile import CoilProfile
from .faults import CoilFaults


@dataclass(frozen=True)
class SimulatedCoils:
    """A running simulated rig. port: what a driver opens."""

    port: str
    process: "subprocess.Popen[bytes]"

    def inject(self, faults: CoilFaults, timeout_s: float = 5.0) -> None:
        """Put faults in force, replacing earlier ones; returns when they are. Raises DeviceFault if the process does not answer."""
        if self.process.stdin is None:
            raise DeviceFault("simulated coils: no control channel")
        try:
            self.process.stdin.write(faults.model_dump_json().encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise DeviceFault(f"simulated coils: gone: {error}") from error
        if not faults.exit and (answer := read_line(self.process, timeout_s)) != "ok":
            raise DeviceFault(f"simulated coils: faults refused: {answer!r}")

    def kill(self) -> None:
        """SIGKILL: the port is gone between two bytes, as when the cable is pulled."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def launch_simulated_coils(
    profile: CoilProfile,
    *,
    faults: CoilFaults | None = None,
    timeout_s: float = 60.0,
    module: str = "devices.simulated_coils",
    arguments: Sequence[str] = (),
) -> Iterator[SimulatedCoils]:
    """Run the simulated rig of `profile` in its own process for as long as the context lasts.

    Args:
        module: what is run (`python -m`): the bare rig, or one with something in its coils. arguments: of its own, after the rig's.
    Raises:
        DeviceFault: no compiler, it ended, or it was not ready in time (it compiles the firmware first); its own words are in the message.
    """
    with tempfile.TemporaryDirectory(prefix="primum-coils-") as folder:
        link = Path(folder) / "port"
        command = [sys.executable, "-m", module, "--profile", str(profile.path), "--link", str(link)]
        command += ["--faults", (faults or CoilFaults()).model_dump_json(), *arguments]
        with open(Path(folder) / "stderr", "w+b") as errors:
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment, start_new_session=True
            )
            try:
                if not read_line(process, timeout_s).startswith("ready"):
                    process.kill()
                    process.wait()
                    errors.seek(0)
                    said = errors.read().decode(errors="replace").strip()
                    raise DeviceFault(f"simulated coils: not ready within {timeout_s} s: {said or 'it said nothing'}")
                yield SimulatedCoils(str(link), process)
            finally:
                end_child(process)
