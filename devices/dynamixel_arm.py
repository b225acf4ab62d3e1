"""The driver of an arm of X-series servos: the only code that writes goals, and it accepts nothing but certified commands."""

import time
from dataclasses import replace
from enum import Enum
from types import TracebackType
from typing import Self

import numpy as np

from toolkit import CertifiedCommand, DeviceFault, JointState, TickArray

from .control_table import GOAL_POSITION
from .cycle_sampler import CycleSampler
from .dynamixel_packet import sync_write
from .ending import REST_OBSERVATION_S, REST_TICKS, end_motion
from .goal_gate import GoalGate
from .profile import ArmProfile
from .serial_bus import SerialBus
from .servo_setup import ServoSetup, health_problem, read_health, set_up_servo, torque_off, torque_on

_CALM_TIMEOUT_S = 0.1  # of an answer while nothing moves on our command: a busy host is then no reason to give up


class _Phase(Enum):
    CLOSED = "closed"
    CONNECTED = "connected, torque off"
    ENABLED = "enabled"
    STOPPED = "stopped: it holds its newest setpoint"
    UNTRUSTED = "not trusted after a fault"


class DynamixelArm:
    """connect, enable, then read and write once per period; disable at rest.

    Each servo is in a position mode, so that it holds its newest setpoint when nothing more comes (A3); its bus watchdog is armed as
    long as torque is on. Every failure is a DeviceFault (StaleMeasurement for a clock that stands still) and ends motion: after it
    `write` refuses, the servos hold, and what is left is `end_motion`, which leaving the context does as well.

    Args:
        profile: of the arm. port: URL to open instead of the profile's, which a simulated arm needs.
    servos: what each servo said it is when it was connected, and which of its registers that changed.
    """

    def __init__(self, profile: ArmProfile, port: str | None = None) -> None:
        self.profile = profile
        self._map = profile.tick_map
        self._ids = profile.servo_ids
        self._gate = GoalGate(profile)
        self._port = profile.require_port() if port is None else port
        self._bus: SerialBus | None = None
        self.servos: tuple[ServoSetup, ...] = ()
        self._phase = _Phase.CLOSED
        self._last: TickArray | None = None
        self._newest: JointState | None = None
        self._written = 0
        self._torque_possible = False
        self._cycle_timeout_s = profile.connection.reply_timeout_ms * 1e-3
        self._calm_timeout_s = max(_CALM_TIMEOUT_S, self._cycle_timeout_s)

    @property
    def is_enabled(self) -> bool:
        """Torque is on and goals are accepted."""
        return self._phase is _Phase.ENABLED

    @property
    def last_written(self) -> TickArray | None:
        """The newest setpoint on the wire, shape (n,); None before enable, and from the first attempt to take torque off."""
        return self._last

    @property
    def may_have_torque(self) -> bool:
        """The line is open, torque was switched on here, and not every servo has confirmed that it is off again."""
        return self._torque_possible and self._phase is not _Phase.CLOSED

    @property
    def bus(self) -> SerialBus:
        """The open line. Raises DeviceFault when it is closed."""
        if self._bus is None:
            raise DeviceFault(f"{self.profile.name}: not connected")
        return self._bus

    def connect(self) -> None:
        """Open the port and check every servo; torque stays as it is, and must be off.

        Raises:
            DeviceFault: the port, a model number, torque that is on, or a register that will not become what the profile says.
        """
        if self._phase is not _Phase.CLOSED:
            raise DeviceFault(f"{self.profile.name}: already {self._phase.value}")
        line = self.profile.connection
        bus = SerialBus(self._port, line.baud_bits_per_s, self._calm_timeout_s, line.read_retries)
        try:
            self.servos = tuple(set_up_servo(bus, self.profile, servo) for servo in self.profile.servos)
        except BaseException:
            bus.close()
            raise
        self._bus = bus
        self._phase = _Phase.CONNECTED
        self._sampler = CycleSampler(bus, self._ids, self.profile.period_s)

    def measured_js(self) -> JointState:
        """CRTK name of `read`."""
        return self.read()

    def read(self) -> JointState:
        """One sample of all servos (see CycleSampler).

        t_s is the request's time less the profile's sample age: never later than the moment the encoders were read.
        goal_ticks is each servo's goal, the echo of the sync write. A goal other than expected, an alert, or a gap on the line long
        enough for the watchdog makes the driver look at every servo's health.

        Raises:
            StaleMeasurement: a servo's clock stands still.
            DeviceFault: no valid answer, a hardware error, torque lost, or an expired watchdog.
        """
        quiet_s = time.monotonic() - self._sampler.heard_s
        holding = self._phase in (_Phase.ENABLED, _Phase.STOPPED)
        try:
            sample = self._sampler.timely()
            if sample is None and self._newest is not None and self.bus.is_ahead and self._is_fresh(self._newest):
                # Waiting for a late line would cost the period; an older sample costs nothing that assumption A4 does not watch.
                return replace(self._newest, writes_since=self._written - self._sampler.written)
            sample = sample or self._sampler.sample(self._last, self._written)
            if holding:
                expected = self._sampler.expected_goal
                echo_differs = expected is None or bool((sample.goal_ticks != expected).any())
                if sample.alert or echo_differs or quiet_s > 0.5e-3 * self.profile.connection.watchdog_ms:
                    self._require_health()
            elif sample.alert:
                raise DeviceFault(f"{self.profile.name}: a servo raised its alert bit: see its hardware error register")
        except Exception:  # whatever it is: a sample that cannot be had says nothing good about the servos
            self._distrust()
            raise
        self._newest = JointState(
            q=self._map.to_joints(sample.ticks),
            q_dot=self._map.M @ sample.velocity_ticks_per_s,
            ticks=sample.ticks,
            goal_ticks=sample.goal_ticks,
            t_s=sample.request_s - self.profile.timing.sample_age_ms * 1e-3,
            healthy=holding,
            problem="" if holding else self._phase.value,
            writes_since=self._written - self._sampler.written,
        )
        return self._newest

    def _is_fresh(self, state: JointState) -> bool:
        """Young enough to be used once more, and still inside A4 after a whole period of computing."""
        age_s = time.monotonic() - state.t_s
        return self._phase is _Phase.ENABLED and age_s <= self.profile.timing.age_max_ms * 1e-3 - 0.7 * self.profile.period_s

    def enable(self, first: CertifiedCommand) -> None:
        """Torque on at a certified setpoint that is where the arm is.

        Goals are written and read back while torque is off, so that no servo moves when it comes on; then torque, then the watchdogs.

        Raises:
            InvalidInput: not a CertifiedCommand. DeviceFault: the setpoint is not where the arm is, or anything reads back differently.
            Whatever is raised, torque is off again, unless `may_have_torque` and the notes of the error say otherwise.
        """
        ticks = self._gate.certified_ticks(first)
        if ticks is None:
            raise DeviceFault(f"{self.profile.name}: enable needs a certified setpoint, not a hold")
        if self._phase is not _Phase.CONNECTED:
            raise DeviceFault(f"{self.profile.name}: cannot enable: {self._phase.value}")
        self._gate.check_ranges(ticks)
        off = np.abs(self.read().ticks - ticks)
        if not off.max() <= self.profile.enable_step_ticks:
            raise DeviceFault(
                f"{self.profile.name}: the first setpoint is {off.tolist()} ticks from where the servos are, at most "
                f"{self.profile.enable_step_ticks}: enable would move the arm"
            )
        self._torque_possible = True
        try:
            torque_on(self.bus, dict(zip(self._ids, ticks.tolist(), strict=True)), self.profile.connection.watchdog_ms)
            self._require_health()
        except BaseException as error:  # Ctrl-C as well: nothing leaves this method with torque on and no watchdog
            for problem in self._take_torque_off():
                error.add_note(f"while taking torque off again: {problem}")
            raise
        self._last, self._newest = ticks, None  # a sample from before torque says nothing of an arm under torque
        self.bus.reply_timeout_s = self._cycle_timeout_s
        self._phase = _Phase.ENABLED

    def servo_jp(self, command: CertifiedCommand) -> None:
        """CRTK name of `write`."""
        self.write(command)

    def write(self, command: CertifiedCommand) -> None:
        """Send a certified setpoint to all servos in one sync write; a command without ticks sends nothing.

        Here, on the last line before the port, the hard joint limits, the servo ranges and the step since the last setpoint are
        checked once more, by code that shares nothing with the shield.

        Raises:
            InvalidInput: not a CertifiedCommand.
            DeviceFault: not enabled, outside a limit, a step larger than the command class allows, or the port is gone.
        """
        ticks = self._gate.certified_ticks(command)
        if self._phase is not _Phase.ENABLED or self._last is None:
            raise DeviceFault(f"{self.profile.name}: cannot write: {self._phase.value}")
        if ticks is None:
            return
        self._gate.check_ranges(ticks)
        self._gate.check_step(ticks, self._last)
        frame = sync_write(
            GOAL_POSITION.address, GOAL_POSITION.size,
            {i: value.to_bytes(4, "little", signed=True) for i, value in zip(self._ids, ticks.tolist(), strict=True)},
        )  # fmt: skip
        # Before the port is touched: if it fails halfway, the servos may have the new goal, and the echo will tell.
        self._last, self._written = ticks, self._written + 1
        try:
            self._transmit(frame)
        except Exception:  # whatever it is: some servos may have the new goal and some the old
            self._distrust()
            raise

    def prepare(self) -> None:
        """Ask for the sample of the next `read` now, so that its answers come in while the caller sleeps. Raises DeviceFault."""
        if self._last is not None:
            self._sampler.request_ahead(self._last, self._written)

    def stop(self) -> None:
        """Send nothing more: the servos run to their newest setpoint and hold it. `write` refuses from here on."""
        if self._phase is _Phase.ENABLED:
            self._phase = _Phase.STOPPED
        self.bus.reply_timeout_s = self._calm_timeout_s

    def is_at_rest(self) -> bool:
        """No servo moved by more than noise during 20 ms. Positions and clocks only: an arm in trouble may still be found at rest."""
        before = self.positions()
        time.sleep(REST_OBSERVATION_S)
        return bool(np.abs(self.positions() - before).max() <= REST_TICKS)

    def positions(self) -> TickArray:
        """What the encoders say now, shape (n,), in any phase and with any alert: an arm in trouble can still be watched.

        Raises: DeviceFault, StaleMeasurement: no sample.
        """
        return self._sampler.sample(self._last, self._written).ticks

    def disable(self, *, trusted: bool = True) -> None:
        """Torque off for every servo, whatever happens with the others, then their watchdogs cleared.

        Args:
            trusted: the drives still answer truthfully, and then the arm must be at rest. False: a drive is not trusted, and
                torque goes off at once (what follows, coasting and droop, is not covered by any guarantee).
        Raises:
            DeviceFault: the arm moves (torque stays on), or some servo did not confirm; every servo has been tried by then.
        """
        if self._phase is _Phase.CLOSED:
            return
        if trusted and not self.is_at_rest():
            raise DeviceFault(f"{self.profile.name}: still moving: torque stays on; stop first, or disable(trusted=False)")
        if problems := self._take_torque_off():
            raise DeviceFault(f"{self.profile.name}: torque off not confirmed: " + "; ".join(problems))

    def close(self) -> None:
        """Close the port. Does not touch torque: an enabled arm holds its newest setpoint."""
        bus, self._bus, self._phase = self._bus, None, _Phase.CLOSED
        if bus is not None:
            bus.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """If torque may be on: end motion; then close. No error is lost."""
        try:
            ending = end_motion(self)
        finally:
            self.close()
        if ending.problem and error is None:
            raise DeviceFault(f"{self.profile.name}: {ending.problem}")
        if ending.problem and error is not None:
            error.add_note(f"while leaving the arm: {ending.problem}")

    def _transmit(self, frame: bytes) -> None:
        self.bus.send(frame)

    def _require_health(self) -> None:
        problem = health_problem(read_health(self.bus, self._ids), self.profile.connection.watchdog_ms)
        if problem:
            raise DeviceFault(f"{self.profile.name}: {problem}")

    def _take_torque_off(self) -> list[str]:
        problems = torque_off(self.bus, self._ids)
        self._last = None
        self._torque_possible = bool(problems)
        self._phase = _Phase.UNTRUSTED if problems else _Phase.CONNECTED
        return problems

    def _distrust(self) -> None:
        if self._phase in (_Phase.ENABLED, _Phase.STOPPED):
            self._phase = _Phase.UNTRUSTED
