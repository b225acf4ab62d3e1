"""An arm from Python, with CRTK's names: the same device, controller, safety layer and log as `primum run`, the steps by hand.

The cycle runs in a thread of this process, so what else the process does can make it late; misses are counted and logged.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from controllers import MotionHandle, MotionKind, MotionLimits, Motions, PathReference, TrackingMpc
from devices import DynamixelArm, launch_simulated_arm
from safety import Memory, RecordedLayer, StateMachine
from safety.audit import RecordKind
from safety.audit.machine_state import refuse_unresolved
from toolkit import (
    AuditFault,
    CycleRecord,
    FloatArray,
    InvalidInput,
    JointProposal,
    JointState,
    MonotonicClock,
    NoSafeCommand,
    OperatingState,
    Pose,
    ProposeAhead,
    ServoLoop,
    Setpoint,
    StaleMeasurement,
    ToolkitError,
    Verdict,
)
from toolkit.procedure import joint_vector

from .assembly import Assembly, assemble
from .cycle_payload import cycle_payload
from .log_options import LogOptions
from .mpc_setup import build_mpc, prime
from .pilot import line_speed, nearly_rests, stay
from .run import new_directory
from .run_records import LineWatch, open_log, record_device
from .timely_mpc import TimelyMpc

JOIN_S = 10.0
STALE_S = 0.1
REST_CYCLES = 20


class _MotionController:
    """The newest CRTK motion through the MPC."""

    def __init__(self, motions: Motions, mpc: TrackingMpc, assembly: Assembly) -> None:
        self._motions, self._assembly, self._period_s = motions, assembly, assembly.profile.period_s
        self._timely = TimelyMpc(mpc, self._period_s)

    def missed(self) -> None:
        """A setpoint was late: the next cycle continues the plan."""
        self._timely.missed()

    def compute(self, state: JointState, setpoint: Setpoint, now_s: float) -> JointProposal:
        self._timely.begin(now_s)
        grid_s = round(now_s / self._period_s) * self._period_s
        active = self._motions.advance(setpoint.q, grid_s)
        if active.kind is MotionKind.HOLD and nearly_rests(setpoint, self._assembly):
            return stay(setpoint)
        return self._timely.propose(active.reference, active.t_s + self._period_s, state, setpoint, active.jaw)


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
        limits = MotionLimits(
            velocity=np.array([joint.si[2] for joint in assembly.profile.joints]) * 0.25,
            acceleration=np.array([joint.si[3] for joint in assembly.profile.joints]) * 0.1,
            cartesian=line_speed(0.02),
        )
        self._motions = Motions(assembly.arm, limits)
        self._latest: JointState | None = None
        self._fault: ToolkitError | None = None
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
        refuse_unresolved(self._options.state)
        new_directory(self._directory)
        profile, port = self._assembly.profile, None
        with ExitStack() as stack:
            if profile.is_simulated:
                port = stack.enter_context(launch_simulated_arm(profile, truth=self._directory / "truth.bin")).port
            log = open_log(self._assembly, self._directory, self._options, "a session in Python")
            self._log = stack.enter_context(log)
            self._device = stack.enter_context(DynamixelArm(profile, port))
            self._device.connect()
            record_device(self._log, self._device)
            self._line = LineWatch(self._device)
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
        except ToolkitError as error:
            self._log.append(RecordKind.EVENT, {"refused": str(error), "calls": self._layer.take()}, urgent=True)
            raise
        self._states.command("enable")
        self._log.append(RecordKind.STATE, {"state": "ENABLED", "calls": self._layer.take()}, urgent=True)
        self._controller = _MotionController(self._motions, mpc, self._assembly)
        ahead = ProposeAhead(self._controller)
        parts = (self._device, ahead, self._layer, MonotonicClock(), self._record, self._missed)
        loop: ServoLoop[Memory | None] = ServoLoop(*parts, self._assembly.profile.period_s, self._device.prepare, ahead.think)
        self._stop.clear()
        self._cycling.clear()
        self._fault = None
        self._thread = threading.Thread(target=self._run, args=(loop,), name="servo", daemon=True)
        self._thread.start()
        self._cycling.wait(JOIN_S)

    def disable(self, reason: str = "asked for by the program") -> None:
        """CRTK disable: come to rest, end the cycle, switch off. Also how FAULT is acknowledged. reason: why, for the log."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)
            self._thread = None
        self._device.stop()
        if self._layer.memory is not None:
            self._device.disable(trusted=self._fault is None)
        self._states.command("disable")
        self._states.is_homed = False
        self._line.look(self._log)
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
        try:
            if self._states.state is not OperatingState.DISABLED:
                self.disable()
        finally:
            self._stack.__exit__(kind, error, trace)

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

    def _run(self, loop: ServoLoop[Memory | None]) -> None:
        """The servo thread: until stopped and at rest, or until nothing may be sent any more."""
        loop.start()
        resting = 0
        while resting < REST_CYCLES:
            result = loop.step()
            self._latest = result.state or self._latest
            self._fault = self._fault or result.fault
            self._cycling.set()
            if self._stop.is_set():
                self._motions.cancel()
            ending = self._stop.is_set() or self._layer.violation is not None
            resting = resting + 1 if ending and self._layer.at_rest else 0
            if self._layer.violation is not None:
                self._motions.fail(self._reason())
            if result.decided.certified.ticks is None:
                break
        if self._layer.violation is not None and self._states.state is OperatingState.ENABLED:
            self._states.command("pause")

    def _record(self, record: CycleRecord[Memory | None]) -> None:
        self.verdicts[record.decided.certified.verdict.value] += 1
        if not isinstance(self._fault, AuditFault):
            payload = cycle_payload(record, self._layer.take())
            urgent = record.decided.certified.verdict in (Verdict.BACKUP, Verdict.STOP)
            self._log.append(RecordKind.CYCLE, payload | {"step": {"index": 0, "t_s": 0.0, "follows_path": False}}, urgent=urgent)

    def _missed(self, index: int, in_a_row: int, why: str) -> None:
        self.verdicts["MISS"] += 1
        self._controller.missed()
        if not isinstance(self._fault, AuditFault):
            self._log.append(RecordKind.MISS, {"i": index, "in_a_row": in_a_row, "why": why, "calls": self._layer.take()}, urgent=True)
