"""`primum selftest`: may this system be armed, by what was measured?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from .cli_common import out

if TYPE_CHECKING:
    from .selftest import SelftestResult


def selftest_command(
    file: Annotated[Path, typer.Argument(help="Self-test file (YAML, kind: selftest).", show_default=False)],
    out_directory: Annotated[Path | None, typer.Option("--out", help="Directory for selftest.json and a picture.")] = None,
) -> None:
    """Compare measured fields and resistances with the calibration, before arming. Touches no device.

    Exit code 0 if it would arm, 3 if it refuses (every reason is printed), 2 if the file or one it names is wrong.
    """
    from .selftest import run_selftest
    from .selftest_results import PICTURE, RESULT, write_selftest

    result = run_selftest(file)
    out.print(_table(result))
    for sentence in result.not_shown:
        out.print(f"not shown: {sentence}", markup=False, soft_wrap=True, highlight=False)
    for reason in result.reasons:
        out.print(f"refused: {reason}", markup=False, soft_wrap=True, highlight=False)
    if out_directory is not None:
        write_selftest(result, out_directory)
        out.print(f"written: {out_directory / RESULT}, {out_directory / PICTURE}", markup=False, soft_wrap=True, highlight=False)
    out.print("[bold green]ARMS[/]" if result.arms else "[bold red]DOES NOT ARM[/]")
    raise typer.Exit(0 if result.arms else 3)


def _table(result: "SelftestResult") -> Table:
    found, accepted = result.field, result.test.field
    gain = f"{accepted.gain[0]:g} to {accepted.gain[1]:g}"
    table = Table("what", "found", "accepted", title=result.test.title)
    left_out = f", {result.left_out} outside the workspace left out" if result.left_out else ""
    table.add_row(
        "measured", f"{found.rows} fields at {found.positions} positions{left_out}", f"{accepted.positions_min} positions or more"
    )
    table.add_row("overall gain", f"{found.gain:.3f}", gain)
    for k, name in enumerate(result.model.coil_names):
        table.add_row(f"gain of {name}", "not told" if found.coil_gains is None else f"{found.coil_gains[k]:.3f}", gain)
    table.add_row("residual", f"{found.residual:.1%}", f"{accepted.residual_max:.1%} or less")
    table.add_row("residual with a gain for each coil", _percent(found.residual_of_coil_gains), "")
    table.add_row("residual with a free 3 × 3 map", _percent(found.residual_of_map), "")
    if result.resistance is not None and result.test.resistance.accepted is not None:
        tolerance = f"± {result.test.resistance.accepted.tolerance:.1%}"
        each = zip(result.resistance.names, result.resistance.measured_ohm, result.resistance.expected_ohm, strict=True)
        for name, measured, expected in each:
            table.add_row(f"resistance of {name}", f"{measured:.4g} ohm", f"{expected:.4g} ohm {tolerance}")
    return table


def _percent(value: float | None) -> str:
    return "not told" if value is None else f"{value:.1%}"
