"""`primum audit`: the log of a run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from toolkit import InvalidInput, SpecificationError

from .cli_common import RunDirectory, out, progress_bar

audit_app = typer.Typer(help="The log of a run.", no_args_is_help=True)


@audit_app.command("verify")
def audit_verify(
    run_directory: RunDirectory,
    key: Annotated[Path | None, typer.Option("--key", help="The operator's public key: whose log this must be.")] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option("--checkpoint", help="Second place of the checkpoints: file or directory.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Which records are intact, which checkpoint vouches for them, since when. The same as safety/audit/verify_log.py alone.

    Exit code 5 if a record was edited, inserted, deleted, reordered or cut off; 3 if nothing contradicts but not all is vouched for
    (no end, or a copy without its last checkpoint); 0 intact.
    """
    import json

    from safety.audit import verify
    from safety.audit.verify_log import as_dict, describe

    report = verify(run_directory, key, checkpoint or ())
    say(json.dumps(as_dict(report), indent=1) if as_json else describe(report))
    raise typer.Exit(report.exit_code)


@audit_app.command("show")
def audit_show(
    run_directory: RunDirectory,
    from_s: Annotated[float, typer.Option("--from", help="Seconds since the log's first record.")] = 0.0,
    to_s: Annotated[float, typer.Option("--to", help="Seconds since the log's first record.")] = float("inf"),
    only: Annotated[str, typer.Option("--only", help="Kinds, separated by commas; see below.")] = "all",
) -> None:
    """A part of the log as a table, unchecked (`audit verify` checks it).

    --only: all, interventions (cycles with another verdict than PASS), cycles, misses, states, events, operator, configuration,
    security, clock, keys, ends.
    """
    from .log_view import log_rows

    table = Table("record", "t, s", Column("UTC", no_wrap=True), "kind", "actor", "what it says")
    for row in log_rows(run_directory, from_s, to_s, tuple(name.strip() for name in only.split(","))):
        day, _, time = row.utc.partition("T")
        table.title = table.title or day
        table.add_row(str(row.seq), f"{row.t_s:.3f}", time, row.kind, escape(row.actor), escape(row.text))
    out.print(table)
    say(f"{table.row_count} records")


@audit_app.command("export")
def audit_export(
    run_directory: RunDirectory,
    form: Annotated[
        str, typer.Option("--format", help="json: the whole log, every line exact, and a script that checks it. csv: a row a cycle.")
    ],
    out_file: Annotated[Path | None, typer.Option("--out", help="New file; default: the run's name here.")] = None,
) -> None:
    """A copy of the log for people and machines, which can be verified with sha256sum and openssl alone.

    A log that `audit verify` does not call intact is exported too, as far as it can be read; what is wrong with it is printed, and the exit
    code is that of `audit verify`.
    """
    from safety.audit import verify
    from safety.audit.verify_log import describe

    from .log_export import export_csv, export_json

    if form not in ("json", "csv"):
        raise InvalidInput(f"--format: {form!r}: allowed are json and csv")
    path = out_file or Path(f"{run_directory.resolve().name}.{form}")
    report = verify(run_directory)
    if report.exit_code:
        say(describe(report))
    try:
        if form == "json":
            written, script = export_json(run_directory, path, report)
            say(f"written: {written}; to check it: bash {script} {written}")
        else:
            say(f"written: {path}, {export_csv(run_directory, path)} cycles")
    except SpecificationError as error:
        if report.ok:
            raise
        say(f"not written: {error}")
    raise typer.Exit(report.exit_code)


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
    if run.found.count:
        say(f"first difference: {run.found.differences[0]}")
        table = Table("field", "differences", "first in", "largest", title="All differences by field")
        for row in run.found.by_field:
            largest = "" if row.largest is None else f"{row.largest.size:.3g} in record {row.largest.record}"
            table.add_row(row.field, str(row.count), f"record {row.first.record}", largest)
        out.print(table)
        for difference in run.found.differences if every else ():
            say(str(difference))
        if every and run.found.count > len(run.found.differences):
            say(f"and {run.found.count - len(run.found.differences)} more, counted above and not kept")
    say(run.statement)
    raise typer.Exit(run.exit_code)


@audit_app.command("reprove")
def audit_reprove(
    run_directory: RunDirectory,
    from_s: Annotated[float, typer.Option("--from", help="Seconds since the log's first record.")] = 0.0,
    to_s: Annotated[float, typer.Option("--to", help="Seconds since the log's first record.")] = float("inf"),
    processes: Annotated[int, typer.Option("--processes", min=1, max=64, help="How many to use.")] = 2,
) -> None:
    """Recompute every window of every plan of a run in exact arithmetic and Arb, and look whether each sample lay in its box.

    It detects afterwards; it prevents nothing. Writes reproof.json into the run directory. Exit codes: 0 every window re-proved; 3 one was
    not, a logged margin is further than eta from the exact one, or the run went on after a sample outside its box; 5 re-proved, but
    `audit verify` finds the log broken; 2 it cannot be re-proved: an input is gone or changed, a record cannot be read, another model.
    """
    from .cli_reprove import print_reproof
    from .reprove import reprove_run

    with progress_bar() as bar:
        task = bar.add_task("re-proving", total=None)
        run = reprove_run(run_directory, from_s, to_s, processes, lambda done, of: bar.update(task, completed=done, total=of))
    print_reproof(run)
    raise typer.Exit(run.exit_code)


def say(text: str) -> None:
    """One line, whatever the terminal's width, without markup."""
    out.print(text, markup=False, soft_wrap=True, highlight=False)
