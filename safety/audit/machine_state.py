"""What this machine remembers between runs: which logs are open, and that one of them never ended in order.

The writer keeps a file for its log, with a lock on it, from before the first record until after the final checkpoint. If the
writer fails (AUDIT_FAULT), is killed, or the power goes, the file stays and the lock does not: nothing has to be written at the
moment of the fault, when nothing may be writable. As long as such a file is there, no run may enable.

A person who has looked at the log acknowledges it, with a reason: the file becomes an acknowledgement, and the next run records it.
"""

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from toolkit import AuditFault, InvalidInput

from .file_layer import PosixFiles, make_directories

_OPEN, _ACKNOWLEDGED = ".open", ".acknowledged"


def machine_state_directory() -> Path:
    """Return $PRIMUM_STATE, or primum in $XDG_STATE_HOME, or ~/.local/state/primum."""
    chosen = os.environ.get("PRIMUM_STATE")
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "primum"


@dataclass(frozen=True)
class UnresolvedLog:
    """A log whose writer ended without its final checkpoint. run: the log's name. directory: where the log lies."""

    run: str
    directory: str
    started_utc_ns: int


class OpenLog:
    """The file and the lock of one log that is being written."""

    def __init__(self, state: Path, run: str, directory: Path) -> None:
        """Make them, durably.

        Raises:
            AuditFault: they cannot be made.
        """
        self._path = state / f"{run}{_OPEN}"
        text = json.dumps({"run": run, "directory": str(directory), "started_utc_ns": time.time_ns()}) + "\n"
        try:
            make_directories(state, PosixFiles())
            # Nobody may meet the file before its lock: it gets its name last.
            self._descriptor = os.open(state / f"{run}.new", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            os.write(self._descriptor, text.encode())
            os.fsync(self._descriptor)
            (state / f"{run}.new").rename(self._path)
            _sync_directory(state)
        except OSError as error:
            raise AuditFault(f"{state}: the machine's state cannot be written: {error}") from error

    def ended_in_order(self) -> None:
        """The final checkpoint is durable: forget this log.

        Raises:
            AuditFault: the file cannot be removed.
        """
        try:
            self._path.unlink()
            _sync_directory(self._path.parent)
            os.close(self._descriptor)
        except OSError as error:
            raise AuditFault(f"{self._path}: the machine's state cannot be written: {error}") from error


def unresolved_logs(state: Path) -> tuple[UnresolvedLog, ...]:
    """Return the logs that did not end in order, oldest first; those that are being written now are not among them.

    Raises:
        AuditFault: the state cannot be read, so nobody knows.
    """
    found = []
    try:
        for path in state.glob(f"*{_OPEN}"):
            held = _read_unlocked(path)
            if held is not None:
                found.append(held)
    except OSError as error:
        raise AuditFault(f"{state}: the machine's state cannot be read: {error}") from error
    return tuple(sorted(found, key=lambda log: log.started_utc_ns))


def refuse_unresolved(state: Path) -> None:
    """Return if every log of this machine ended in order or was acknowledged.

    Raises:
        AuditFault: names the logs that did not, and what to do.
    """
    logs = unresolved_logs(state)
    if logs:
        names = ", ".join(log.directory for log in logs)
        raise AuditFault(
            f"enable refused: the log in {names} did not end in order (AUDIT_FAULT, a killed writer, or a power cut). Look at it with "
            f"`primum audit verify`, then say so with `primum audit acknowledge --reason ...`"
        )


def acknowledge(state: Path, actor: str, reason: str) -> tuple[UnresolvedLog, ...]:
    """Allow enabling again; return the logs that this acknowledges.

    Args:
        actor, reason: who says so, and why motion may go on: kept, and recorded by the next run.
    Raises:
        InvalidInput: one of them is empty, or there is nothing to acknowledge. AuditFault: the state cannot be written.
    """
    for name, value in (("actor", actor), ("reason", reason)):
        if not value.strip():
            raise InvalidInput(f"{name}: {value!r}: an acknowledgement says who, and why")
    logs = unresolved_logs(state)
    if not logs:
        raise InvalidInput(f"{state}: no log of this machine waits to be acknowledged")
    try:
        for log in logs:
            said = vars(log) | {"actor": actor, "reason": reason, "acknowledged_utc_ns": str(time.time_ns())}
            _write_whole(state / f"{log.run}{_ACKNOWLEDGED}", json.dumps(said | {"started_utc_ns": str(log.started_utc_ns)}) + "\n")
            (state / f"{log.run}{_OPEN}").unlink()
        _sync_directory(state)
    except OSError as error:
        raise AuditFault(f"{state}: the machine's state cannot be written: {error}") from error
    return logs


@dataclass(frozen=True)
class Acknowledgements:
    """What was acknowledged since the last run. said: run, directory, actor, reason, times, for each."""

    paths: tuple[Path, ...]
    said: tuple[dict[str, str], ...]

    @classmethod
    def read(cls, state: Path) -> Self:
        """Read them. Raises AuditFault: the state cannot be read."""
        try:
            paths = tuple(sorted(state.glob(f"*{_ACKNOWLEDGED}")))
            return cls(paths, tuple(json.loads(path.read_text("utf-8")) for path in paths))
        except (OSError, ValueError) as error:
            raise AuditFault(f"{state}: the machine's state cannot be read: {error}") from error

    def recorded(self) -> None:
        """They are in a durable record now: forget them."""
        for path in self.paths:
            path.unlink(missing_ok=True)


def _read_unlocked(path: Path) -> UnresolvedLog | None:
    """The log of a file that no writer holds; None if one does, or did until now and removed it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        if not path.exists():
            return None
        try:
            held = json.loads(file.read())
            return UnresolvedLog(path.name.removesuffix(_OPEN), str(held["directory"]), int(held["started_utc_ns"]))
        except (ValueError, KeyError, TypeError):  # a power cut may leave the name and nothing in it: the log is open all the same
            return UnresolvedLog(path.name.removesuffix(_OPEN), f"(unknown, run {path.name})", 0)


def _write_whole(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
