"""The ways to tamper with a log: each returns the changed files and where a verifier must point.

They work on the files only, as somebody does who can write the run directory, and the second place where a case says so. Nobody here holds
a key of the run: those are gone when it ends. Forged signatures are made with keys of the forger's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from safety.audit.canonical import encode_plain
from safety.audit.checkpoint import ORIGIN, KeyChain
from safety.audit.merkle import Frontier, leaf_hash
from safety.audit.verify_log import parse_strictly

from .made_log import MadeLog

SECOND = "second"  # the name of the second place's file in Tampered.files


@dataclass(frozen=True)
class Tampered:
    """Files of a log after tampering, and where it was.

    records: first and last sequence number that was touched, or that the touched checkpoints alone vouch for.
    file, lines: where else a verifier may rightly point: lines (first, last) of that file.
    """

    files: dict[str, bytes]
    records: tuple[int, int]
    file: str = ""
    lines: tuple[int, int] = (0, 0)

    @property
    def touched(self) -> str:
        """In words."""
        return f"records {self.records}" + (f", {self.file} lines {self.lines}" if self.file else "")


def files_of(log: MadeLog) -> dict[str, bytes]:
    """Return the files of an untouched log."""
    segments = {f"{index:06d}.jsonl": _joined(segment) for index, segment in enumerate(log.segments)}
    return segments | {"checkpoints": b"".join(log.checkpoints), SECOND: b"".join(log.second)}


def flip_bit(log: MadeLog, random: Random) -> Tampered:
    """One bit of one segment."""
    files = files_of(log)
    name = random.choice([name for name in files if name.endswith(".jsonl")])
    at, before = random.randrange(len(files[name])), sum(len(segment) for segment in log.segments[: int(name[:6])])
    seq = before + files[name][:at].count(b"\n")
    files[name] = _flipped(files[name], at, random)
    is_joined = files[name].count(b"\n") != len(log.segments[int(name[:6])])  # a line end went, and with it the record after it, or came
    return Tampered(files, (_exactly(log, seq)[0], min(seq + is_joined, len(log.lines) - 1)))


def edit_value(log: MadeLog, random: Random) -> Tampered:
    """Another value in a well-formed record; nothing else touched."""
    lines, seq = log.lines, random.randrange(len(log.lines))
    lines[seq] = _edited(lines[seq], random)
    return Tampered(files_of(log.with_lines(lines)), _exactly(log, seq))


def edit_header(log: MadeLog, random: Random) -> Tampered:
    """Another sequence number, hash, time or kind in the header."""
    lines, seq = log.lines, random.randrange(len(log.lines))
    record = parse_strictly(lines[seq])
    name = random.choice(["seq", "prev", "utc_ns", "mono_ns", "actor", "kind", "clock_error_us", "schema"])
    other = {
        "seq": record["seq"] + random.choice([-1, 1, 2, 7, 1000]),
        "prev": random.choice(["0" * 64, random.randbytes(32).hex(), parse_strictly(lines[seq - 1])["prev"]]),
        "kind": random.choice(["CYCLE", "RUN_START", "KEY", "RUN_END", "EVENT", "X"]),
        "actor": "somebody",
        "clock_error_us": random.choice([None, 0, -1]),
        "schema": random.choice([1, 3]),
    }.get(name, str(int(record.get(name, "0")) + 1) if name in {"utc_ns", "mono_ns"} else None)
    if other == record[name]:
        return edit_header(log, random)
    lines[seq] = encode_plain(record | {name: other})
    return Tampered(files_of(log.with_lines(lines)), _exactly(log, seq))


def edit_and_chain_anew(log: MadeLog, random: Random) -> Tampered:
    """Another value, and every hash after it made right; the signatures stay."""
    lines, seq = log.lines, random.randrange(len(log.lines))
    lines[seq] = _edited(lines[seq], random)
    lines = _chained(lines, seq)
    return Tampered(files_of(log.with_lines(lines)), _window(log, seq))


def swap_records(log: MadeLog, random: Random) -> Tampered:
    """Two records change places."""
    lines = log.lines
    a, b = sorted(random.sample(range(len(lines)), 2))
    lines[a], lines[b] = lines[b], lines[a]
    return Tampered(files_of(log.with_lines(lines)), (a, b))


def delete_records(log: MadeLog, random: Random) -> Tampered:
    """One record, or a few in a row, are gone."""
    lines = log.lines
    first = random.randrange(len(lines))
    last = min(first + random.choice([0, 0, 0, 1, 2, 10]), len(lines) - 1)
    del lines[first : last + 1]
    return Tampered(files_of(log.with_lines(lines)), (first, last))


def double_record(log: MadeLog, random: Random) -> Tampered:
    """A line stands twice: at its place and anywhere."""
    lines = log.lines
    source, at = random.randrange(len(lines)), random.randrange(len(lines) + 1)
    lines.insert(at, lines[source])
    return Tampered(files_of(log.with_lines(lines)), _sorted(source, min(at, len(log.lines) - 1)))


def insert_forged(log: MadeLog, random: Random) -> Tampered:
    """A made-up record, itself rightly chained, is put between two; what follows stays, or is numbered and chained anew."""
    lines, seq = log.lines, random.randrange(1, len(log.lines))
    record = parse_strictly(lines[seq])
    forged = encode_plain(record | {"kind": "EVENT", "data": {"forged": random.random()}})
    lines.insert(seq, forged)
    if random.random() < 0.5:
        return Tampered(files_of(log.with_lines(_chained(lines, seq))), (_window(log, seq)[0], len(lines) - 1))
    return Tampered(files_of(log.with_lines(lines)), (seq, seq))


def cut_head(log: MadeLog, random: Random) -> Tampered:
    """The first records are gone."""
    lines, count = log.lines, random.randrange(1, len(log.lines))
    return Tampered(files_of(log.with_lines(lines[count:])), (0, count - 1))


def cut_tail(log: MadeLog, random: Random) -> Tampered:
    """The last records are gone, cut at a line's end or inside a line; the checkpoints stay."""
    lines, keep = log.lines, random.randrange(1, log.sizes[-1])
    files = files_of(log.with_lines(lines[:keep]))
    if random.random() < 0.5:
        newest = max(name for name in files if name.endswith(".jsonl"))
        files[newest] += lines[keep][: random.randrange(1, len(lines[keep]))]
    return Tampered(files, (keep, len(lines) - 1))


def roll_back(log: MadeLog, random: Random) -> Tampered:
    """Cut at a checkpoint, with the checkpoints after it: only the second place can tell."""
    kept = random.randrange(1, len(log.sizes))
    size = log.sizes[kept - 1]
    files = files_of(log.with_lines(log.lines[:size])) | {"checkpoints": b"".join(log.checkpoints[:kept])}
    return Tampered(files, (size, len(log.lines) - 1))


def remove_segment(log: MadeLog, random: Random) -> Tampered:
    """A whole file is gone."""
    files, index = files_of(log), random.randrange(len(log.segments))
    first = sum(len(segment) for segment in log.segments[:index])
    del files[f"{index:06d}.jsonl"]
    return Tampered(files, (first, first + len(log.segments[index]) - 1))


def swap_segments(log: MadeLog, random: Random) -> Tampered:
    """Two files change names."""
    files = files_of(log)
    a, b = sorted(random.sample(range(len(log.segments)), 2))
    one, other = f"{a:06d}.jsonl", f"{b:06d}.jsonl"
    files[one], files[other] = files[other], files[one]
    first = sum(len(segment) for segment in log.segments[:a])
    return Tampered(files, (first, len(log.lines) - 1))


def sign_tail_anew(log: MadeLog, random: Random) -> Tampered:
    """From one record on everything is written anew, chained, and signed with the forger's own keys, in one place or in both."""
    lines, seq = log.lines, random.randrange(2, log.sizes[-1])
    lines[seq] = _edited(lines[seq], random)
    first = next(index for index, size in enumerate(log.sizes) if size > seq)
    keys = KeyChain(ORIGIN + log.run, random.randbytes(32))
    notes, tree = list(log.checkpoints[:first]), Frontier()
    for line in lines[:seq]:
        tree.append(leaf_hash(line))
    previous = leaf_hash(lines[seq - 1]).hex()
    for index in range(seq, len(lines)):
        record = parse_strictly(lines[index]) | {"prev": previous}
        if record["kind"] == "KEY":
            record["data"] = record["data"] | {"vkey": keys.next_key()["vkey"]}  # type: ignore[index, call-overload]  # a JSON object
        lines[index] = encode_plain(record)
        tree.append(leaf_hash(lines[index]))
        previous = leaf_hash(lines[index]).hex()
        if index + 1 in log.sizes:
            notes.append(keys.sign(index + 1, tree.root()))
    files = files_of(log.with_lines(lines)) | {"checkpoints": b"".join(notes)}
    if random.random() < 0.5:
        files[SECOND] = files["checkpoints"]
    return Tampered(files, _window(log, seq))


def remove_checkpoint(log: MadeLog, random: Random) -> Tampered:
    """One checkpoint is gone, in one place."""
    name, notes, index = *_place(log, random), random.randrange(len(log.checkpoints))
    del notes[index]
    return Tampered(files_of(log) | {name: b"".join(notes)}, _covered(log, index), name, _note_lines(index, 1))


def cut_checkpoints(log: MadeLog, random: Random) -> Tampered:
    """The last checkpoints are gone, in one place; cut anywhere."""
    name, notes = _place(log, random)
    content = b"".join(notes)
    keep = random.randrange(len(content))
    index = content[:keep].count(b"\n\n") // 2
    return Tampered(files_of(log) | {name: content[:keep]}, (_covered(log, index)[0], len(log.lines) - 1), name, _note_lines(index, 1))


def edit_checkpoint(log: MadeLog, random: Random) -> Tampered:
    """One bit of a checkpoint file, in one place."""
    name, notes = _place(log, random)
    content = b"".join(notes)
    at = random.randrange(len(content))
    index = sum(len(b"".join(notes[: n + 1])) <= at for n in range(len(notes)))
    files = files_of(log) | {name: _flipped(content, at, random)}
    return Tampered(files, _covered(log, index), name, _note_lines(index, 2))


def swap_checkpoints(log: MadeLog, random: Random) -> Tampered:
    """Two checkpoints change places, in one place."""
    name, notes = _place(log, random)
    a, b = sorted(random.sample(range(len(notes)), 2))
    notes[a], notes[b] = notes[b], notes[a]
    covered = _covered(log, a)[0], _covered(log, b)[1]
    return Tampered(files_of(log) | {name: b"".join(notes)}, covered, name, (_note_lines(a, 1)[0], _note_lines(b, 1)[1]))


def sign_checkpoint_anew(log: MadeLog, random: Random) -> Tampered:
    """A checkpoint over the true root, signed with the forger's key, in one place."""
    name, notes, index = *_place(log, random), random.randrange(len(log.checkpoints))
    tree = Frontier()
    for line in log.lines[: log.sizes[index]]:
        tree.append(leaf_hash(line))
    notes[index] = KeyChain(ORIGIN + log.run, random.randbytes(32)).sign(log.sizes[index], tree.root())
    return Tampered(files_of(log) | {name: b"".join(notes)}, _covered(log, index), name, _note_lines(index, 1))


def spell_otherwise(log: MadeLog, random: Random) -> Tampered:
    """The same values in another spelling, every hash after it made right."""
    lines, seq = log.lines, random.randrange(len(log.lines))
    line = lines[seq]
    lines[seq] = random.choice([line.replace(b":", b": ", 1), line + b"\r", line.replace(b'"schema":2', b'"schema":2.0'), b" " + line])
    return Tampered(files_of(log.with_lines(_chained(lines, seq, keep=True))), (seq, seq))


TAMPERINGS: tuple[Callable[[MadeLog, Random], Tampered], ...] = (
    flip_bit,
    edit_value,
    edit_header,
    edit_and_chain_anew,
    spell_otherwise,
    swap_records,
    delete_records,
    double_record,
    insert_forged,
    cut_head,
    cut_tail,
    roll_back,
    remove_segment,
    swap_segments,
    sign_tail_anew,
    remove_checkpoint,
    cut_checkpoints,
    edit_checkpoint,
    swap_checkpoints,
    sign_checkpoint_anew,
)


def _joined(lines: tuple[bytes, ...]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _flipped(content: bytes, at: int, random: Random) -> bytes:
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]


def _edited(line: bytes, random: Random) -> bytes:
    record = parse_strictly(line)
    return encode_plain(record | {"data": record["data"] | {"edited": random.random()}})


def _chained(lines: list[bytes], start: int, *, keep: bool = False) -> list[bytes]:
    """Number and chain every line from `start` on anew; keep: line `start` itself keeps its bytes."""
    out = lines[: start + keep]
    for seq in range(start + keep, len(lines)):
        previous = leaf_hash(out[-1]).hex() if out else "0" * 64
        out.append(encode_plain(parse_strictly(lines[seq]) | {"prev": previous, "seq": seq}))
    return out


def _exactly(log: MadeLog, seq: int) -> tuple[int, int]:
    """The record itself; of the last one no other record carries the hash: only a checkpoint over several tells."""
    return (seq, seq) if seq < len(log.lines) - 1 else _window(log, seq)


def _window(log: MadeLog, seq: int) -> tuple[int, int]:
    """The records that the first checkpoint over record `seq` vouches for and the one before it does not."""
    index = sum(size <= seq for size in log.sizes)
    return _covered(log, index)


def _covered(log: MadeLog, index: int) -> tuple[int, int]:
    last = log.sizes[index] if index < len(log.sizes) else len(log.lines)
    return (log.sizes[index - 1] if index else 0), last - 1


def _place(log: MadeLog, random: Random) -> tuple[str, list[bytes]]:
    return random.choice([("checkpoints", list(log.checkpoints)), (SECOND, list(log.second))])


def _note_lines(index: int, count: int) -> tuple[int, int]:
    """First and last line of `count` notes from `index` on; a note with the empty line after it is six lines."""
    return 6 * index + 1, 6 * (index + count)


def _sorted(a: int, b: int) -> tuple[int, int]:
    return min(a, b), max(a, b)
