"""After a run: read its log and truth, write run.json and report.html. Needs nothing from the processes that ran."""

from pathlib import Path

from verification.run_directory import RunSummary, read_truth

from .assembly import Assembly
from .control_process import Outcome
from .figures import summarise, truth_figures
from .report_data import write_run_report
from .run_inputs import read_inputs
from .run_log import RunLog, read_run_log


def write_results(assembly: Assembly, directory: Path, outcome: Outcome) -> RunSummary:
    """Compute the figures of the run in `directory` and write run.json and report.html there."""
    log: RunLog = read_run_log(directory / "audit")
    truth_path = directory / "truth.bin"
    figures = truth_figures(assembly, log, read_truth(truth_path)) if truth_path.exists() and log.t_s.size else None
    summary = summarise(assembly, log, figures, outcome)
    summary.write(directory)
    if log.t_s.size:
        write_run_report(assembly, log, figures, summary, directory / "report.html")
    return summary


def rewrite_results(directory: Path) -> RunSummary:
    """run.json and report.html again, from what the run directory holds; the files that the run was started from may be gone.

    Raises:
        SpecificationError: no log, no run.json, or an input kept in the directory is gone or changed.
    """
    old = RunSummary.read(directory)
    assembly = read_inputs(directory, read_run_log(directory / "audit").start)
    return write_results(assembly, directory, Outcome(old.status, old.reason, old.exit_code))
