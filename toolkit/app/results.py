"""After a run: read its log and truth, write run.json and report.html. Needs nothing from the processes that ran."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safety.audit import verify
from toolkit import InvalidInput, SpecificationError
from verification.run_directory import EXIT_CODES, RunSummary, read_truth

from .assembly import Assembly
from .control_process import Outcome
from .figures import TruthFigures, summarise, truth_figures
from .report_data import write_run_report
from .run_inputs import read_inputs
from .run_log import RunLog, read_run_log

REPORT_NAME = "report.html"
UNTIDY = 3
"""Exit code of a run whose log does not say how it ended: whatever stopped it, it was not the end of its procedure."""


@dataclass(frozen=True, eq=False)
class Results:
    """A run as its directory shows it: parts, log, figures of the true motion (None: no record of it), what run.json should say."""

    assembly: Assembly
    log: RunLog
    figures: TruthFigures | None
    summary: RunSummary


def write_results(assembly: Assembly, directory: Path, outcome: Outcome) -> RunSummary:
    """Compute the figures of the run in `directory` and write run.json and report.html there.

    Args:
        outcome: how the run ended, from the process that watched it: it knows more than a log that could not be written to its end.
    Raises:
        SpecificationError: as `read_results`. Then neither is written, and an old report.html is gone.
        InvalidInput: the directory cannot be written.
    """
    try:
        (directory / REPORT_NAME).unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInput(f"{directory / REPORT_NAME}: cannot be replaced: {error.strerror or error}") from error
    results = _computed(assembly, directory, read_run_log(directory / "audit"), outcome)
    results.summary.write(directory)
    if results.log.start:
        verified = verify(directory / "audit")
        write_run_report(assembly, results.log, results.figures, results.summary, verified, directory / REPORT_NAME)
    return results.summary


def rewrite_results(directory: Path) -> RunSummary:
    """run.json and report.html again, from what the run directory holds; the files that the run was started from may be gone.

    How the run ended is what its log says, whatever an old run.json says.
    Raises:
        SpecificationError: no log, or an input kept in the directory is gone or changed.
    """
    log = read_run_log(directory / "audit")
    return write_results(read_inputs(directory, log.start), directory, outcome_of(log))


def read_results(directory: Path) -> Results:
    """The figures of a run computed again, nothing written.

    Raises:
        SpecificationError: as `rewrite_results`.
    """
    log = read_run_log(directory / "audit")
    return _computed(read_inputs(directory, log.start), directory, log, outcome_of(log))


def outcome_of(log: RunLog) -> Outcome:
    """How a run ended: what RUN_END says, else that the control process was lost, else that the log has no end.

    Raises:
        SpecificationError: RUN_END says something that no run ends with.
    """
    if log.end is not None:
        return _ended(log.end)
    if log.lost is not None:
        gave_up = log.lost.get("gave_up") or ""
        why = f"{log.lost.get('reason') or 'the control process was lost'}{f': {gave_up}' if gave_up else ''}"
        return Outcome("stopped", f"CONTROL_LOST: {why}", UNTIDY)
    return Outcome("stopped", "the log has no end: its writer died, the end was cut off, or the run goes on", UNTIDY)


def _ended(end: Mapping[str, Any]) -> Outcome:
    if "exit_code" not in end:
        raised = end.get("raised")
        why = f"ended by {raised}" if raised else "the log was closed without a word on how the run ended"
        return Outcome("stopped", why, UNTIDY)
    exit_code, reason, problems = end["exit_code"], end.get("reason", ""), end.get("problems", [])
    if type(exit_code) is not int or exit_code not in EXIT_CODES.values() or not isinstance(reason, str) or not isinstance(problems, list):
        raise SpecificationError(f"RUN_END: no run ends with exit code {exit_code!r:.40} and reason {reason!r:.80}", field="data.end")
    status = str(end.get("status", "stopped"))
    if problems and exit_code == 0:  # the steps were done, and what comes after them failed
        status, exit_code = "stopped", EXIT_CODES["device_fault"]
    unsaid = [str(problem) for problem in problems if str(problem) not in reason]
    return Outcome(status, "; ".join(filter(None, [reason, *unsaid])), exit_code)


def _computed(assembly: Assembly, directory: Path, log: RunLog, outcome: Outcome) -> Results:
    truth_path = directory / "truth.bin"
    figures = truth_figures(assembly, log, read_truth(truth_path)) if truth_path.exists() and log.t_s.size else None
    return Results(assembly, log, figures, summarise(assembly, log, figures, outcome))
