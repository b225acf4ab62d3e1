"""The operator's key: who vouches for the first key of a run.

It is a stock of run keys, each with a certificate: a note signed when the stock was made, by a key that was then forgotten and
never stood on a disk. Every run takes one run key out of the stock. Whoever steals the stock finds only keys of runs that were
not made yet. Format: docs/log_format.md.
"""

import fcntl
import json
import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from toolkit import AuditFault, InvalidInput

from .note import SigningKey, VerifierKey, open_note

KEY_FORMAT = "primum/audit/operator-key/1"
CERTIFICATE = "primum/audit/run-key"
RUNS_MAX = 100_000


@dataclass(frozen=True)
class RunKey:
    """A private key for one run. number: its position in the stock, from 1. left: how many more there are."""

    seed: bytes
    certificate: str
    operator: str
    number: int
    left: int


def certificate_text(number: int, public: bytes) -> str:
    """Return the text that certifies the public half (32 bytes) of run key `number`."""
    return f"{CERTIFICATE}\n{number}\n{b64encode(public).decode('ascii')}\n"


def make_operator_key(name: str, runs: int, key_file: Path, public_file: Path) -> VerifierKey:
    """Make an operator key with a stock for `runs` runs; write stock and public half; return the public half.

    Raises:
        InvalidInput: a name that is no key name, a count out of range, or a file that is already there: nothing was written.
    """
    if not 1 <= runs <= RUNS_MAX:
        raise InvalidInput(f"runs: {runs} is outside [1, {RUNS_MAX}]")
    for path in (key_file, public_file):
        if path.exists():
            raise InvalidInput(f"{path}: exists already; a key is never written over")
    operator = SigningKey(name)
    stock = []
    for number in range(1, runs + 1):
        key = SigningKey(name)
        note = operator.sign(certificate_text(number, key.verifier.public))
        stock.append({"number": number, "seed": b64encode(key.seed).decode("ascii"), "certificate": note})
    try:
        _write_new(public_file, f"{operator.verifier}\n", 0o644)
        _write_new(key_file, _stock_text(str(operator.verifier), stock), 0o600)
    except OSError as error:
        raise InvalidInput(f"{error.filename}: cannot be written: {error.strerror}") from error
    return operator.verifier


def read_public_key(path: Path) -> VerifierKey:
    """Read the public half of an operator key.

    Raises:
        InvalidInput: the file cannot be read or is no vkey.
    """
    try:
        return VerifierKey.parse(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: no public key: {error}") from error


def take_run_key(path: Path) -> RunKey:
    """Take the first run key out of the stock. When this returns, the file no longer has it, and its old blocks were overwritten.

    Raises:
        AuditFault: the file is not there, is readable by others than its owner, is no stock, or is used up.
    """
    try:
        with _locked(path) as file:
            _check_mode(path, os.fstat(file.fileno()))
            text = file.read()
            operator, stock = _read_stock(path, text)
            entry = stock.pop(0)
            key = _run_key(path, operator, entry, len(stock))
            fresh = path.with_name(f"{path.name}.new")
            fresh.unlink(missing_ok=True)
            _write_new(fresh, _stock_text(operator, stock), 0o600)
            fresh.rename(path)
            _sync_directory(path.parent)
            file.seek(0)
            file.write(bytes(len(text)))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise AuditFault(f"{path}: the operator key cannot be used: {error}") from error
    return key


def check_stock(path: Path) -> None:
    """Look whether a run key could be taken; takes none.

    Raises:
        AuditFault: as `take_run_key`.
    """
    try:
        with _locked(path) as file:
            _check_mode(path, os.fstat(file.fileno()))
            operator, stock = _read_stock(path, file.read())
            _run_key(path, operator, stock[0], len(stock) - 1)
    except OSError as error:
        raise AuditFault(f"{path}: the operator key cannot be used: {error}") from error


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open the stock for this process alone. Who waited for the lock may hold a file that another run has replaced meanwhile."""
    while True:
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                yield file
                return


def _check_mode(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise AuditFault(f"{path}: mode {mode:04o}: a private key must be a file that only its owner can read: chmod 600")


def _read_stock(path: Path, text: bytes) -> tuple[str, list[dict[str, object]]]:
    try:
        held = json.loads(text)
        operator, stock = held["operator"], held["keys"]
        if held["format"] != KEY_FORMAT or not isinstance(operator, str) or not isinstance(stock, list):
            raise ValueError(f"format {held['format']!r}; allowed: {KEY_FORMAT!r}")
    except (ValueError, KeyError, TypeError) as error:
        raise AuditFault(f"{path}: not an operator key: {error}") from error
    if not stock:
        raise AuditFault(f"{path}: every run key of this operator key was used: make a new one with `primum audit keygen`")
    return operator, stock


def _run_key(path: Path, operator: str, entry: dict[str, object], left: int) -> RunKey:
    """Check the entry as a verifier will: a run must not end before it is known that nobody accepts its key."""
    try:
        seed, certificate, number = b64decode(str(entry["seed"]), validate=True), str(entry["certificate"]), int(str(entry["number"]))
        public = SigningKey("run", seed).verifier.public
        if open_note(certificate, VerifierKey.parse(operator)) != certificate_text(number, public):
            raise ValueError("its certificate is of another key")
    except (ValueError, KeyError, TypeError, InvalidInput) as error:
        raise AuditFault(f"{path}: its first run key is damaged: {error}") from error
    return RunKey(seed, certificate, operator, number, left)


def _stock_text(operator: str, stock: list[dict[str, object]]) -> str:
    return json.dumps({"format": KEY_FORMAT, "operator": operator, "keys": stock}, indent=1) + "\n"


def _write_new(path: Path, text: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
