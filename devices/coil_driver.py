"""The driver of a coil system with the reference firmware's protocol: it accepts nothing but certified currents."""

import time
from dataclasses import replace
from enum import Enum
from types import TracebackType
from typing import Self

import numpy as np

from toolkit import CertifiedCommand, DeviceFault, InvalidInput, TickArray, tick_array

from .coil_line import CoilLine
from .coil_profile import CoilProfile
from .coil_protocol import CHANNELS, VERSION, Arm, Command, Identity, Off, Read, State, Status, layout_hash
from .coil_state import CoilState
from .coil_status import Posted, StatusCheck
from .coil_watch import CoilWatch
from .current_gate import CurrentGate, check_identity

_OFF_ATTEMPTS = 3
_DECAY_S = 0.5
"""So long currents may take to die after off, before a coil is reported not to be off."""


class _Phase(Enum):
    CLOSED = "closed"
    CONNECTED = "connected, not armed"
    TEST = "armed for tests only"
    RUN = "armed"
    UNTRUSTED = "not trusted after a fault"


class CoilDriver:
    """connect, arm, then read and write once a period; off at the end.

    The device regulates each current and keeps the newest until its watchdog time has passed without a command; then it does what the
    profile names. Every failure is a DeviceFault (StaleMeasurement for a device's clock that stands still) and ends motion: `write`
    refuses from then on, and what is left is `off`, which leaving the context does as well.

    A tick of a CertifiedCommand is one milliampere.

    Args:
        profile: of the coils. port: URL to open instead of the profile's, which a simulated rig needs.
    """

    def __init__(self, profile: CoilProfile, port: str | None = None) -> None:
        if profile.watchdog is None or profile.readback is None or profile.selftest is None:
            raise InvalidInput(f"{profile.name}: protocol {profile.protocol} has no watchdog: it is not for this driver")
        self.profile = profile
        self._watchdog, self._readback, self._selftest = profile.watchdog, profile.readback, profile.selftest
        self._port = profile.require_port() if port is None else port
        self._gate = CurrentGate(profile)
        self._zero = tick_array(np.zeros(profile.n, dtype=np.int64), "current", (profile.n,))
        self._phase = _Phase.CLOSED
        self._line: CoilLine | None = None
        self._last: TickArray | None = None
        self._posted: Posted | None = None
        self._sequence = 0
        self._check = StatusCheck(profile)
        self._may_flow = False

    @property
    def line(self) -> CoilLine:
        """The open line. Raises DeviceFault when it is closed."""
        if self._line is None:
            raise DeviceFault(f"{self.profile.name}: not connected")
        return self._line

    @property
    def is_armed(self) -> bool:
        """Certified currents are accepted."""
        return self._phase is _Phase.RUN

    @property
    def may_carry_current(self) -> bool:
        """The coils were armed here, and not every one has been seen without current since."""
        return self._may_flow

    @property
    def last_written(self) -> TickArray | None:
        """The newest currents on the wire, shape (n,), [mA]; None before arming and after off."""
        return self._last

    def connect(self) -> Identity:
        """Open the port and check who is there; nothing on the device changes.

        Raises:
            DeviceFault: the port, another version or layout (both named), another number of coils, or limits the device does not grant.
        """
        if self._phase is not _Phase.CLOSED:
            raise DeviceFault(f"{self.profile.name}: already {self._phase.value}")
        line = CoilLine(self._port, self.profile.connection)
        try:
            identity = line.identify()
            check_identity(self.profile, identity)
        except BaseException:
            line.close()
            raise
        self._line, self._phase = line, _Phase.CONNECTED
        return identity

    def arm(self) -> None:
        """Regulate all currents, from zero, under the profile's limits and watchdog; both are read back.
        Raises:
            DeviceFault: the device is not off, too hot, or reads back another setting. It is off again then, or `may_carry_current`.
        """
        self._arm(State.RUN, self.profile.limit_ma)

    def arm_for_test(self, coil: int) -> None:
        """As `arm`, for one coil and the self-test's current; all others stay released. Raises DeviceFault."""
        limit = np.zeros(self.profile.n, dtype=np.int64)
        limit[coil] = self._selftest.current_ma
        self._arm(State.TEST, limit)

    def read(self) -> CoilState:
        """One sample of all coils, checked.
        Raises:
            StaleMeasurement: the device's clock stands still.
            DeviceFault: no valid answer, the device stopped by itself (and why), or a coil that is not as it should be.
        """
        try:
            begun_s = time.monotonic()
            state = self._accept(self.line.ask(Read, "read", repeat=True), begun_s)
            if self._phase is _Phase.RUN and (problem := self._watch.problem(state)):
                raise DeviceFault(f"{self.profile.name}: {problem}")
            return state
        except Exception:  # whatever it is: a sample that cannot be had says nothing good about the coils
            self._distrust()
            raise

    def write(self, command: CertifiedCommand) -> CoilState:
        """`post` and `confirm` in one."""
        self.post(command)
        return self.confirm()

    def post(self, command: CertifiedCommand) -> None:
        """Send certified currents to all coils in one frame; a hold repeats the newest ones. `confirm` must follow before the next.

        Never repeated by itself: a command whose reply was lost may have been executed.
        Raises:
            InvalidInput: not a CertifiedCommand of n ticks.
            DeviceFault: not armed, the last one not confirmed, over a limit, too large a step, or it cannot be sent.
        """
        newest = self._last if self._last is not None else self._zero
        current = self._gate.certified_currents(command, newest)
        if self._phase is not _Phase.RUN:
            raise DeviceFault(f"{self.profile.name}: cannot write: {self._phase.value}")
        if self._posted is not None:
            raise DeviceFault(f"{self.profile.name}: cannot write: command {self._sequence} was not confirmed")
        self._gate.check(current, newest)
        self._posted = self._post(current)

    def confirm(self) -> CoilState:
        """Wait for the reply to `post` and check what the device applies.
        What is returned was measured as the command arrived, before it took effect, and is checked as in `read`.
        Raises:
            DeviceFault: nothing posted, no answer, a refusal, other currents applied than sent, or as `read`.
        """
        posted, self._posted = self._posted, None
        if posted is None:
            raise DeviceFault(f"{self.profile.name}: nothing was posted")
        state = self._confirm(posted)
        # Measured as the command arrived: what should have been flowing is what was set before.
        if problem := self._watch.problem(replace(state, applied_a=np.asarray(1e-3 * posted.before, dtype=np.float64))):
            self._distrust()
            raise DeviceFault(f"{self.profile.name}: {problem}")
        return state

    def set_test_current(self, coil: int, current_ma: int) -> CoilState:
        """One coil at a test current. What is returned was measured before it took effect.

        Raises:
            DeviceFault: not armed for a test of this coil, over the test current, or as `write` and `read`.
        """
        if self._phase is not _Phase.TEST:
            raise DeviceFault(f"{self.profile.name}: cannot test: {self._phase.value}")
        if not 0 <= coil < self.profile.n:
            raise InvalidInput(f"{self.profile.name}: coil {coil} of {self.profile.n}")
        current = np.zeros(self.profile.n, dtype=np.int64)
        current[coil] = current_ma
        return self._send(current)

    def off(self) -> None:
        """All coils to zero and released, and each seen without current. Tried several times; allowed in every phase; clears a trip.

        Raises:
            DeviceFault: no answer, or some coil still carries current: which, and what the device's own watchdog will do.
        """
        if self._line is None:
            return
        self._phase, self._last, self._posted = _Phase.UNTRUSTED, None, None
        problem = ""
        for _ in range(_OFF_ATTEMPTS):
            try:
                self._check.require_ok(self.line.ask(Off, "off", repeat=True), "off")
                still = self._still_flowing()
            except DeviceFault as error:
                problem = f"not confirmed: {error}"
                continue
            if not still:
                self._phase, self._may_flow = _Phase.CONNECTED, False
                self._check.forget()
                return
            problem = f"still carry current: {still}"
        outcome = f"without commands the device goes to '{self._watchdog.outcome}' within {self._watchdog.time_ms} ms if it can"
        raise DeviceFault(f"{self.profile.name}: off: {problem}; {outcome}")

    def close(self) -> None:
        """Close the port. What flows then flows until the device's watchdog acts."""
        line, self._line, self._phase = self._line, None, _Phase.CLOSED
        if line is not None:
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """If current may flow: off; then close. No error is lost."""
        try:
            if self._may_flow:
                self.off()
        except DeviceFault as problem:
            if error is None:
                raise
            error.add_note(f"while leaving the coils: {problem}")
        finally:
            self.close()

    def _arm(self, mode: State, limit_ma: TickArray) -> None:
        if self._phase is not _Phase.CONNECTED:
            raise DeviceFault(f"{self.profile.name}: cannot arm: {self._phase.value}")
        status = self.line.ask(Read, "read", repeat=True)
        if status.state != State.OFF:
            state = self._check.state(status)
            why = state.problem or "somebody uses it"
            raise DeviceFault(f"{self.profile.name}: cannot arm: the device is {state.state.name}: {why}: `off` first")
        limits = self._wire(limit_ma)
        watchdog, self._may_flow = self._watchdog, True
        try:
            status = self.line.ask(
                lambda n: Arm(n, VERSION, tuple(layout_hash()), mode, watchdog.wire, watchdog.time_ms, limits), "arm", repeat=False
            )
            self._check.require_ok(status, "arm")
            echoed = (status.state, status.outcome, status.watchdog_ms)
            if echoed != (mode, watchdog.wire, watchdog.time_ms):
                raise DeviceFault(f"{self.profile.name}: arm: state, outcome, watchdog read back as {echoed}")
        except BaseException as error:  # Ctrl-C as well: nothing leaves this method armed by half
            try:
                self.off()
            except DeviceFault as problem:
                error.add_note(f"while switching off again: {problem}")
            raise
        self._last = self._zero
        self._watch = CoilWatch(self.profile, self._readback)
        self._phase = _Phase.RUN if mode is State.RUN else _Phase.TEST

    def _wire(self, values: TickArray) -> tuple[int, ...]:
        return (*values.tolist(), *(0,) * (CHANNELS - self.profile.n))

    def _send(self, current_ma: TickArray) -> CoilState:
        return self._confirm(self._post(current_ma))

    def _post(self, current_ma: TickArray) -> Posted:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        values, sequence = self._wire(current_ma), self._sequence
        before = self._last if self._last is not None else self._zero
        self._last, begun_s = current_ma, time.monotonic()
        try:
            self.line.post(lambda n: Command(n, sequence, values))
        except Exception:  # whatever it is: the currents may be the new ones or the old
            self._distrust()
            raise
        return Posted(sequence, values, before, begun_s)

    def _confirm(self, posted: Posted) -> CoilState:
        try:
            status = self.line.collect(posted.name)
            state = self._accept(status, posted.begun_s)
            self._check.require_applied(status, posted)
            return state
        except Exception:  # as in _post
            self._distrust()
            raise

    def _accept(self, status: Status, begun_s: float) -> CoilState:
        return self._check.accepted(status, begun_s, {_Phase.RUN: State.RUN, _Phase.TEST: State.TEST}.get(self._phase))

    def _still_flowing(self) -> str:
        """Names and currents of the coils that still carry current when they have had time to lose it."""
        deadline = time.monotonic() + _DECAY_S
        while still := self._check.still_flowing(self.line.ask(Read, "read", repeat=True), self._readback.zero_ma):
            if time.monotonic() > deadline:
                return still
            time.sleep(0.01)
        return ""

    def _distrust(self) -> None:
        if self._phase in (_Phase.RUN, _Phase.TEST):
            self._phase = _Phase.UNTRUSTED
