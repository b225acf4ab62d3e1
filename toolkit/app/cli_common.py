"""What every group of `primum` commands shares: the two consoles, the progress bar, the arguments that several commands take."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

out, err = Console(), Console(stderr=True)

ProcedureFile = Annotated[Path, typer.Argument(help="Procedure file (YAML).", show_default=False)]
RunDirectory = Annotated[Path, typer.Argument(help="Run directory, as written by `primum run --out`.", show_default=False)]


def progress_bar() -> Progress:
    """A progress bar on stderr that disappears when it is done."""
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    return Progress(*columns, console=err, transient=True)
