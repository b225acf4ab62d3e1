"""`primum audit keygen` and `primum audit acknowledge`: who vouches for logs, and who says that motion may go on after a log failed."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from toolkit import InvalidInput

from .cli_common import out


def keygen(
    name: Annotated[str, typer.Argument(help="Name of the key, such as hospital.example/rig-2.", show_default=False)],
    directory: Annotated[Path, typer.Option("--out", help="Where operator.key and operator.pub go; not a run directory.")] = Path(),
    runs: Annotated[int, typer.Option(help="For how many runs: each uses one.", min=1, max=100_000)] = 1000,
) -> None:
    """Make an operator key: operator.key for the machine that runs, operator.pub for whoever verifies.

    operator.key holds one certified key a run, and each run takes its own out and erases it, so who steals the file cannot sign what was.
    The key that certified them is forgotten before this command ends. Stolen, or used up: make another, and hand out the new operator.pub.
    """
    from safety.audit.operator_key import make_operator_key

    private, public = directory / "operator.key", directory / "operator.pub"
    key = make_operator_key(name, runs, private, public)
    say(f"{private}: {runs} run keys; keep it where only this machine's operator can read it, apart from run directories")
    say(f"{public}: {key}")


def acknowledge(
    reason: Annotated[str, typer.Option("--reason", help="Why motion may go on: what was looked at, what was found.", show_default=False)],
    operator: Annotated[str, typer.Option("--operator", help="Who says so; default: as for `primum run`.", show_default=False)] = "",
) -> None:
    """Allow enabling again after a log of this machine did not end in order. The next run's log says who did, and why."""
    from safety.audit.machine_state import acknowledge as acknowledge_logs

    from .log_options import LogOptions

    options = LogOptions.resolve(operator=operator)
    for log in acknowledge_logs(options.state, options.actor, reason):
        say(f"acknowledged by {options.operator}: {log.directory} (run {log.run})")


def witness(
    directory: Annotated[Path, typer.Option("--out", help="Where what is taken is kept, a file a run.", show_default=False)],
    host: Annotated[str, typer.Option(help="Address to listen at; a proxy in front of it may speak TLS.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0: any.", min=0, max=65535)] = 8800,
) -> None:
    """Be the witness of other machines' runs until Ctrl-C: take their checkpoints, keep them, never take one back.

    `primum run --witness http://HOST:PORT` sends them; `primum audit verify RUN --checkpoint DIRECTORY` compares.
    """
    from safety.audit.witness_server import witness_server

    try:
        server = witness_server(directory, host, port)
    except OSError as error:
        raise InvalidInput(f"{host}:{port}, {directory}: cannot be a witness: {error.strerror or error}") from error
    say(f"witness at http://{host}:{server.server_address[1]}, keeping checkpoints in {directory}")
    with suppress(KeyboardInterrupt):
        server.serve_forever()
    server.server_close()


def add_key_commands(app: typer.Typer) -> None:
    """Give `primum audit` the commands of this file."""
    app.command("keygen")(keygen)
    app.command("acknowledge")(acknowledge)
    app.command("witness")(witness)


def say(text: str) -> None:
    """One line, whatever the terminal's width, without markup."""
    out.print(text, markup=False, soft_wrap=True, highlight=False)
