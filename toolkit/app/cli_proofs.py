"""`primum verify`: prove what a procedure's guarantee rests on, and write certificates for the checker."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .cli_common import ProcedureFile, err, out

if TYPE_CHECKING:
    from verification.obligations.directory import Entry

_COLOURS = {"PROVED": "green", "REFUTED": "red", "UNKNOWN": "yellow"}


def verify_command(
    procedure: ProcedureFile,
    out_directory: Annotated[Path, typer.Option("--out", help="Where to; an interrupted proof is continued.", show_default=False)],
    seconds: Annotated[float, typer.Option(help="Time limit of each obligation.", min=0.1)] = 60.0,
    jobs: Annotated[int, typer.Option(help="Processes; 0: one per processor.", min=0)] = 0,
    engine: Annotated[str, typer.Option(help="Arithmetic: auto (C where it pays), C or numpy.")] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of the search for counterexamples.", min=0)] = 0,
) -> None:
    """Prove what a procedure's guarantee rests on: certificates and a summary, which `primum check` re-checks without this code.

    Verdicts: PROVED, REFUTED with a configuration, UNKNOWN. A region marked `prove:` may well be REFUTED: the shield enforces it anyway.
    """
    from toolkit import InvalidInput
    from verification.obligations import ProofDirectory, prove_all
    from verification.obligations.obligation import Effort

    from .assembly import assemble
    from .proofs import assumed_of, obligations_of
    from .proved import bounds_in, proof_inputs_of, standoff_gain

    if engine not in ("auto", "C", "numpy"):
        raise InvalidInput(f"--engine {engine!r}: allowed are auto, C, numpy")
    if out_directory.exists() and not out_directory.is_dir():
        raise InvalidInput(f"--out {out_directory}: not a directory")
    assembly = assemble(procedure)
    inputs = proof_inputs_of(assembly)
    obligations = obligations_of(assembly, inputs)
    directory = ProofDirectory(out_directory, inputs, procedure)
    effort = Effort(engine, seconds, seed)  # type: ignore[arg-type]  # one of the three, as has just been checked
    with _bars() as bars:
        tasks = [bars.add_task(obligation.id, total=1.0) for obligation in obligations]
        entries = prove_all(
            obligations, directory, effort, jobs or os.cpu_count() or 1, lambda k, share: bars.update(tasks[k], completed=share)
        )
    assumed = assumed_of(assembly)
    directory.finish(entries, assumed)
    out.print(_table(entries))
    bounds = [bounds_in(json.loads((out_directory / e.file).read_bytes())) for e in entries if e.file]
    for point, (rest_m, fast_m) in standoff_gain(assembly, {name: K for found in bounds for name, K in found.items()}).items():
        out.print(f"stand-off of {point} against analytic bounds: {-rest_m * 1e6:+.2f} µm at rest, {-fast_m * 1e6:+.1f} µm at full speed")
    out.print("assumed, or not proved:")
    for text in assumed:
        out.print(f"  - {text}", markup=False, soft_wrap=True)
    out.print(f"re-check all of it: primum check {out_directory}", markup=False, soft_wrap=True)


def check_command(
    directory: Annotated[Path, typer.Argument(help="Proofs directory, as written by `primum verify`.", show_default=False)],
    jobs: Annotated[int, typer.Option(help="Processes; 0: one per processor.", min=0)] = 0,
) -> None:
    """Re-check a proofs directory with the independent checker: Arb balls, exact rationals, and none of the code that made the proofs.

    The same as `python -m verification.checker DIRECTORY`. Exit codes: 0 everything accepted, 3 something rejected, 2 nothing to read.
    """
    from toolkit import InvalidInput
    from verification.checker import RejectedError, check_directory, input_hashes

    rejected = 0
    try:
        for role, digest in input_hashes(directory).items():
            out.print(f"input {role} {digest}", markup=False, highlight=False, soft_wrap=True)
        for verdict in check_directory(directory, jobs or os.cpu_count() or 1):
            out.print(str(verdict), markup=False, highlight=False, soft_wrap=True, style=None if verdict.accepted else "red")
            rejected += not verdict.accepted
    except (OSError, RejectedError) as error:
        raise InvalidInput(f"{directory}: {error}") from error
    raise typer.Exit(3 if rejected else 0)


def _bars() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=err, transient=True)


def _table(entries: "list[Entry]") -> Table:
    table = Table("obligation", "verdict", "time", "size", "rests on", "what is claimed", show_lines=True)
    for e in entries:
        word: Any = e.verdict.value
        size = f"{e.size / 1024:.1f} KB" if e.file else "none"
        claim = f"{e.obligation.sentence}\n{e.detail}" + (f"\n{e.file}" if e.file else "")
        row = (e.obligation.id, f"[{_COLOURS[word]}]{word}[/]", f"{e.seconds:.2f} s", size, ", ".join(e.obligation.assumptions))
        table.add_row(*row, claim.replace("[", r"\["))
    return table
