"""Start the simulated arm as a child process, and end it for certain."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolkit import DeviceFault

from ..child_process import end_child, read_line
from ..profile import ArmProfile
from .faults import Faults


@dataclass(frozen=True)
class SimulatedArm:
    """A running simulated arm. port: what a driver opens. truth: its truth file."""

    port: str
    process: "subprocess.Popen[bytes]"
    truth: Path

    def inject(self, faults: Faults, timeout_s: float = 5.0) -> None:
        """Put faults in force, replacing earlier ones; returns when they are. Raises DeviceFault if the process does not answer."""
        if self.process.stdin is None:
            raise DeviceFault("simulated arm: no control channel")
        try:
            self.process.stdin.write(faults.model_dump_json().encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise DeviceFault(f"simulated arm: gone: {error}") from error
        if not faults.exit and (answer := read_line(self.process, timeout_s)) != "ok":
            raise DeviceFault(f"simulated arm: faults refused: {answer!r}")

    def kill(self) -> None:
        """SIGKILL: the process ends between two instructions."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def launch_simulated_arm(
    profile: ArmProfile, *, truth: Path | None = None, faults: Faults | None = None, timeout_s: float = 30.0
) -> Iterator[SimulatedArm]:
    """Run the simulated arm of `profile` in its own process for as long as the context lasts.

    Args:
        truth: where its truth file goes; None: a temporary folder that ends with the context.
        timeout_s: how long it may take to be ready.
    Raises:
        DeviceFault: it ended, or was not ready in time; its own words are in the message.
    """
    with tempfile.TemporaryDirectory(prefix="primum-arm-") as folder:
        link = Path(folder) / "port"
        truth_path = Path(folder) / "truth.bin" if truth is None else truth
        command = [sys.executable, "-m", "devices.simulated_arm", "--profile", str(profile.path), "--link", str(link)]
        command += ["--truth", str(truth_path), "--faults", (faults or Faults()).model_dump_json()]
        with open(Path(folder) / "stderr", "w+b") as errors:
            # One thread for linear algebra: 7 x 7 matrices gain nothing, and spinning workers would take the controller's core.
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
                    raise DeviceFault(f"simulated arm: not ready within {timeout_s} s: {said or 'it said nothing'}")
                yield SimulatedArm(str(link), process, truth_path)
            finally:
                end_child(process)
