"""Ways to tamper with the records of a log, and with records and checkpoints together.

They work on the files only, as somebody does who can write the run directory, and the second place where a case says so. Nobody here
holds a key of the run: those are gone when it ends. Forged signatures are made with keys of the forger's own.
"""

from random import Random

from safety.audit.canonical import encode_plain
from safety.audit.merkle import Frontier, leaf_hash
from safety.audit.verify_log import parse_strictly

from .made_log import MadeLog, RunKeys
from .tampered import SECOND, Tampered, exactly, files_of, flipped, window


def flip_bit(log: MadeLog, random: Random) -> Tampered:
    """One bit of one segment."""
    files = files_of(log)
    name = random.choice([name for name in files if name.endswith(".jsonl")])
    at, before = random.randrange(len(files[name])), sum(len(segment) for segment in log.segments[: int(name[:6])])
    seq = before + files[name][:at].count(b"\n")
    files[name] = flipped(files[name], at, random)
    is_joined = files[name].count(b"\n") != len(log.segments[int(name[:6])])  # a line end went, and with it the record after it, or came
    return Tampered(files, (exactly(log, seq)[0], min(seq + is_joined, len(log.lines) - 1)))


def edit_value(log: MadeLog, random: Random) -> Tampered:
    """Another value in a well-formed record; nothing else touched."""
    lines, seq = log.lines, random.randrange(len(log.lines))
    lines[seq] = _edited(lines[seq], random)
    return Tampered(files_of(log.with_lines(lines)), exactly(log, seq))


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
    return Tampered(files_of(log.with_lines(lines)), exactly(log, seq))


def edit_and_chain_anew(log: MadeLog, random: Random) -> Tampered:
    """Another value, and every hash after it made right; the signatures stay."""
    lines, seq = log.lines, random.randrange(len(log.lines))
    lines[seq] = _edited(lines[seq], random)
    lines = _chained(lines, seq)
    return Tampered(files_of(log.with_lines(lines)), window(log, seq))


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
        return Tampered(files_of(log.with_lines(_chained(lines, seq))), (window(log, seq)[0], len(lines) - 1))
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
    keys = RunKeys(log.run, random)
    notes, tree = list(log.checkpoints[:first]), Frontier()
    for line in lines[:seq]:
        tree.append(leaf_hash(line))
    previous = leaf_hash(lines[seq - 1]).hex()
    for index in range(seq, len(lines)):
        record = parse_strictly(lines[index]) | {"prev": previous}
        if record["kind"] == "KEY":
            record["data"] = record["data"] | {"vkey": keys.next()["vkey"]}
        lines[index] = encode_plain(record)
        tree.append(leaf_hash(lines[index]))
        previous = leaf_hash(lines[index]).hex()
        if index + 1 in log.sizes:
            notes.append(keys.sign(index + 1, tree.root()))
    files = files_of(log.with_lines(lines)) | {"checkpoints": b"".join(notes)}
    if random.random() < 0.5:
        files[SECOND] = files["checkpoints"]
    return Tampered(files, window(log, seq))


def spell_otherwise(log: MadeLog, random: Random) -> Tampered:
    """The same values in another spelling, every hash after it made right."""
    lines, seq = log.lines, random.randrange(len(log.lines))
    line = lines[seq]
    lines[seq] = random.choice([line.replace(b":", b": ", 1), line + b"\r", line.replace(b'"schema":2', b'"schema":2.0'), b" " + line])
    return Tampered(files_of(log.with_lines(_chained(lines, seq, keep=True))), (seq, seq))


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


def _sorted(a: int, b: int) -> tuple[int, int]:
    return min(a, b), max(a, b)
