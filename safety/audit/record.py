"""One line of the log, the chain that ties each line to the one before it, and the tree over all of them.

    line_k = canonical JSON of {actor, clock, clock_error_us, data, kind, mono_ns, prev, schema, seq, utc_ns}
    leaf_k = SHA-256(0x00 || line_k)            the line without its newline; the leaf hash of RFC 6962
    prev_k = hex(leaf_{k-1}),  prev_0 = 64 zeros

The chain alone shows that *something* was changed after the fact only to someone who knows the last leaf: who rewrites every
line can compute every hash anew. That is what signed checkpoints over the tree's root are for. Format: docs/log_format.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from toolkit import InvalidInput

from .canonical import Json, encode_plain, plain
from .merkle import Frontier, leaf_hash

SCHEMA = 2
GENESIS = "0" * 64
CLOCK = "CLOCK_REALTIME"
HEADER = frozenset({"actor", "clock", "clock_error_us", "data", "kind", "mono_ns", "prev", "schema", "seq", "utc_ns"})
WRITER_ACTOR = "audit-writer"


class RecordKind(StrEnum):
    """What a record is about. OWN_KINDS are written by the log itself, never by a caller."""

    RUN_START = "RUN_START"  # the first record: who runs which version of what, on which clock
    KEY = "KEY"  # written by the writer: the key of the next checkpoint
    STATE = "STATE"  # an operating state was entered
    CYCLE = "CYCLE"  # one servo cycle: every input of certify, and its result
    MISS = "MISS"  # a setpoint was not written within its period
    EVENT = "EVENT"  # anything else that a reviewer must see: a step begins, a device says who it is
    OPERATOR = "OPERATOR"  # a person acted: what, and why
    CONFIG = "CONFIG"  # a changed value, with the old one, the new one and the reason
    SECURITY = "SECURITY"  # a malformed packet, a refused authentication, a self-check that failed
    CLOCK_STEP = "CLOCK_STEP"  # UTC jumped against the monotonic clock
    CONTROL_LOST = "CONTROL_LOST"  # written by the writer: the control process ended without closing the log
    RUN_END = "RUN_END"  # the last record of a log that was closed: how many records stand before it


OWN_KINDS = frozenset({RecordKind.RUN_START, RecordKind.KEY, RecordKind.CLOCK_STEP, RecordKind.CONTROL_LOST, RecordKind.RUN_END})
FINAL_KINDS = frozenset({RecordKind.RUN_END, RecordKind.CONTROL_LOST})
REQUIRED = {
    RecordKind.OPERATOR: frozenset({"action", "reason"}),
    RecordKind.CONFIG: frozenset({"name", "old", "new", "reason"}),
    RecordKind.SECURITY: frozenset({"event", "detail"}),
}
"""What a record of these kinds must say; every reason, action, name and event in words."""


def check_required(kind: RecordKind, data: Mapping[str, object]) -> None:
    """Refuse a record that does not say what its kind must say.

    Raises:
        InvalidInput: names the fields that are missing or empty.
    """
    names = REQUIRED.get(kind)
    if names is None:
        return
    if data.keys() != names:
        raise InvalidInput(f"data: a {kind.value} record has the fields {', '.join(sorted(names))}")
    for name in names - {"old", "new"}:
        value = data[name]
        if not isinstance(value, str) or not value.strip():
            raise InvalidInput(f"data.{name}: {value!r}: a {kind.value} record says this in words")


@dataclass(frozen=True)
class Stamp:
    """When: UTC [ns] as the machine has it, how far off that may be [us] (None: not known), and the monotonic clock [ns]."""

    utc_ns: int
    error_us: int | None
    mono_ns: int


class Chain:
    """Turns entries into lines, each with the leaf hash of the one before, and grows the tree over them."""

    def __init__(self) -> None:
        self.prev = GENESIS
        self.tree = Frontier()

    def line(self, kind: RecordKind, stamp: Stamp, actor: str, data: Json) -> bytes:
        """Return the next canonical line, without its newline.

        Nanoseconds are written as strings: a double cannot hold them.
        Args:
            data: JSON's own types only (see `canonical.plain`); a wide integer becomes a string.
        """
        record: dict[str, Json] = {
            "actor": actor,
            "clock": CLOCK,
            "clock_error_us": stamp.error_us,
            "data": data,
            "kind": kind.value,
            "mono_ns": str(stamp.mono_ns),
            "prev": self.prev,
            "schema": SCHEMA,
            "seq": self.tree.size,
            "utc_ns": str(stamp.utc_ns),
        }
        try:
            line = encode_plain(record)
        except InvalidInput:  # nearly always a wide integer
            line = encode_plain(plain(record, "record"))
        leaf = leaf_hash(line)
        self.tree.append(leaf)
        self.prev = leaf.hex()
        return line
