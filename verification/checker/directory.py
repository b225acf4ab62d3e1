"""A proofs directory: every file hashed, every certificate checked in a process of its own, the summary held to what was accepted."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from . import algebra, facts, inclusion, second_derivatives
from .problem import problem_of
from .strict_json import RejectedError, fields, listed, need, parse, read_bytes

SECONDS_MAX, MEMORY_BYTES_MAX = 120, 4 << 30
"""What one certificate may take; more is a rejection."""
CERTIFICATE_BYTES_MAX, INPUT_BYTES_MAX = 2_000_000, 1_000_000
_KINDS = {
    "second_derivative_bound": second_derivatives.check, "stop_length": facts.check_stop, "tube_threshold": facts.check_threshold,
    "closure": facts.check_closure, "polynomial_identity": algebra.check_identity, "sum_of_squares": algebra.check_sum_of_squares,
    "authority": algebra.check_authority, "inclusion": inclusion.check_proved,
}  # fmt: skip
_FILE = re.compile(r"[0-9]{3}_[a-z0-9_]{1,60}\.json")


@dataclass(frozen=True)
class Verdict:
    """What the checker found out about one file. claim: in the checker's words; reason: why it was rejected, or empty.

    id: of the obligation it shows; word: PROVED or REFUTED; both empty if rejected. sha256: of the file.
    """

    file: str
    claim: str
    reason: str = ""
    id: str = ""
    word: str = ""
    sha256: str = ""

    @property
    def accepted(self) -> bool:
        return self.claim != "" and self.reason == ""

    def __str__(self) -> str:
        return f"ACCEPTED {self.file}: {self.claim}" if self.accepted else f"REJECTED {self.file} because {self.reason}"


def check_directory(directory: Path, processes: int = 2, check: Callable[[Path, str], Verdict] | None = None) -> Iterator[Verdict]:
    """One verdict per certificate, as they come, then one on the summary. check: instead of one process per certificate.

    Raises:
        OSError: the directory cannot be listed.
    """
    one = check or in_a_process
    names = sorted(entry.name for entry in os.scandir(directory))
    certificates = [name for name in names if _FILE.fullmatch(name)]
    found: dict[str, Verdict] = {}
    try:
        unknown = set(names) - {*certificates, "summary.json", "inputs", "procedure.yaml"}
        need(not unknown and len(certificates) <= 200, f"{sorted(unknown)[:5]}: files that do not belong here, or too many certificates")
        text = read_inputs(directory)
        with ThreadPoolExecutor(max(1, processes)) as pool:
            for verdict in pool.map(lambda name: one(directory, name), certificates):
                found[verdict.file] = verdict
                yield verdict
        verdict = Verdict("summary.json", _check_summary(directory, text, found))
    except Exception as error:  # a file that surprises the checker has not convinced it
        verdict = Verdict("summary.json", "", _why(error))
    yield verdict


def in_a_process(directory: Path, name: str) -> Verdict:
    """The verdict of a fresh interpreter that imports this package alone: what hangs, crashes or eats memory is rejected there."""
    package = __package__ or ""
    root = Path(__file__).resolve().parents[package.count(".") + 1]
    command = [sys.executable, "-m", package, str(directory.resolve()), name]
    try:
        child = subprocess.run(command, cwd=root, capture_output=True, timeout=SECONDS_MAX, check=True)
        return Verdict(**json.loads(child.stdout))
    except subprocess.TimeoutExpired:
        return Verdict(name, "", f"its check took more than {SECONDS_MAX} s")
    except (subprocess.CalledProcessError, ValueError, TypeError):
        return Verdict(name, "", "its check died: out of memory?")


def verdict_json(directory: Path, name: str) -> str:
    """The verdict on one certificate as JSON, in a process with limited memory."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415  does not exist everywhere; the time limit does

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    return json.dumps(asdict(check_certificate(directory / name, read_inputs(directory))))


def read_inputs(directory: Path) -> dict[str, bytes]:
    """The input files by role."""
    folder = directory / "inputs"
    need(folder.is_dir() and not folder.is_symlink(), "inputs: not a directory")
    names = sorted(entry.name for entry in os.scandir(folder))
    roles = [name.rpartition(".")[0] for name in names]
    expected = [f"{role}.txt" if role == "chain" or role.startswith("tape_") else f"{role}.json" for role in roles]
    known = names == expected and all(re.fullmatch(r"[a-z][a-z0-9_]{0,70}", role) for role in roles)
    need(known and len(names) <= 40, "inputs: a file that does not belong here")
    return {role: read_bytes(folder / name, INPUT_BYTES_MAX) for role, name in zip(roles, names, strict=True)}


def input_hashes(directory: Path) -> dict[str, str]:
    """SHA-256 of the input files by role, for comparison with what is to be run.

    Raises:
        OSError, RejectedError: they cannot be read.
    """
    return hashes(read_inputs(directory))


def hashes(text: dict[str, bytes]) -> dict[str, str]:
    """SHA-256 by role."""
    return {role: sha256(data).hexdigest() for role, data in sorted(text.items())}


def check_certificate(path: Path, text: dict[str, bytes]) -> Verdict:
    """The verdict on one certificate. Never raises for what a file may hold."""
    digest = ""
    try:
        data = read_bytes(path, CERTIFICATE_BYTES_MAX)
        digest, certificate, here = sha256(data).hexdigest(), parse(data), hashes(text)
        version, kind, word, inputs = (certificate.pop(key, None) for key in ("format", "kind", "verdict", "inputs"))
        need(version == "primum-certificate/1", "format: expected primum-certificate/1")
        differing = set(inputs.items()) ^ set(here.items())
        need(not differing, f"inputs: hashes differ for {sorted({str(role)[:40] for role, _ in differing})}")
        check = inclusion.check_refuted if (kind, word) == ("inclusion", "REFUTED") else _KINDS.get(kind) if word == "PROVED" else None
        if check is None:
            raise RejectedError("kind or verdict: unknown, or REFUTED for what is no inclusion")
        id_, claim = check(problem_of(text), certificate)
        return Verdict(path.name, claim, "", id_, word, digest)
    except Exception as error:  # a file that surprises the checker has not convinced it
        return Verdict(path.name, "", _why(error), sha256=digest)


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, RejectedError) else f"not understood: {type(error).__name__}: {str(error)[:200]}"


def _check_summary(directory: Path, text: dict[str, bytes], found: dict[str, Verdict]) -> str:
    """Reject a summary that claims more than the certificates, or leaves out what belongs to every proof."""
    data = parse(read_bytes(directory / "summary.json", INPUT_BYTES_MAX))
    version, _, inputs, obligations, assumed = fields(data, "format name inputs obligations assumed")
    need(version == "primum-proofs/1" and inputs == hashes(text), "format or input hashes differ from what is here")
    need(all(type(x) is str for x in listed(assumed, 0, 1000, "assumed")), "assumed: expected texts")
    ids, files = [], []
    for entry in listed(obligations, 1, 1000, "obligations"):
        id_, file, word, digest, *prose = fields(entry, "id file verdict sha256 sentence seconds assumptions")
        need(type(id_) is str and re.fullmatch(r"[A-Za-z0-9_.]{1,120}", id_) is not None and id_ not in ids, "id: unreadable, or twice")
        need(all(type(x) is str for x in [*prose[:2], *listed(prose[2], 0, 100, id_)]), f"{id_}: expected texts")
        ids.append(id_)
        if word == "UNKNOWN":
            need(file is None and digest is None, f"{id_}: UNKNOWN has no certificate")
            continue
        need(type(file) is str and file in found and file not in files, f"{id_}: its certificate is not here, or is another's too")
        one = found[file]
        need(one.accepted and (one.word, one.sha256) == (word, digest), f"{id_}: {file} was not accepted so, or is another file")
        need(one.id == id_, f"{id_}: {file} is about {one.id}")
        files.append(file)
    need(set(files) == set(found), f"certificates that are not listed: {sorted(set(found) - set(files))[:5]}")
    wrong = (problem_of(text).derived() or set(ids)) ^ set(ids)
    need(not wrong, f"obligations left out, or none of this procedure: {sorted(wrong)[:5]}; what could not be proved is listed as UNKNOWN")
    return f"{len(files)} of {len(ids)} obligations have an accepted certificate, {len(ids) - len(files)} are UNKNOWN"
