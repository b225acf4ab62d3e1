"""The safety layer with a journal: every call that decides or changes something, in order, so that a log of them can be replayed.

A layer is a pure function of its calls. The log holds the calls with their arguments and, beside them, what came out; a replay
makes the same calls on a layer of its own and compares.
"""

from typing import Any

from toolkit import CertifiedCommand, InvalidInput, JointProposal, JointState, NoSafeCommand, Setpoint

from .layer import Decision, SafetyLayer
from .layer_data import Data, certified_data, latch_data, state_data
from .memory import Memory
from .monitors import Violation

DECIDING = ("certify", "continue_tail", "fall_back")


class RecordedLayer:
    """As SafetyLayer. `take` hands over what was called since it was last asked.

    Each call is {"call": name} with its arguments: `now_s` and `trouble` of certify, `reason` of the others. The sample and the proposal
    of certify, and the decision, are in the record of the cycle. A call that decides carries `latch`, the violation latched before it
    if there was one; one that raised carries `raised`. enable carries its sample and its result, or `refused`.
    """

    def __init__(self, layer: SafetyLayer) -> None:
        self._layer = layer
        self._calls: list[Data] = []
        self._decided: CertifiedCommand | None = None

    @property
    def memory(self) -> Memory | None:
        return self._layer.memory

    @property
    def violation(self) -> Violation | None:
        return self._layer.violation

    @property
    def setpoint(self) -> Setpoint:
        return self._layer.setpoint

    @property
    def at_rest(self) -> bool:
        return self._layer.at_rest

    def take(self) -> list[Data]:
        """The calls since the last take, oldest first."""
        calls, self._calls = self._calls, []
        return calls

    def enable(self, state: JointState) -> CertifiedCommand:
        """As SafetyLayer.enable; a refusal is a call like any other."""
        call = self._note("enable", state=state_data(state))
        try:
            first = self._layer.enable(state)
        except NoSafeCommand as error:
            call["refused"] = str(error)
            raise
        self._decided = None
        call["first"] = certified_data(first) | {"units": {name: margin.unit for name, margin in first.margins.items()}}
        return first

    def certify(self, state: JointState | None, proposal: JointProposal | None, now_s: float, trouble: str = "") -> Decision:
        """As SafetyLayer.certify."""
        call = self._note("certify", now_s=now_s, **self._latch(), **({"trouble": trouble} if trouble else {}))
        try:
            decision = self._layer.certify(state, proposal, now_s, trouble)
        except Exception as error:  # noted and raised again: the cycle has a reaction to it, which is the next call
            call["raised"] = f"{type(error).__name__}: {error}"
            raise
        return self._deciding(decision)

    def continue_tail(self, reason: str) -> Decision:
        """As SafetyLayer.continue_tail."""
        self._note("continue_tail", reason=reason, **self._latch())
        return self._deciding(self._layer.continue_tail(reason))

    def fall_back(self, reason: str) -> Decision:
        """As SafetyLayer.fall_back."""
        self._note("fall_back", reason=reason, **self._latch())
        return self._deciding(self._layer.fall_back(reason))

    def rehearse(self) -> None:
        """As SafetyLayer.rehearse: it leaves no trace, and so none here."""
        self._layer.rehearse()

    def commit(self, certified: CertifiedCommand) -> None:
        """As SafetyLayer.commit.

        Raises: InvalidInput: it is not what was decided last: such a call could not be told from the log.
        """
        if certified is not self._decided:
            raise InvalidInput("commit: only what was decided last can be committed")
        self._note("commit")
        self._layer.commit(certified)

    def missed(self) -> None:
        """As SafetyLayer.missed."""
        self._note("missed")
        self._layer.missed()

    def request_stop(self, reason: str) -> None:
        """As SafetyLayer.request_stop."""
        self._note("request_stop", reason=reason)
        self._layer.request_stop(reason)

    def request_hold(self, reason: str) -> None:
        """As SafetyLayer.request_hold."""
        self._note("request_hold", reason=reason)
        self._layer.request_hold(reason)

    def _note(self, name: str, **given: Any) -> Data:
        call = {"call": name, **given}
        self._calls.append(call)
        return call

    def _latch(self) -> Data:
        latched = latch_data(self._layer.violation)
        return {} if latched is None else {"latch": latched}

    def _deciding(self, decision: Decision) -> Decision:
        self._decided = decision.certified
        return decision
