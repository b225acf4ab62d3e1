"""After a run: read its log and truth, write run.json and report.html. Needs nothing from the processes that ran."""

from pathlib import Path

from toolkit import SpecificationError
from verification.run_directory import RunSummary, read_truth

from .assembly import Assembly, assemble
from .control_process import Outcome
from .figures import summarise, truth_figures
from .report_data import write_run_report
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
    """run.json and report.html again, from the procedure the log carries; files it names are read where it was run from.

    Raises:
        SpecificationError: no log, no run.json, or files that the procedure names are gone.
    """
    old = RunSummary.read(directory)
    log = read_run_log(directory / "audit")
    assembly = assemble(Path(log.start["procedure_file"]))
    if assembly.procedure.sha256 != old.hashes.procedure:
        raise SpecificationError("the procedure has changed since this run", file=log.start["procedure_file"])
    return write_results(assembly, directory, Outcome(old.status, old.reason, old.exit_code))
