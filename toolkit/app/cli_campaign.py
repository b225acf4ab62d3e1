"""`primum bench` and `primum campaign`: timings against peers, and the long forms of tests."""

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
