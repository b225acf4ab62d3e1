"""The control process of a micro-robot: coils tested, robot seen, arm, a certified cycle every period, off, log closed."""

import os
import select
import signal
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from controllers import CurrentProposal
from devices import CoilDriver, CoilState, run_coil_selftest
from devices.camera_link import CameraLink
from safety import CoilMemory, StateMachine
from safety.audit import RecordKind
from safety.coil_layer_data import bead_sample_data, coil_decision_data, coil_memory_data, currents_data
from toolkit import AuditFault, MonotonicClock, NoSafeCommand, OperatingState, ToolkitError

from .coil_assembly import CoilAssembly
from .coil_parts import stereo_tracker
from .control_process import IGNORED_SIGNALS, Outcome
from .log_options import LogOptions
from .realtime import request_realtime
from .robot_kind import assemble, pilot_of
from .robot_log import open_robot_log
from .robot_pilot import Judged
from .robot_sight import RobotSight

MISSES_MAX = 5
STATUS_EVERY = 10
LEAD_S, AFTER_S = 1.0, 0.3
"""The robot is held so long before its path begins, and after it ends."""
PATH_ENDS = "the end of the path"


def robot_main(procedure_path: str, run_directory: str, port: str, cameras: str, options: LogOptions, pipe: Connection) -> None:
    """Entry point of the process. Exits with the outcome's code; an outcome has been sent unless the pipe is gone."""
    for number in IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, IGNORED_SIGNALS)
    try:
        outcome = RobotRun(assemble(procedure_path), Path(run_directory), port, cameras, options, pipe).execute()
    except ToolkitError as error:
        outcome = Outcome("refused", str(error), error.exit_code)
    with suppress(OSError):
        pipe.send(("outcome", outcome))
    os._exit(outcome.exit_code)


class RobotRun:
    """One run. Any exit leaves the coils without current, or with the reason said why they may carry some.

    Reactions: the robot is not seen, a coil fails its self-test, the operator stops: not armed. Later, no image: held on the prediction, to
    zero when T_blind is over (`CoilLayer`); no proposal: held, then to zero; a coil, the line, the device: the driver's `off`, which the
    device's watchdog does by itself when it is not reached; five periods missed in a row, the log: off as well.
    """

    def __init__(self, assembly: CoilAssembly, directory: Path, port: str, cameras: str, options: LogOptions, pipe: Connection) -> None:
        self._assembly, self._directory, self._options, self._pipe = assembly, directory, options, pipe
        self._driver, self._cameras = CoilDriver(assembly.profile, port), cameras
        self._states, self._clock = StateMachine(), MonotonicClock()
        self._counts: Counter[str] = Counter()
        self._realtime: dict[str, bool] = {}
        self._stop_reason = ""
        self._index = self._in_a_row = 0
        self._began_s = 0.0

    def execute(self) -> Outcome:
        self._log = open_robot_log(self._assembly, self._directory, self._options)
        try:
            with ExitStack() as stack:
                outcome = self._armed(stack)
        except ToolkitError as error:
            why = "; ".join([str(error), *getattr(error, "__notes__", [])])
            outcome = Outcome("stopped" if self._states.state is OperatingState.ENABLED else "refused", why, error.exit_code)
        except Exception as error:  # whatever it is: leaving the driver's context has taken the currents off
            outcome = Outcome("stopped", f"{type(error).__name__}: {error}", 3)
        outcome.realtime = self._realtime
        return self._close(outcome)

    def _armed(self, stack: ExitStack) -> Outcome:
        """From connecting to the last written current. What is raised leaves through the driver's context, which switches off."""
        self._pilot = pilot_of(self._assembly)
        self._realtime = asdict(request_realtime())  # before the self-test: it feeds a watchdog too
        stack.enter_context(self._driver)
        identity = self._driver.connect()
        device = {"profile": self._assembly.profile.name, "version": identity.version, "layout": bytes(identity.layout).hex()}
        self._note(RecordKind.EVENT, {"device": device})
        found = run_coil_selftest(self._driver)
        said = {"findings": [str(finding) for finding in found.findings], "not_shown": list(found.not_shown)}
        self._note(RecordKind.EVENT, {"selftest": said | {"resistance_ohm": found.resistance_ohm}})
        found.require()
        stated = self._assembly.procedure.assumptions
        link = stack.enter_context(CameraLink(Path(self._cameras)))  # not before: images that wait are old when they are looked at
        self._sight = RobotSight(link, stereo_tracker(self._assembly), self._clock, stated.B3.speed_m_s, stated.B2.noise_m)
        self._sight.first()
        self._hear()
        if self._stop_reason:
            raise NoSafeCommand(f"arming refused: {self._stop_reason}")
        self._began_s = self._clock.now() + LEAD_S
        self._pilot.begin(self._sight.seen, self._began_s)
        self._driver.arm()
        self._states.command("enable")
        self._note(RecordKind.STATE, {"state": "ENABLED"})
        return self._drive()

    def _drive(self) -> Outcome:
        period_s, pilot, sight = self._assembly.period_s, self._pilot, self._sight
        memory, next_s = self._lift(self._clock.now() + 2.0 * period_s)
        end_s = self._began_s + self._assembly.path.duration_s + AFTER_S
        pilot.begin(sight.rested_until(next_s - period_s), self._began_s)
        proposal = pilot.propose(next_s, memory.newest_mA)
        while True:
            made_for_s, next_s = next_s, self._in_time(next_s)
            if not memory.stopped and (next_s >= end_s or self._stop_reason):
                memory = replace(memory, stopped=self._stop_reason or PATH_ENDS)
            judged = self._cycle(memory, proposal, made_for_s, next_s)
            memory, next_s = judged.decision.memory, next_s + period_s
            if memory.stopped and not memory.newest_mA.any():
                self._finish(judged)
                return _outcome(memory.stopped)
            sight.tell(pilot.mpc)
            proposal = pilot.propose(next_s, memory.newest_mA)
            self._finish(judged)
            self._hear()

    def _lift(self, next_s: float) -> tuple[CoilMemory, float]:
        """From zero to the currents that hold the robot where it rests."""
        pilot, sight, period_s = self._pilot, self._sight, self._assembly.period_s
        first = pilot.lift(1, sight.seen, next_s - period_s)
        self._state = self._driver.read()
        memory = pilot.layer.begin(pilot.sample(next_s - period_s, first.estimate, sight.seen, self._state.temperature_c))
        for k in range(1, pilot.lift_steps + 1):
            next_s = self._in_time(next_s)
            judged = self._cycle(memory, pilot.lift(k, sight.seen, next_s), next_s, next_s)
            memory, next_s = judged.decision.memory, next_s + period_s
            sight.tell(pilot.mpc)
            self._finish(judged)
        return memory, next_s

    def _in_time(self, next_s: float) -> float:
        """Wait for the next instant; one that has passed by more than half a period is a miss, and the newest currents stay."""
        period_s = self._assembly.period_s
        while self._clock.now() - next_s > 0.5 * period_s:
            self._in_a_row += 1
            self._counts["MISS"] += 1
            self._note(RecordKind.MISS, {"i": self._index, "in_a_row": self._in_a_row, "why": "the loop was late by half a period"})
            if self._in_a_row > MISSES_MAX:
                raise NoSafeCommand(f"{self._in_a_row} periods missed in a row")
            next_s += period_s
        self._clock.wait_until(next_s)
        return next_s

    def _cycle(self, memory: CoilMemory, proposal: CurrentProposal, made_for_s: float, at_s: float) -> Judged:
        """Judge and send. A proposal for an instant that was missed since is made again."""
        began_s = self._clock.now()
        if made_for_s != at_s:
            proposal = self._pilot.propose(at_s, memory.newest_mA)
        computed_s = self._clock.now()
        judged = self._pilot.judge(
            memory, self._pilot.sample(at_s, proposal.estimate, self._sight.seen, self._state.temperature_c), proposal
        )
        certified_s = self._clock.now()
        self._driver.post(judged.decision.certified)
        sent_s = self._clock.now()
        self._timing = {"compute": computed_s - began_s, "certify": certified_s - computed_s, "write": sent_s - certified_s}
        self._timing["total"] = sent_s - began_s
        return judged

    def _finish(self, judged: Judged) -> None:
        """The device's reply to what was sent, which came while the next proposal was made: the coils' sample of the next cycle; record."""
        began_s = self._clock.now()
        self._state = self._driver.confirm()
        self._timing["confirm"] = self._clock.now() - began_s
        self._index, self._in_a_row = self._index + 1, 0
        self._record(judged, self._state, self._timing)
        if self._index % STATUS_EVERY == 0:
            self._tell(judged)

    def _record(self, judged: Judged, state: CoilState, timing: dict[str, float]) -> None:
        verdict, report, at_s = judged.decision.certified.verdict, judged.proposal.report, judged.sample.t_s
        self._counts[verdict.value] += 1
        frames, trouble = self._sight.take()
        payload: dict[str, Any] = {
            "i": self._index,
            "t_s": at_s,
            "written": True,
            **coil_decision_data(judged.decision),
            "memory": coil_memory_data(judged.memory),
            "sample": bead_sample_data(judged.sample),
            "proposal": {
                "mA": currents_data(judged.proposed_mA),
                "ok": report.ok,
                "status": report.status,
                "iterations": report.iterations,
                "us": round(report.time_s * 1e6, 1),
            },
            "hold_mA": currents_data(judged.hold_mA),
            "state": {"applied_A": state.applied_a.tolist(), "current_A": state.current_a.tolist(), "voltage_V": state.voltage_v.tolist()},
            "frames": frames,
            "reference_tip_m": self._pilot.reference_m(at_s).tolist(),
            "step": {"index": 0, "t_s": at_s - self._began_s, "follows_path": at_s >= self._began_s},
            "timing_us": {name: round(value * 1e6, 1) for name, value in timing.items()},
        }
        if trouble:
            payload["trouble"] = trouble
        self._log.append(RecordKind.CYCLE, payload, urgent=verdict.value in ("BACKUP", "STOP"))

    def _hear(self) -> None:
        """Hear, once, that the operator wants to stop. A parent that is gone is a reason to stop as well."""
        if self._stop_reason or not select.select([self._pipe], [], [], 0.0)[0]:
            return
        try:
            self._stop_reason = str(self._pipe.recv())
        except (OSError, EOFError):
            self._stop_reason = "the front end is gone"
        self._log.append(RecordKind.OPERATOR, {"action": "stop", "reason": self._stop_reason}, actor=self._options.actor, urgent=True)

    def _tell(self, judged: Judged) -> None:
        verdict = judged.decision.certified.verdict.value
        status = {"counts": dict(self._counts), "t_s": judged.sample.t_s - self._began_s, "verdict": verdict}
        if select.select([], [self._pipe], [], 0.0)[1]:
            with suppress(OSError):
                self._pipe.send(("status", status))

    def _note(self, kind: RecordKind, data: dict[str, Any]) -> None:
        self._log.append(kind, data, urgent=True)

    def _close(self, outcome: Outcome) -> Outcome:
        if self._states.state is OperatingState.ENABLED:
            self._states.command("disable")
            outcome.disabled = not self._driver.may_carry_current
        end = {"status": outcome.status, "reason": outcome.reason, "exit_code": outcome.exit_code, "problems": []}
        try:
            self._log.append(RecordKind.STATE, {"state": self._states.state.value, **end}, urgent=True)
            self._log.close(end)
        except AuditFault as error:
            if outcome.exit_code in (0, 3):
                outcome.status, outcome.exit_code = "stopped", AuditFault.exit_code
            outcome.reason = "; ".join(filter(None, [outcome.reason, f"log: {error}"]))
        return outcome


def _outcome(why: str) -> Outcome:
    if why == PATH_ENDS:
        return Outcome("completed", "", 0)
    return Outcome("stopped", f"{why}; currents went to zero, the robot sinks: as the procedure accepts", 3)
