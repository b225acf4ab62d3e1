"""What vouches for a run's log: the verifier's answer, and the signed note itself."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from safety.audit import Report, verify

_NOTE_LINES = 5


@dataclass(frozen=True)
class LogIntegrity:
    """note: the text of the checkpoint that vouches, with its signature line; empty if none does."""

    report: Report
    note: str


def examine_log(run: Path, key: Path | None, copies: Iterable[Path]) -> LogIntegrity:
    """Verify the log of a run. key: the operator's public key; copies: second places of the checkpoints.

    Raises:
        SpecificationError: there is no log, `key` is no key, or a copy is the run's own checkpoint file.
    """
    report = verify(run / "audit", key, copies)
    return LogIntegrity(report, _note(run / "audit", report.vouched_by))


def _note(folder: Path, place: str) -> str:
    """The note that ends at or around line `place` (file:line) of the run's own checkpoint file."""
    found = re.fullmatch(r"checkpoints:(\d+)", place)
    path = folder / "checkpoints"
    if found is None or not path.is_file():
        return ""
    first = int(found[1]) - 1
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").split("\n")[first : first + _NOTE_LINES]).rstrip("\n")
