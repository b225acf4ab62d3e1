"""Is the log of a Primum run whole, who vouches for it, and since when?

This one file needs Python 3.11 or newer and nothing else: copy it out, read it, run it.

    python verify_log.py RUN [--key operator.pub] [--checkpoint OTHER_DIRECTORY] [--json]
    python verify_log.py RUN --prove SEQ | --prove-since SIZE > proof.json
    python verify_log.py --check proof.json

The format is docs/log_format.md, and this file follows that page, not the code that writes logs. Signatures are checked where the
package `cryptography` can be imported; elsewhere everything else is, and the answer says so.

Exit codes: 0 intact. 3 nothing contradicts, but not all is vouched for: signatures not checked, or a log without its end. 5 not intact.
2 wrong use.

How a place is found. Every line names the hash of the line before it, so the *next* line tells the true hash of a line that was changed
or is gone. The Merkle tree is fed with these true hashes. Which line stands for which record is a guess; that the tree's root is
the signed one proves the guess, and with it every record whose own hash went into the tree.
"""

import argparse
import json
import os
import re
import stat
import sys
from base64 import b64decode, b64encode
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import compress
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

SCHEMA = 2
MAX_LINE = 2**20  # longest line of a segment, [byte]; in a checkpoint file it is MAX_NOTE_LINE
MAX_NOTE_LINE = 4096
MAX_PROBLEMS = 20  # so many are told, all are counted
BLOCK = 2**20
LARGEST_INTEGER = 2**53 - 1
GENESIS = "0" * 64
ORIGIN = "primum/audit/"
CERTIFICATE = "primum/audit/run-key"
LAST_KINDS = ("RUN_END", "CONTROL_LOST")
KINDS = {"RUN_START", "KEY", "STATE", "CYCLE", "MISS", "EVENT", "OPERATOR", "CONFIG", "SECURITY", "CLOCK_STEP", *LAST_KINDS}
FIELDS = ["actor", "clock", "clock_error_us", "data", "kind", "mono_ns", "prev", "schema", "seq", "utc_ns"]
SEGMENT = re.compile(r"[0-9]{6}\.jsonl")
HEX_HASH = re.compile("[0-9a-f]{64}")
NANOSECONDS = re.compile("0|[1-9][0-9]{0,19}")


# ---- 1 Canonical JSON (RFC 8785) ----------------------------------------------------------------------------------------------------


def number_text(value: float) -> str:
    """Return the one spelling of a double: shortest digits that read back as `value`, laid out as ECMAScript does (RFC 8785, 3.2.2.3)."""
    if not abs(value) < float("inf"):
        raise ValueError(f"{value} is no JSON number")
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))  # the number is 0.digits x 10^point
    digits = digits.rstrip("0")
    if not digits:
        return "0"
    if len(digits) <= point <= 21:
        text = digits.ljust(point, "0")
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        text = f"{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1:+d}"
    return f"-{text}" if value < 0.0 else text


def canonical(value: Any) -> str:
    """Return the RFC 8785 text of a value that a JSON parser gave; ValueError if it has none."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)  # text, integers, true, false, null: Python's spelling is the canonical one


def parse_strictly(line: bytes) -> Any:
    """Return the value that `line` is the canonical text of.

    Raises:
        ValueError: it is not UTF-8, not JSON, has a name twice, or its canonical text is another one.
    """
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=_no_name_twice, parse_int=integer, parse_constant=refuse)
        again = canonical(value).encode("utf-8")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if again != line:
        at = next((i for i, (a, b) in enumerate(zip(line, again, strict=False)) if a != b), min(len(line), len(again)))
        raise ValueError(f"not canonical (RFC 8785) at byte {at}: {line[at : at + 24]!r} where {again[at : at + 24]!r} is due")
    return value


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError(f"a name stands twice in {[name for name, _ in pairs]!s:.200}")
    return out


def integer(token: str) -> int | float:
    """An integer token beyond 2^53 - 1 was a double when it was written."""
    value = int(token) if len(token) <= 17 else LARGEST_INTEGER + 1
    return value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else float(token)


def refuse(token: str) -> float:
    raise ValueError(f"{token} is not JSON")


class QuickParser:
    """Takes most canonical lines at a fifth of the cost of `parse_strictly`, and refuses to judge the rest.

    In an ASCII text without backslash, and with spaces inside strings only, canonical form leaves open the order of the names and the
    spelling of the numbers. Both are looked at while parsing, fractions a block of lines at a time: they stand as None in the value.
    """

    def __init__(self) -> None:
        self._fractions: list[str] = []
        self._decode = json.JSONDecoder(
            object_pairs_hook=_names_in_order, parse_float=self._fractions.append, parse_int=_Integers().__getitem__, parse_constant=refuse
        ).raw_decode

    def parse(self, line: bytes) -> Any:
        """Return the value of a line whose form is canonical but for its fractions; ValueError: unknown, ask `parse_strictly`."""
        text = line.decode("ascii")
        value, end = self._decode(text)
        if end != len(text) or "\\" in text or "\t" in text or "\r" in text or (" " in text and " " in re.sub('"[^"]*"', "", text)):
            raise ValueError
        return value

    def fractions_are_canonical(self) -> bool:
        """Whether all fractions met since the last call are."""
        tokens = list(set(self._fractions))  # most numbers of a cycle stand in the next one too
        self._fractions.clear()
        odd = list(compress(tokens, map(str.__ne__, tokens, map(repr, map(float, tokens)))))
        odd += [token for token in tokens if "e" in token or token[-2:] == ".0"]
        return all(map(_is_canonical_fraction, odd))


def _is_canonical_fraction(token: str) -> bool:
    value = float(token)
    return abs(value) < float("inf") and number_text(value) == token


class _Integers(dict[str, int]):
    """Integer tokens that are canonical, remembered: a parser's hook that costs no call for a number seen before."""

    def __missing__(self, token: str) -> int:
        value = int(token)
        if str(value) != token or len(token) > 15:  # -0, or perhaps beyond 2^53 - 1
            raise ValueError(f"{token[:20]} is for the strict parser to judge")
        if len(self) > 2**16:
            self.clear()
        self[token] = value
        return value


def _names_in_order(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    names = list(out)
    if len(names) != len(pairs) or names != sorted(names):
        raise ValueError("names for the strict parser to judge")
    return out


# ---- 2 Merkle tree (RFC 6962, section 2.1) ------------------------------------------------------------------------------------------


def leaf_hash(line: bytes) -> bytes:
    """SHA-256(0x00 || line)."""
    return sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """The Merkle tree of the leaves pushed so far, in memory that grows with the logarithm of their number."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # roots of the perfect subtrees, widest first

    def push(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self.size = size = self.size + 1
        while not size & 1:
            leaf, size = node_hash(self._peaks.pop(), leaf), size >> 1
        self._peaks.append(leaf)

    def root(self, more: Iterable[bytes] = ()) -> bytes:
        """MTH of all leaves, as if `more` had been pushed."""
        if more:
            copy = Tree()
            copy.size, copy._peaks = self.size, list(self._peaks)
            for leaf in more:
                copy.push(leaf)
            return copy.root()
        if not self._peaks:
            return sha256().digest()
        root = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            root = node_hash(peak, root)
        return root


def inclusion_ranges(index: int, low: int, high: int) -> list[tuple[int, int]]:
    """PATH(index, D[low:high]) as the ranges whose roots it lists."""
    if high - low == 1:
        return []
    middle = _split(low, high)
    if index < middle:
        return [*inclusion_ranges(index, low, middle), (middle, high)]
    return [*inclusion_ranges(index, middle, high), (low, middle)]


def consistency_ranges(old: int, low: int, high: int, whole: bool = True) -> list[tuple[int, int]]:
    """SUBPROOF(old, D[low:high], whole) as the ranges whose roots it lists."""
    if old == high:
        return [] if whole else [(low, high)]
    middle = _split(low, high)
    if old <= middle:
        return [*consistency_ranges(old, low, middle, whole), (middle, high)]
    return [*consistency_ranges(old, middle, high, False), (low, middle)]


def range_roots(leaves: Iterable[bytes], ranges: list[tuple[int, int]]) -> list[bytes]:
    """Return the root of each range (they do not overlap), reading the leaf hashes once."""
    roots: dict[tuple[int, int], bytes] = {}
    ahead = sorted(ranges, reverse=True)
    tree = Tree()
    for index, leaf in enumerate(leaves):
        if ahead and ahead[-1][0] <= index:
            tree.push(leaf)
            if index + 1 == ahead[-1][1]:
                roots[ahead.pop()], tree = tree.root(), Tree()
    return [roots[wanted] for wanted in ranges]


def inclusion_holds(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Whether `proof` shows that leaf `index` of the tree of `size` leaves with this root is `leaf`."""

    def climb(low: int, high: int) -> bytes:
        if high - low == 1:
            return leaf
        middle, sibling = _split(low, high), rest.pop()
        return node_hash(climb(low, middle), sibling) if index < middle else node_hash(sibling, climb(middle, high))

    if not 0 <= index < size < 2**63 or not _are_hashes([leaf, *proof]) or len(proof) != len(inclusion_ranges(index, 0, size)):
        return False
    rest = list(proof)
    return climb(0, size) == root


def consistency_holds(old: int, new: int, proof: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether `proof` shows that the tree of `new` leaves begins with that of `old`. From size 0 nothing can be shown: False."""

    def climb(low: int, high: int, whole: bool) -> tuple[bytes, bytes]:
        if old == high:
            same = old_root if whole else rest.pop()
            return same, same
        middle, sibling = _split(low, high), rest.pop()
        if old <= middle:
            before, after = climb(low, middle, whole)
            return before, node_hash(after, sibling)
        before, after = climb(middle, high, False)
        return node_hash(sibling, before), node_hash(sibling, after)

    if not 0 < old <= new < 2**63 or not _are_hashes(proof) or len(proof) != len(consistency_ranges(old, 0, new)):
        return False
    rest = list(proof)
    return climb(0, new, True) == (old_root, new_root)


def _split(low: int, high: int) -> int:
    """Where a subtree is divided: the largest power of two below its size comes first."""
    return low + (1 << (high - low - 1).bit_length() - 1)


def _are_hashes(values: list[bytes]) -> bool:
    return all(len(value) == 32 for value in values)


# ---- 3 Signed notes (c2sp.org/signed-note) ------------------------------------------------------------------------------------------


class PublicKey(NamedTuple):
    """A C2SP verifier key: an Ed25519 public key with a name."""

    name: str
    raw: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys apart; no protection."""
        return sha256(self.name.encode("utf-8") + b"\n\x01" + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}"


class Note(NamedTuple):
    """A text and its one signature."""

    text: bytes
    name: str
    key_id: bytes
    signature: bytes


def parse_vkey(text: str) -> PublicKey:
    """Return the key of `name+hex(key id)+base64(0x01 || public key)`; ValueError if it is none."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _base64(encoded)
    key = PublicKey(name, raw[1:])
    if not name or re.search(r"[\s\x00-\x1f\x7f-\x9f]", name) or len(raw) != 33 or raw[0] != 1 or key_id != key.key_id.hex():
        raise ValueError("not a verifier key of Ed25519 (name+key id+key)")
    return key


def parse_note(raw: bytes) -> Note:
    """Return the parts of a signed note with exactly one signature; ValueError if it is none."""
    text, _, line = raw.decode("utf-8").rpartition("\n\n")
    words = line.split(" ")
    if not text or len(words) != 3 or words[0] != "\u2014" or not words[1] or not words[2].endswith("\n") or line.count("\n") != 1:
        raise ValueError("not a signed note: a text, an empty line, one line of signature")
    if re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text + words[1]):
        raise ValueError("a control character in a signed note")
    blob = _base64(words[2][:-1])
    return Note(f"{text}\n".encode(), words[1], blob[:4], blob[4:])


def signature_fault(note: Note, key: PublicKey) -> str:
    """Return why `note` is not signed by `key`, or "". Whether the signature itself was looked at, `CAN_CHECK_SIGNATURES` says."""
    if (note.name, note.key_id) != (key.name, key.key_id):
        return f"signed by another key ({note.name}+{note.key_id.hex()}) than {key}"
    if ED25519 is not None:
        try:
            ED25519.from_public_bytes(key.raw).verify(note.signature, note.text)
        except Exception as error:  # whatever the library raises, the signature is not good
            return f"the signature is not {key}'s ({type(error).__name__})"
    return "" if len(note.signature) == 64 else "a signature of another length than Ed25519's"


def _load_ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    except ImportError:
        return None
    return Ed25519PublicKey


ED25519 = _load_ed25519()
CAN_CHECK_SIGNATURES = ED25519 is not None


def _base64(text: str) -> bytes:
    """Decode; ValueError unless `text` is the one base64 of its bytes (spare bits could be flipped unseen)."""
    raw = b64decode(text.encode("ascii"), validate=True)
    if b64encode(raw).decode("ascii") != text:
        raise ValueError("not base64 in its one form")
    return raw


# ---- 4 Files ------------------------------------------------------------------------------------------------------------------------


WITH_NUL = "a line with a NUL byte"


class Line(NamedTuple):
    """What one line of a segment says. `what`: why it is no record, else "". `leaf` is None then: its hash means nothing."""

    what: str
    size: int
    seq: int = -1
    prev: str = ""
    kind: str = ""
    utc_ns: int = 0
    clock_error_us: int | None = None
    leaf: bytes | None = None
    data: dict[str, Any] | None = None
    torn: bool = False


class NotAFileError(OSError):
    """A link, a directory, a pipe or a device where a regular file is due: it could stand for anything, or block."""


def open_file(path: Path) -> Any:
    """Open a regular file for reading. NotAFileError: it is none. OSError: it cannot be read, or there is none."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise NotAFileError(f"{path} is not a regular file")
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # it was exchanged since the look above
        os.close(descriptor)
        raise NotAFileError(f"{path} is not a regular file")
    return os.fdopen(descriptor, "rb", buffering=BLOCK)


def blocks(path: Path, size: int = sys.maxsize) -> Iterator[bytes]:
    """Yield the first `size` bytes of a file in whole lines, about 1 MiB at a time. A line beyond MAX_LINE comes cut, still too long."""
    with open_file(path) as file:
        rest = b""
        while chunk := file.read(min(BLOCK, size)):
            size -= len(chunk)
            rest += chunk
            end = rest.rfind(b"\n") + 1
            if end:
                yield rest[:end]
            rest = rest[end:][: MAX_LINE + 1]
        if rest:
            yield rest


def examine(block: bytes) -> list[Line]:
    """Return what each line of a block is, wherever it may stand."""
    lines = block.split(b"\n")
    last = lines.pop()
    found = [_examine_line(line, quick=True) for line in lines]
    if not QUICK.fractions_are_canonical():
        found = [_examine_line(line, quick=False) for line in lines]
    return [*found, Line("a line without its end", len(last), torn=True)] if last else found


QUICK = QuickParser()


def _examine_line(line: bytes, quick: bool) -> Line:
    if len(line) > MAX_LINE:
        return Line(f"a line longer than {MAX_LINE} bytes", len(line))
    if b"\x00" in line:
        return Line(WITH_NUL, len(line) + 1, torn=True)
    try:
        record = QUICK.parse(line) if quick else parse_strictly(line)
        what = _form_fault(record)
    except (ValueError, RecursionError) as error:
        record, what = {}, str(error) or "for the strict parser to judge"
    if what:
        return _examine_line(line, quick=False) if quick else Line(what, len(line) + 1)
    data = record["data"] if record["kind"] in ("RUN_START", "KEY", *LAST_KINDS) else None
    head = record["seq"], record["prev"], record["kind"], int(record["utc_ns"]), record["clock_error_us"]
    return Line("", len(line) + 1, *head, leaf_hash(line), data)


def _form_fault(record: Any) -> str:
    """Return what is wrong with a record wherever it may stand, or ""."""
    if not isinstance(record, dict) or list(record) != FIELDS:
        return f"not the fields of a record: {', '.join(FIELDS)}"
    if record["schema"] != SCHEMA or type(record["schema"]) is not int:
        return f"schema {record['schema']!r:.80}; this program reads {SCHEMA}"
    if type(record["seq"]) is not int or not record["seq"] >= 0:
        return f"sequence number {record['seq']!r:.80}"
    if type(record["prev"]) is not str or not HEX_HASH.fullmatch(record["prev"]):
        return "prev is not 64 lower-case hex digits"
    if type(record["kind"]) is not str or record["kind"] not in KINDS:
        return f"there is no kind {record['kind']!r:.80}"
    for name in ("utc_ns", "mono_ns"):
        if type(record[name]) is not str or not NANOSECONDS.fullmatch(record[name]):
            return f"{name} is not a decimal number of nanoseconds"
    error_us = record["clock_error_us"]
    if record["clock"] != "CLOCK_REALTIME" or not (error_us is None or (type(error_us) is int and error_us >= 0)):
        return "clock or clock_error_us is not as the format has it"
    if type(record["actor"]) is not str or type(record["data"]) is not dict:
        return "actor is not a text, or data not an object"
    return ""


class Checkpoint(NamedTuple):
    """One signed note of a checkpoint file: where it stands and what it says."""

    line: int
    note: Note
    origin: str
    size: int
    root: bytes


class CheckpointFile:
    """The checkpoints of one place, read one ahead: `next` is the next that is well formed. What is none is told and passed over."""

    def __init__(self, path: Path, name: str, tell: Callable[[str, int, str], None]) -> None:
        self.path, self.name, self.count, self.lines = path, name, 0, 0
        self.exists, self.torn, self.has_faults = True, False, False
        self.absent: list[tuple[int, int, int, int]] = []  # (line, index, from, size): which the log asks for, and this file has not
        self.next: Checkpoint | None = None
        self._tell = tell
        self._notes = self._read()
        self.step(0)

    def step(self, size: int) -> None:
        """Move to the next checkpoint, which must cover more than `size` records."""
        self.next = None
        for line, raw in self._notes:
            try:
                found = _parse_checkpoint(line, raw)
                if found.size <= size:
                    raise ValueError(f"size {found.size} stands after size {size}: moved, doubled or inserted")
            except ValueError as error:
                self.has_faults = True
                self._tell(self.name, line, f"not a checkpoint in its place: {error}")
                continue
            self.next, self.count = found, self.count + 1
            return

    def _read(self) -> Iterator[tuple[int, bytes]]:
        """Yield each note with the number of its first line. A note ends with an empty line after its signature."""
        start, parts, line = 1, list[bytes](), b""
        try:
            with open_file(self.path) as file:
                size = os.fstat(file.fileno()).st_size  # what comes later belongs to records that come later
                while line := file.readline(min(MAX_NOTE_LINE, size)):
                    size -= len(line)
                    self.lines += 1
                    if parts and (line.startswith(ORIGIN.encode()) or len(parts) > 16):  # the note before has lost its end
                        yield start, b"".join(parts)
                        parts.clear()
                    start = start if parts else self.lines
                    if b"\x00" in line:
                        break
                    if line == b"\n" and parts and parts[-1].startswith("\u2014".encode()):
                        yield start, b"".join(parts)
                        parts.clear()
                    else:
                        parts.append(line)
                self.torn = bool(parts or line)
        except FileNotFoundError:
            self.exists = False
        except OSError as error:
            self.has_faults = True
            self._tell(self.name, 1, f"cannot be read: {error}")


def largest_size(path: Path) -> int:
    """Return the largest size that a checkpoint file names, 0 if it names none. Whether it may, others say."""
    file, largest = CheckpointFile(path, path.name, lambda *_: None), 0
    while file.next is not None:
        largest = file.next.size
        file.step(largest)
    return largest


def _parse_checkpoint(line: int, raw: bytes) -> Checkpoint:
    note = parse_note(raw)
    words = note.text.decode("utf-8").split("\n")
    if len(words) != 4 or not re.fullmatch("[1-9][0-9]{0,17}", words[1]):
        raise ValueError("an origin, a size and a root are due, a line each")
    root = _base64(words[2])
    if len(root) != 32:
        raise ValueError("the root is not 32 bytes")
    return Checkpoint(line, note, words[0], int(words[1]), root)


# ---- 5 From lines to an answer ------------------------------------------------------------------------------------------------------


class Problem(NamedTuple):
    """One thing that is wrong: file, line counted from 1, the records from `seq` to `last_seq` that it concerns (-1: none), and what."""

    file: str
    line: int
    seq: int
    last_seq: int
    what: str

    def __str__(self) -> str:
        records = f" record {self.seq}" if self.seq == self.last_seq else f" records {self.seq} to {self.last_seq}"
        return f"{self.file}:{self.line}:{records if self.seq >= 0 else ''} {self.what}"


@dataclass
class Report:
    """What the files show.

    records: how many records the segments hold. good: how many from the first on are as they must be.
    vouched: records 0 to vouched-1 are under the root of a good checkpoint, but for those that `problems` names;
    vouched_by: that checkpoint (file:line); vouched_utc_ns: the time of the last record it covers, as the machine's clock had it, which may
    be vouched_clock_error_us off (None: it was not synchronised).
    signatures: how many were checked; None if they could not be.
    operator: whose certificate key 0 has; operator_checked: by the given operator key.
    lost: how many records were handed over and never reached the log; gave_up: why the control process gave the log up, as the signed
    CONTROL_LOST has them.
    short: a place lacks the last checkpoint. remarks: what a crash may have caused as well as a forger; somebody must know.
    """

    directory: str = ""
    run: str = ""
    state: str = "open"
    records: int = 0
    good: int = 0
    segments: int = 0
    vouched: int = 0
    vouched_by: str = ""
    vouched_utc_ns: int = 0
    vouched_clock_error_us: int | None = None
    checkpoints: int = 0
    signatures: int | None = 0 if CAN_CHECK_SIGNATURES else None
    operator: str = ""
    operator_checked: bool = False
    certificate_number: int = 0
    first_utc_ns: int = 0
    last_utc_ns: int = 0
    last_kind: str = ""
    last_hash: str = GENESIS
    torn_tail_bytes: int = 0
    lost: int = 0
    gave_up: str = ""
    short: bool = False
    fault: str = ""
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing contradicts."""
        return self.problem_count == 0

    @property
    def problem(self) -> Problem | None:
        """The first problem: of the records, in their order, else of the checkpoints."""
        return self.problems[0] if self.problems else None

    @property
    def closed(self) -> bool:
        """The run ended in order, and its last checkpoint covers every record."""
        return self.ok and self.state == "closed"

    @property
    def intact(self) -> bool:
        """Nothing contradicts, the end is there, nothing was lost before it, and checked signatures vouch for every record."""
        is_whole = self.state != "open" and not (self.short or self.lost or self.gave_up)
        return self.ok and is_whole and self.vouched == self.records and self.signatures is not None

    def __str__(self) -> str:
        vouched = f"{self.vouched} vouched for by {self.vouched_by}" if self.vouched else "none vouched for"
        parts = [f"{self.records} records, {vouched}", self.state, "" if self.signatures is not None else "signatures NOT CHECKED"]
        parts += [f"torn tail of {self.torn_tail_bytes} bytes"] if self.torn_tail_bytes else []
        parts += [f"{self.lost} records lost before they reached the log"] if self.lost else []
        parts += [f"given up by the control process: {self.gave_up}"] if self.gave_up else []
        parts += [f"the writer failed: {self.fault}"] if self.fault else []
        head = "intact" if self.intact else "whole as far as it goes" if self.ok else f"not intact: {self.problem}"
        return f"{head} ({'; '.join(filter(None, parts))})"

    @property
    def has_open_end(self) -> bool:
        """It ends as a run ends, but no good checkpoint covers its end."""
        return self.state == "open" and self.last_kind in LAST_KINDS

    @property
    def exit_code(self) -> int:
        """0 intact, 3 nothing contradicts but not all is vouched for, 5 not intact."""
        return 5 if not self.ok else 0 if self.intact else 3


class Held(NamedTuple):
    """A line that stands for record `seq`, and the place where it was found."""

    line: Line
    file: str
    number: int
    seq: int


class Walk:
    """Goes through the lines of a log once: which record each stands for, what the tree is, what the checkpoints say of it."""

    def __init__(self, report: Report, operator: PublicKey | None) -> None:
        self.report, self.operator = report, operator
        self.tree: Tree | None = Tree()
        self.places: list[CheckpointFile] = []
        self.first_bad = 2**63
        self._held: deque[Held] = deque()  # at most two: the newest, and one before it while it is in doubt
        self._next_seq = 0
        self._key: PublicKey | None = None  # in force: signs the next checkpoint
        self._trusted = False  # unbroken from key 0 to the key in force
        self._epoch, self._handed_over, self._matched = -1, 0, 0
        self._due: deque[int] = deque(maxlen=2)  # sizes of the newest checkpoints that the log asks for
        self._next_size = 0  # smallest size of a checkpoint still to come

    @property
    def due(self) -> int:
        """The sequence number that comes next."""
        return self._next_seq

    @property
    def covered(self) -> int:
        """How many records there were once: the largest size that a checkpoint in any place names."""
        return max(largest_size(place.path) for place in self.places)

    def tell(self, file: str, line: int, what: str, seq: int = -1, last_seq: int = -1) -> None:
        """Note a problem."""
        self.report.problem_count += 1
        self.first_bad = seq if 0 <= seq < self.first_bad else self.first_bad
        if len(self.report.problems) < MAX_PROBLEMS:
            self.report.problems.append(Problem(file, line, seq, max(seq, last_seq), what))

    # -- which record a line stands for --

    def take(self, line: Line, file: str, number: int) -> None:
        """Take in the next line of the segments."""
        due, newest = self._next_seq, self._held[-1].line if self._held else None
        follows = line.prev == GENESIS if newest is None else newest.leaf is not None and line.prev == newest.leaf.hex()
        if line.what:
            self.tell(file, number, line.what, due)
            self._place(Line(line.what, line.size), file, number)
        elif line.seq == due:
            self._place(line, file, number)
        elif follows:
            self.tell(file, number, f"carries sequence number {line.seq}, and its prev says that it is record {due}: it was changed", due)
            self._place(Line("changed", line.size), file, number)
        elif line.seq == due - 1 and newest is not None and newest.leaf is None:  # the unreadable line before it was put in
            self._held.pop()
            self._next_seq -= 1
            self._place(line, file, number)
        elif line.seq > due:
            self.tell(file, number, f"carries sequence number {line.seq} where {due} is due: lines before it are gone", due, line.seq - 1)
            self._place(Line("gone", 0), file, number)
            if line.seq > due + 1:
                self.tree, self._next_seq = None, line.seq
            self._place(line, file, number)
        else:
            self.tell(file, number, f"carries sequence number {line.seq} where {due} is due: doubled, moved or put in", line.seq)

    def _place(self, line: Line, file: str, number: int) -> None:
        held = self._held
        held.append(Held(line, file, number, self._next_seq))
        self._next_seq += 1
        if len(held) == 3:
            self._resolve_doubt()
        if len(held) == 2 and not _contradicts(held[0].line, held[1].line):
            before = held.popleft()
            self._settle(before, bytes.fromhex(held[0].line.prev) if held[0].line.prev else before.line.leaf)

    def _resolve_doubt(self) -> None:
        """Of two neighbours that do not fit, the second stands if the line after it carries its hash."""
        first, second, third = self._held
        if third.line.prev and second.line.leaf is not None and third.line.prev != second.line.leaf.hex():
            self.tell(second.file, second.number, "was changed: neither neighbour carries or is its hash", second.seq)
            self._held[1] = second._replace(line=Line("changed", second.line.size))
            self._settle(self._held.popleft(), first.line.leaf)
        else:
            self.tell(first.file, first.number, "was changed: the record after it carries another hash of it", first.seq)
            self._settle(self._held.popleft()._replace(line=Line("changed", 0)), bytes.fromhex(second.line.prev))

    def end(self) -> None:
        """Settle what is held: there are no more lines."""
        if len(self._held) == 2:
            first, second = self._held.popleft(), self._held[0]
            claimed, roots = bytes.fromhex(second.line.prev), {place.next.root for place in self.places if place.next is not None}
            if self.tree is None or second.line.leaf is None or self.tree.root((claimed, second.line.leaf)) in roots:
                self.tell(first.file, first.number, "was changed: the record after it carries another hash of it", first.seq)
                self._settle(first._replace(line=Line("changed", 0)), claimed)
            else:
                self.tell(second.file, second.number, "was changed, or the one before it: they do not fit", first.seq, second.seq)
                self._settle(first, first.line.leaf)
        if self._held:
            self._settle(self._held[0], self._held[0].line.leaf)

    def conclude(self, file: str, number: int) -> None:
        """Say what is missing, given that the last whole line of the log was line `number` of `file`."""
        report = self.report
        ended = report.last_kind in LAST_KINDS
        if ended and self._matched == report.records:
            report.state = "closed" if report.last_kind == "RUN_END" else "lost"
        for place in self.places:
            if place.next is not None and place.next.size > report.records:
                what = f"is the end of the log, but {place.name}:{place.next.line} covers {place.next.size} records: the end was cut off"
                self.tell(file, number + 1, what, report.records, place.next.size - 1)
            if not place.exists and place is not self.places[0]:
                self.tell(place.name, 1, "does not exist: it was removed, or the log is of another run")
            elif place.absent and not place.has_faults:
                self._judge_absent(place)
            if place.torn and ended and not place.absent:
                self.tell(place.name, place.lines, "there is more after the last checkpoint of an ended log")
            elif place.torn:
                report.remarks.append(f"{place.name}:{place.lines}: the last checkpoint is torn, as a crash leaves it")
        if report.torn_tail_bytes and ended:
            self.tell(file, number + 1, f"stands after {report.last_kind}, the last record", report.records)

    def _judge_absent(self, place: CheckpointFile) -> None:
        """The newest may be missing after a crash: of the first place if its record is the last, of another place one more."""
        sizes = [size for *_, size in place.absent]
        is_first, first = place is self.places[0], self.places[0]
        is_crash = len(sizes) <= (1 if is_first else 1 + len(first.absent)) and sizes == list(self._due)[-len(sizes) :]
        if is_crash and not (is_first and sizes[-1] != self.report.records):
            self.report.short = True
            self.report.remarks.append(f"{place.name} lacks the last checkpoint, of size {sizes[0]}: a crash, or somebody removed it")
        else:
            line, index, start, size = place.absent[0]
            self.tell(place.name, line, f"checkpoint {index} of size {size} is missing, {len(sizes)} in all", start, size - 1)

    # -- what a record says, once its place is known --

    def _settle(self, held: Held, true_leaf: bytes | None) -> None:
        report, line = self.report, held.line
        report.records = held.seq + 1
        if true_leaf is None or self.tree is None:
            self.tree = None  # a hash is not known: no root can be computed from here on
        else:
            self.tree.push(true_leaf)
        if line.leaf is not None:
            self._read(held)
        if self.tree is not None and (report.records == self._next_size or line.kind == "KEY" or line.kind in LAST_KINDS):
            self._compare_checkpoints(held)
        if line.kind == "KEY" and line.data is not None:
            self._change_key(held, line.data)

    def _read(self, held: Held) -> None:
        report, line, seq = self.report, held.line, held.seq
        if report.last_kind in LAST_KINDS:
            self.tell(held.file, held.number, f"stands after {report.last_kind}, the last record", seq)
        if seq == 0 and line.prev != GENESIS:
            self.tell(held.file, held.number, "is the first, and its prev is not 64 zeros", seq)
        if (line.kind == "RUN_START") != (seq == 0) or (seq == 1 and line.kind != "KEY"):
            self.tell(held.file, held.number, f"kind {line.kind} has no place here", seq)
        if line.kind == "RUN_START" and line.data is not None:
            report.first_utc_ns = line.utc_ns
            if line.data.get("run") != report.run:
                self.tell(held.file, held.number, f"is of run {line.data.get('run')!r:.80}, the checkpoints are of {report.run!r:.80}", seq)
        if line.kind == "RUN_END" and line.data is not None and report.ok:
            counted = (line.data.get("records"), line.data.get("handed_over"))
            if counted != (seq, self._handed_over):
                what = f"counts {counted[0]!r:.40} records, {counted[1]!r:.40} of them handed over; {seq} and {self._handed_over} are here"
                self.tell(held.file, held.number, what, seq)
        if line.kind == "CONTROL_LOST" and line.data is not None:
            self._read_loss(held, line.data)
        self._handed_over += line.kind != "KEY"
        report.last_kind, report.last_utc_ns = line.kind, line.utc_ns
        report.last_hash = "" if line.leaf is None else line.leaf.hex()

    def _read_loss(self, held: Held, data: dict[str, Any]) -> None:
        """How many records the control process handed over, and how many of them the writer took: those must be here."""
        report, taken, handed_over = self.report, data.get("taken"), data.get("handed_over")
        report.gave_up = _printable(str(data.get("gave_up", "")))
        if taken is None and handed_over is None:  # the earliest logs count nothing here
            return
        if type(taken) is not int or type(handed_over) is not int:
            self.tell(held.file, held.number, f"counts {taken!r:.40} of {handed_over!r:.40} records taken", held.seq)
        elif report.ok and taken != self._handed_over:
            self.tell(held.file, held.number, f"counts {taken} records taken; {self._handed_over} are here", held.seq)
        else:
            report.lost = max(0, handed_over - taken)

    def _change_key(self, held: Held, data: dict[str, Any]) -> None:
        """Take the key that a KEY record names. It is trusted if a trusted key signed for this record, key 0 if the operator did."""
        self._epoch += 1
        try:
            epoch, due = data.get("epoch"), self._epoch
            if type(epoch) is not int or epoch != due:
                self._trusted, self._epoch = False, epoch if type(epoch) is int else due
                if self.report.ok:  # else: a KEY record before it could not be read
                    raise ValueError(f"epoch {epoch!r:.80} where {due} is due")
            self._key = parse_vkey(str(data.get("vkey")))
            if self._key.name != ORIGIN + self.report.run:
                raise ValueError(f"a key of {self._key.name!r:.80}")
            if self._epoch == 0:
                self._check_certificate(str(data.get("certificate")), self._key)
                self._trusted = held.seq == 1
        except ValueError as error:
            self._trusted = False
            self.tell(held.file, held.number, f"KEY: {error}", held.seq)

    def _check_certificate(self, text: str, key: PublicKey) -> None:
        if text:
            note = parse_note(text.encode("utf-8"))
            heading, number, encoded = note.text.decode("utf-8")[:-1].split("\n", 2)
            if heading != CERTIFICATE or not re.fullmatch("[1-9][0-9]{0,17}", number) or _base64(encoded) != key.raw:
                raise ValueError("its certificate is not for this key")
            self.report.operator, self.report.certificate_number = f"{note.name}+{note.key_id.hex()}", int(number)
        if self.operator is not None:
            fault = signature_fault(note, self.operator) if text else "it has no operator's certificate"
            if fault:
                raise ValueError(f"{fault}; the given operator key vouches for nothing here")
            self.report.operator_checked = CAN_CHECK_SIGNATURES

    # -- what the checkpoints say --

    def open_places(self, places: list[tuple[Path, str]]) -> None:
        """Open the checkpoint files; each tuple is the path and the name to call it by."""
        self.places = [CheckpointFile(path, name, self.tell) for path, name in places]
        self._look_ahead()

    def _look_ahead(self) -> None:
        self._next_size = min((place.next.size for place in self.places if place.next is not None), default=-1)

    def _compare_checkpoints(self, held: Held) -> None:
        """Hold the root of all records so far against every checkpoint of that size, in every place."""
        report, kind, size, index = self.report, held.line.kind, self.report.records, self._epoch
        is_due = kind in LAST_KINDS or (kind == "KEY" and held.seq > 1)
        good, faults = list[tuple[str, Note]](), set[str]()
        for place in self.places:
            found = place.next
            if found is not None and (found.size == size or (is_due and self._is_by_key_in_force(found))):
                fault = self._checkpoint_fault(found, good)
                if not fault and held.line.leaf is not None and not is_due:
                    fault = f"covers a {kind} as its last record: no checkpoint belongs here"
                if fault:
                    place.has_faults = True
                    self.tell(place.name, found.line, f"checkpoint {index} of size {size}: {fault}", self._matched, size - 1)
                    faults.add(fault)
                else:
                    good.append((f"{place.name}:{found.line}", found.note))
                place.step(size)
            elif is_due:
                place.absent.append((place.lines + 1 if found is None else found.line, index, self._matched, size))
        if good and self._trusted:
            report.vouched, report.vouched_by, report.checkpoints = size, good[0][0], index + 1
            report.vouched_utc_ns, report.vouched_clock_error_us = held.line.utc_ns, held.line.clock_error_us
        self._after_checkpoint(held, bool(good), is_due, WRONG_ROOT in faults)

    def _is_by_key_in_force(self, checkpoint: Checkpoint) -> bool:
        return self._key is not None and checkpoint.note.key_id == self._key.key_id

    def _after_checkpoint(self, held: Held, is_good: bool, is_due: bool, is_wrong_root: bool) -> None:
        if is_good:
            self._matched = self.report.records
        elif is_wrong_root:
            self.tree = None  # the leaves that were taken for true are not: no later root can be computed
        if is_due:
            self._due.append(self.report.records)
            self._trusted = self._trusted and is_good
        if held.line.leaf is None:  # the record that named the next key cannot be read
            self._key, self._trusted, self._epoch = None, False, self._epoch + 1
        self._look_ahead()

    def _checkpoint_fault(self, checkpoint: Checkpoint, good: list[tuple[str, Note]]) -> str:
        """Return what is wrong with a checkpoint of the records so far; `good`: those of other places that are good."""
        if checkpoint.origin != ORIGIN + self.report.run:
            return f"of another run, {checkpoint.origin!r:.80}"
        if checkpoint.size != self.report.records:
            return f"it says size {checkpoint.size}"
        fault = ""
        if self._key is not None:  # else: the record that named it cannot be read; nothing is vouched for from there on
            fault = signature_fault(checkpoint.note, self._key)
            self.report.signatures = None if self.report.signatures is None else self.report.signatures + 1
        if self.tree is not None and checkpoint.root != self.tree.root():
            return f"{fault}, and its root is not that of the records" if fault else WRONG_ROOT
        if not fault and good and checkpoint.note != good[0][1]:
            return f"is not the note that stands at {good[0][0]}"
        return fault


WRONG_ROOT = "it is signed, and the records have another root: they were changed"


def _contradicts(before: Line, after: Line) -> bool:
    """Whether `after` carries another hash than that of the line before it."""
    return before.leaf is not None and after.prev != "" and after.prev != before.leaf.hex()


def verify(directory: Path | str, operator: PublicKey | None = None, copies: Iterable[Path | str] = (), jobs: int = 0) -> Report:
    """Check the log in `directory`, or in its folder `audit`.

    Args:
        operator: the operator's public key; None: nobody says whose the keys of the log are.
        copies: second places: a checkpoint file, or the directory that holds `<run>.checkpoints`.
        jobs: processes to read with; 0: one a processor for a log of more than 16 MiB. Memory stays bounded for any.
    Raises:
        ValueError: there is no log, or two; a copy that was named does not exist, or is the log's own file.
        OSError: a segment cannot be read.
    """
    folder = find_log(Path(directory))
    segments = list_segments(folder)
    report = Report(directory=str(folder), segments=len(segments), fault=_fault(folder))
    report.run = _name_of_run(folder, segments[0])
    walk = Walk(report, operator)
    first = folder / "checkpoints"
    walk.open_places([(first, "checkpoints"), *((path, str(path)) for path in _copy_paths(copies, report.run, first))])
    number, due = 0, 0
    sizes = {path: path.lstat().st_size for path in segments}  # a run that goes on is looked at as it was now
    jobs = jobs or (os.cpu_count() or 1 if sum(sizes.values()) > 2**24 else 1)
    with _workers(jobs) as in_order:
        for path in segments:
            if int(path.stem) != due:
                walk.tell(f"{due:06d}.jsonl", 1, f"is missing; {path.name} comes next", walk.due)
            lines = in_order(examine, blocks(path, sizes[path]))
            due, number = int(path.stem) + 1, _walk_segment(walk, path, sizes[path], path is segments[-1], lines)
    walk.end()
    walk.conclude(segments[-1].name, number)
    report.good = min(report.records, walk.first_bad)
    report.problems.sort(key=lambda problem: (SEGMENT.fullmatch(problem.file) is None, problem.seq, problem.last_seq))
    return report


def _walk_segment(walk: Walk, path: Path, size: int, is_newest: bool, found: Iterator[list[Line]]) -> int:
    """Take in a segment's lines; return how many whole ones there are."""
    number, offset = 0, 0
    try:
        for lines in found:
            for line in lines:
                if line.torn and is_newest and (line.what != WITH_NUL or walk.covered <= walk.due):
                    walk.report.torn_tail_bytes = size - offset
                    return number
                number += 1
                offset += line.size
                walk.take(line, path.name, number)
    except NotAFileError as error:
        walk.tell(path.name, 1, f"cannot be the log: {error}", walk.due)
    return number


InOrder = Callable[[Callable[[bytes], list[Line]], Iterable[bytes]], Iterator[list[Line]]]


@contextmanager
def _workers(jobs: int) -> Iterator[InOrder]:
    """Yield a `map` that works in `jobs` processes, keeps the order, and reads no further ahead than they need."""
    if jobs <= 1:
        yield map
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:

        def in_order(function: Callable[[bytes], list[Line]], items: Iterable[bytes]) -> Iterator[list[Line]]:
            waiting: deque[Future[list[Line]]] = deque()
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 2 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

        yield in_order


def find_log(directory: Path) -> Path:
    """Return the directory that holds the segments; ValueError if there is no log, or a second one that could pass for the first."""
    found = [folder for folder in (directory, directory / "audit") if folder.is_dir() and list_segments(folder)]
    if len(found) > 1:
        raise ValueError(f"{directory}: segments lie here and in {found[1]}: one of the two logs was put in; name the one that is meant")
    if not found:
        raise ValueError(f"{directory}: there is no log here (no file like 000000.jsonl)")
    return found[0]


def list_segments(folder: Path) -> list[Path]:
    """Return the segments in order."""
    return sorted(path for path in folder.iterdir() if SEGMENT.fullmatch(path.name))


def _name_of_run(folder: Path, first: Path) -> str:
    """Return the run that most of record 0, record 1 and the first checkpoint name. Each is held against it later."""
    try:
        lines = next(map(examine, blocks(first)), [])
    except NotAFileError:  # told when its turn comes
        lines = []
    start, key, *_ = [*lines[:2], Line("", 0), Line("", 0)]
    note = CheckpointFile(folder / "checkpoints", "", lambda *_: None).next
    names = [str((start.data or {}).get("run")), str((key.data or {}).get("vkey")).partition("+")[0], "" if note is None else note.origin]
    found = Counter(name for name in (name.removeprefix(ORIGIN) for name in names) if re.fullmatch("[0-9a-f]{32}", name))
    return found.most_common(1)[0][0] if found else ""


def _copy_paths(copies: Iterable[Path | str], run: str, first: Path) -> Iterator[Path]:
    for copy in map(Path, copies):
        if not copy.exists():
            raise ValueError(f"{copy}: there is no such file or directory")
        path = copy / f"{run}.checkpoints" if copy.is_dir() else copy
        if path.exists() and first.exists() and path.samefile(first):
            raise ValueError(f"{path} is the log's own checkpoint file: no second place, and it shows nothing that the first does not")
        yield path


def _fault(folder: Path) -> str:
    try:
        with open_file(folder / "FAULT") as file:
            return _printable(str(file.read(4096).decode("utf-8", "replace").strip()))
    except OSError:
        return ""


def _printable(text: str) -> str:
    """Text that may come from anybody, so that it cannot write to a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text[:4096])


# ---- 6 In words, and the command ----------------------------------------------------------------------------------------------------


def describe(report: Report) -> str:
    """Return the answer for a person."""
    head = {0: "INTACT", 3: "NOTHING CONTRADICTS, BUT NOT ALL IS VOUCHED FOR", 5: "NOT INTACT"}[report.exit_code]
    rows = [f"{head}: {report.directory}", *(f"  problem    {problem}" for problem in report.problems)]
    if report.problem_count > len(report.problems):
        rows.append(f"  problem    and {report.problem_count - len(report.problems)} more")
    ends = {"closed": "closed by the run", "lost": "ended by the writer: the control process was lost", "open": OPEN_TEXT}
    end = f"{report.last_kind} is there, and no good checkpoint covers it" if report.has_open_end else ends[report.state]
    span = f"{utc_text(report.first_utc_ns)} to {utc_text(report.last_utc_ns)}"
    rows.append(f"  records    {report.records} in {report.segments} segment(s), {span}; run {report.run or 'unknown'}; {end}")
    rows.append(f"  good       records 0 to {report.good - 1}" if report.good else "  good       no record")
    if report.vouched:
        but = ", but for those named above" if report.good < report.vouched else ""
        error = "not synchronised" if report.vouched_clock_error_us is None else f"at most {report.vouched_clock_error_us} us off"
        since = f"since {utc_text(report.vouched_utc_ns)} (clock {error}), by checkpoint {report.checkpoints - 1} at {report.vouched_by}"
        rows.append(f"  vouched    records 0 to {report.vouched - 1}{but}, {since}")
    if report.vouched < report.records:
        rows.append(f"  unvouched  records {report.vouched} to {report.records - 1}: chained only; who can write the file can make them up")
    if report.signatures is None:
        rows.append("  signatures NOT CHECKED: the package `cryptography` is not here. Who can write the files can make up all of this")
    else:
        rows.append(f"  signatures {report.signatures} checked")
    rows.append(f"  key 0      {_whose_key(report)}")
    if report.torn_tail_bytes:
        rows.append(f"  torn tail  {report.torn_tail_bytes} bytes after the last record: never acknowledged as durable")
    if report.lost:
        rows.append(f"  lost       {report.lost} records that the control process handed over never reached the log")
    if report.gave_up:
        rows.append(f"  gave up    the control process gave the log up: {report.gave_up}")
    rows += [f"  remark     {remark}" for remark in report.remarks]
    return "\n".join([*rows, f"  FAULT      {report.fault}"] if report.fault else rows)


OPEN_TEXT = "OPEN: it has no end. The run goes on, its writer died, or somebody cut it off at a checkpoint: only a copy elsewhere tells"


def _whose_key(report: Report) -> str:
    if not report.operator:
        return "nobody's certificate: whoever wrote the whole log anew with keys of their own would get this same answer"
    certificate = f"certificate {report.certificate_number} of operator key {report.operator}"
    if report.operator_checked:
        return f"{certificate}, checked with the key given"
    return f"{certificate}, NOT CHECKED: whoever wrote the whole log anew with keys of their own would get this same answer"


def utc_text(utc_ns: int) -> str:
    """Return ISO 8601 text with milliseconds; "?" outside the calendar."""
    if not 0 < utc_ns < 2**62:
        return "?"
    return datetime.fromtimestamp(utc_ns // 10**6 / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def leaves(directory: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield each whole line of a log with its leaf hash, unchecked."""
    for path in list_segments(find_log(directory)):
        for block in blocks(path):
            for line in block.split(b"\n")[:-1]:
                yield line, leaf_hash(line)


def prove(directory: Path, report: Report, seq: int | None, since: int | None) -> dict[str, Any]:
    """Return a proof that record `seq`, or the log as it was with `since` records, is in the tree of the newest good checkpoint.

    Raises:
        ValueError: there is no such record or size, or the log is not good so far.
    """
    size = report.vouched
    if not report.ok or not size:
        raise ValueError("only of a log in which nothing contradicts, and that has a checkpoint")
    if not 0 <= (seq or 0) < size or not 0 < (1 if since is None else since) <= size:
        raise ValueError(f"the newest good checkpoint covers records 0 to {size - 1}; from size 0 nothing can be proved")
    wanted = inclusion_ranges(seq, 0, size) if seq is not None else consistency_ranges(since or 0, 0, size)
    out: dict[str, Any] = {"format": "primum/audit/proof/1", "run": report.run, "size": size}
    old, whole = Tree(), Tree()

    def passing() -> Iterator[bytes]:
        for index, (line, leaf) in enumerate(leaves(directory)):
            if index < size:
                whole.push(leaf)
            if index < (since or 0):
                old.push(leaf)
            if index == seq:
                out.update(seq=seq, record=line.decode("utf-8"))
            yield leaf

    proof = range_roots(passing(), wanted)
    out |= {"root": whole.root().hex(), "proof": [node.hex() for node in proof]}
    return out if since is None else out | {"old_size": since, "old_root": old.root().hex()}


def check_proof(found: dict[str, Any]) -> str:
    """Return what a proof made by `prove` shows; ValueError if it shows nothing."""
    try:
        size, root, proof = found["size"], bytes.fromhex(found["root"]), [bytes.fromhex(node) for node in found["proof"]]
        if "record" in found:
            leaf = leaf_hash(found["record"].encode("utf-8"))
            holds, what = inclusion_holds(leaf, found["seq"], size, proof, root), f"record {found['seq']} is under it, as given"
        else:
            old_size, old_root = found["old_size"], bytes.fromhex(found["old_root"])
            holds = consistency_holds(old_size, size, proof, old_root, root)
            what = f"it begins with the {old_size} records that have root {b64encode(old_root).decode()}"
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a proof: {error!r}") from error
    if not holds:
        raise ValueError("the proof does not lead to the root")
    return f"root {b64encode(root).decode()} of size {size}: {what}. Compare the root with a checkpoint that you trust"


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code."""
    summary, exit_codes = (__doc__ or "").split("\n", 1)[0], "Exit codes: 0 intact, 3 not all vouched for, 5 not intact, 2 wrong use."
    parser = argparse.ArgumentParser(description=summary, epilog=exit_codes)
    parser.add_argument("run", nargs="?", type=Path, help="run directory, or the directory of its log")
    parser.add_argument("--key", type=Path, help="the operator's public key file, one line")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], help="second place of the checkpoints: file or directory")
    parser.add_argument("--jobs", type=int, default=0, help="processes to read with; default: one a processor for a large log")
    parser.add_argument("--json", action="store_true", help="the answer as JSON")
    parser.add_argument("--prove", type=int, metavar="SEQ", help="print a proof that this record is in the log")
    parser.add_argument("--prove-since", type=int, metavar="SIZE", help="print a proof that the log begins with its first SIZE records")
    parser.add_argument("--check", type=Path, metavar="PROOF", help="check such a proof; needs no log")
    use = parser.parse_args(arguments)
    try:
        if use.check is not None:
            with open_file(use.check) as file:
                text = check_proof(json.loads(file.read(2 * MAX_LINE)))
            return _say(text, 0)
        if use.run is None:
            raise ValueError("name a run directory")
        operator = None if use.key is None else read_key(use.key)
        report = verify(use.run, operator, use.checkpoint, use.jobs)
        if use.prove is not None or use.prove_since is not None:
            return _say(json.dumps(prove(use.run, report, use.prove, use.prove_since), indent=1), 0)
    except (ValueError, OSError, RecursionError) as error:
        sys.stderr.write(f"verify_log: {error}\n".encode("ascii", "backslashreplace").decode("ascii"))
        return 2
    return _say(json.dumps(as_dict(report), indent=1) if use.json else describe(report), report.exit_code)


def read_key(path: Path) -> PublicKey:
    """Return the operator's key in a `.pub` file. ValueError: it holds none. OSError: it cannot be read."""
    with open_file(path) as file:
        try:
            return parse_vkey(file.read(MAX_NOTE_LINE).decode("utf-8").strip())
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def as_dict(report: Report) -> dict[str, Any]:
    """Return the answer for a machine."""
    problems = [problem._asdict() for problem in report.problems]
    return {"verdict": ("intact", "", "", "unvouched", "", "not intact")[report.exit_code], **asdict(report), "problems": problems}


def _say(text: str, code: int) -> int:
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")  # a path may hold what the terminal cannot show
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
