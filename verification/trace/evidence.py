"""Test evidence: what was run, on which version, where, with what, by whom, and what came out. One file and its SHA-256."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal, Self

import rfc8785
from pydantic import Field, ValidationError, model_validator

from toolkit import InvalidInput, SpecificationError

from .entry import Entry

FILE, DIGEST_FILE = "evidence.json", "evidence.json.sha256"
SCHEMA: Literal["primum/test-evidence/1"] = "primum/test-evidence/1"
Outcome = Literal["passed", "failed", "skipped", "xfailed", "xpassed"]


class Product(Entry):
    """git_commit: of the working tree the tests were read from; dirty: it differed from that commit, or there was none."""

    name: str
    version: str
    git_commit: str
    dirty: bool


class Tester(Entry):
    """source: where the name is from: the environment variable PRIMUM_TESTER, or git's configuration. Nobody verified it."""

    name: str
    source: Literal["PRIMUM_TESTER", "git", "unknown"]


class TestResult(Entry):
    """duration_s: of set-up, call and tear-down. reason: why skipped, why expected to fail, or the last line of a failure."""

    __test__ = False  # not a test, whatever pytest thinks of the name

    node_id: str
    outcome: Outcome
    duration_s: Annotated[float, Field(ge=0.0)]
    requirements: tuple[str, ...]
    reason: str

    @property
    def test(self) -> str:
        """The node id without parameters."""
        return self.node_id.partition("[")[0]


class Evidence(Entry):
    """One session of pytest. deselected: tests that were collected and not run by choice (-k, -m, --deselect).

    complete: the session came to its own end. A session that was interrupted, or stopped at the first failure, is not.
    """

    schema_: Annotated[Literal["primum/test-evidence/1"], Field(alias="schema")]
    product: Product
    machine: dict[str, str]
    tools: dict[str, str]
    tester: Tester
    command: tuple[str, ...]
    started_utc: str
    finished_utc: str
    collected: Annotated[int, Field(ge=0)]
    deselected: Annotated[int, Field(ge=0)]
    complete: bool
    exit_status: int
    tests: tuple[TestResult, ...]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        ids = [test.node_id for test in self.tests]
        if len(set(ids)) != len(ids):
            raise ValueError("a test has two results")
        if self.complete and len(ids) != self.collected - self.deselected:
            raise ValueError(f"complete, but {len(ids)} results for {self.collected} collected less {self.deselected} deselected tests")
        return self

    @property
    def counts(self) -> dict[str, int]:
        """Outcome -> how many."""
        found: dict[str, int] = {}
        for test in self.tests:
            found[test.outcome] = found.get(test.outcome, 0) + 1
        return dict(sorted(found.items()))


def write_evidence(evidence: Evidence, directory: Path) -> Path:
    """Write evidence.json (canonical JSON) and evidence.json.sha256 (for `sha256sum -c`), each whole or not at all; return the first.

    The digest is removed first and written last: after a crash in between, `read_evidence` refuses what lies there.

    Raises:
        InvalidInput: the directory cannot be written.
    """
    content = rfc8785.dumps(evidence.model_dump(mode="json", by_alias=True)) + b"\n"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / DIGEST_FILE).unlink(missing_ok=True)
        _replace(directory / FILE, content)
        _replace(directory / DIGEST_FILE, f"{hashlib.sha256(content).hexdigest()}  {FILE}\n".encode())
    except OSError as error:
        raise InvalidInput(f"{directory}: the test evidence cannot be written: {error.strerror or error}") from error
    return directory / FILE


def _replace(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_evidence(directory: Path) -> tuple[Evidence, str]:
    """The evidence in a directory and the SHA-256 of its file.

    Raises:
        SpecificationError: missing, not what its digest says, or not test evidence.
    """
    path, digest_path = directory / FILE, directory / DIGEST_FILE
    try:
        content, stated = path.read_bytes(), digest_path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(f"no test evidence: {error}", file=str(directory)) from error
    digest = hashlib.sha256(content).hexdigest()
    if stated != [digest, FILE]:
        raise SpecificationError(f"its SHA-256 is {digest}, {DIGEST_FILE} says otherwise: not what was written", file=str(path))
    try:
        return Evidence.model_validate(json.loads(content)), digest
    except (ValueError, ValidationError) as error:
        raise SpecificationError(f"not test evidence: {error}", file=str(path)) from error
