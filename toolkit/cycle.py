"""One control cycle: read, propose, certify, write, record. And the loop that keeps its period.

Every call may fail, and each failure has its reaction here:
  device.read raises       no measurement: the safety layer holds (sends nothing more)
  controller raises        no proposal, and a stop along the certified tail is requested
  controller has no result the stored tail continues and motion may resume; after a second without one proposal, a stop is requested
  safety.certify raises    the stored tail continues, and a stop is requested
  the deadline passes      nothing is written: the period counts as missed, the stored tail continues; if it passed before
                           certify, the sample is not used at all
  device.write raises      the setpoint counts as sent (it may be in force; it is certified either way), then hold
  audit.append raises      a stop is requested; motion ends along the certified tail, unlogged
Three misses in a row, or 30 ms without a written setpoint, stop the arm.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from .clock import Clock
from .command import CertifiedCommand, JointProposal, SolveReport
from .errors import AuditFault, ToolkitError, device_error
from .state import JointState, Setpoint

Memory = TypeVar("Memory")
Memory_co = TypeVar("Memory_co", covariant=True)

MISSES_MAX = 3
SILENCE_S_MAX = 0.030
PROPOSAL_S_MAX = 1.0
"""A controller without a result for so long does not come back by itself: the longest certified tail is over well before."""
PREPARE_S = 0.0013
SPARE_S = 0.0002
"""A rehearsal is planned to end this long before its cycle; what is left of it is waited out awake."""


class Device(Protocol):
    """What moves. `write` accepts nothing but a CertifiedCommand and re-checks its own hard limits."""

    def read(self) -> JointState: ...
    def write(self, certified: CertifiedCommand) -> None: ...


class Controller(Protocol):
    """What proposes. A failed solve is a proposal without numbers, not an exception."""

    def compute(self, state: JointState, setpoint: Setpoint, now_s: float) -> JointProposal: ...


class Decided(Protocol):
    """What the safety layer decided."""

    @property
    def certified(self) -> CertifiedCommand: ...


class Safety(Protocol[Memory_co]):
    """What certifies. `memory` is everything a verdict depends on besides its arguments."""

    @property
    def memory(self) -> Memory_co: ...
    @property
    def setpoint(self) -> Setpoint: ...
    def certify(self, state: JointState | None, proposal: JointProposal | None, now_s: float, trouble: str = "") -> Decided: ...
    def continue_tail(self, reason: str) -> Decided: ...
    def fall_back(self, reason: str) -> Decided: ...
    def commit(self, certified: CertifiedCommand) -> None: ...
    def missed(self) -> None: ...
    def request_stop(self, reason: str) -> None: ...
    def request_hold(self, reason: str) -> None: ...


@dataclass(frozen=True, eq=False)
class CycleRecord(Generic[Memory]):
    """Everything that entered and left one cycle: enough to recompute its verdict. Times: [s], monotonic clock."""

    index: int
    started_s: float
    state: JointState | None
    proposal: JointProposal | None
    memory: Memory
    decided: Decided
    written: bool
    trouble: str
    fault: ToolkitError | None
    timing_s: dict[str, float] = field(default_factory=dict)
    missed: bool = False


def run_cycle(
    device: Device,
    controller: Controller,
    safety: Safety[Memory],
    clock: Clock,
    record: Callable[[CycleRecord[Memory]], None],
    index: int,
    deadline_s: float,
) -> CycleRecord[Memory]:
    """Run one cycle that must have written its setpoint by deadline_s. Never raises a ToolkitError: faults are in the record."""
    started_s = clock.now()
    memory = safety.memory
    state, fault, trouble = _read(device)
    read_s = clock.now()
    proposal = _propose(controller, safety, state, read_s)
    proposed_s = clock.now()
    try:
        if state is not None and clock.now() > deadline_s:
            # Nothing may be written any more: the sample is not used, and its age is no violation.
            decided = safety.continue_tail("the period was over before the proposal was ready")
        else:
            decided = safety.certify(state, proposal, clock.now(), trouble)
    except Exception as error:  # whatever it is: what was certified before continues, and motion ends
        decided = safety.fall_back(f"certify raised {type(error).__name__}: {error}")
    certified_s = clock.now()
    written = missed = False
    if decided.certified.ticks is None:
        safety.commit(decided.certified)
    elif clock.now() <= deadline_s:
        try:
            device.write(decided.certified)
            written = True
        except Exception as error:  # whatever it is: the setpoint may be in force, so it counts as sent, and then nothing more is
            fault = device_error(error)
            trouble = str(fault)
        safety.commit(decided.certified)
        if fault is not None:
            safety.request_hold(trouble)
    else:
        safety.missed()
        missed = True
    ended_s = clock.now()
    timing = {
        "read": read_s - started_s,
        "compute": proposed_s - read_s,
        "certify": certified_s - proposed_s,
        "write": ended_s - certified_s,
        "total": ended_s - started_s,
    }
    result = CycleRecord(index, started_s, state, proposal, memory, decided, written, trouble, fault, timing, missed)
    try:
        record(result)
    except Exception as error:  # a record that cannot be made ends motion too: an unlogged cycle is not a cycle
        fault = error if isinstance(error, AuditFault) else AuditFault(f"{type(error).__name__}: {error}")
        safety.request_stop(f"the log cannot be written: {fault}")
        result = CycleRecord(index, started_s, state, proposal, memory, decided, written, str(fault), fault, timing, missed)
    return result


def _read(device: Device) -> tuple[JointState | None, ToolkitError | None, str]:
    try:
        return device.read(), None, ""
    except Exception as error:  # a driver may fail in ways it did not foresee; without a measurement the arm holds
        fault = device_error(error)
        return None, fault, str(fault)


def _propose(controller: Controller, safety: Safety[Memory], state: JointState | None, now_s: float) -> JointProposal | None:
    if state is None:
        return None
    try:
        return controller.compute(state, safety.setpoint, now_s)
    except Exception as error:  # a controller is untrusted: whatever it raises ends the motion, never the loop
        safety.request_stop(f"controller raised {type(error).__name__}: {error}")
        return JointProposal(None, SolveReport(False, f"raised {type(error).__name__}: {error}", 0, float("inf"), 0.0))


class ServoLoop(Generic[Memory]):
    """Runs cycles at a fixed period and accounts for every period that was missed.

    prepare: called PREPARE_S before each cycle, to ask the device for the sample the cycle will read; its failure shows in that read.
    think: called after each cycle with its sample, the setpoint now in force and when the next cycle will ask (see ProposeAhead).
    rehearse: called just before each cycle, so that it ends as the cycle begins: a core that has slept, or worked on something else,
        needs twice as long for the same cycle (measured). What it raises, the cycle will raise.
    """

    def __init__(
        self,
        device: Device,
        controller: Controller,
        safety: Safety[Memory],
        clock: Clock,
        record: Callable[[CycleRecord[Memory]], None],
        missed: Callable[[int, int, str], None],
        period_s: float,
        prepare: Callable[[], None] | None = None,
        think: Callable[[JointState, Setpoint, float], None] | None = None,
        rehearse: Callable[[], None] | None = None,
    ) -> None:
        self._prepare, self._think, self._rehearse = prepare, think, rehearse
        self._parts = (device, controller, safety, clock, record)
        self._safety, self._clock, self._missed, self.period_s = safety, clock, missed, period_s
        self.index = 0
        self.misses = 0
        self._in_a_row = 0
        self._think_s = self._rehearse_s = 0.0
        self._next_s = 0.0
        self._last_written_s = self._last_proposed_s = 0.0

    def start(self) -> None:
        """Begin a new count: the first cycle starts one period from now."""
        self._next_s = self._clock.now() + self.period_s
        self._last_written_s = self._last_proposed_s = self._clock.now()
        self._in_a_row = 0

    def step(self) -> CycleRecord[Memory]:
        """Wait for the next period, account for those that passed, run one cycle."""
        late = self._clock.now() - self._next_s
        while late >= self.period_s:
            self._miss("the loop was late by a whole period")
            self._safety.missed()
            self._next_s += self.period_s
            late -= self.period_s
        self._stop_if_silent()
        if self._in_a_row:
            # After a miss the schedule slips to now: a cycle begun late in its period would only miss again.
            self._next_s = max(self._next_s, self._clock.now())
        self._clock.wait_until(self._next_s - PREPARE_S, awake=False)
        self._ask_ahead()
        self._rehearse_once()
        self._clock.wait_until(self._next_s)
        self._next_s += self.period_s
        self.index += 1
        result = run_cycle(*self._parts, self.index, self._next_s)
        if result.written:
            self._in_a_row, self._last_written_s = 0, self._clock.now()
        elif result.missed:
            self._miss("the setpoint was ready after its period")
        self._stop_if_silent()
        self._stop_without_proposals(result.proposal)
        if self._think is not None and result.state is not None:
            begun_s = self._clock.now()
            if self._next_s - begun_s < self._think_s + PREPARE_S:
                self._ask_ahead()  # thinking would end too late to ask in time
            self._think(result.state, self._safety.setpoint, self._next_s)
            self._think_s = self._clock.now() - begun_s
        return result

    def _ask_ahead(self) -> None:
        if self._prepare is not None:
            with suppress(Exception):  # whatever it is: the read that follows raises it again, where it has a reaction
                self._prepare()

    def _rehearse_once(self) -> None:
        if self._rehearse is None:
            return
        self._clock.wait_until(self._next_s - self._rehearse_s - SPARE_S, awake=False)
        begun_s = self._clock.now()
        if not begun_s + self._rehearse_s < self._next_s:
            self._rehearse_s *= 0.5  # one slow rehearsal is not the end of them
            return
        with suppress(Exception):
            self._rehearse()
        self._rehearse_s = self._clock.now() - begun_s

    def _miss(self, why: str) -> None:
        self.misses += 1
        self._in_a_row += 1
        try:
            self._missed(self.index, self._in_a_row, why)
        except Exception as error:  # as in run_cycle: an unlogged miss ends motion, never the loop
            self._safety.request_stop(f"the log cannot be written: {type(error).__name__}: {error}")

    def _stop_if_silent(self) -> None:
        silence_s = self._clock.now() - self._last_written_s
        if self._in_a_row and not (self._in_a_row < MISSES_MAX and silence_s <= SILENCE_S_MAX):
            self._safety.request_hold(f"{self._in_a_row} setpoints missed in a row, {silence_s * 1e3:.1f} ms without a setpoint")

    def _stop_without_proposals(self, proposal: JointProposal | None) -> None:
        """Refused proposals are proposals: an arm that is held off a region is no failure of its controller."""
        now_s = self._clock.now()
        if proposal is not None and proposal.q is not None and proposal.report.ok:
            self._last_proposed_s = now_s
        elif not now_s - self._last_proposed_s <= PROPOSAL_S_MAX:
            self._last_proposed_s = now_s
            why = "no measurement" if proposal is None else proposal.report.status
            self._safety.request_stop(f"no proposal for {PROPOSAL_S_MAX:g} s: {why}")
