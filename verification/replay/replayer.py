"""The calls of a log, made again on a safety layer of its own.

    memory_0 = enable(sample_0);   (decision_k, memory_k+1) = layer(memory_k, call_k)
The memory is carried from enable on and never taken from the log: what the log says of it is compared like everything else. Only after
a difference has been found, and the two would stay apart, the logged memory is taken over, so that each later cycle is judged on its
own and not for what happened before it. A log with a difference is never called identical.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from safety import SafetyLayer
from safety.audit import RecordKind
from safety.layer_data import certified_data, decision_data, latch_data, latch_from, memory_data, memory_from, proposal_from, state_from
from safety.recorded_layer import DECIDING
from toolkit import CertifiedCommand, InvalidInput, JointState, NoSafeCommand, SpecificationError, TickMap

from .difference import ABSENT, compare
from .findings import Replayed

PROGRESS_EVERY = 100
RESULTS = ("verdict", "ticks", "next_plan", "margins", "active", "reason", "filter", "observed")
Data = Mapping[str, Any]


def replay(
    records: Iterable[Data], layer: SafetyLayer, tick_map: TickMap, progress: Callable[[int], None] | None = None
) -> Replayed:
    """Replay a whole log.

    Args:
        layer: as the run had it, not enabled. tick_map: the one in it.
        progress: called with the number of records so far, now and then.
    Raises:
        SpecificationError: a record has not the fields a replay needs; named by its sequence number.
    """
    replayer = Replayer(layer, tick_map)
    for record in records:
        replayer.feed(record)
        if progress is not None and replayer.found.records % PROGRESS_EVERY == 0:
            progress(replayer.found.records)
    return replayer.found


class Replayer:
    """One log, record by record; `found` is what has been found so far."""

    def __init__(self, layer: SafetyLayer, tick_map: TickMap) -> None:
        self.found = Replayed()
        self._layer, self._map = layer, tick_map
        self._decided: CertifiedCommand | None = None
        self._index, self._misses, self._begun_ns = 0, 0, 0
        self._apart = False
        self._seq = 0
        self._cycle: int | None = None

    def feed(self, record: Data) -> None:
        """Make the calls of one record, and compare what comes out.

        Raises:
            SpecificationError: as `replay`.
        """
        try:
            self._seq, data = int(record["seq"]), record["data"]
            self._cycle = data["i"] if record["kind"] == RecordKind.CYCLE else None
            self.found.records += 1
            self._misses += record["kind"] == RecordKind.MISS
            if self._cycle is not None:
                self._begin_cycle(data, int(record["mono_ns"]))
            for call in data.get("calls", ()):
                self._make(call, data)
            if self._cycle is not None:
                self._end_cycle(data)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, InvalidInput) as error:
            problem = f"record {record.get('seq')}: cannot be replayed: {type(error).__name__}: {error}"
            raise SpecificationError(problem, field="data") from error

    def _begin_cycle(self, data: Data, mono_ns: int) -> None:
        self._begun_ns = self._begun_ns or mono_ns
        self.found.cycles, self.found.motion_s = self.found.cycles + 1, (mono_ns - self._begun_ns) * 1e-9
        self._index += 1
        self._decided = None
        self._compare("i", data["i"], self._index)
        self._index = data["i"]

    def _end_cycle(self, data: Data) -> None:
        """What the cycle says of itself must be what its calls say."""
        names = [call["call"] for call in data["calls"]]
        decided = [i for i, name in enumerate(names) if name in DECIDING]
        if not decided:
            self._compare("calls", names, f"one of {', '.join(DECIDING)}")
            return
        if self._decided is None:  # the last of them raised: nothing was decided, so a record of a decision is made up
            self._compare("", {name: data[name] for name in RESULTS if name in data}, {})
        after = names[decided[-1] :]
        # A hold that is requested after the commit says that the write failed: the setpoint counts as sent, not as written.
        self._compare("written", data["written"], "commit" in after and data["ticks"] is not None and "request_hold" not in after)

    def _make(self, call: Data, data: Data) -> None:
        name = call["call"]
        if name == "enable":
            self._enable(call)
        elif name in DECIDING:
            self._decide(name, call, data)
        elif name == "commit":
            if self._decided is not None:  # where there is none, that has been said already
                self._layer.commit(self._decided)
        elif name in ("request_stop", "request_hold"):
            getattr(self._layer, name)(call["reason"])
        elif name == "missed":
            self._misses -= 1
            self._layer.missed()
        else:
            self._compare("calls", name, "enable, a call that decides, or one that may follow it")

    def _enable(self, call: Data) -> None:
        state = self._state(call["state"])
        self._index, self._misses, self._apart, self._decided = 0, 0, False, None
        self.found.decisions += 1
        try:
            first = self._layer.enable(state)
        except NoSafeCommand as error:
            self._compare("enable", _result_of_enable(call), {"refused": str(error)})
            self._apart = True
            return
        recomputed = certified_data(first) | {"units": {name: margin.unit for name, margin in first.margins.items()}}
        self._compare("enable", _result_of_enable(call), recomputed)

    def _decide(self, name: str, call: Data, data: Data) -> None:
        if self._cycle is None:
            self._compare("calls", name, "a decision whose cycle was not recorded")
            return
        self._compare("calls.missed", self._misses, 0)
        self._misses = 0
        self._compare_memory(call, data)
        state = self._state(data["state"]) if "state" in data else None
        proposal = proposal_from(data["proposal"]) if "proposal" in data else None
        raised = ""
        self.found.decisions += 1
        self._decided = None
        try:
            if name == "certify":
                decision = self._layer.certify(state, proposal, float(call["now_s"]), call.get("trouble", ""))
            else:
                decision = getattr(self._layer, name)(call["reason"])
        except Exception as error:  # what certify raised in the run it must raise again, whatever it was
            raised = f"{type(error).__name__}: {error}"
        if raised or "raised" in call:
            self._apart = self._compare("calls.raised", call.get("raised", ABSENT), raised or ABSENT) or self._apart
        if raised:
            return
        self._decided = decision.certified
        differs = self._compare("", {name: data[name] for name in RESULTS if name in data}, decision_data(decision))
        self._apart = self._apart or differs

    def _compare_memory(self, call: Data, data: Data) -> None:
        """What the layer here remembers must be what the log says it did; see the module for when the log's is taken over."""
        own = self._layer.memory
        logged = {"memory": data["memory"], "latch": call.get("latch")}
        recomputed = {"memory": memory_data(own) if own else None, "latch": latch_data(self._layer.violation)}
        differs = self._compare("", logged, recomputed)
        if differs and (self._apart or own is None):
            self._layer.memory, self._layer.violation = memory_from(data["memory"]), latch_from(call.get("latch"))
            differs = False
        self._apart = differs

    def _state(self, data: Data) -> JointState:
        """The logged sample; its joints must be those of its ticks."""
        state = state_from(data)
        self._compare("state.q", data["q"], self._map.to_joints(state.ticks).tolist())
        return state

    def _compare(self, name: str, logged: object, recomputed: object) -> bool:
        """Note the differences; whether one is decisive."""
        return self.found.add(compare(self._seq, self._cycle, name, logged, recomputed))


def _result_of_enable(call: Data) -> dict[str, Any]:
    return {"refused": call["refused"]} if "refused" in call else dict(call["first"])
