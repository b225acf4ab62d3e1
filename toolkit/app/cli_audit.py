"""`primum audit`: the log of a run."""

import typer

from .cli_common import RunDirectory, out

audit_app = typer.Typer(help="The log of a run.", no_args_is_help=True)


@audit_app.command("verify")
def audit_verify(run_directory: RunDirectory) -> None:
    """Check the hash chain of a run's log. Exit code 5 if a record was edited, inserted, deleted, reordered or cut off."""
    from safety.audit import verify

    directory = run_directory / "audit" if (run_directory / "audit").is_dir() else run_directory
    result = verify(directory)
    out.print(str(result), markup=False, soft_wrap=True)
    raise typer.Exit(0 if result.ok else 5)
