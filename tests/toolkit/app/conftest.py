"""The run that everything looks at, once: the example through the command line; and the slow line, assembled once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.toolkit.app.runs import ATTEMPTS, EXAMPLE, Performed, line_procedure
from tests.toolkit.app.runs import primum as primum_process
from toolkit.app import cli, cli_common
from toolkit.app.assembly import Assembly, assemble
from toolkit.app.control_process import Outcome
from verification.run_directory import RunSummary

MISSES_SHARE = 0.005
Primum = Callable[..., tuple[int, str, str]]


@pytest.fixture
def primum(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Primum:
    """The command in this process: (exit code, stdout, stderr)."""
    monkeypatch.setenv("COLUMNS", "250")
    for console in (cli_common.out, cli_common.err):  # made when COLUMNS may have said something else
        monkeypatch.setattr(console, "width", 250)

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["primum", *map(str, words)])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        code = exit_.value.code
        return int(code) if code is not None else 0, *capsys.readouterr()

    return call


@pytest.fixture(scope="session")
def example() -> Assembly:
    """examples/procedures/psm_trace.yaml, assembled."""
    return assemble(EXAMPLE)


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """A slow line, assembled."""
    return line_procedure(tmp_path_factory.mktemp("line"))


class Recorded(Performed):
    """The run of the example, with what it printed."""

    stdout: str = ""
    stderr: str = ""
    summary: RunSummary


def lateness(summary: RunSummary) -> str:
    """In words, why a run says more about the machine's load than about the program; empty if it does not."""
    late = "missed in a row" in summary.reason or "setpoints behind" in summary.reason
    many = summary.deadline_misses > MISSES_SHARE * summary.cycles
    return f"{summary.deadline_misses} of {summary.cycles} periods missed: {summary.reason}" if late or many else ""


def run_by_command(procedure: Path, folder: Path) -> Recorded:
    """`primum run` in a process of its own.

    On a machine that others load, setpoints are late: three in a row stop a run as they should, and more than 0.5 % of all shift what
    it shows of usefulness. Only for these two reasons the run is made again, at most three times.
    """
    made = []
    for attempt in range(ATTEMPTS):
        directory = folder / f"run{attempt}"
        done = primum_process("run", str(procedure), "--out", str(directory), cwd=folder)
        assert (directory / "run.json").exists(), done.stderr
        summary = RunSummary.read(directory)
        made.append((directory, done, summary))
        if not lateness(summary):
            break
    else:  # all of them were late: one that completed says more than one that was stopped for it
        directory, done, summary = next((run for run in reversed(made) if run[2].status == "completed"), made[-1])
    run = Recorded(Path(directory), Outcome(summary.status, summary.reason, done.returncode))
    object.__setattr__(run, "stdout", done.stdout)
    object.__setattr__(run, "stderr", done.stderr)
    object.__setattr__(run, "summary", summary)
    return run


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """The example."""
    return run_by_command(EXAMPLE, tmp_path_factory.mktemp("recorded"))


@pytest.fixture(scope="session")
def short(line: Assembly, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """The slow line: a tenth of the example's cycles, for what does not depend on how many there are."""
    return run_by_command(Path(line.procedure.file), tmp_path_factory.mktemp("short"))


@pytest.fixture
def timely(recorded: Recorded) -> Recorded:
    """The run, if the machine let it be on time: each missed period takes half a second from the share of settled cycles."""
    if recorded.summary.status == "completed" and lateness(recorded.summary):
        pytest.skip(f"this machine is too busy to show how useful a run is: {lateness(recorded.summary)}")
    return recorded
