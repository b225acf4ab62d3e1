"""`primum audit`: the log of a run."""

from typing import Annotated

import typer
from rich.table import Table

from .cli_common import RunDirectory, out, progress_bar

audit_app = typer.Typer(help="The log of a run.", no_args_is_help=True)


@audit_app.command("verify")
def audit_verify(run_directory: RunDirectory) -> None:
    """Check the hash chain of a run's log. Exit code 5 if a record was edited, inserted, deleted, reordered or cut off."""
    from safety.audit import verify

    directory = run_directory / "audit" if (run_directory / "audit").is_dir() else run_directory
    result = verify(directory)
    out.print(str(result), markup=False, soft_wrap=True)
    raise typer.Exit(0 if result.ok else 5)


@audit_app.command("replay")
def audit_replay(
    run_directory: RunDirectory,
    every: Annotated[bool, typer.Option("--all", help="List every difference, not the first and a summary.")] = False,
) -> None:
    """Recompute every decision of the safety layer from a run's log, and compare bit for bit.

    Exit codes: 0 identical; 3 a verdict, ticks, a plan or a memory differs; 6 only numbers or words beside decisions differ (margins,
    observations, reasons); 5 identical, but `audit verify` finds the log broken; 2 it cannot be replayed: an input is gone or changed.
    """
    from .replay import replay_run

    with progress_bar() as bar:
        task = bar.add_task("replaying", total=None)
        run = replay_run(run_directory, lambda records: bar.update(task, completed=records))
    speed = f"{run.found.motion_s / run.wall_s:.1f} x real time, {run.found.cycles / run.wall_s:.0f} cycles/s"
    say(f"replayed: {run.found.cycles} cycles, {run.found.motion_s:.1f} s of motion in {run.wall_s:.1f} s ({speed})")
    say(f"log: {run.integrity}")
    if run.build:
        table = Table("build", "of the log", "here", title="The build differs")
        for name, (logged, here) in run.build.items():
            table.add_row(name, logged, here)
        out.print(table)
    if run.found.differences:
        say(f"first difference: {run.found.differences[0]}")
        table = Table("field", "differences", "first in", "largest", title="All differences by field")
        for row in run.by_field:
            largest = "" if row.largest is None else f"{row.largest.size:.3g} in record {row.largest.record}"
            table.add_row(row.field, str(row.count), f"record {row.first.record}", largest)
        out.print(table)
        for difference in run.found.differences if every else ():
            say(str(difference))
    say(run.statement)
    raise typer.Exit(run.exit_code)


def say(text: str) -> None:
    """One line, whatever the terminal's width, without markup."""
    out.print(text, markup=False, soft_wrap=True, highlight=False)
