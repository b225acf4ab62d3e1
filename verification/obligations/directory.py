"""The proofs directory (docs/certificates.md): inputs, one certificate per decided obligation, the summary. Written whole or not at all."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit import InvalidInput

from .obligation import Obligation, Outcome, Verdict

CERTIFICATE_BYTES_MAX = 2_000_000


@dataclass(frozen=True)
class Entry:
    """One line of the summary. file, digest: of the certificate, None for UNKNOWN. kept: it was there from an earlier, interrupted run."""

    obligation: Obligation
    verdict: Verdict
    detail: str
    seconds: float
    file: str | None
    digest: str | None
    size: int
    kept: bool = False


class ProofDirectory:
    """A directory of proofs about one set of inputs.

    Raises:
        InvalidInput: the directory holds something else, a finished proof, or proofs about other inputs: nothing is overwritten.
    """

    def __init__(self, path: Path, inputs: Mapping[str, bytes], procedure: Path | None) -> None:
        self.path, self.name = path, path.resolve().name
        self.hashes = {role: hashlib.sha256(data).hexdigest() for role, data in sorted(inputs.items())}
        if (path / "summary.json").exists():
            raise InvalidInput(f"{path}: holds a finished proof; nothing is overwritten")
        if path.exists() and not path.is_dir():
            raise InvalidInput(f"{path}: not a directory")
        folder = path / "inputs"
        if path.is_dir() and any(path.iterdir()):
            self._check_same(folder, inputs)
            return
        folder.mkdir(parents=True, exist_ok=True)
        for role, data in inputs.items():
            _write(folder / _input_name(role), data)
        if procedure is not None:
            _write(path / "procedure.yaml", procedure.read_bytes())

    def _check_same(self, folder: Path, inputs: Mapping[str, bytes]) -> None:
        """What is there must be an interrupted proof of the very same inputs."""
        names = {_input_name(role): data for role, data in inputs.items()}
        present = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
        differing = [name for name, data in names.items() if not (folder / name).is_file() or (folder / name).read_bytes() != data]
        if present != set(names) or differing:
            raise InvalidInput(f"{self.path}: is not empty and not an interrupted proof of these inputs (differing: {differing[:5]})")

    def file_of(self, index: int, obligation: Obligation) -> str:
        slug = re.sub(r"[^a-z0-9_]", "_", obligation.id.lower())[:60]
        return f"{index + 1:03d}_{slug}.json"

    def kept(self, index: int, obligation: Obligation) -> Entry | None:
        """The entry of a certificate that an interrupted run left, if it answers this very question; the checker judges it."""
        file = self.file_of(index, obligation)
        try:
            data = (self.path / file).read_bytes()
            certificate = json.loads(data)
            asked = obligation.task.question()
            same = certificate["inputs"] == self.hashes and all(certificate[key] == value for key, value in asked.items() if key != "box")
            same = same and certificate.get("box", asked.get("box")) == asked.get("box", certificate.get("box"))
            verdict = Verdict(certificate["verdict"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not same:
            return None
        return Entry(obligation, verdict, "kept from an interrupted run", 0.0, file, hashlib.sha256(data).hexdigest(), len(data), kept=True)

    def add(self, index: int, obligation: Obligation, outcome: Outcome, seconds: float) -> Entry:
        """Write the certificate of an outcome; one too large to be checked counts as UNKNOWN."""
        if outcome.verdict is Verdict.UNKNOWN:
            return Entry(obligation, Verdict.UNKNOWN, outcome.detail, seconds, None, None, 0)
        head = {"format": "primum-certificate/1", "kind": outcome.kind, "verdict": outcome.verdict.value, "inputs": self.hashes}
        data = _json({**head, **outcome.body})
        if len(data) > CERTIFICATE_BYTES_MAX:
            detail = f"the certificate would have {len(data)} bytes; {CERTIFICATE_BYTES_MAX} are allowed"
            return Entry(obligation, Verdict.UNKNOWN, detail, seconds, None, None, 0)
        file = self.file_of(index, obligation)
        _write(self.path / file, data)
        return Entry(obligation, outcome.verdict, outcome.detail, seconds, file, hashlib.sha256(data).hexdigest(), len(data))

    def finish(self, entries: list[Entry], assumed: list[str]) -> None:
        """Write the summary: with it the directory is complete."""
        rows = [
            {
                "id": e.obligation.id, "file": e.file, "verdict": e.verdict.value, "sha256": e.digest, "seconds": f"{e.seconds:.3g}",
                "sentence": f"{e.obligation.sentence} ({e.detail})", "assumptions": list(e.obligation.assumptions),
            }
            for e in entries
        ]  # fmt: skip
        for name in {entry.name for entry in self.path.glob("[0-9][0-9][0-9]_*.json")} - {e.file for e in entries}:
            (self.path / name).unlink()  # of an interrupted run with other obligations: the checker would not know what to do with it
        summary = {"format": "primum-proofs/1", "name": self.name, "inputs": self.hashes, "obligations": rows, "assumed": assumed}
        _write(self.path / "summary.json", _json(summary))


def _input_name(role: str) -> str:
    return f"{role}.txt" if role == "chain" or role.startswith("tape_") else f"{role}.json"


def _json(data: dict[str, Any]) -> bytes:
    return (json.dumps(data, ensure_ascii=True, allow_nan=False, indent=1) + "\n").encode("ascii")


def _write(path: Path, data: bytes) -> None:
    """Under another name first: an interrupted run leaves no half of a file."""
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_bytes(data)
    os.replace(scratch, path)
