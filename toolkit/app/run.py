"""`primum run`: the front end of a run. Starts the device if it is simulated and the control process, watches, writes the results."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from devices import launch_simulated_arm
from safety.audit.file_layer import PosixFiles, make_directories
from safety.audit.machine_state import refuse_unresolved
from safety.audit.operator_key import check_stock
from safety.audit.refused_access import noting_refusals
from toolkit import InvalidInput, Verdict

from .assembly import Assembly, assemble
from .control_process import IGNORED_SIGNALS, Outcome, control_main
from .log_options import LogOptions
from .proof_record import ProofRecord
from .proved import assemble_proved
from .report_data import drawn_regions
from .view import LiveView, ViewSample, start_view

START_S = 60.0
SILENCE_S = 3.0
STOP_S = 10.0
END_S = 30.0
"""A dead line costs a timeout a servo when torque is taken off, a dead disk one when the log is closed."""
AFTER_S = 0.4
"""The plant is recorded this long after the control process ended: what a dead controller's arm does is part of the truth."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended and where everything is."""

    directory: Path
    outcome: Outcome
    truth: Path | None


Progress = Callable[[dict[str, Any]], None]
STOPPED_BY = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "termination", signal.SIGHUP: "the terminal was closed"}


def run_procedure(
    path: Path,
    directory: Path,
    progress: Progress,
    assembly: Assembly | None = None,
    viewed: Callable[[str], None] | None = None,
    options: LogOptions | None = None,
    proofs: ProofRecord | None = None,
) -> RunResult:
    """Run a procedure into a new run directory.

    Args:
        progress: called with the control process's status a few times a second.
        viewed: called with the live view's address once it serves; None: there is no view.
        options: of the log; None: as environment and configuration file say.
        proofs: checked proofs; the shield uses their bounds, and the run is refused if they are about anything else.
    Raises:
        SpecificationError, InvalidInput: bad input; no device was touched. DeviceFault: the simulated arm did not start.
        AuditFault: an earlier log of this machine did not end in order, and nobody acknowledged it; or the operator key cannot be used.
            Nothing was made.
    """
    assembly = assembly or (assemble(path) if proofs is None else assemble_proved(path, proofs))
    options = options or LogOptions.resolve()
    check_options(options, directory)
    with ExitStack() as stack:
        if viewed is not None:
            view = stack.enter_context(start_view(assembly.arm, drawn_regions(assembly)))
            viewed(view.url)
            progress = _showing(view, assembly, progress)
        new_directory(directory)
        truth = directory / "truth.bin" if assembly.profile.is_simulated else None
        port = None
        if assembly.profile.is_simulated:
            port = stack.enter_context(launch_simulated_arm(assembly.profile, truth=truth)).port
        outcome = watch(control_main, (str(path), str(directory), port, options, proofs), progress)
        if truth is not None:
            time.sleep(AFTER_S)
    return RunResult(directory, outcome, truth)


def check_options(options: LogOptions, directory: Path) -> None:
    """Raises AuditFault or InvalidInput, as run_procedure does, before anything is made. The next log says that it did."""
    with noting_refusals(options.state):
        refuse_unresolved(options.state)
        if options.operator_key is not None:
            if directory.resolve() in options.operator_key.resolve().parents:
                raise InvalidInput(f"{options.operator_key}: the operator key lies in the run directory, which is handed to others")
            check_stock(options.operator_key)


def new_directory(directory: Path) -> None:
    """Make the run directory; an empty one that is already there will do.

    Raises: InvalidInput: it holds something, is no directory, or cannot be made.
    """
    try:
        make_directories(directory, PosixFiles())
        found = any(directory.iterdir())
    except OSError as error:
        raise InvalidInput(f"{directory}: cannot be a run directory: {error.strerror}") from error
    if found:
        raise InvalidInput(f"{directory}: already holds something; a run never writes over another: choose a new --out")


def _showing(view: LiveView, assembly: Assembly, progress: Progress) -> Progress:
    """`progress` that also shows where the arm is: in this process, never in the servo loop."""

    def show(status: dict[str, Any]) -> None:
        q = np.array(status["q"])
        view.push(ViewSample(status["started_s"], q, Verdict(status["verdict"]), assembly.arm.points(q)))
        progress(status)

    return show


def watch(control: Callable[..., None], given: tuple[object, ...], progress: Progress) -> Outcome:
    """Run `control(*given, pipe)` as the control process and listen.

    Ctrl-C, a termination or a closed terminal ask it to stop; a second one changes nothing.

    The same signals reach the control process when they are meant for the whole group: it is born with them blocked, and ignores them.
    """
    # One thread for linear algebra: 12 x 12 matrices gain nothing, and spinning workers would take the device's core.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=control, args=(*given, theirs), daemon=True)
    interrupted: list[int] = []

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        interrupted.append(number)

    before = {number: signal.signal(number, on_interrupt) for number in IGNORED_SIGNALS}
    try:
        resource_tracker.ensure_running()  # the standard library would start it below, and unblock signals as it does
        signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED_SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, IGNORED_SIGNALS)
        theirs.close()
        return _listen(process, ours, interrupted, progress)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        with suppress(OSError):  # whatever went wrong here, it stops along its plan
            ours.send("the front end is gone")
        process.join(STOP_S)
        if process.is_alive():
            process.kill()
        process.join()


def _listen(process: Any, pipe: Any, interrupted: list[int], progress: Progress) -> Outcome:
    heard, limit_s, asked = time.monotonic(), START_S, False
    while True:
        try:
            if interrupted and not asked:
                asked = True
                pipe.send(f"stopped by the operator ({STOPPED_BY[signal.Signals(interrupted[0])]})")
            if pipe.poll(0.05):
                kind, value = pipe.recv()
                if kind == "outcome":
                    process.join(STOP_S)
                    return Outcome(**vars(value))
                heard, limit_s = time.monotonic(), END_S if kind == "ending" else SILENCE_S
                if kind == "status":
                    progress(value)
                continue
        except (EOFError, OSError):
            process.join(STOP_S)
            died = f"the control process died (exit code {process.exitcode})"
            return Outcome("stopped", f"{died}; if the arm was enabled, the device's own watchdog holds it", 3)
        if time.monotonic() - heard > limit_s:
            process.kill()
            return Outcome("stopped", f"the control process was silent for {limit_s:g} s and was ended; the device holds the arm", 3)
