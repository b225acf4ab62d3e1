"""The decisions of a coil layer, made again.

    decision_k = decide(memory_k, sample_k, proposal_k, hold_k),    memory_k+1 = that decision's
The memory is carried from the first cycle on and not taken from the log, but for the temperatures at the first cycle and for what
comes from outside: that currents are to go to zero (the path ended, the operator said so). After a difference the logged memory is taken
over, as in an arm's replay.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from safety import CoilLayer, CoilMemory
from safety.audit import RecordKind
from safety.coil_layer_data import bead_sample_from, coil_decision_data, coil_memory_data, coil_memory_from
from toolkit import InvalidInput, SpecificationError, TickArray

from .difference import compare
from .findings import Replayed
from .replayer import PROGRESS_EVERY

Data = Mapping[str, Any]
RESULTS = ("verdict", "ticks", "reason", "active", "margins", "next_memory", "blind_s", "hold", "retreat", "observed")


def replay_coils(records: Iterable[Data], layer: CoilLayer, progress: Callable[[int], None] | None = None) -> Replayed:
    """Replay a whole log of a micro-robot's run.

    Raises:
        SpecificationError: a record has not the fields a replay needs; named by its sequence number.
    """
    found, memory, first_s = Replayed(), None, None
    for record in records:
        found.records += 1
        if progress is not None and found.records % PROGRESS_EVERY == 0:
            progress(found.records)
        if record["kind"] != RecordKind.CYCLE:
            continue
        try:
            memory = _cycle(found, layer, record, memory)
            first_s = float(record["data"]["t_s"]) if first_s is None else first_s
            found.motion_s = float(record["data"]["t_s"]) - first_s
        except (KeyError, TypeError, ValueError, IndexError, InvalidInput) as error:
            what = f"record {record.get('seq')}: cannot be replayed: {type(error).__name__}: {error}"
            raise SpecificationError(what, field="data") from error
    return found


def _cycle(found: Replayed, layer: CoilLayer, record: Data, carried: CoilMemory | None) -> CoilMemory:
    data, seq = record["data"], int(record["seq"])
    index, sample, logged = int(data["i"]), bead_sample_from(data["sample"]), coil_memory_from(data["memory"])
    found.cycles += 1
    if index != found.cycles:
        found.add(compare(seq, index, "i", index, found.cycles))
    if carried is None:  # the run begins at zero current, with the temperatures that were measured then
        found.add(compare(seq, index, "memory.newest_mA", data["memory"]["newest_mA"], [0] * logged.newest_mA.size))
    memory = logged if carried is None else carried
    if logged.stopped and not memory.stopped:
        memory = replace(memory, stopped=logged.stopped)
    apart = found.add(compare(seq, index, "memory", data["memory"], coil_memory_data(memory)))
    decision = layer.decide(logged if apart else memory, sample, _currents(data["proposal"]["mA"]), _currents(data["hold_mA"]))
    found.decisions += 1
    result = coil_decision_data(decision)
    for name in RESULTS:
        as_field = "memory.next" if name == "next_memory" else name
        found.add(compare(seq, index, as_field, data.get(name), result[name]))
    return decision.memory


def _currents(values: Any) -> TickArray | None:
    return None if values is None else np.array(values, dtype=np.int64)
