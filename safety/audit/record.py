"""One line of the log, and the chain that ties each line to the one before it.

    line_k = canonical JSON of {actor, clock, data, kind, mono_ns, prev, schema, seq, utc_ns}
    leaf_k = SHA-256(0x00 || line_k)            the line without its newline; the leaf hash of RFC 6962
    prev_k = hex(leaf_{k-1}),  prev_0 = 64 zeros
    seal   = origin, number of records, base64(leaf of the last one): a file beside the lines, so that the last line is tied too

Because leaf_k is already RFC 6962's, a Merkle tree over the lines needs no change here; the seal has the three lines of a C2SP
checkpoint, so a signed one is the same text with the tree's root and a signature below.

The chain alone shows that *something* was changed after the fact only to someone who knows the last leaf: who rewrites every
line can compute every hash anew. That is what signed checkpoints are for; they are not part of this schema yet.
"""

from base64 import b64encode
from enum import StrEnum
from hashlib import sha256

from .canonical import Json, encode_plain

SCHEMA = 1
GENESIS = "0" * 64
CLOCK = "CLOCK_REALTIME"
SEAL_NAME = "SEAL"
SEAL_ORIGIN = "primum/audit/chain/1"
HEADER = frozenset({"actor", "clock", "data", "kind", "mono_ns", "prev", "schema", "seq", "utc_ns"})
WRITER_ACTOR = "audit-writer"


class RecordKind(StrEnum):
    """What a record is about. The first and the last two are written by the log itself, never by a caller."""

    RUN_START = "RUN_START"  # the first record: who runs which version of what, on which clock
    STATE = "STATE"  # an operating state was entered
    CYCLE = "CYCLE"  # one servo cycle: every input of certify, and its result
    MISS = "MISS"  # a setpoint was not written within its period
    EVENT = "EVENT"  # anything else that a reviewer must see: a step begins, an operator acts
    CONFIG = "CONFIG"  # a changed value, with the old one, the new one and the reason
    SECURITY = "SECURITY"  # a malformed packet, a refused authentication, a self-check that failed
    CLOCK_STEP = "CLOCK_STEP"  # UTC jumped against the monotonic clock
    CONTROL_LOST = "CONTROL_LOST"  # written by the writer: the control process ended without closing the log
    RUN_END = "RUN_END"  # the last record of a log that was closed: how many records stand before it


OWN_KINDS = frozenset({RecordKind.RUN_START, RecordKind.CLOCK_STEP, RecordKind.CONTROL_LOST, RecordKind.RUN_END})


class Chain:
    """Turns entries into lines, each with the leaf hash of the one before."""

    def __init__(self) -> None:
        self.prev = GENESIS

    def line(self, seq: int, kind: RecordKind, utc_ns: int, mono_ns: int, actor: str, data: Json) -> bytes:
        """Return the next canonical line, without its newline.

        Args:
            utc_ns: nanoseconds since 1970 on the clock named by CLOCK. Written as a string: a double cannot hold it.
            mono_ns: time.monotonic_ns() of the same instant. Written as a string.
            data: JSON's own types only (see `canonical.plain`).
        """
        line = encode_plain(
            {
                "actor": actor,
                "clock": CLOCK,
                "data": data,
                "kind": kind.value,
                "mono_ns": str(mono_ns),
                "prev": self.prev,
                "schema": SCHEMA,
                "seq": seq,
                "utc_ns": str(utc_ns),
            }
        )
        self.prev = leaf_hash(line)
        return line


def leaf_hash(line: bytes) -> str:
    """Return hex(SHA-256(0x00 || line)), the RFC 6962 (section 2.1) leaf hash of a line without its newline."""
    return sha256(b"\x00" + line).hexdigest()


def seal_text(records: int, last_hash: str) -> bytes:
    """Return the one text that seals a log of `records` lines whose last leaf hash is `last_hash` (hex)."""
    return f"{SEAL_ORIGIN}\n{records}\n{b64encode(bytes.fromhex(last_hash)).decode('ascii')}\n".encode("ascii")
