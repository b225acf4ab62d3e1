"""`primum bench fields`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .cli_common import out


def bench_fields_command(
    calibrations: Annotated[list[Path], typer.Argument(help="MPEM calibrations (YAML).", show_default=False)],
    points: Annotated[int, typer.Option(help="Random points of each workspace.", min=10)] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of the points.")] = 0,
) -> None:
    """Actuation matrices by us and by mag-manip, coils in air by us and by magpylib: processor time, and how far apart the answers are."""
    from verification.bench.fields import bench_fields

    table = Table("problem", "tool", "one, µs", f"{points} points, ms", "B apart, relative", "gradient apart", "note")
    for row in bench_fields(tuple(calibrations), points, seed):
        numbers = (row.one_us, row.many_ms, row.difference_B, row.difference_g5)
        texts = ("" if value is None else f"{value:.3g}" for value in numbers)
        table.add_row(row.problem, row.tool, *texts, row.note)
    out.print(table)
