"""A log made in memory by the rules of docs/log_format.md, without a writer process: what the tamper campaign starts from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from safety.audit.canonical import Json
from safety.audit.checkpoint import ORIGIN, checkpoint_text
from safety.audit.note import SigningKey
from safety.audit.operator_key import certificate_text
from safety.audit.record import Chain, RecordKind, Stamp

START_UTC_NS, PERIOD_NS = 1_790_000_000_000_000_000, 5_000_000
OWN_SEGMENT = "{:06d}.jsonl"
END_KINDS = (RecordKind.RUN_END, RecordKind.CONTROL_LOST)


@dataclass(frozen=True)
class MadeLog:
    """Segments as tuples of lines without their newline, checkpoint notes with the empty line that ends each, and the second place's.

    sizes: how many records each checkpoint covers. operator: public key of the operator, as a vkey.
    """

    run: str
    operator: str
    segments: tuple[tuple[bytes, ...], ...]
    checkpoints: tuple[bytes, ...]
    second: tuple[bytes, ...]
    sizes: tuple[int, ...]

    @property
    def lines(self) -> list[bytes]:
        """All records, segment after segment."""
        return [line for segment in self.segments for line in segment]

    def with_lines(self, lines: Iterable[bytes]) -> "MadeLog":
        """The same log with other lines; a segment keeps its number of lines, the last one takes what is over."""
        rest = list(lines)
        segments = []
        for segment in self.segments[:-1]:
            segments.append(tuple(rest[: len(segment)]))
            del rest[: len(segment)]
        return replace(self, segments=(*segments, tuple(rest)))

    def write(self, directory: Path, second: Path) -> None:
        """Write the log into `directory`, and the copy of its checkpoints into `second`; both must exist."""
        for index, segment in enumerate(self.segments):
            (directory / OWN_SEGMENT.format(index)).write_bytes(b"".join(line + b"\n" for line in segment))
        (directory / "checkpoints").write_bytes(b"".join(self.checkpoints))
        (second / f"{self.run}.checkpoints").write_bytes(b"".join(self.second))


class RunKeys:
    """The keys of a run, one a checkpoint, made from a seed so that a campaign can be repeated."""

    def __init__(self, run: str, random: Random) -> None:
        self._origin, self._random, self._epoch = ORIGIN + run, random, 0
        self._key = self._next = SigningKey(self._origin, random.randbytes(32))

    def first(self, operator: SigningKey | None) -> Json:
        """Return the payload of the KEY record of epoch 0, with the operator's certificate if there is one."""
        public = self._key.verifier
        certificate = "" if operator is None else operator.sign(certificate_text(1, public.public))
        return {"epoch": 0, "vkey": str(public), "certificate": certificate}

    def next(self) -> dict[str, Json]:
        """Make the key of the next checkpoint; return the payload of the KEY record that names it."""
        self._next, self._epoch = SigningKey(self._origin, self._random.randbytes(32)), self._epoch + 1
        return {"epoch": self._epoch, "vkey": str(self._next.verifier)}

    def sign(self, size: int, root: bytes) -> bytes:
        """Return a checkpoint as it stands in the file, and go on to the next key."""
        note = self._key.sign(checkpoint_text(self._origin, size, root))
        self._key = self._next
        return f"{note}\n".encode()


def make_log(
    records: int = 240,
    *,
    checkpoint_every: int = 20,
    segment_lines: int = 90,
    seed: int = 0,
    end: RecordKind | None = RecordKind.RUN_END,
    end_data: Mapping[str, Json] | None = None,
    certified: bool = True,
) -> MadeLog:
    """Return a log of about `records` records.

    Args:
        checkpoint_every: records between two checkpoints; the one that it covers last is a KEY record.
        end: its last record; None: the run goes on. end_data: what that record says instead of the truth.
        certified: key 0 has a certificate of a new operator key.
    """
    random = Random(seed)  # noqa: S311  # not a secret
    run = f"{random.getrandbits(128):032x}"
    operator, keys = SigningKey("primum-operator", random.randbytes(32)), RunKeys(run, random)
    chain, lines, notes, sizes = Chain(), list[bytes](), list[bytes](), list[int]()

    def add(kind: RecordKind, data: Json) -> None:
        mono_ns = 10**12 + len(lines) * PERIOD_NS
        lines.append(chain.line(kind, Stamp(START_UTC_NS + len(lines) * PERIOD_NS, 120, mono_ns), "primum", data))

    def checkpoint() -> None:
        notes.append(keys.sign(len(lines), chain.tree.root()))
        sizes.append(len(lines))

    add(RecordKind.RUN_START, {"run": run, "clock": {"name": "CLOCK_REALTIME"}, "meta": {"version": "1.2.3"}})
    add(RecordKind.KEY, keys.first(operator if certified else None))
    while len(lines) < records - 1:
        if len(lines) % checkpoint_every == checkpoint_every - 1:
            add(RecordKind.KEY, keys.next())
            checkpoint()
        else:
            add(RecordKind.CYCLE, cycle_data(len(lines), random))
    if end is not None:
        handed_over = len(lines) - 1 - len(sizes)
        closed: dict[str, Json] = {"records": len(lines), "handed_over": handed_over, "end": {}}
        lost: dict[str, Json] = {"reason": "lost", "gave_up": "", "handed_over": handed_over, "taken": handed_over}
        add(end, {**(closed if end is RecordKind.RUN_END else lost), **(end_data or {})})
        checkpoint()
    cut = range(0, len(lines), segment_lines)
    segments = tuple(tuple(lines[start : start + segment_lines]) for start in cut)
    return MadeLog(run, str(operator.verifier), segments, tuple(notes), tuple(notes), tuple(sizes))


def cycle_data(index: int, random: Random) -> Json:
    """Return a small payload with every kind of number and text that a record may hold."""
    reason = random.choice(["", "tip speed 51 mm/s, limit 50", 'naïve \U0001f642 "quoted" \\ \u0007'])
    numbers: list[Json] = [random.gauss(0.0, 1.0), random.gauss(0.0, 1.0) * 1e-6, 1e17 * random.random(), 3, -random.randrange(9999)]
    return {
        "i": index,
        "t_s": index * PERIOD_NS * 1e-9,
        "state": {"q": numbers},
        "margins": {"vessel": random.random(), "tip_speed": random.random() * 1e-3},
        "timing_us": {"certify": random.random() * 100.0, "total": 2000.5},
        "active": ["tip_speed"],
        "reason": reason,
        "verdict": random.choice(["PASS", "MODIFIED", "BACKUP", "STOP"]),
        "written": True,
    }
