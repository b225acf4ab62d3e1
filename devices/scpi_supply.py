"""Bipolar current supplies with SCPI (Kepco BOP dialect), one a coil.

    *IDN?   FUNC:MODE CURR   VOLT <limit>   CURR <A>   CURR?   MEAS:CURR?   MEAS:VOLT?   OUTP 0|1   OUTP?   SYST:ERR?

In current mode VOLT is the compliance limit. Such a supply has no watchdog: a host that dies leaves its current flowing, and the spec must
accept that by name.
"""

import time
from types import TracebackType
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field

from toolkit import CertifiedCommand, DeviceFault, FloatArray, InvalidInput, TickArray

from .profile_parts import Positive, Strict
from .scpi_line import ScpiLine


class ScpiSupplySpec(Strict):
    """One supply. identity: what its *IDN? must begin with. setpoint_tolerance_a: of CURR? against what was set (its resolution).

    readback_tolerance_a: of MEAS:CURR? against the set-point, patience_s after it was set; zero_a: up to so much counts as no current.
    remote: argument of SYST:REM, where the instrument needs it. accepts: no_watchdog, by name.
    """

    name: str
    url: str
    baud_bits_per_s: Annotated[int, Field(ge=300, le=1_000_000)] = 9600
    reply_timeout_ms: Annotated[float, Field(ge=1, le=10_000)]
    identity: Annotated[str, Field(min_length=3)]
    limit_ma: Annotated[int, Field(ge=1, le=1_000_000)]
    voltage_limit_v: Positive
    setpoint_tolerance_a: Positive
    readback_tolerance_a: Positive
    zero_a: Positive
    patience_s: Annotated[float, Field(gt=0, le=10)]
    remote: str | None = None
    accepts: list[Literal["no_watchdog"]]

    @property
    def accepts_no_watchdog(self) -> bool:
        """It has been accepted by name that nobody ends the current when the host dies."""
        return "no_watchdog" in self.accepts


class ScpiSupply:
    """One supply: connect, switch on at zero, set and measure, off. Its currents come from ScpiCoils, which takes certified ones only."""

    def __init__(self, spec: ScpiSupplySpec) -> None:
        if not spec.accepts_no_watchdog:
            raise InvalidInput(f"{spec.name}: a SCPI supply keeps its current when its host dies: `accepts` must name no_watchdog")
        self.spec = spec
        self._line: ScpiLine | None = None
        self._set_a, self._set_s = 0.0, 0.0

    @property
    def line(self) -> ScpiLine:
        """The open line. Raises DeviceFault when it is closed."""
        if self._line is None:
            raise DeviceFault(f"{self.spec.name}: not connected")
        return self._line

    def connect(self) -> str:
        """Who is there; its output must be off, and stays so. Current mode and compliance are set and read back. Raises DeviceFault."""
        if self._line is not None:
            raise DeviceFault(f"{self.spec.name}: already connected")
        line = ScpiLine(self.spec.url, self.spec.baud_bits_per_s, self.spec.reply_timeout_ms * 1e-3)
        try:
            identity = line.query("*IDN?")
            if not identity.startswith(self.spec.identity):
                raise DeviceFault(f"{self.spec.name}: {identity!r} answers, {self.spec.identity!r} is expected")
            if old := line.errors():
                raise DeviceFault(f"{self.spec.name}: reports errors from before: " + "; ".join(old))
            if self.spec.remote is not None:
                line.command(f"SYST:REM {self.spec.remote}")
            if line.number("OUTP?") != 0:
                raise DeviceFault(f"{self.spec.name}: its output is on: somebody uses it")
            line.command("FUNC:MODE CURR")
            # Some answer with the word, some with its number: voltage is 0, current 1.
            if (mode := line.query("FUNC:MODE?")).upper() not in ("CURR", "CURRENT", "1"):
                raise DeviceFault(f"{self.spec.name}: FUNC:MODE reads back as {mode!r}")
            line.command(f"VOLT {self.spec.voltage_limit_v!r}")
            if not abs((volt := line.number("VOLT?")) - self.spec.voltage_limit_v) <= 0.01 * self.spec.voltage_limit_v:
                raise DeviceFault(f"{self.spec.name}: compliance of {self.spec.voltage_limit_v} V reads back as {volt}")
        except BaseException:
            line.close()
            raise
        self._line = line
        return identity

    def on(self) -> None:
        """Set zero, then output on; both read back. Raises DeviceFault."""
        self.set_current(0.0)
        self.line.command("OUTP 1")
        if self.line.number("OUTP?") != 1:
            raise DeviceFault(f"{self.spec.name}: OUTP 1 does not read back")

    def set_current(self, current_a: float) -> None:
        """Set-point, read back. Raises DeviceFault: over the limit, refused by the instrument, or another value read back."""
        if not abs(current_a) <= 1e-3 * self.spec.limit_ma:
            raise DeviceFault(f"{self.spec.name}: {current_a} A is over its limit of {1e-3 * self.spec.limit_ma} A")
        changed = current_a != self._set_a
        self.line.command(f"CURR {current_a:.3f}")
        self._set_s = time.monotonic() if changed else self._set_s
        self._set_a = current_a
        echoed = self.line.number("CURR?")
        if not abs(echoed - current_a) <= self.spec.setpoint_tolerance_a:
            raise DeviceFault(f"{self.spec.name}: CURR {current_a:.3f} reads back as {echoed}")

    def measure(self) -> tuple[float, float]:
        """Measured current [A] and voltage [V]. Raises DeviceFault when the current is not the set one once it has had its time."""
        if self.line.number("OUTP?") != 1:
            raise DeviceFault(f"{self.spec.name}: its output went off by itself")
        current, voltage = self.line.number("MEAS:CURR?"), self.line.number("MEAS:VOLT?")
        waited_s = time.monotonic() - self._set_s
        if waited_s > self.spec.patience_s and not abs(current - self._set_a) <= self.spec.readback_tolerance_a:
            raise DeviceFault(f"{self.spec.name}: {current} A flow, {self._set_a} A are set, for {waited_s:.2f} s")
        return current, voltage

    def off(self) -> None:
        """Zero, output off, both confirmed; on a lost line, after opening it anew. Raises DeviceFault with what is not confirmed."""
        problems = []
        for attempt in range(2):
            problems = self._try_off()
            if not problems:
                return
            if attempt == 0:
                try:
                    self.line.reopen()
                except DeviceFault as error:
                    problems.append(str(error))
                    break
        raise DeviceFault(f"{self.spec.name}: off not confirmed: {'; '.join(problems)}; it has no watchdog: switch it off by hand")

    def close(self) -> None:
        """Close the line. The supply keeps what it was told."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _try_off(self) -> list[str]:
        problems = []
        for text in ("CURR 0.000", "OUTP 0"):  # the second even if the first fails
            try:
                self.line.command(text)
            except DeviceFault as error:
                problems.append(str(error))
        try:
            if self.line.number("OUTP?") != 0:
                problems.append("OUTP? is not 0")
            deadline = time.monotonic() + self.spec.patience_s
            while not abs(current := self.line.number("MEAS:CURR?")) <= self.spec.zero_a:
                if time.monotonic() > deadline:
                    problems.append(f"{current} A still flow")
                    break
        except DeviceFault as error:
            problems.append(str(error))
        return problems


class ScpiCoils:
    """Several supplies as one device: a tick of a CertifiedCommand is one milliampere of its supply.

    Args:
        supplies: in the order of the ticks. step_ma_max: largest change of one current at one write.
    """

    def __init__(self, supplies: list[ScpiSupplySpec], step_ma_max: int) -> None:
        if not supplies or len({spec.name for spec in supplies}) != len(supplies):
            raise InvalidInput(f"supplies: at least one, with names that differ: {[spec.name for spec in supplies]}")
        self.supplies = tuple(ScpiSupply(spec) for spec in supplies)
        self._step_ma_max = step_ma_max
        self._last: TickArray | None = None
        self._may_flow = False

    def connect(self) -> None:
        """Connect all or none. Raises DeviceFault."""
        try:
            for supply in self.supplies:
                supply.connect()
        except BaseException:
            self.close()
            raise

    def arm(self) -> None:
        """All on at zero; all off again if one does not. Raises DeviceFault."""
        self._may_flow = True
        try:
            for supply in self.supplies:
                supply.on()
        except BaseException as error:
            try:
                self.off()
            except DeviceFault as problem:
                error.add_note(f"while switching off again: {problem}")
            raise
        self._last = np.zeros(len(self.supplies), dtype=np.int64)

    def write(self, command: CertifiedCommand) -> None:
        """Set all currents, one after the other; a hold sets nothing. Any fault ends motion: only `off` is left then.

        Raises:
            InvalidInput: not a CertifiedCommand of n ticks. DeviceFault: not armed, limit, step, or what a supply reports.
        """
        n = len(self.supplies)
        if type(command) is not CertifiedCommand:
            raise InvalidInput(f"only a CertifiedCommand drives these coils, got {type(command).__name__}")
        if self._last is None:
            raise DeviceFault("cannot write: not armed, or a fault came before")
        ticks = command.ticks
        if ticks is None:
            return
        if ticks.shape != (n,):
            raise InvalidInput(f"{ticks.shape[0]} currents for {n} supplies")
        limits = np.array([supply.spec.limit_ma for supply in self.supplies])
        step = np.abs(ticks - self._last)
        if not (np.abs(ticks) <= limits).all() or not step.max() <= self._step_ma_max:
            raise DeviceFault(f"currents {ticks.tolist()} mA: at most {limits.tolist()}, and {self._step_ma_max} since the last write")
        self._last = None
        for supply, tick in zip(self.supplies, ticks.tolist(), strict=True):
            supply.set_current(1e-3 * tick)
        self._last = ticks

    def read(self) -> tuple[FloatArray, FloatArray]:
        """Measured currents [A] and voltages [V], shape (n,) each. Raises DeviceFault, and then motion has ended."""
        last, self._last = self._last, None
        measured = np.array([supply.measure() for supply in self.supplies])
        self._last = last
        return measured[:, 0], measured[:, 1]

    def off(self) -> None:
        """Every supply off, whatever happens with the others. Raises DeviceFault naming each that is not confirmed."""
        self._last, problems = None, []
        for supply in self.supplies:
            try:
                supply.off()
            except DeviceFault as error:
                problems.append(str(error))
        self._may_flow = bool(problems)
        if problems:
            raise DeviceFault("; ".join(problems))

    def close(self) -> None:
        """Close every line."""
        for supply in self.supplies:
            supply.close()

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
