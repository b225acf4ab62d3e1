"""A proofs directory as the report needs it: every obligation with what the checker said of its certificate. See docs/certificates.md.

The prover's summary is believed in nothing: an obligation counts as PROVED or REFUTED only if the checker accepted its certificate, the
checker accepted the summary, the file has the SHA-256 that the summary names, and the proofs are about exactly what the run executed;
a bound K only if the run took its bounds from these very proofs. None of the summary's prose is shown.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit import SpecificationError

SUMMARY = "summary.json"
FileName = Annotated[str, Field(pattern=r"^[0-9]{3}_[a-z0-9_]{1,60}\.json$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class CheckedFile(Protocol):
    """What the checker says of one file: a certificate, or the summary. reason: why it was rejected, or empty."""

    @property
    def file(self) -> str: ...
    @property
    def claim(self) -> str: ...
    @property
    def reason(self) -> str: ...


Check = Callable[[Path], Iterable[CheckedFile]]


@dataclass(frozen=True)
class Executed:
    """inputs: role -> SHA-256 of what the run executed. proofs: SHA-256 of the summary whose bounds it used; empty: analytic bounds."""

    inputs: Mapping[str, str]
    proofs: str


@dataclass(frozen=True)
class Obligation:
    """claim: the checker's words. sentence: this program's, for what is required; else empty. why: what an UNPROVED one lacks."""

    id: str
    verdict: Literal["PROVED", "REFUTED", "UNPROVED"]
    sentence: str
    claim: str = ""
    file: str = ""
    sha256: str = ""
    why: str = ""


@dataclass(frozen=True)
class Proofs:
    """directory: its name, empty if none was given. inputs: role -> SHA-256. assumed: by the program that wrote the report.

    rejected: why it cannot be relied on; differing: why it is not about the run; a sentence each.
    """

    directory: str
    obligations: tuple[Obligation, ...]
    assumed: tuple[str, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    rejected: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()

    @property
    def proved(self) -> int:
        return sum(obligation.verdict == "PROVED" for obligation in self.obligations)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    file: FileName | None
    verdict: Literal["PROVED", "REFUTED", "UNKNOWN"]
    sha256: Sha256 | None
    sentence: str
    seconds: str
    assumptions: object


class _Summary(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["primum-proofs/1"]
    name: str
    inputs: dict[str, Sha256]
    obligations: tuple[_Entry, ...]
    assumed: tuple[str, ...]


def no_proofs(required: Mapping[str, str]) -> Proofs:
    """Every obligation stands there UNPROVED. required: id -> sentence."""
    return Proofs("", tuple(Obligation(key, "UNPROVED", sentence, why="no proofs were given") for key, sentence in required.items()))


def read_proofs(
    directory: Path, required: Mapping[str, str], check: Check | None, executed: Executed, assumed: tuple[str, ...] = ()
) -> Proofs:
    """Check a proofs directory and join it with what must be proved.

    Args:
        required: id -> sentence of the obligations that the run's procedure has.
        check: the checker; None: this program has none, and nothing counts as proved.
        executed: by the run. assumed: what every such proof takes for granted, in this program's words.
    Raises:
        SpecificationError: no directory, or no summary that can be read.
    """
    summary, digest = _read_summary(directory)
    rejected: list[str] = []
    found = {result.file: result for result in check(directory)} if check is not None else {}
    if check is None:
        rejected.append("this program has no checker: no certificate was checked")
    elif SUMMARY not in found:
        rejected.append(f"{SUMMARY}: the checker gave no verdict on it")
    rejected += [f"{name}: rejected by the checker: {result.reason}" for name, result in sorted(found.items()) if result.reason]
    relied = check is not None and SUMMARY in found and not found[SUMMARY].reason
    other = tuple(_other_inputs(summary.inputs, executed.inputs))
    bounds = "" if executed.proofs == digest else f"the run used {_bounds_of(executed.proofs)}, these proofs have SHA-256 {digest}"
    obligations = {}
    for entry in summary.obligations:
        judged = replace(_judged(entry, directory, found, relied, rejected), sentence=required.get(entry.id, ""))
        foreign = "these proofs are about something else than the run" if other else bounds if entry.id.startswith("K.") else ""
        if foreign and judged.verdict != "UNPROVED":
            judged = replace(judged, verdict="UNPROVED", claim="", why=foreign)
        obligations[entry.id] = judged
    for key, sentence in required.items():
        obligations.setdefault(key, Obligation(key, "UNPROVED", sentence, why="the proofs do not mention it"))
    return Proofs(
        directory.name,
        tuple(obligations.values()),
        assumed,
        tuple(sorted(summary.inputs.items())),
        tuple(dict.fromkeys(rejected)),
        (*other, bounds) if bounds else other,
    )


def _read_summary(directory: Path) -> tuple[_Summary, str]:
    """The summary and its SHA-256."""
    path = directory / SUMMARY
    try:
        content = path.read_bytes()
        return _Summary.model_validate(json.loads(content)), hashlib.sha256(content).hexdigest()
    except OSError as error:
        raise SpecificationError(f"no proofs: {error.strerror}", file=str(path)) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SpecificationError(
            f"not the summary of proofs: {first['msg']}", file=str(path), field=".".join(map(str, first["loc"]))
        ) from error
    except ValueError as error:
        raise SpecificationError(f"not the summary of proofs: {error}", file=str(path)) from error


def _judged(entry: _Entry, directory: Path, found: Mapping[str, CheckedFile], relied: bool, rejected: list[str]) -> Obligation:
    if entry.verdict == "UNKNOWN":
        return Obligation(entry.id, "UNPROVED", "", why="the prover did not find a proof")
    result = found.get(entry.file or "")
    digest = _digest(directory / entry.file) if entry.file else ""
    why = ""
    if digest != entry.sha256:
        why = f"{entry.file}: not the file that {SUMMARY} names by its SHA-256"
        rejected.append(f"{entry.id}: {why}")
    elif result is None:
        why = f"{entry.file}: not checked"
        rejected.append(f"{entry.id}: {why}")
    elif result.reason:
        why = f"{entry.file}: rejected: {result.reason}"
    elif not relied:
        why = f"{SUMMARY} was not accepted"
    if why:
        return Obligation(entry.id, "UNPROVED", "", file=entry.file or "", sha256=digest, why=why)
    return Obligation(entry.id, entry.verdict, "", result.claim if result else "", entry.file or "", digest)


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _other_inputs(stated: Mapping[str, str], executed: Mapping[str, str]) -> Iterator[str]:
    for role in sorted({*stated, *executed}):
        proved, ran = (of.get(role, "no such file") for of in (stated, executed))
        if proved != ran:
            yield f"{role}: the proofs are about {proved}, the run executed {ran}"


def _bounds_of(proofs: str) -> str:
    return f"the bounds K of proofs with SHA-256 {proofs}" if proofs else "analytic bounds K, from no proofs"
