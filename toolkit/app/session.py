"""An arm from Python, with CRTK's names: the same device, controller, safety layer and log as `primum run`, the steps by hand.

The cycle runs in a thread of this process, so what else the process does can make it late; misses are counted and logged.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike

from controllers import MotionHandle, PathReference
from devices import DynamixelArm, end_motion, launch_simulated_arm
from safety import Memory, Reaction, RecordedLayer, StateMachine
from safety.audit import RecordKind
from safety.audit.machine_state import refuse_unresolved
from toolkit import (
    AuditFault,
    CycleRecord,
    DeviceFault,
    FloatArray,
    InvalidInput,
    JointState,
    MonotonicClock,
    NoSafeCommand,
    OperatingState,
    Pose,
    ProposeAhead,
    ServoLoop,
    StaleMeasurement,
    Verdict,
    device_error,
)
from toolkit.procedure import joint_vector

from .assembly import Assembly, assemble
from .cycle_payload import cycle_payload
from .log_options import LogOptions
from .motion_controller import MotionController, session_motions
from .mpc_setup import build_mpc, prime
from .run import check_options, new_directory
from .run_records import closed_with_the_end, open_log, record_device
from .security_watch import SecurityWatch

JOIN_S = 10.0
STALE_S = 0.1
REST_CYCLES = 20


class ArmSession:
    """One arm, one run directory. `with ArmSession.open(procedure, out) as arm: arm.enable(); arm.move_cp(...).wait(5.0)`.

    Constraints, assumptions and device come from the procedure file; its steps are not run. Leaving the `with` stops along the
    certified tail, disables and closes the log, whatever happened inside.
    """

    def __init__(self, assembly: Assembly, directory: Path, options: LogOptions | None = None) -> None:
        self._assembly, self._directory = assembly, directory
        self._options = options or LogOptions.resolve()
        self._stack = ExitStack()
        self._layer = RecordedLayer(assembly.safety_layer())
        self._states = StateMachine()
        self._motions = session_motions(assembly)
        self._latest: JointState | None = None
        self._stop, self._cycling = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self.verdicts: Counter[str] = Counter()

    @classmethod
    def open(cls, procedure: Path | str, directory: Path | str, options: LogOptions | None = None) -> Self:
        """Check the procedure, start the device if it is simulated, connect. Nothing is enabled.

        Args:
            options: of the log; None: as environment and configuration file say.
        Raises:
            SpecificationError: the procedure. InvalidInput: the directory is not empty. DeviceFault: the device.
            AuditFault: an earlier log of this machine did not end in order, and nobody acknowledged it.
        """
        session = cls(assemble(procedure), Path(directory), options)
        session._connect()
        return session

    def _connect(self) -> None:
        check_options(self._options, self._directory)
        new_directory(self._directory)
        profile, port = self._assembly.profile, None
        with ExitStack() as stack:
            if profile.is_simulated:
                port = stack.enter_context(launch_simulated_arm(profile, truth=self._directory / "truth.bin")).port
            log = open_log(self._assembly, self._directory, self._options, "a session in Python")
            self._log = stack.enter_context(closed_with_the_end(log, lambda: self._layer.violation))
            self._device = stack.enter_context(DynamixelArm(profile, port))
            self._device.connect()
            record_device(self._log, self._device)
            self._watch = SecurityWatch(self._device.bus)
            self._stack = stack.pop_all()

    def enable(self, reason: str = "asked for by the program") -> None:
        """CRTK enable: certify staying here, switch on, start the cycle. Returns when the first cycle is over.

        Args:
            reason: why, for the log.
        Raises:
            AuditFault: an earlier log of this machine did not end in order, and nobody acknowledged it.
            InvalidInput: not in DISABLED. NoSafeCommand: staying here cannot be certified. DeviceFault: the device refused.
        """
        if self._states.state is not OperatingState.DISABLED:
            raise InvalidInput(f"enable: the arm is {self._states.state.value}")
        refuse_unresolved(self._options.state)
        self._log.append(RecordKind.OPERATOR, {"action": "enable", "reason": reason}, actor=self._options.actor, urgent=True)
        mpc = build_mpc(self._assembly)
        try:
            self._layer.enable(self._device.read())
            prime(mpc, self._assembly, self._layer.setpoint)
            self._device.enable(self._layer.enable(self._device.read()))
            self._states.command("enable")
            self._log.append(RecordKind.STATE, {"state": "ENABLED", "calls": self._layer.take()}, urgent=True)
            self._start(MotionController(self._motions, mpc, self._assembly))
        except Exception as error:  # whatever it is: there may be torque, and nobody steers
            self._refuse(error)

    def disable(self, reason: str = "asked for by the program") -> None:
        """CRTK disable: come to rest, end the cycle, switch off. Also how FAULT is acknowledged. reason: why, for the log.

        Raises:
            DeviceFault: torque may be on, or power had to be cut; the state is FAULT, and disable may be called again.
        """
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)
            self._thread = None
        if problem := self._end_motion():
            raise DeviceFault(f"disable: {problem}")
        self._states.command("disable")
        self._states.is_homed = False
        self._watch.look(self._log)
        self._log.append(RecordKind.OPERATOR, {"action": "disable", "reason": reason}, actor=self._options.actor)
        self._log.append(RecordKind.STATE, {"state": "DISABLED", "reason": self._reason(), "calls": self._layer.take()}, urgent=True)

    def home(self) -> MotionHandle:
        """CRTK home: move_jp to the procedure's joint position `home`."""
        return self.move_jp(joint_vector(self._assembly.procedure, "home", self._assembly.arm))

    def move_jp(self, q: ArrayLike) -> MotionHandle:
        """CRTK move_jp: to joints q (n,), [rad] or [m], ending at rest. Returns a handle to wait on."""
        return self._command(lambda now_s: self._motions.move_jp(np.asarray(q, dtype=np.float64), now_s))

    def move_cp(self, goal: Pose | ArrayLike) -> MotionHandle:
        """CRTK move_cp, a straight line: to a pose X_BT, or to a position p_BT (3,) with the orientation kept."""
        return self._command(lambda now_s: self._motions.move_cp(self._pose(goal), now_s))

    def servo_jp(self, q: ArrayLike) -> MotionHandle:
        """CRTK servo_jp: track this joint position until replaced, or stale after 50 ms."""
        return self._command(lambda now_s: self._motions.servo_jp(np.asarray(q, dtype=np.float64), now_s))

    def servo_cp(self, goal: Pose | ArrayLike) -> MotionHandle:
        """CRTK servo_cp: track this pose, or this position with the orientation kept, until replaced or stale."""
        return self._command(lambda now_s: self._motions.servo_cp(self._pose(goal), now_s))

    def follow(self, positions_B_m: ArrayLike, rate_hz: float) -> MotionHandle:
        """Follow tip positions (k, 3), [m], at a constant rate, orientation kept. Move to the first one before."""
        positions = np.asarray(positions_B_m, dtype=np.float64)
        return self._command(lambda now_s: self._motions.follow(PathReference(positions, rate_hz, self._here().R), now_s))

    def measured_js(self) -> tuple[JointState, float]:
        """CRTK measured_js: the newest sample and its time. Raises StaleMeasurement when it is older than 100 ms."""
        state = self._latest if self._thread is not None else self._device.read()
        if state is None or not time.monotonic() - state.t_s <= STALE_S:
            raise StaleMeasurement("measured_js: no sample in the last 100 ms")
        return state, state.t_s

    def measured_cp(self) -> tuple[Pose, float]:
        """CRTK measured_cp: the tip pose X_BT of the newest sample and its time."""
        state, t_s = self.measured_js()
        return self._assembly.arm.tip_pose(state.q), t_s

    def setpoint_jp(self) -> FloatArray:
        """CRTK setpoint_js: joints of the newest setpoint, (n,)."""
        return self._layer.setpoint.q

    @property
    def operating_state(self) -> OperatingState:
        return self._states.state

    @property
    def is_busy(self) -> bool:
        """CRTK is_busy: a planned motion has not ended."""
        return self._motions.is_busy

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._stack:  # what was raised, inside or here, is the log's last word
            if self._states.state is not OperatingState.DISABLED:
                self.disable()
            if error is not None:
                raise error

    def _command(self, issue: Callable[[float], MotionHandle]) -> MotionHandle:
        if not self._states.may_move():
            raise NoSafeCommand(f"motion refused: the arm is {self._states.state.value}: {self._reason() or 'enable it first'}")
        return issue(time.monotonic())

    def _pose(self, goal: Pose | ArrayLike) -> Pose:
        return goal if isinstance(goal, Pose) else Pose(self._here().R, np.asarray(goal, dtype=np.float64))

    def _here(self) -> Pose:
        return self._assembly.arm.tip_pose(self._layer.setpoint.q)

    def _reason(self) -> str:
        violation = self._layer.violation
        return "" if violation is None else f"{violation.assumption}: {violation.reason}"

    def _start(self, controller: MotionController) -> None:
        self._controller, ahead = controller, ProposeAhead(controller)
        parts = (self._device, ahead, self._layer, MonotonicClock(), self._record, self._missed)
        loop: ServoLoop[Memory | None] = ServoLoop(*parts, self._assembly.profile.period_s, self._device.prepare, ahead.think)
        self._stop.clear()
        self._cycling.clear()
        self._thread = threading.Thread(target=self._run, args=(loop,), name="servo", daemon=True)
        self._thread.start()
        if not self._cycling.wait(JOIN_S):
            raise DeviceFault(f"no cycle within {JOIN_S:g} s")

    def _refuse(self, error: Exception) -> NoReturn:
        """Enable failed: no torque, the log knows why, the caller too."""
        fault = device_error(error)
        if problem := self._end_motion():
            fault = DeviceFault(f"{fault}; {problem}")
        elif self._states.state is OperatingState.ENABLED:
            self._states.command("disable")
        with suppress(AuditFault):  # as below
            self._log.append(RecordKind.EVENT, {"refused": str(fault), "calls": self._layer.take()}, urgent=True)
        raise fault from error

    def _run(self, loop: ServoLoop[Memory | None]) -> None:
        """The servo thread. However the cycles end, unless `disable` asked for it, motion ends here and now."""
        try:
            self._cycle(loop)
        except Exception as error:  # whatever it is: nobody steers after this thread
            self._layer.request_hold(f"the servo thread ended: {type(error).__name__}: {error}")
        if self._layer.violation is None:
            return
        self._refuse_motions()
        problem = self._end_motion()
        self._refuse_motions()  # one that was accepted just before the first time
        said = {"state": self._states.state.value, "reason": self._reason(), "problem": problem, "calls": self._layer.take()}
        with suppress(AuditFault):  # closing the log says it again, to somebody who hears it
            self._log.append(RecordKind.STATE, said, urgent=True)
        self._cycling.set()

    def _refuse_motions(self) -> None:
        """Nothing moves any more until a person has acknowledged it."""
        self._states.fault()
        self._motions.fail(self._reason())

    def _end_motion(self) -> str:
        """The ending that a run has too. What a person must know of it, with the state FAULT; empty if torque is off and the arm rested."""
        violation = self._layer.violation
        ending = end_motion(self._device, power_off=violation is not None and violation.reaction is Reaction.POWER_OFF)
        if ending.problem:
            self._states.fault()
        return ending.problem

    def _cycle(self, loop: ServoLoop[Memory | None]) -> None:
        """Until stopped and at rest, or until nothing may be sent any more."""
        loop.start()
        resting = 0
        while resting < REST_CYCLES:
            result = loop.step()
            self._latest = result.state or self._latest
            self._cycling.set()
            stopping, violated = self._stop.is_set(), self._layer.violation is not None
            if violated:
                self._refuse_motions()
            elif stopping:
                self._motions.cancel()
            resting = resting + 1 if (stopping or violated) and self._layer.at_rest else 0
            if result.decided.certified.ticks is None:
                break

    def _record(self, record: CycleRecord[Memory | None]) -> None:
        self.verdicts[record.decided.certified.verdict.value] += 1
        payload = cycle_payload(record, self._layer.take())
        urgent = record.decided.certified.verdict in (Verdict.BACKUP, Verdict.STOP)
        self._log.append(RecordKind.CYCLE, payload | {"step": {"index": 0, "t_s": 0.0, "follows_path": False}}, urgent=urgent)
        self._watch.decided(self._log, record.decided)

    def _missed(self, index: int, in_a_row: int, why: str) -> None:
        self.verdicts["MISS"] += 1
        self._controller.missed()
        self._log.append(RecordKind.MISS, {"i": index, "in_a_row": in_a_row, "why": why, "calls": self._layer.take()}, urgent=True)
