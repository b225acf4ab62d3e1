"""A part of a run's log as a readable table: from one second of the run to another, of some kinds of records."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safety.audit import RecordKind, read_records
from safety.audit.verify_log import utc_text
from toolkit import InvalidInput

Record = Mapping[str, Any]


def _of_kind(*kinds: RecordKind) -> Callable[[Record], bool]:
    return lambda record: record["kind"] in kinds


FILTERS: dict[str, Callable[[Record], bool]] = {
    "all": lambda record: True,
    "interventions": lambda record: record["kind"] == RecordKind.CYCLE and record["data"].get("verdict") != "PASS",
    "cycles": _of_kind(RecordKind.CYCLE),
    "misses": _of_kind(RecordKind.MISS),
    "states": _of_kind(RecordKind.STATE),
    "events": _of_kind(RecordKind.EVENT),
    "operator": _of_kind(RecordKind.OPERATOR),
    "configuration": _of_kind(RecordKind.CONFIG),
    "security": _of_kind(RecordKind.SECURITY),
    "clock": _of_kind(RecordKind.CLOCK_STEP),
    "keys": _of_kind(RecordKind.KEY),
    "ends": _of_kind(RecordKind.RUN_START, RecordKind.RUN_END, RecordKind.CONTROL_LOST),
}
"""What `--only` may name. An intervention is a cycle in which the safety layer did not pass the proposal on as it was."""


@dataclass(frozen=True)
class Row:
    """One record: t_s on the monotonic clock since RUN_START, and what it says in a sentence."""

    seq: int
    t_s: float
    utc: str
    kind: str
    actor: str
    text: str


def log_rows(directory: Path, from_s: float, to_s: float, only: tuple[str, ...]) -> Iterator[Row]:
    """Yield the records of a log, unchecked, between two times [s] since its first record, that pass one of the filters.

    Raises:
        InvalidInput: a filter that does not exist, or times in the wrong order. SpecificationError: there is no log, or it cannot be read.
    """
    unknown = sorted(set(only) - set(FILTERS))
    if unknown:
        raise InvalidInput(f"--only: {', '.join(unknown)}: allowed are {', '.join(FILTERS)}")
    if not from_s <= to_s:
        raise InvalidInput(f"--from {from_s:g} --to {to_s:g}: the end is before the beginning")
    wanted = [FILTERS[name] for name in only or ("all",)]
    start_ns: int | None = None
    for record in read_records(directory):
        mono_ns = int(record["mono_ns"])
        start_ns = mono_ns if start_ns is None else start_ns
        t_s = (mono_ns - start_ns) * 1e-9
        if from_s <= t_s <= to_s and any(passes(record) for passes in wanted):
            yield Row(record["seq"], t_s, utc_text(int(record["utc_ns"])), record["kind"], record["actor"], _said(record))


def _said(record: Record) -> str:
    """As `sentence`; a record of a log that nobody checked may hold anything, and is shown as it is then."""
    try:
        return sentence(record)
    except (AttributeError, KeyError, TypeError, ValueError):
        return _short(record["data"])


def sentence(record: Record) -> str:
    """Return what a record says, in words; what has none of the usual fields is shown as it is."""
    kind, data = record["kind"], record["data"]
    if kind == RecordKind.CYCLE:
        return _cycle(data)
    if kind == RecordKind.STATE:
        return f"{data.get('state')}" + (f": {data['reason']}" if data.get("reason") else "")
    if kind == RecordKind.CONFIG:
        return f"{data.get('name')}: {data.get('old')!r} -> {data.get('new')!r} ({data.get('reason')})"
    if kind == RecordKind.OPERATOR:
        return f"{data.get('action')} ({data.get('reason')})"
    if kind == RecordKind.SECURITY:
        return f"{data.get('event')}: {data.get('detail')}"
    if kind == RecordKind.MISS:
        return f"{data.get('why', 'a setpoint was not written in its period')} ({data.get('in_a_row', 1)} in a row)"
    if kind == RecordKind.KEY:
        return f"key {data.get('epoch')}: {data.get('vkey')}"
    if kind == RecordKind.RUN_START:
        return f"run {data.get('run')}"
    return _short(data)


def _cycle(data: Record) -> str:
    parts = [str(data.get("verdict"))]
    if data.get("margins"):
        name, margin = min(data["margins"].items(), key=lambda item: item[1])
        parts.append(f"smallest margin {name} {margin:.3g}")
    if data.get("active"):
        parts.append(f"active {', '.join(data['active'])}")
    if data.get("reason"):
        parts.append(data["reason"])
    if "total" in data.get("timing_us", {}):
        parts.append(f"{data['timing_us']['total'] * 1e-3:.2f} ms")
    return "; ".join(parts)


def _short(data: Record) -> str:
    text = ", ".join(f"{name} {value}" for name, value in data.items())
    return text if len(text) <= 160 else text[:157] + "..."
