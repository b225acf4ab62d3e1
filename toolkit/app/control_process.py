"""The control process: one device, one controller, one safety layer, one log, one loop. Started by `run`, never by hand.

It talks to its parent over a pipe: status a few times a second and the outcome upwards, the reason to stop downwards. Nothing in the
loop waits for it.
"""

import os
import select
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from devices import DynamixelArm
from safety import Memory, Reaction, RecordedLayer, StateMachine
from safety.audit import RecordKind
from toolkit import AuditFault, CycleRecord, DeviceFault, MonotonicClock, NoSafeCommand, ProposeAhead, ServoLoop, ToolkitError, Verdict

from .assembly import Assembly, assemble
from .cycle_payload import cycle_payload
from .log_options import LogOptions
from .pilot import Pilot
from .proof_record import ProofRecord
from .proved import assemble_proved
from .realtime import RealtimeGrant, request_realtime
from .run_records import LineWatch, open_log, record_device

STATUS_EVERY = 20
REST_CYCLES = 20
SETTLE_S = 0.25


@dataclass
class Outcome:
    """How the run ended, sent to the parent last. exit_code: 0 done, 3 stopped by safety or operator, 4 device, 5 log."""

    status: str
    reason: str
    exit_code: int
    disabled: bool = False
    realtime: dict[str, bool] = field(default_factory=dict)


def control_main(
    procedure_path: str, run_directory: str, port: str | None, options: LogOptions, pipe: Connection, proofs: ProofRecord | None = None
) -> None:
    """Entry point of the process. Exits with the outcome's code; an outcome has been sent unless the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; a loop interrupted at a random line would not stop safely
    try:
        assembly = assemble(procedure_path) if proofs is None else assemble_proved(procedure_path, proofs)
        outcome = _Run(assembly, Path(run_directory), port, options, pipe).execute()
    except ToolkitError as error:
        outcome = Outcome("refused", str(error), error.exit_code)
    with suppress(OSError):  # nobody may listen any more; the log has it
        pipe.send(("outcome", outcome))
    os._exit(outcome.exit_code)


class _Run:
    """One run from connect to disable. Any exit leaves the arm disabled at rest, or holding with the reason said."""

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
            device.connect()
            record_device(self._log, device)
            self._line = LineWatch(device)
            grant = self._prepare(device)
            device.enable(self._layer.enable(device.read()))
        except ToolkitError as error:
            device.close()
            self._log.append(RecordKind.EVENT, {"refused": str(error), "calls": self._layer.take()}, urgent=True)
            self._log.close({"status": "refused", "reason": str(error), "exit_code": error.exit_code})
            return Outcome("refused", str(error), error.exit_code)
        self._states.command("enable")
        try:
            self._log.append(RecordKind.STATE, {"state": "ENABLED", "calls": self._layer.take()}, urgent=True)
            outcome = self._drive(device)
            outcome.realtime = {"sched_fifo": grant.fifo, "gc_frozen": grant.gc_frozen, "pinned": grant.pinned}
        except Exception as error:  # whatever it is: torque is on, and what switches it off is below
            self._fault = self._fault or (error if isinstance(error, ToolkitError) else None)
            outcome = self._stopped(f"{type(error).__name__}: {error}")
        return self._shut_down(device, outcome)

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
            if result.index % STATUS_EVERY == 0:
                self._exchange(result)
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
        self._counts[verdict.value] += 1
        payload = cycle_payload(record, self._layer.take())
        position = self._pilot.position
        payload["step"] = {"index": position.step, "t_s": position.t_s, "follows_path": position.follows_path}
        tip = self._pilot.reference_tip_m
        payload["reference_tip_m"] = None if tip is None else tip.tolist()
        if not isinstance(self._fault, AuditFault):
            self._log.append(RecordKind.CYCLE, payload, urgent=verdict in (Verdict.BACKUP, Verdict.STOP))

    def _missed(self, index: int, in_a_row: int, why: str) -> None:
        self._counts["MISS"] += 1
        self._pilot.missed()
        if not isinstance(self._fault, AuditFault):
            self._log.append(RecordKind.MISS, {"i": index, "in_a_row": in_a_row, "why": why, "calls": self._layer.take()}, urgent=True)

    def _exchange(self, result: CycleRecord[Memory | None]) -> None:
        """Tell the parent where we are, and hear whether the operator wants to stop. A parent that is gone is a reason to stop."""
        position = self._pilot.position
        status: dict[str, Any] = {"cycle": result.index, "counts": dict(self._counts), "step": position.step, "word": position.word}
        q = self._layer.setpoint.q if result.state is None else result.state.q
        status.update(t_s=position.t_s, started_s=result.started_s, q=q.tolist(), verdict=result.decided.certified.verdict.value)
        try:
            self._tell("status", status)
            if self._pipe.poll(0):
                self._stop_reason = str(self._pipe.recv())
                self._layer.request_stop(self._stop_reason)
                self._log_operator_stop()
        except (OSError, EOFError):
            self._stop_reason = "the front end is gone"
            self._layer.request_stop(self._stop_reason)
        self._guarded(lambda: self._line.look(self._log))

    def _log_operator_stop(self) -> None:
        said = {"action": "stop", "reason": self._stop_reason}
        self._guarded(lambda: self._log.append(RecordKind.OPERATOR, said, actor=self._options.actor, urgent=True))

    def _guarded(self, write: Callable[[], object]) -> None:
        """Between cycles as in them: a record that cannot be made ends motion along the certified plan, not the loop."""
        if isinstance(self._fault, AuditFault):
            return
        try:
            write()
        except AuditFault as fault:
            self._fault = self._fault or fault
            self._layer.request_stop(f"the log cannot be written: {fault}")

    def _tell(self, kind: str, value: object) -> None:
        """Say it if the parent's end has room: a parent that does not listen must not stop the loop, and the log has it all."""
        if select.select([], [self._pipe], [], 0.0)[1]:
            self._pipe.send((kind, value))

    def _shut_down(self, device: DynamixelArm, outcome: Outcome) -> Outcome:
        """Hold until the plant is at rest, then torque off; a device that cannot be trusted is left holding, and that is said."""
        problems: list[str] = []
        device.stop()
        with suppress(OSError):
            self._tell("ending", outcome.reason)
        if self._layer.violation is None or self._layer.violation.reaction is not Reaction.POWER_OFF:
            time.sleep(SETTLE_S)
        try:
            # A drive that runs away loses its power at once; what follows then is covered by no guarantee.
            runs_away = self._layer.violation is not None and self._layer.violation.reaction is Reaction.POWER_OFF
            device.disable(trusted=not runs_away)
            outcome.disabled = True
            self._states.command("disable")
        except ToolkitError as error:
            problems.append(f"not disabled, the arm holds: {error}")
            self._states.fault()
        device.close()
        end: dict[str, Any] = {"status": outcome.status, "reason": outcome.reason, "exit_code": outcome.exit_code, "problems": problems}
        state = {"state": self._states.state.value, "calls": self._layer.take(), **end}
        try:
            self._log.append(RecordKind.STATE, state, urgent=True)
            self._log.close(end)
        except AuditFault as error:
            if outcome.exit_code == 0:
                outcome = Outcome("stopped", f"log: {error}", 5, outcome.disabled, outcome.realtime)
        if problems and outcome.exit_code == 0:
            outcome = Outcome("stopped", "; ".join(problems), 4, False, outcome.realtime)
        elif problems:
            outcome.reason = "; ".join([outcome.reason, *problems])
        return outcome
