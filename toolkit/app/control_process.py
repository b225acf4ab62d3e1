"""The control process: one device, one controller, one safety layer, one log, one loop. Started by `run`, never by hand.

It talks to its parent over a pipe: status a few times a second and the outcome upwards, the reason to stop downwards. Nothing in the
loop waits for it.
"""

import os
import select
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from devices import DynamixelArm, end_motion
from safety import Memory, Reaction, RecordedLayer, StateMachine
from safety.audit import RecordKind
from toolkit import (
    AuditFault,
    CycleRecord,
    DeviceFault,
    MonotonicClock,
    NoSafeCommand,
    OperatingState,
    ProposeAhead,
    ServoLoop,
    ToolkitError,
    Verdict,
    device_error,
)

from .assembly import Assembly, assemble
from .cycle_payload import cycle_payload
from .log_options import LogOptions
from .pilot import Pilot
from .proof_record import ProofRecord
from .proved import assemble_proved
from .realtime import RealtimeGrant, request_realtime
from .run_records import open_log, record_device
from .security_watch import SecurityWatch

STATUS_EVERY = 20
REST_CYCLES = 20
IGNORED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The parent decides: a loop interrupted at a random line would not stop safely. That the parent is gone shows on the pipe."""


@dataclass
class Outcome:
    """How the run ended, sent to the parent last. exit_code: 0 done, 3 stopped by safety or operator, 4 device, 5 log.

    disabled: torque was on, and every servo confirmed that it is off.
    """

    status: str
    reason: str
    exit_code: int
    disabled: bool = False
    realtime: dict[str, bool] = field(default_factory=dict)


def control_main(
    procedure_path: str, run_directory: str, port: str | None, options: LogOptions, proofs: ProofRecord | None, pipe: Connection
) -> None:
    """Entry point of the process. Exits with the outcome's code; an outcome has been sent unless the pipe is gone."""
    for number in IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, IGNORED_SIGNALS)  # the parent kept them from us until here
    try:
        assembly = assemble(procedure_path) if proofs is None else assemble_proved(procedure_path, proofs)
        outcome = _Run(assembly, Path(run_directory), port, options, pipe).execute()
    except ToolkitError as error:
        outcome = Outcome("refused", str(error), error.exit_code)
    with suppress(OSError):  # nobody may listen any more; the log has it
        pipe.send(("outcome", outcome))
    os._exit(outcome.exit_code)


class _Run:
    """One run from connect to disable. Any exit leaves the arm without torque, or with the reason said why it may have some."""

    def __init__(self, assembly: Assembly, directory: Path, port: str | None, options: LogOptions, pipe: Connection) -> None:
        self._assembly, self._directory, self._port, self._options, self._pipe = assembly, directory, port, options, pipe
        self._layer = RecordedLayer(assembly.safety_layer())
        self._states = StateMachine()
        self._counts: Counter[str] = Counter()
        self._fault: ToolkitError | None = None
        self._stop_reason = ""
        self._cycle = 0

    def execute(self) -> Outcome:
        self._pilot = Pilot(self._assembly)
        procedure = Path(self._assembly.procedure.file).name
        self._log = open_log(self._assembly, self._directory, self._options, f"primum run {procedure}")
        device = DynamixelArm(self._assembly.profile, self._port)
        try:
            grant = self._enable(device)
        except Exception as error:  # whatever it is: torque may have been on, and there is a log to close
            fault = device_error(error)
            self._guarded(lambda: self._log.append(RecordKind.EVENT, {"refused": str(fault), "calls": self._layer.take()}, urgent=True))
            return self._shut_down(device, Outcome("refused", str(fault), fault.exit_code))
        self._states.command("enable")
        try:
            self._log.append(RecordKind.STATE, {"state": "ENABLED", "calls": self._layer.take()}, urgent=True)
            outcome = self._drive(device)
            outcome.realtime = asdict(grant)
        except Exception as error:  # whatever it is: torque is on, and what switches it off is below
            self._fault = self._fault or (error if isinstance(error, ToolkitError) else None)
            outcome = self._stopped(f"{type(error).__name__}: {error}")
        return self._shut_down(device, outcome)

    def _enable(self, device: DynamixelArm) -> RealtimeGrant:
        """Connect and switch on, unless the operator has changed his mind by then."""
        device.connect()
        record_device(self._log, device)
        self._watch = SecurityWatch(device.bus)
        grant = self._prepare(device)
        first = self._layer.enable(device.read())
        self._hear()
        if self._stop_reason:
            raise NoSafeCommand(f"enable refused: {self._stop_reason}")
        device.enable(first)
        return grant

    def _prepare(self, device: DynamixelArm) -> RealtimeGrant:
        """Everything that takes long, while torque is off: the device's watchdog waits for nobody.

        Raises:
            ToolkitError: whatever went wrong; enable is refused.
        """
        try:
            self._layer.enable(device.read())
            self._pilot.prime(self._layer.setpoint)
            self._layer.rehearse()
            return request_realtime()
        except ToolkitError:
            raise
        except Exception as error:  # a part that fails here in ways it did not foresee does not get an arm
            raise NoSafeCommand(f"enable refused: {type(error).__name__}: {error}") from error

    def _drive(self, device: DynamixelArm) -> Outcome:
        clock, controller = MonotonicClock(), ProposeAhead(self._pilot)
        loop: ServoLoop[Memory | None] = ServoLoop(
            device,
            controller,
            self._layer,
            clock,
            self._record,
            self._missed,
            self._assembly.profile.period_s,
            device.prepare,
            controller.think,
            self._layer.rehearse,
        )
        loop.start()
        resting = 0
        while True:
            result = loop.step()
            self._cycle = result.index
            self._fault = self._fault or result.fault
            self._hear()
            if result.index % STATUS_EVERY == 0:
                self._report(result)
            if self._pilot.overdue and self._layer.violation is None:
                self._layer.request_stop(self._pilot.overdue)
            violation = self._layer.violation
            finished = self._layer.at_rest and (self._pilot.done or violation is not None)
            resting = resting + 1 if finished else 0
            if result.decided.certified.ticks is None or resting >= REST_CYCLES:
                break
        if violation is None:
            return Outcome("completed", "", 0)
        return self._stopped(f"{violation.assumption}: {violation.reason}")

    def _stopped(self, reason: str) -> Outcome:
        if isinstance(self._fault, AuditFault):
            return Outcome("stopped", f"log: {self._fault}", 5)
        if isinstance(self._fault, DeviceFault):
            return Outcome("stopped", f"device: {self._fault}", 4)
        return Outcome("stopped", self._stop_reason or reason, 3)

    def _record(self, record: CycleRecord[Memory | None]) -> None:
        verdict = record.decided.certified.verdict
        self._pilot.decided(record.decided.certified)
        self._counts[verdict.value] += 1
        payload = cycle_payload(record, self._layer.take())
        position = self._pilot.position
        payload["step"] = {"index": position.step, "t_s": position.t_s, "follows_path": position.follows_path}
        tip = self._pilot.reference_tip_m
        payload["reference_tip_m"] = None if tip is None else tip.tolist()
        if not isinstance(self._fault, AuditFault):
            self._log.append(RecordKind.CYCLE, payload, urgent=verdict in (Verdict.BACKUP, Verdict.STOP))
            self._watch.decided(self._log, record.decided)

    def _missed(self, index: int, in_a_row: int, why: str) -> None:
        self._counts["MISS"] += 1
        self._pilot.missed()
        if not isinstance(self._fault, AuditFault):
            self._log.append(RecordKind.MISS, {"i": index, "in_a_row": in_a_row, "why": why, "calls": self._layer.take()}, urgent=True)

    def _hear(self) -> None:
        """Hear, once, that the operator wants to stop. A parent that is gone is a reason to stop as well."""
        if self._stop_reason or not select.select([self._pipe], [], [], 0.0)[0]:
            return
        try:
            self._stop_reason = str(self._pipe.recv())
        except (OSError, EOFError):
            self._stop_reason = "the front end is gone"
        self._layer.request_stop(self._stop_reason)
        said = {"action": "stop", "reason": self._stop_reason}
        self._guarded(lambda: self._log.append(RecordKind.OPERATOR, said, actor=self._options.actor, urgent=True))

    def _report(self, result: CycleRecord[Memory | None]) -> None:
        """Tell the parent where we are."""
        position = self._pilot.position
        status: dict[str, Any] = {"cycle": result.index, "counts": dict(self._counts), "step": position.step, "word": position.word}
        q = self._layer.setpoint.q if result.state is None else result.state.q
        status.update(t_s=position.t_s, started_s=result.started_s, q=q.tolist(), verdict=result.decided.certified.verdict.value)
        with suppress(OSError):  # it is gone: the pipe's other direction says so
            self._tell("status", status)
        self._guarded(lambda: self._watch.look(self._log))

    def _guarded(self, write: Callable[[], object]) -> None:
        """Between cycles as in them: a record that cannot be made ends motion along the certified plan, not the loop."""
        if isinstance(self._fault, AuditFault):
            return
        try:
            write()
        except ToolkitError as error:
            self._fault = self._fault or (error if isinstance(error, AuditFault) else AuditFault(str(error)))
            self._layer.request_stop(f"the log cannot be written: {error}")

    def _tell(self, kind: str, value: object) -> None:
        """Say it if the parent's end has room: a parent that does not listen must not stop the loop, and the log has it all."""
        if select.select([], [self._pipe], [], 0.0)[1]:
            self._pipe.send((kind, value))

    def _shut_down(self, device: DynamixelArm, outcome: Outcome) -> Outcome:
        """End motion, close device and log, and put what a person must know of it into the outcome."""
        with suppress(OSError):
            self._tell("ending", outcome.reason)
        violation = self._layer.violation
        ending = end_motion(device, power_off=violation is not None and violation.reaction is Reaction.POWER_OFF)
        problems = [ending.problem] if ending.problem else []
        if self._states.state is OperatingState.ENABLED:
            outcome.disabled = ending.torque_off
            self._states.command("disable")
        if ending.problem:
            self._states.fault()
        if not ending.torque_off and outcome.status == "refused":
            outcome.status, outcome.exit_code = "device_fault", DeviceFault.exit_code
        try:
            device.close()
        except ToolkitError as error:
            problems.append(str(error))
        if problems and outcome.exit_code == 0:
            outcome.status, outcome.exit_code = "stopped", DeviceFault.exit_code
        outcome.reason = "; ".join(filter(None, [outcome.reason, *problems]))
        return self._close_log(outcome, problems)

    def _close_log(self, outcome: Outcome, problems: list[str]) -> Outcome:
        end: dict[str, Any] = {"status": outcome.status, "reason": outcome.reason, "exit_code": outcome.exit_code, "problems": problems}
        state = {"state": self._states.state.value, "calls": self._layer.take(), **end}
        try:
            self._log.append(RecordKind.STATE, state, urgent=True)
            self._log.close(end)
        except ToolkitError as error:
            if outcome.exit_code == 0:
                outcome.status, outcome.exit_code = "stopped", AuditFault.exit_code
            if "log: " not in outcome.reason:
                outcome.reason = "; ".join(filter(None, [outcome.reason, f"log: {error}"]))
        return outcome
