"""`primum run` and `primum validate` of a micro-robot procedure."""

from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from toolkit import AuditFault

from .cli_common import err, out, progress_bar
from .cli_report import say_where, summary_table
from .log_options import LogOptions, who_vouches


def run_robot_command(procedure: Path, out_directory: Path, options: LogOptions) -> None:
    """Check it, test the coils, find the robot, arm, follow the path, let the currents go; then write run.json and report.html."""
    from .robot_kind import assemble
    from .robot_results import write_robot_results
    from .robot_run import run_robot

    assembly = assemble(procedure)
    duration_s = assembly.path.duration_s
    with progress_bar() as bar:
        task = bar.add_task("testing coils, looking for the robot", total=duration_s)

        def show(status: dict[str, Any]) -> None:
            counts = "  ".join(f"{name} {count}" for name, count in sorted(status["counts"].items()))
            bar.update(task, completed=max(0.0, status["t_s"]), description=f"{status['t_s']:6.1f} of {duration_s:g} s  {counts}")

        result = run_robot(procedure, out_directory, show, assembly, options)
    if not (out_directory / "audit" / "000000.jsonl").exists():
        raise AuditFault(f"there is no log, so nothing was armed: {result.outcome.reason}")
    summary = write_robot_results(assembly, out_directory, result.outcome)
    out.print(summary_table(summary))
    out.print(
        "[bold yellow]UNPROVED[/]: no certificate exists for a micro-robot's run; the report lists what rests on statements and tests."
    )
    out.print(f"log: {who_vouches(out_directory / 'audit')}", markup=False, soft_wrap=True)
    if summary.reason:
        err.print(f"{summary.status}: {summary.reason}", markup=False, style="red", soft_wrap=True)
    say_where(out_directory / "report.html")
    raise typer.Exit(summary.exit_code)


def validate_robot(procedure: Path) -> None:
    """Everything that can be refused without a device: files, walls, path, limits, authority."""
    from .coil_parts import coil_layer
    from .robot_kind import assemble, authority_of

    assembly = assemble(procedure)
    coil_layer(assembly)
    found = authority_of(assembly)
    stated = assembly.procedure
    table = Table("what", "value", title=stated.title)
    table.add_row("coils", f"{assembly.profile.name}, {assembly.profile.n}; calibration {assembly.model.name}")
    for name, words in (assembly.said | found).items():
        table.add_row(name, words)
    for name, outcome in stated.outcomes.model_dump().items():
        table.add_row(f"after {'the end' if name == 'end' else f'loss of {name}'}", outcome.replace("_", " "))
    for name, digest in assembly.hashes.items():
        table.add_row(f"{name} SHA-256", digest)
    out.print(table)
    out.print("valid")


def validate_selftest(file: Path) -> None:
    """A self-test file and what it names; what it finds is `primum selftest`'s to say."""
    from .selftest import run_selftest

    result = run_selftest(file)
    out.print(f"{result.test.title}: {result.field.rows} fields, {result.model.n} coils; judged by `primum selftest`", markup=False)
    out.print("valid")
