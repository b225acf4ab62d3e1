"""The files of a log after somebody tampered with it, and where that was."""

from dataclasses import dataclass
from random import Random

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


def _joined(lines: tuple[bytes, ...]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def flipped(content: bytes, at: int, random: Random) -> bytes:
    """Return `content` with one random bit of byte `at` turned."""
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]


def exactly(log: MadeLog, seq: int) -> tuple[int, int]:
    """The record itself; of the last one no other record carries the hash: only a checkpoint over several tells."""
    return (seq, seq) if seq < len(log.lines) - 1 else window(log, seq)


def window(log: MadeLog, seq: int) -> tuple[int, int]:
    """The records that the first checkpoint over record `seq` vouches for and the one before it does not."""
    index = sum(size <= seq for size in log.sizes)
    return covered(log, index)


def covered(log: MadeLog, index: int) -> tuple[int, int]:
    """The records that checkpoint `index` covers and the one before it does not."""
    last = log.sizes[index] if index < len(log.sizes) else len(log.lines)
    return (log.sizes[index - 1] if index else 0), last - 1
