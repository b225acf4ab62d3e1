"""`primum run` and `primum validate` of a micro-robot procedure."""

from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from toolkit import AuditFault

from .cli_common import err, out, progress_bar
from .cli_report import say_where, summary_table
from .log_options import LogOptions, who_vouches


def run_vessel_command(procedure: Path, out_directory: Path, options: LogOptions) -> None:
    """Check it, test the coils, find the bead, arm, follow the path, let the currents go; then write run.json and report.html."""
    from .vessel_assembly import assemble_vessel
    from .vessel_results import write_vessel_results
    from .vessel_run import run_vessel

    assembly = assemble_vessel(procedure)
    duration_s = assembly.procedure.path.duration_s
    with progress_bar() as bar:
        task = bar.add_task("testing coils, looking for the bead", total=duration_s)

        def show(status: dict[str, Any]) -> None:
            counts = "  ".join(f"{name} {count}" for name, count in sorted(status["counts"].items()))
            bar.update(task, completed=max(0.0, status["t_s"]), description=f"{status['t_s']:6.1f} of {duration_s:g} s  {counts}")

        result = run_vessel(procedure, out_directory, show, assembly, options)
    if not (out_directory / "audit" / "000000.jsonl").exists():
        raise AuditFault(f"there is no log, so nothing was armed: {result.outcome.reason}")
    summary = write_vessel_results(assembly, out_directory, result.outcome)
    out.print(summary_table(summary))
    out.print(
        "[bold yellow]UNPROVED[/]: no certificate exists for a micro-robot's run; the report lists what rests on statements and tests."
    )
    out.print(f"log: {who_vouches(out_directory / 'audit')}", markup=False, soft_wrap=True)
    if summary.reason:
        err.print(f"{summary.status}: {summary.reason}", markup=False, style="red", soft_wrap=True)
    say_where(out_directory / "report.html")
    raise typer.Exit(summary.exit_code)


def validate_vessel(procedure: Path) -> None:
    """Everything that can be refused without a device: files, vessel, path, limits, authority."""
    from .vessel_assembly import assemble_vessel
    from .vessel_parts import authority_of, coil_layer

    assembly = assemble_vessel(procedure)
    coil_layer(assembly)
    found = authority_of(assembly)
    stated = assembly.procedure
    table = Table("what", "value", title=stated.title)
    table.add_row("coils", f"{assembly.profile.name}, {assembly.profile.n}; calibration {assembly.model.name}")
    table.add_row("bead", f"{stated.bead.radius_m * 1e6:g} µm, {stated.bead.density_kg_m3:g} kg/m³")
    table.add_row("vessel", ", ".join(f"{part.name} {part.radius_m * 1e3:g} mm" for part in stated.vessel))
    table.add_row("path", f"{stated.path.line}, {stated.path.duration_s:g} s")
    room = f"{1e3 * float(found.room_m.min()):.2g} mm nearer to the wall allowed than R2 needs"
    force = f"{1e9 * float(found.force_N.min()):.3g} nN more than R1 needs"
    table.add_row("authority", f"{room}; {force}; hottest coil {found.steady_C:.0f} °C")
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
