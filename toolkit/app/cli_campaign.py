"""`primum bench` and `primum campaign`: timings against peers, and the long forms of tests."""

from pathlib import Path
from typing import Annotated

import typer

from .cli_common import ProcedureFile, out, progress_bar

bench_app = typer.Typer(help="Timings against peers, in the same run on the same problem.", no_args_is_help=True)
campaign_app = typer.Typer(help="Long tests that `make test` runs a short version of.", no_args_is_help=True)


@bench_app.command("mpc")
def bench_mpc_command(
    procedure: ProcedureFile,
    steps: Annotated[int, typer.Option(help="Closed-loop steps.", min=20)] = 200,
    start_s: Annotated[float, typer.Option(help="Where on the procedure's path to begin, in seconds.", min=0.0)] = 5.0,
) -> None:
    """Real-time iteration against CasADi Opti + IPOPT and do-mpc (extra: dev): a procedure's path, the same problem for all three."""
    from .assembly import assemble
    from .bench import bench_procedure

    out.print(bench_procedure(assemble(procedure), steps, start_s).table(), markup=False)


@campaign_app.command("tamper")
def campaign_tamper(
    cases: Annotated[int, typer.Option(help="How many tamperings.", min=1)] = 5_000,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
) -> None:
    """Tamper with logs at random; the offline verifier must find each and say where. Exit code 3 if it misses one."""
    from verification.campaign import run_tamper_campaign

    with progress_bar() as bar:
        task = bar.add_task("tamperings", total=cases)
        result = run_tamper_campaign(cases, seed, lambda done: bar.update(task, completed=done))
    out.print(str(result), markup=False, soft_wrap=True)
    raise typer.Exit(0 if result.ok else 3)


@bench_app.command("audit")
def bench_audit_command(
    directory: Annotated[Path, typer.Option("--out", help="New directory on the disk to measure; its files stay.", show_default=False)],
    rate_hz: Annotated[float, typer.Option(help="Records handed over a second.", min=1.0)] = 5000.0,
    seconds: Annotated[float, typer.Option(help="How long for the log; at most 10 s for its peers.", min=0.1)] = 60.0,
    plan: Annotated[int, typer.Option(help="Rows of plan in a record: 2 for about 1.7 kB, 9 for a run's 2.4 kB.", min=1, max=40)] = 2,
) -> None:
    """The log against SQLite (WAL, FULL) and one fsync an event: the same cycle records, the same disk, in the same run."""
    from verification.bench import bench_audit

    from .run import new_directory

    new_directory(directory)
    out.print(bench_audit(directory, rate_hz, seconds, plan).table(), markup=False, soft_wrap=True)


@campaign_app.command("kill")
def campaign_kill(
    cases: Annotated[int, typer.Option(help="How many kills.", min=1)] = 500,
    seed: Annotated[int, typer.Option(help="Seed of the instants.")] = 0,
) -> None:
    """kill -9 of log writer, control process, or both, at random instants: nothing acknowledged may be lost. Exit code 3 if it is."""
    from verification.campaign import run_kill_campaign

    with progress_bar() as bar:
        task = bar.add_task("kills", total=cases)
        result = run_kill_campaign(cases, seed, lambda done: bar.update(task, completed=done))
    out.print(str(result), markup=False)
    raise typer.Exit(0 if result.ok else 3)


@bench_app.command("proofs")
def bench_proofs_command(seconds: Annotated[float, typer.Option(help="Limit for each tool on each property.", min=0.1)] = 45.0) -> None:
    """Our prover (numpy, C) beside z3, codac and dReal where they are installed: static properties of a PSM with three and six joints."""
    from rich.table import Table

    from verification.bench import ProofTiming, bench_proofs

    table = Table("property", "tool", "answer", "CPU s", "leaves")

    def show(timing: ProofTiming) -> None:
        cpu = "" if timing.cpu_s is None else f"{timing.cpu_s:.3f}"
        table.add_row(timing.problem, timing.tool, timing.answer, cpu, str(timing.leaves or ""))

    bench_proofs(seconds, done=show)
    out.print(table)


@campaign_app.command("kernels")
def campaign_kernels(
    boxes: Annotated[int, typer.Option(help="Boxes for each operation.", min=1)] = 1_000_000,
    seed: Annotated[int, typer.Option(help="First seed.")] = 0,
) -> None:
    """Every operation of both kernels against 200-bit Arb, over boxes of every kind. Exit code 3 if a point escapes its enclosure."""
    from verification.campaign.kernels import run_kernel_campaign

    with progress_bar() as bar:
        task = bar.add_task("operations", total=1.0)
        result = run_kernel_campaign(boxes, seed, lambda share: bar.update(task, completed=share))
    out.print(str(result), markup=False)
    raise typer.Exit(0 if result.ok else 3)


@campaign_app.command("shield")
def campaign_shield(
    cases: Annotated[int, typer.Option(help="How many cases.", min=1)] = 100_000,
    seed: Annotated[int, typer.Option(help="First seed.")] = 0,
) -> None:
    """Plans against an adversarial device: no certified plan may violate a constraint. Exit code 3 if one does, or if vacuous."""
    from verification.campaign import run_shield_campaign

    with progress_bar() as bar:
        task = bar.add_task("cases", total=cases)
        result = run_shield_campaign(cases, seed, lambda done: bar.update(task, completed=done))
    out.print(str(result), markup=False)
    raise typer.Exit(0 if result.ok else 3)


@campaign_app.command("forgeries")
def campaign_forgeries(
    cases: Annotated[int, typer.Option(help="How many forged directories.", min=1)] = 5_000,
    seed: Annotated[int, typer.Option(help="Seed of the choice of forgeries.")] = 0,
) -> None:
    """Forged certificates against the checker: nothing false or incomplete may be accepted. Exit code 3 if it is, or if vacuous."""
    from verification.campaign import run_forgeries

    with progress_bar() as bar:
        task = bar.add_task("forgeries", total=cases)
        result = run_forgeries(cases, seed, lambda done: bar.update(task, completed=done))
    out.print(str(result), markup=False)
    raise typer.Exit(0 if result.ok else 3)


@campaign_app.command("vessel")
def campaign_vessel(
    calibration: Annotated[Path, typer.Argument(help="MPEM calibration (YAML) of eight coils.", show_default=False)],
    seeds: Annotated[int, typer.Option(help="How many seeds, each with the right pulse rate and with one 2 % wrong.", min=1)] = 20,
    seconds: Annotated[float, typer.Option(help="Length of a run.", min=4.0)] = 60.0,
) -> None:
    """A bead pulled through a pulsating vessel by coils that are not as calibrated. Exit code 3 if path, wall or a limit is not kept."""
    from verification.campaign.vessel import VesselCase, run_vessel_campaign

    def show(right: VesselCase, wrong: VesselCase) -> None:
        out.print(f"{right}\n  told 2 % too high: {wrong}", markup=False, soft_wrap=True, highlight=False)

    found = run_vessel_campaign(range(seeds), calibration, seconds, show)
    raise typer.Exit(0 if all(right.ok for right, _ in found) else 3)


@campaign_app.command("swimmer")
def campaign_swimmer(
    calibration: Annotated[Path, typer.Argument(help="MPEM calibration (YAML) of eight coils.", show_default=False)],
    seeds: Annotated[int, typer.Option(help="How many seeds, each with all three steerers.", min=1)] = 3,
    turn_s: Annotated[float, typer.Option("--turn", help="Seconds for the figure: the helix can do it in about 45.", min=4.0)] = 60.0,
) -> None:
    """A helix on a figure of eight: MPC, a PID with a box, and the same with clipped currents. Exit code 3 if MPC does not keep all."""
    from verification.campaign.swimmer import SwimmerCase, run_swimmer_campaign

    def show(case: SwimmerCase) -> None:
        out.print(str(case), markup=False, soft_wrap=True, highlight=False)

    found = run_swimmer_campaign(range(seeds), calibration, turn_s, show)
    raise typer.Exit(0 if all(case.ok for case in found if case.steerer == "mpc") else 3)
