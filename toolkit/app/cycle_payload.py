"""A cycle as the log holds it: every input of the safety layer and its result, in plain numbers."""

from collections.abc import Sequence
from typing import Any

from safety import Decision, Memory
from safety.layer_data import certified_data, decision_data, memory_data, proposal_data, state_data
from toolkit import CycleRecord


def cycle_payload(record: CycleRecord[Memory | None], calls: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The payload of a CYCLE record. With the files of the run directory it determines the verdict: `primum audit replay` recomputes it.

    calls: what was called of the safety layer since the record before, in order (RecordedLayer.take). state, proposal, memory: what it
    was given and what it remembered. verdict .. observed: what it decided. Nothing of these is rounded; the times of parts are.
    """
    decided = record.decided
    result = decision_data(decided) if isinstance(decided, Decision) else certified_data(decided.certified)
    payload: dict[str, Any] = {
        "i": record.index,
        "t_s": record.started_s,
        "written": record.written,
        "calls": list(calls),
        **result,
        "timing_us": {name: round(value * 1e6, 1) for name, value in record.timing_s.items()},
    }
    if record.trouble:
        payload["trouble"] = record.trouble
    if record.state is not None:
        payload["state"] = state_data(record.state)
    if record.proposal is not None:
        payload["proposal"] = proposal_data(record.proposal)
    if record.memory is not None:
        payload["memory"] = memory_data(record.memory)
    return payload
