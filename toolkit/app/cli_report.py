"""`primum report`: the report of a run, and the verification report that a reviewer signs."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from .cli_common import RunDirectory, out


def report(
    run_directory: RunDirectory,
    evidence: Annotated[Path | None, typer.Option(help="Directory that `pytest --evidence` wrote.")] = None,
    proofs: Annotated[Path | None, typer.Option(help="Directory of certificates, checked again here.")] = None,
    key: Annotated[Path | None, typer.Option(help="The operator's public key, for the log.")] = None,
    checkpoint: Annotated[list[Path] | None, typer.Option(help="Second place of the log's checkpoints; may be given again.")] = None,
    tester: Annotated[str, typer.Option(help="Who answers for the verification report.")] = "",
    pdf: Annotated[bool, typer.Option("--pdf", help="Verification report as PDF/A-2b too.")] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Render although something is missing: marked on every page, another name.")
    ] = False,
) -> None:
    """Write run.json and report.html of a run again; with any option, the verification report instead.

    The verification report (verification_report.html, with --pdf also .pdf) goes into the run directory. It is refused with exit code 3,
    every reason listed and nothing written, when a tree is dirty, versions differ, a requirement or risk control has no executed test, an
    outcome has no anomaly entry, a certificate fails its check, or the log does not verify.
    """
    if not (evidence or proofs or key or checkpoint or tester or pdf or draft):
        _report_run(run_directory)
        return
    from .verification_report import Sources, write_verification_report

    sources = Sources(run_directory, evidence, proofs, key, tuple(checkpoint or ()), tester)
    for path in write_verification_report(sources, pdf=pdf, draft=draft):
        out.print(f"{'DRAFT' if draft else 'verification report'}: {path}", markup=False, soft_wrap=True)


def _report_run(run_directory: Path) -> None:
    from .results import rewrite_results
    from .robot_log import is_robot_log
    from .robot_results import rewrite_robot_results
    from .run_log import read_run_log

    of_robot = is_robot_log(read_run_log(run_directory / "audit").start)
    summary = rewrite_robot_results(run_directory) if of_robot else rewrite_results(run_directory)
    out.print(summary_table(summary))
    say_where(run_directory / "report.html")


def say_where(path: Path) -> None:
    """Name a report that was written."""
    out.print(f"report: {path}" if path.exists() else f"no report: {path} could not be made", markup=False, soft_wrap=True)


def summary_table(summary: Any) -> Table:
    """The figures of run.json for the terminal."""
    table = Table("figure", "value", title=f"{summary.status} after {summary.cycles} cycles of {summary.period_s * 1e3:g} ms")
    table.add_row("verdicts", "  ".join(f"{k} {v}" for k, v in summary.verdicts.model_dump().items()))
    table.add_row("deadline misses", str(summary.deadline_misses))
    table.add_row("cycles longer than the period", str(summary.overruns))
    for label, unit, q in (("cycle", "ms", summary.cycle_ms), ("MPC", "ms", summary.mpc_ms), ("certify", "µs", summary.certify_us)):
        if q is not None:
            table.add_row(f"{label}, median / p99 / max", f"{q.median:.3g} / {q.p99:.3g} / {q.max:.3g} {unit}")
    _add_errors(table, summary)
    if summary.truth is not None:
        for name, margin in summary.truth.margin_min.items():
            table.add_row(f"true margin, {name}", f"{margin:.3e}")
    for name, approach in summary.approach.items():
        if approach.standoff_at_rest_m is not None:
            table.add_row(f"stand-off at rest, {name}", f"{approach.standoff_at_rest_m * 1e3:.2f} mm")
        if approach.speed_at_3mm_m_s is not None:
            table.add_row(f"speed at 3 mm, {name}", f"{approach.speed_at_3mm_m_s * 1e3:.1f} mm/s")
    return table


def _add_errors(table: Table, summary: Any) -> None:
    if summary.tip_error_m is not None:
        e = summary.tip_error_m
        table.add_row("tip error in truth, rms / p99 / max", f"{e.rms * 1e3:.3f} / {e.p99 * 1e3:.3f} / {e.max * 1e3:.3f} mm")
    if summary.tracking_error_m is not None:
        e = summary.tracking_error_m
        table.add_row("tracking error in truth, mae / rms / max", f"{e.mae * 1e6:.1f} / {e.rms * 1e6:.1f} / {e.max * 1e6:.0f} µm")
    if summary.pass_fraction_settled is not None and summary.tip_error_m is not None:
        table.add_row("of all path cycles counted above", f"{summary.pass_fraction_settled:.1%}")
