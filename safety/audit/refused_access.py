"""What was refused while no log was open: kept by the machine, and recorded by the next log as security events.

An enable after an audit fault, a key file that others can read, proofs of something else: each is refused before there is a run, so no
log of that run can say so.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from toolkit import AuditFault, ToolkitError

from .file_layer import PosixFiles, make_directories

_REFUSED = ".refused"
REFUSALS_MAX = 100
"""So many are kept; the last of them says that there may have been more."""


@contextmanager
def noting_refusals(state: Path) -> Iterator[None]:
    """Remember in `state` why what is done inside was refused. One that cannot be remembered is a refusal all the same, and says so."""
    try:
        yield
    except ToolkitError as error:
        try:
            _note(state, f"{type(error).__name__}: {error}")
        except OSError as unwritten:
            error.add_note(f"that this was refused could not be noted in {state}: {unwritten.strerror}")
        raise


def _note(state: Path, what: str) -> None:
    make_directories(state, PosixFiles())
    kept = sum(1 for _ in state.glob(f"*{_REFUSED}"))
    if kept >= REFUSALS_MAX:
        return
    said = {"what": what + ("; refusals after this one were not kept" if kept == REFUSALS_MAX - 1 else ""), "utc_ns": str(time.time_ns())}
    name = f"{said['utc_ns']}-{os.getpid()}"
    (state / f"{name}.part").write_text(json.dumps(said) + "\n", "utf-8")
    (state / f"{name}.part").rename(state / f"{name}{_REFUSED}")


@dataclass(frozen=True)
class RefusedAccesses:
    """What was refused since the last run, oldest first. said: what, utc_ns, for each."""

    paths: tuple[Path, ...]
    said: tuple[dict[str, str], ...]

    @classmethod
    def read(cls, state: Path) -> Self:
        """Read them. Raises AuditFault: the state cannot be read."""
        try:
            paths = tuple(sorted(state.glob(f"*{_REFUSED}")))
            return cls(paths, tuple(json.loads(path.read_text("utf-8")) for path in paths))
        except (OSError, ValueError) as error:
            raise AuditFault(f"{state}: the machine's state cannot be read: {error}") from error

    def recorded(self) -> None:
        """They are in a durable record now: forget them."""
        for path in self.paths:
            path.unlink(missing_ok=True)
