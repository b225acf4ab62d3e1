"""After a run: read its log and truth, write run.json and report.html. Needs nothing from the processes that ran."""

from dataclasses import dataclass
from pathlib import Path

from verification.run_directory import RunSummary, read_truth

from .assembly import Assembly
from .control_process import Outcome
from .figures import TruthFigures, summarise, truth_figures
from .report_data import write_run_report
from .run_inputs import read_inputs
from .run_log import RunLog, read_run_log


@dataclass(frozen=True, eq=False)
class Results:
    """A run as its directory shows it: parts, log, figures of the true motion (None on a real arm), and what run.json should say."""

    assembly: Assembly
    log: RunLog
    figures: TruthFigures | None
    summary: RunSummary


def write_results(assembly: Assembly, directory: Path, outcome: Outcome) -> RunSummary:
    """Compute the figures of the run in `directory` and write run.json and report.html there."""
    results = _computed(assembly, directory, read_run_log(directory / "audit"), outcome)
    results.summary.write(directory)
    if results.log.t_s.size:
        write_run_report(assembly, results.log, results.figures, results.summary, directory / "report.html")
    return results.summary


def rewrite_results(directory: Path) -> RunSummary:
    """run.json and report.html again, from what the run directory holds; the files that the run was started from may be gone.

    Raises:
        SpecificationError: no log, no run.json, or an input kept in the directory is gone or changed.
    """
    old = RunSummary.read(directory)
    assembly = read_inputs(directory, read_run_log(directory / "audit").start)
    return write_results(assembly, directory, Outcome(old.status, old.reason, old.exit_code))


def read_results(directory: Path) -> Results:
    """The figures of a run computed again, nothing written. How it ended: what the log's last record says; without one, run.json.

    Raises:
        SpecificationError: as `rewrite_results`.
    """
    log = read_run_log(directory / "audit")
    if log.end is not None:
        outcome = Outcome(str(log.end["status"]), str(log.end["reason"]), int(log.end["exit_code"]))
    else:
        old = RunSummary.read(directory)
        outcome = Outcome(old.status, old.reason, old.exit_code)
    return _computed(read_inputs(directory, log.start), directory, log, outcome)


def _computed(assembly: Assembly, directory: Path, log: RunLog, outcome: Outcome) -> Results:
    truth_path = directory / "truth.bin"
    figures = truth_figures(assembly, log, read_truth(truth_path)) if truth_path.exists() and log.t_s.size else None
    return Results(assembly, log, figures, summarise(assembly, log, figures, outcome))
