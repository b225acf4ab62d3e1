"""The run that everything looks at, once: the example through the command line; and the slow line, assembled once."""

from pathlib import Path

import pytest

from tests.toolkit.app.runs import ATTEMPTS, EXAMPLE, Performed, line_procedure, primum
from toolkit.app.assembly import Assembly, assemble
from toolkit.app.control_process import Outcome
from verification.run_directory import RunSummary


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


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """`primum run` of the example in a process of its own.

    On a machine that others load, three setpoints in a row may be late; that stops a run as it should, and is no result. Only then the
    run is made again, at most twice.
    """
    folder = tmp_path_factory.mktemp("recorded")
    for attempt in range(ATTEMPTS):
        directory = folder / f"run{attempt}"
        done = primum("run", str(EXAMPLE), "--out", str(directory), cwd=folder)
        assert (directory / "run.json").exists(), done.stderr
        summary = RunSummary.read(directory)
        if "missed in a row" not in summary.reason:
            break
    run = Recorded(Path(directory), Outcome(summary.status, summary.reason, done.returncode))
    object.__setattr__(run, "stdout", done.stdout)
    object.__setattr__(run, "stderr", done.stderr)
    object.__setattr__(run, "summary", summary)
    return run
