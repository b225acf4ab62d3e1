"""Is this log whole? Anyone who has the files can ask, and needs nothing of the program that wrote them.

Read line by line in bounded memory: canonical form, header, sequence, chain. A last line without its newline is what a crash
leaves: it is reported as a torn tail and is no error. A log that was cut at a record's end is whole as far as it goes, but not
sealed: `intact` asks for both.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit import InvalidInput, SpecificationError

from .canonical import LARGEST_INTEGER, encode_plain
from .checkpoint import last_checkpoint
from .merkle import Frontier, leaf_hash
from .record import CLOCK, FINAL_KINDS, GENESIS, HEADER, SCHEMA, RecordKind
from .segment import CHECKPOINTS_NAME, FAULT_NAME, segment_name

MAX_LINE = 2**20
_KINDS = frozenset(kind.value for kind in RecordKind)


@dataclass(frozen=True)
class Problem:
    """The first thing that is wrong: where (file name, line counted from 1, the sequence number due there), and what."""

    file: str
    line: int
    seq: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: record {self.seq}: {self.what}"


@dataclass(frozen=True)
class VerifyResult:
    """What the files show.

    records: how many records, from the first on, are whole and chained.
    problem: the first thing wrong; None if there is nothing.
    torn_tail_bytes: length of a last line without newline, which a crash leaves behind. It was never acknowledged as durable.
    sealed: the writer ended in order, and its last checkpoint covers these records; the signature is not looked at here.
    last_hash: leaf hash of the last good record, hex; compare it with a copy kept elsewhere to see a log rewritten as a whole.
    first_utc_ns, last_utc_ns: of the good records; 0 if there is none.
    fault: what the writer noted when it failed; beside the chain, so not protected by it.
    """

    records: int
    problem: Problem | None
    torn_tail_bytes: int
    sealed: bool
    segments: int
    last_kind: str
    last_hash: str
    first_utc_ns: int
    last_utc_ns: int
    fault: str

    @property
    def ok(self) -> bool:
        """Every complete line is a good record in its place."""
        return self.problem is None

    @property
    def closed(self) -> bool:
        """Sealed, and ended by the control process itself."""
        return self.sealed and self.last_kind == RecordKind.RUN_END

    @property
    def intact(self) -> bool:
        """Good, sealed, and without a torn tail: nothing is missing that the log itself could show."""
        return self.ok and self.sealed and self.torn_tail_bytes == 0

    def __str__(self) -> str:
        span = f"{self.records} records, {_utc_text(self.first_utc_ns)} to {_utc_text(self.last_utc_ns)}" if self.records else "no record"
        parts = [span, "closed" if self.closed else "sealed, but not closed by the run" if self.sealed else "not sealed"]
        if self.torn_tail_bytes:
            parts.append(f"torn tail of {self.torn_tail_bytes} bytes")
        if self.fault:
            parts.append(f"the writer failed: {self.fault}")
        return f"{'broken at ' + str(self.problem) if self.problem else 'whole'} ({'; '.join(parts)})"


def verify(directory: Path | str) -> VerifyResult:
    """Check the log in `directory`, or in its folder `audit`, from the first line to the last.

    Detects an edited, inserted, deleted, doubled or moved line, a missing head or inner segment, a line that is not canonical.
    Does not detect a log that somebody rewrote from one record to its end: `verify_log` checks the signatures that show it.
    Raises:
        SpecificationError: there is no log, or its files cannot be read.
    """
    folder = _log_directory(Path(directory))
    vouched = last_checkpoint(folder / CHECKPOINTS_NAME)
    chain = _Chain(vouched=vouched)
    segments = _segments(folder)
    torn, problem = 0, None
    for index, segment in enumerate(segments):
        if segment.name != segment_name(index):
            problem = Problem(segment_name(index), 1, chain.seq, f"this segment is missing; {segment.name} comes next")
            break
        torn, problem = _verify_segment(segment, chain, last=index == len(segments) - 1)
        if problem is not None:
            break
    sealed = chain.ended and vouched is not None and vouched[0] == chain.seq and not torn
    complete = sealed if chain.ended else vouched is None or vouched[0] <= chain.seq
    if problem is None and not complete:
        what = f"the last checkpoint covers {vouched[0] if vouched else 0} records, {chain.seq} are here"
        problem = Problem(CHECKPOINTS_NAME, 1, chain.seq, what)
    return VerifyResult(
        records=chain.seq,
        problem=problem,
        torn_tail_bytes=torn,
        sealed=sealed and problem is None,
        segments=len(segments),
        last_kind=chain.last_kind,
        last_hash=chain.prev,
        first_utc_ns=chain.first_utc_ns,
        last_utc_ns=chain.last_utc_ns,
        fault=_fault(folder),
    )


def read_records(directory: Path | str) -> Iterator[dict[str, Any]]:
    """Yield the records of the log in `directory`, oldest first, without checking the chain. A torn tail is left out.

    A number comes back as int where it was written without fraction: 1.0 as 1. Wide integers come back as strings.
    Raises:
        SpecificationError: there is no log, or a line is not a JSON object.
    """
    for segment in _segments(_log_directory(Path(directory))):
        for number, line in _lines(segment):
            if not line.endswith(b"\n"):
                return
            try:
                record = _parse(line)
            except ValueError as error:
                raise SpecificationError(str(error), file=str(segment), line=number) from error
            if not isinstance(record, dict):
                raise SpecificationError("not a JSON object", file=str(segment), line=number)
            yield record


@dataclass
class _Chain:
    """Where the chain stands after the good records so far."""

    seq: int = 0
    prev: str = GENESIS
    vouched: tuple[int, bytes] | None = None
    tree: Frontier = field(default_factory=Frontier)
    ended: bool = False
    last_kind: str = ""
    first_utc_ns: int = 0
    last_utc_ns: int = 0

    def accept(self, line: bytes) -> str:
        """Return what is wrong with `line` as the next record, or "" and move on."""
        if self.ended:
            return "a line after the last record"
        try:
            record = _parse(line)
            again = encode_plain(record)
        except (ValueError, InvalidInput, RecursionError) as error:
            return f"not a canonical JSON line: {error}"
        if again != line:
            return _not_canonical(line)
        problem = self._wrong_header(record)
        if problem:
            return problem
        self.ended = record["kind"] in FINAL_KINDS
        self.last_kind, self.last_utc_ns = record["kind"], int(record["utc_ns"])
        self.first_utc_ns = self.first_utc_ns or self.last_utc_ns
        leaf = leaf_hash(line)
        self.tree.append(leaf)
        self.seq, self.prev = self.seq + 1, leaf.hex()
        if self.vouched is not None and self.vouched[0] == self.seq and self.vouched[1] != self.tree.root():
            return "the records up to here are not those that the last checkpoint covers"
        return ""

    def _wrong_header(self, record: Any) -> str:
        if not isinstance(record, dict) or record.keys() != HEADER:
            return "not the fields of a record"
        if type(record["schema"]) is not int or record["schema"] != SCHEMA:
            return f"schema {record['schema']!r}; this program reads {SCHEMA}"
        if type(record["seq"]) is not int or record["seq"] != self.seq:
            return f"carries sequence number {record['seq']!r}: a record was deleted, inserted, doubled or moved"
        if record["prev"] != self.prev:
            return "does not follow from the record before it: one of the two was changed"
        if record["kind"] not in _KINDS or (record["kind"] == RecordKind.RUN_START) != (self.seq == 0):
            return f"kind {record['kind']!r} has no place here"
        if not all(isinstance(record[name], str) and record[name].isdecimal() for name in ("utc_ns", "mono_ns")):
            return "a time is not a decimal number of nanoseconds"
        error_us = record["clock_error_us"]
        if error_us is not None and not (type(error_us) is int and error_us >= 0):
            return f"clock_error_us {error_us!r}"
        if record["clock"] != CLOCK or not isinstance(record["actor"], str) or not isinstance(record["data"], dict):
            return "clock, actor or data is not of its type"
        if record["kind"] == RecordKind.RUN_END and record["data"].get("records") != self.seq:
            return f"the end counts {record['data'].get('records')!r} records, {self.seq} stand before it"
        return ""


def _verify_segment(segment: Path, chain: _Chain, *, last: bool) -> tuple[int, Problem | None]:
    """Return the length of a torn tail and the first problem."""
    before = 0
    for number, line in _lines(segment):
        what = ""
        if last and not chain.ended and b"\0" in line:
            return segment.stat().st_size - before, None
        before += len(line)
        if line.endswith(b"\n"):
            what = chain.accept(line[:-1])
        elif len(line) >= MAX_LINE:
            what = f"a line longer than {MAX_LINE} bytes"
        elif last and not chain.ended:
            return len(line), None
        else:
            what = "a line without its end, and it is not the last of an open log"
        if what:
            return 0, Problem(segment.name, number, chain.seq, what)
    return 0, None


def _lines(segment: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with segment.open("rb") as file:
            number = 1
            while line := file.readline(MAX_LINE):
                yield number, line
                number += 1
    except OSError as error:
        raise SpecificationError(f"cannot be read: {error}", file=str(segment)) from error


def _parse(line: bytes) -> Any:
    return json.loads(line, parse_constant=_refuse_constant, parse_int=_number)


def _number(token: str) -> int | float:
    """An integer beyond 2^53 - 1 was a double when it was written (1e17 is laid out in digits)."""
    value = int(token) if len(token) <= 17 else LARGEST_INTEGER + 1
    return value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else float(token)


def _refuse_constant(token: str) -> float:
    raise ValueError(f"{token} is not JSON")


def _not_canonical(line: bytes) -> str:
    doubled: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in items]
        doubled.extend(name for name in names if names.count(name) > 1)
        return dict(items)

    json.loads(line, object_pairs_hook=pairs)
    return f"the key {doubled[0]!r} stands twice" if doubled else "not in canonical form (RFC 8785)"


def _log_directory(directory: Path) -> Path:
    for candidate in (directory, directory / "audit"):
        if _segments(candidate):
            return candidate
    raise SpecificationError("there is no log here (no file like 000000.jsonl)", file=str(directory))


def _segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("[0-9][0-9][0-9][0-9][0-9][0-9].jsonl"))


def _fault(directory: Path) -> str:
    try:
        return (directory / FAULT_NAME).read_text("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""


def _utc_text(utc_ns: int) -> str:
    return datetime.fromtimestamp(utc_ns * 1e-9, UTC).isoformat(timespec="milliseconds")
