"""The verification report of a run: gathers the run, the evidence, the proofs, the log's verdict and the bill of materials."""

import hashlib
import importlib
import importlib.util
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit import SpecificationError, ToolkitError
from toolkit.procedure import Region, RemoteCentre
from verification.obligations import STANDING_SENTENCES
from verification.run_directory import SUMMARY_NAME, RunSummary
from verification.trace.sbom import Environment
from verification.verification_report import (
    FINAL,
    Build,
    Check,
    CheckedFile,
    Executed,
    LogIntegrity,
    Proofs,
    RefusedReport,
    VerificationData,
    build_document,
    examine_log,
    log_reasons,
    no_proofs,
    read_proofs,
    refusals,
    write_document,
)

from .assembly import Assembly
from .proofs import assumed_of
from .proved import proof_inputs_of
from .report_data import report_data
from .results import Results, read_results
from .traceability import ROOT, examine_bill, trace_checkout
from .version import version_info

CHECKER = "verification.checker.directory"
_NOT_LIBRARIES = {"primum", "git_commit", "source"}


@dataclass(frozen=True)
class Sources:
    """What a report is made from. key: the operator's public key; copies: second places of the log's checkpoints."""

    run: Path
    evidence: Path | None = None
    proofs: Path | None = None
    key: Path | None = None
    copies: tuple[Path, ...] = ()
    tester: str = ""


def write_verification_report(sources: Sources, *, pdf: bool, draft: bool, root: Path = ROOT) -> tuple[Path, ...]:
    """Write the report into the run directory; returns the files.

    Raises:
        RefusedReport: it cannot be final, and no draft was asked for. Nothing is written.
        SpecificationError: a source is missing or cannot be read. InvalidInput: it cannot be written.
    """
    try:
        data = gather(sources, root)
        document = build_document(data, refusals(data), draft=draft)
    except RefusedReport as error:
        for old in sorted(sources.run.glob(f"{FINAL}.*")):
            error.add_note(f"note: {old} is an earlier report, of what lay there then")
        raise
    return write_document(document, sources.run, pdf=pdf)


def gather(sources: Sources, root: Path = ROOT) -> VerificationData:
    """Everything the report says, from its sources.

    Raises:
        RefusedReport: the log is so broken that no run can be read from it; not even a draft can be made.
        SpecificationError: a source is missing or cannot be read.
    """
    log = examine_log(sources.run, sources.key, sources.copies)
    results = _results(sources.run, log)
    matrix, gaps = trace_checkout(sources.evidence, root)
    environment, problem = _environment(root)
    return VerificationData(
        run=report_data(results.assembly, results.log, results.figures, results.summary, log.report, sources.run.resolve().name),
        ran=_build(results.log.start["build"]),
        now=_build(version_info()),
        matrix=matrix,
        gaps=gaps,
        proofs=_proofs(sources.proofs, results),
        log=log,
        environment=environment,
        environment_problem=problem,
        files=_digests(sources.run),
        run_json=_differences(results, sources.run),
        tester=sources.tester.strip(),
        truth_fault=_truth_fault(results),
    )


def _results(run: Path, log: LogIntegrity) -> Results:
    try:
        return read_results(run)
    except (ToolkitError, LookupError, TypeError, ValueError, AttributeError) as error:
        if log.report.ok:
            raise
        raise RefusedReport(tuple(log_reasons(log.report))) from error


def _truth_fault(results: Results) -> str:
    """Why a simulated run's record of the true motion does not show all of it; "" if it does, or there is nothing to show."""
    log, figures = results.log, results.figures
    if not results.assembly.profile.is_simulated or not log.t_s.size:
        return ""
    if figures is None:
        return "the arm is simulated, and the record of its true motion is gone"
    t_s = figures.truth.t_s
    if not (t_s.size and t_s[0] <= log.t_s[0] + results.assembly.profile.period_s and t_s[-1] >= log.t_s[-1]):
        return "the record of the true motion does not cover the run from its first cycle to its last"
    return ""


def required_obligations(assembly: Assembly) -> dict[str, str]:
    """Id -> sentence of what the guarantee of a procedure needs proved, named as docs/certificates.md has it."""
    regions = [c for c in assembly.procedure.constraints if isinstance(c, Region)]
    bodies = {body for region in regions for body in region.bodies}
    points = {point for body in assembly.arm.bodies if body.name in bodies for point in body.points}
    found = {
        f"K.{name}": f"The second derivatives of body point {name} are bounded by K over the joint limits grown by e."
        for name in sorted(points)
    }
    if any(isinstance(c, RemoteCentre) for c in assembly.procedure.constraints):
        found["K.rcm_offset"] = "The second derivatives of the shaft's offset from the remote centre are bounded by K."
    found["stop_length"] = "From every step of the command class a stop is within the class and no longer than a plan may be."
    found["tube_threshold"] = "A sample inside the monitor's threshold leaves every joint inside the tube until the next one."
    found |= STANDING_SENTENCES
    for region in regions:
        where = "inside" if region.keeps_in else "outside"
        asked = region.bodies if region.prove is not None else ()
        found |= {f"{region.name}.{body}": f"{body} stays {where} {region.name} from every joint position." for body in asked}
    return found


def _proofs(directory: Path | None, results: Results) -> Proofs:
    required = required_obligations(results.assembly)
    if directory is None:
        return no_proofs(required)
    rendered = proof_inputs_of(results.assembly)
    inputs = {role: hashlib.sha256(content).hexdigest() for role, content in sorted(rendered.items())}
    executed = Executed(inputs, results.log.start["hashes"].get("proofs", ""))
    return read_proofs(directory, required, _checker(), executed, tuple(assumed_of(results.assembly)))


def _checker() -> Check | None:
    """The function that `primum check` uses; None where this program has none."""
    if importlib.util.find_spec(CHECKER.partition(".directory")[0]) is None:
        return None
    module: Any = importlib.import_module(CHECKER)

    def check(directory: Path) -> Iterable[CheckedFile]:
        verdicts: Iterable[CheckedFile] = module.check_directory(directory, os.cpu_count() or 1)
        return verdicts

    return check


def _build(versions: Mapping[str, str]) -> Build:
    libraries = {name: version for name, version in versions.items() if name not in _NOT_LIBRARIES and version}
    return Build(versions["primum"], versions["git_commit"], versions["source"], libraries)


def _environment(root: Path) -> tuple[Environment | None, str]:
    try:
        return examine_bill(root), ""
    except SpecificationError as error:
        return None, str(error)


def _digests(run: Path) -> dict[str, str]:
    """SHA-256 of what the run left behind; reports are made from it and do not count."""
    names = [path for path in run.rglob("*") if path.is_file() and path.suffix not in {".html", ".pdf", ".part"}]
    return {path.relative_to(run).as_posix(): _sha256(path) for path in sorted(names)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _differences(results: Results, run: Path) -> tuple[str, ...]:
    """Fields in which run.json is not what the log gives; the file itself if there is none."""
    try:
        written = RunSummary.read(run).model_dump(mode="json")
    except SpecificationError as error:
        return (str(error),)
    computed = results.summary.model_dump(mode="json")
    return tuple(f"{SUMMARY_NAME}: {name}" for name in computed if computed[name] != written[name])
