"""The `primum` command. Every subcommand prints what it did and where; errors are one message on stderr and an exit code."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from toolkit import AuditFault, InvalidInput, ToolkitError

from .cli_audit import audit_app
from .cli_audit_keys import add_key_commands
from .cli_audit_sign import add_sign_commands
from .cli_campaign import bench_app, campaign_app
from .cli_common import ProcedureFile, err, out, progress_bar
from .cli_fields import bench_fields_command
from .cli_proofs import check_command, verify_command
from .cli_report import report, say_where, summary_table
from .cli_robot import run_robot_command, validate_robot, validate_selftest
from .cli_selftest import selftest_command
from .cli_trace import sbom, trace

app = typer.Typer(
    help="Certified control of surgical arms. Exit codes: 0 done, 2 bad input, 3 stopped by safety or the operator, "
    "4 device fault, 5 audit fault.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
devices_app = typer.Typer(help="Devices on a line. Nothing here moves anything.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
add_key_commands(audit_app)
add_sign_commands(audit_app)
app.add_typer(devices_app, name="devices")
app.add_typer(bench_app, name="bench")
app.add_typer(campaign_app, name="campaign")


@app.command()
def run(
    procedure: ProcedureFile,
    out_directory: Annotated[Path, typer.Option("--out", help="New directory for log, figures and report.", show_default=False)],
    view: Annotated[bool, typer.Option("--view", help="Open the live 3-D view in a browser (extra: view).")] = False,
    proofs: Annotated[Path | None, typer.Option(help="Proofs of this procedure: checked, then used by the shield.")] = None,
    operator_key: Annotated[Path | None, typer.Option(help="Key file that vouches for the log (`primum audit keygen`).")] = None,
    second_place: Annotated[Path | None, typer.Option(help="Directory that takes every checkpoint of the log a second time.")] = None,
    witness: Annotated[str, typer.Option(help="URL that takes every checkpoint as it is made (`primum audit witness`).")] = "",
    operator: Annotated[str, typer.Option(help="Who runs it; default: the operating system's user.")] = "",
    subject: Annotated[str, typer.Option(help="Pseudonym, such as STUDY-0042. Never a patient's name.")] = "",
    reason: Annotated[str, typer.Option(help="Why it is run, for the log.")] = "",
) -> None:
    """Run a procedure: check it, enable the device, do its steps, disable; then write run.json and report.html.

    Ctrl-C stops the arm along its certified plan, disables it and exits with 3; of a micro-robot it takes the currents to zero.
    """
    from toolkit.procedure.kind import ARM, SELFTEST, kind_of

    from .assembly import assemble
    from .log_options import LogOptions, who_vouches
    from .proved import assemble_proved, read_proofs
    from .results import write_results
    from .run import run_procedure

    options, kind = LogOptions.resolve(operator, operator_key, second_place, subject, reason, witness), kind_of(procedure)
    if kind == SELFTEST:
        raise InvalidInput(f"{procedure}: a self-test moves nothing: `primum selftest {procedure}`")
    if kind != ARM:
        if view or proofs is not None:
            raise InvalidInput("--view, --proofs: of an arm's run only; no certificate exists for a micro-robot's")
        run_robot_command(procedure, out_directory, options)
    record = None if proofs is None else read_proofs(proofs)
    assembly = assemble(procedure) if record is None else assemble_proved(procedure, record)
    with progress_bar() as bar:
        task = bar.add_task("starting", total=len(assembly.procedure.steps))
        viewed = (lambda url: out.print(f"view: {url}", markup=False, soft_wrap=True)) if view else None
        result = run_procedure(procedure, out_directory, lambda status: _show(bar, task, status), assembly, viewed, options, record)
    if not (out_directory / "audit" / "000000.jsonl").exists():
        raise AuditFault(f"there is no log, so nothing was enabled: {result.outcome.reason}")
    summary = write_results(assembly, out_directory, result.outcome)
    out.print(summary_table(summary))
    if record is None:
        out.print("[bold yellow]UNPROVED[/]: no certificate was checked for this run; the report lists what rests on statements and tests.")
    else:
        out.print(f"proofs: {record}", markup=False)
    out.print(f"log: {who_vouches(out_directory / 'audit')}", markup=False, soft_wrap=True)
    if summary.reason:
        err.print(f"{summary.status}: {summary.reason}", markup=False, style="red")
    say_where(out_directory / "report.html")
    raise typer.Exit(summary.exit_code)


@app.command()
def validate(procedure: ProcedureFile) -> None:
    """Check a procedure and everything it names: schema, data, profile, tube, start, reach. Touches no device."""
    from toolkit.procedure.kind import ARM, SELFTEST, kind_of

    from .assembly import assemble

    if (kind := kind_of(procedure)) != ARM:
        (validate_selftest if kind == SELFTEST else validate_robot)(procedure)
        return
    assembly = assemble(procedure)
    table = Table("what", "value", title=assembly.procedure.title)
    table.add_row("arm", f"{assembly.arm.name}, {assembly.profile.name}")
    for constraint in assembly.procedure.constraints:
        table.add_row("constraint", f"{constraint.name} ({constraint.type})")
    table.add_row("steps", ", ".join(step.word for step in assembly.procedure.steps))
    for name, digest in assembly.hashes.items():
        table.add_row(f"{name} SHA-256", digest)
    out.print(table)
    for difference in assembly.arm.limits.differences:
        out.print(f"note: {difference}", markup=False, soft_wrap=True)
    out.print("valid")


app.command("verify")(verify_command)
app.command("check")(check_command)
bench_app.command("fields")(bench_fields_command)
app.command("selftest")(selftest_command)
app.command()(report)
app.command()(trace)
app.command()(sbom)


@app.command("identify-tube")
def identify_tube_command(
    profile: Annotated[Path, typer.Argument(help="Device profile (YAML).", show_default=False)],
    out_file: Annotated[Path | None, typer.Option("--out", help="Tube file; default: where the profile says.")] = None,
    cycles: Annotated[int, typer.Option(help="Servo periods to drive, about.", min=1000)] = 12_000,
    seed: Annotated[int, typer.Option(help="Seed of the motion.")] = 1,
    yes: Annotated[bool, typer.Option("--yes", help="I have cleared the room: drive a real arm without asking.")] = False,
) -> None:
    """Measure the tracking tube e over the command class: full speed, abrupt holds, lost setpoints. The arm moves, in free space."""
    from devices import identify_tube, load_profile
    from safety import identification_command
    from safety.audit.machine_state import machine_state_directory, refuse_unresolved

    refuse_unresolved(machine_state_directory())
    loaded = load_profile(profile)
    if not loaded.is_simulated and not yes:
        typer.confirm(f"{loaded.name} will move over its whole range at full speed. Is the room clear?", abort=True)
    with progress_bar() as bar:
        task = bar.add_task("identifying", total=cycles)
        tube = identify_tube(
            loaded,
            lambda ticks: identification_command(ticks, loaded.tick_map, loaded.joint_lower, loaded.joint_upper),
            cycles=cycles,
            seed=seed,
            out=out_file,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    table = Table("joint", "e", "monitored at", title=f"w = {tube.window} setpoints, {tube.losses_max} of them may be lost")
    for name, e, monitor in zip(loaded.joint_names, tube.e, tube.e_monitor, strict=True):
        table.add_row(name, f"{e:.3g}", f"{monitor:.3g}")
    out.print(table)
    out.print(f"written: {out_file or loaded.tube_path}", markup=False, soft_wrap=True)


@app.command()
def doctor() -> None:
    """What this machine offers: libraries, real-time scheduling, clock, disk."""
    from .doctor import examine

    table = Table("what", "found", "meaning")
    for finding in examine():
        table.add_row(finding.what, finding.found, finding.meaning)
    out.print(table)


@devices_app.command("probe")
def devices_probe(profile: Annotated[Path, typer.Argument(help="Device profile (YAML).", show_default=False)]) -> None:
    """List the servos of a profile's line with models and modes. Writes nothing, never enables torque."""
    from .device_list import probe_profile

    table = Table("id", "model", "firmware", "mode", "torque", "position, ticks", "error", "supply, V", "°C")
    for row in probe_profile(profile):
        table.add_row(*row)
    out.print(table)


@devices_app.command("list")
def devices_list() -> None:
    """Serial ports of this machine, and the arm models that are shipped."""
    from .device_list import arm_models, serial_ports

    for port in serial_ports() or ["no serial port found"]:
        out.print(port, markup=False)
    out.print("arm models: " + ", ".join(arm_models()), markup=False)


def main() -> None:
    """Entry point: a ToolkitError becomes one message and its exit code; anything else is a bug and keeps its traceback."""
    try:
        app()
    except ToolkitError as error:
        err.print(f"refused: {error}", markup=False, style="red", soft_wrap=True)
        for note in getattr(error, "__notes__", []):
            err.print(note, markup=False, soft_wrap=True)
        sys.exit(error.exit_code)


def _show(bar: Progress, task: Any, status: dict[str, Any]) -> None:
    counts = "  ".join(f"{name} {count}" for name, count in sorted(status["counts"].items()))
    bar.update(task, completed=status["step"], description=f"{status['word']:<10} {status['t_s']:6.1f} s  {counts}")
