"""The safety layer: monitors, filter, shield, in this order, once per cycle. The one place that makes a CertifiedCommand."""

import time
from dataclasses import dataclass

import numpy as np

from toolkit import CertifiedCommand, InvalidInput, JointProposal, JointState, Margin, NoSafeCommand, Setpoint, TickArray, Verdict

from .filter import Filter, Filtered
from .memory import Memory
from .monitors import Monitors, Observation, Reaction, Violation
from .shield import Certification, Shield
from .stop_plan import brake

STOP_SHARES = (1.0, 0.85)
"""A stop is planned with the filter's deceleration, then, if rounding to ticks alone spoilt the rates, with this share of it."""
GROWTH = 2.0


@dataclass(frozen=True)
class Decision:
    """A certified command with what the monitors saw: the result half of a cycle's record."""

    certified: CertifiedCommand
    observation: Observation | None
    filter_status: str


class SafetyLayer:
    """certify() decides, commit() or missed() says what became of it. Deciding changes nothing but the latch.

    Once an assumption is violated the layer latches: it only stops, until a new enable.
    """

    def __init__(self, shield: Shield, filter_: Filter, monitors: Monitors, enable_speed_max: float) -> None:
        self._shield, self._filter, self._monitors = shield, filter_, monitors
        self._enable_speed_max = enable_speed_max
        self.memory: Memory | None = None
        self.violation: Violation | None = None
        self._margins: dict[str, Margin] = {}
        self._first_use = 0.0

    def enable(self, state: JointState) -> CertifiedCommand:
        """Certify staying where the arm is: y_0 = the measured ticks, from rest.

        Torque is still off, so `state.healthy` is not asked for: the driver's own enable checks the device (A3) before and after.
        Raises:
            NoSafeCommand: the arm moves, or (y_0) is not certified; names the constraints and the margins.
        """
        if not np.all(np.abs(state.q_dot) <= self._enable_speed_max):
            raise NoSafeCommand(f"enable refused: the arm is moving, {np.abs(state.q_dot).max():.3g} rad/s or m/s")
        memory = Memory.at_rest(state.ticks, self._shield.tube.window)
        plan = state.ticks[None]
        certification = self._shield.certify(memory, plan)
        if not certification.ok:
            raise NoSafeCommand(f"enable refused: staying here {certification.reason}")
        self.memory, self.violation, self._margins, self._first_use = memory, None, certification.margins, 0.0
        return CertifiedCommand(state.ticks, plan, Verdict.PASS, certification.margins)

    def certify(self, state: JointState | None, proposal: JointProposal | None, now_s: float, trouble: str = "") -> Decision:
        """Decide what may be sent now. A pure function of its arguments, the memory and the latch.

        Args:
            state: the measurement of this cycle; None if there is none, with `trouble` saying why (reaction: hold).
            proposal: what the controller would like; None or without q means it has nothing (reaction: the tail).
        Raises:
            InvalidInput: not enabled, or shapes that cannot be.
        """
        started = time.perf_counter()
        memory = self._require_memory()
        observation: Observation | None = None
        if state is None:
            self._latch(Violation("A4", trouble or "no measurement", Reaction.HOLD))
        else:
            observation, violation = self._monitors.observe(memory, state, now_s)
            if violation is not None:
                self._latch(violation)
            self._watch_growth(observation.tube_use)
        if self.violation is not None:
            return Decision(self._stop(memory, self.violation, started), observation, "")
        if proposal is None or proposal.q is None or not proposal.report.ok:
            status = proposal.report.status if proposal is not None else "no controller"
            return Decision(self._backup(memory, (), f"no proposal: {status}", started), observation, "")
        filtered = self._filter.apply(memory, proposal.q)
        return Decision(self._decide(memory, filtered, started), observation, filtered.status)

    def rehearse(self) -> None:
        """Do the work of certify on the stored tail, and keep nothing of it: what was used just now is still in the caches."""
        memory = self._require_memory()
        newest, q = memory.newest, self._shield.tick_map.to_joints(memory.tail_head)
        self._monitors.observe(memory, JointState(q, np.zeros_like(q), newest, newest, 0.0), 0.0)
        self._decide(memory, self._filter.apply(memory, q), 0.0)

    def commit(self, certified: CertifiedCommand) -> None:
        """What certify() returned has been written (or, with ticks None, deliberately not)."""
        memory = self._require_memory()
        if certified.ticks is None:
            self.memory = memory.held()
        else:
            self.memory = memory.followed_by(certified.ticks, certified.plan[1:])
            self._margins = dict(certified.margins)

    def missed(self) -> None:
        """A period passed in which nothing was written: the stored tail continues, its head counted as lost."""
        self.memory = self._require_memory().missed()

    def request_stop(self, reason: str) -> None:
        """Stop along the certified tail from the next cycle on (operator, a failed part, the end of the log)."""
        self._latch(Violation("stop", reason, Reaction.TAIL))

    def request_hold(self, reason: str) -> None:
        """Send nothing more: the device cannot be trusted to apply what it is sent, or was not sent anything for too long."""
        self._latch(Violation("A2", reason, Reaction.HOLD))

    @property
    def gentlest_brake_m_s2(self) -> float:
        """The smallest deceleration of the fastest limited point that a stop is planned with."""
        return self._filter.brake_m_s2 * min(STOP_SHARES)

    def continue_tail(self, reason: str) -> Decision:
        """The head of the stored tail without looking at anything else: for a period that is over before it could be certified."""
        memory = self._require_memory()
        if self.violation is not None:
            return Decision(self._stop(memory, self.violation, time.perf_counter()), None, "")
        return Decision(self._tail(memory, Verdict.BACKUP, (), reason, time.perf_counter()), None, "")

    def fall_back(self, reason: str) -> Decision:
        """When certify() itself failed: the stored tail continues and motion ends; a hold that is latched stays a hold.

        Uses nothing but the memory and the latch.
        """
        self.request_stop(reason)
        memory = self._require_memory()
        violation = self.violation or Violation("stop", reason, Reaction.TAIL)
        return Decision(self._stop(memory, violation, time.perf_counter()), None, "")

    @property
    def setpoint(self) -> Setpoint:
        """The newest setpoint and its rate in joints, what a controller continues from."""
        memory = self._require_memory()
        tick_map, T = self._shield.tick_map, self._shield.command_class.period_s
        q = tick_map.to_joints(memory.newest)
        return Setpoint(q, (q - tick_map.to_joints(memory.history[-2])) / T)

    @property
    def at_rest(self) -> bool:
        """The commanded sequence has come to rest: nothing but its newest setpoint is left to send."""
        memory = self._require_memory()
        return not np.any(memory.step) and bool(np.all(memory.plan == memory.newest))

    def _decide(self, memory: Memory, filtered: Filtered, started: float) -> CertifiedCommand:
        if filtered.ticks is None:
            return self._backup(memory, filtered.active, f"the filter found no step: {filtered.status}", started)
        plan, certification = self._certify_with_stop(memory, filtered.ticks, filtered.tip_step_m)
        if not certification.ok:
            return self._backup(memory, certification.refused_by, f"the proposal {certification.reason}", started)
        verdict = Verdict.MODIFIED if filtered.active else Verdict.PASS
        reason = f"kept off {', '.join(filtered.active)}" if filtered.active else ""
        elapsed = time.perf_counter() - started
        return CertifiedCommand(filtered.ticks, plan, verdict, certification.margins, filtered.active, reason, elapsed)

    def _certify_with_stop(self, memory: Memory, ticks: TickArray, tip_step_m: float) -> tuple[TickArray, Certification]:
        """The candidate and a stop after it; one gentler stop if the ticks' rounding alone spoilt the first."""
        step = np.asarray(ticks - memory.newest)
        certification = Certification({}, ("command_class",), "")
        plan = ticks[None]
        for share in STOP_SHARES:
            stop = brake(ticks, step, tip_step_m, share * self._filter.brake_m_s2, self._shield.command_class)
            plan = np.concatenate([ticks[None], stop])
            certification = self._shield.certify(memory, plan)
            if certification.ok or not set(certification.refused_by) <= self._shield.rate_names | {"command_class"}:
                break
        return plan, certification

    def _backup(self, memory: Memory, active: tuple[str, ...], reason: str, started: float) -> CertifiedCommand:
        return self._tail(memory, Verdict.BACKUP, active, reason, started)

    def _stop(self, memory: Memory, violation: Violation, started: float) -> CertifiedCommand:
        reason = f"{violation.assumption}: {violation.reason}"
        if violation.reaction is Reaction.TAIL:
            return self._tail(memory, Verdict.STOP, (violation.assumption,), reason, started)
        elapsed = time.perf_counter() - started
        return CertifiedCommand(None, memory.newest[None], Verdict.STOP, self._margins, (violation.assumption,), reason, elapsed)

    def _tail(self, memory: Memory, verdict: Verdict, active: tuple[str, ...], reason: str, started: float) -> CertifiedCommand:
        """The head of the stored tail; its windows are windows of the plan that was certified, and so are its margins."""
        plan = memory.plan if memory.plan.shape[0] else memory.newest[None]
        return CertifiedCommand(plan[0], plan, verdict, self._margins, active, reason, time.perf_counter() - started)

    def _latch(self, violation: Violation) -> None:
        """The first cause is kept, but a graver reaction overrides: hold where the device cannot be steered, power off where it runs."""
        if self.violation is None or violation.reaction.value > self.violation.reaction.value:
            self.violation = violation

    def _watch_growth(self, tube_use: float) -> None:
        """A deviation of GROWTH tubes that grows while the arm stops is no tracking error: the drive does not follow, its power goes.

        One that was as large when it was first seen, and shrinks, is being brought back.
        """
        if self.violation is None or tube_use <= 1.0:
            return
        self._first_use = self._first_use or tube_use
        if not (tube_use < GROWTH or tube_use <= self._first_use):
            self._latch(Violation("A1", f"the deviation grew to {tube_use:.2f} of the monitored tube while stopping", Reaction.POWER_OFF))

    def _require_memory(self) -> Memory:
        if self.memory is None:
            raise InvalidInput("safety layer: certify before enable")
        return self.memory
