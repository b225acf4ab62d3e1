"""`pytest --evidence DIR` writes test evidence: every result with its requirements, on which version, machine and tools, by whom.

Works with pytest-xdist: requirements travel with each report as a user property, and only the controlling process writes.
"""

import os
import platform
import subprocess
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tests.requirement_marks import ROOT, requirements_of
from toolkit.app.version import git_commit
from verification.trace import Evidence, Product, Tester, TestResult, write_evidence

PROPERTY = "primum.requirements"
SEVERITY = ("failed", "xpassed", "xfailed", "skipped", "passed")
REASON_LENGTH_MAX = 300


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--evidence", metavar="DIR", default=None, help="write test evidence (evidence.json and its SHA-256) into DIR")


def pytest_configure(config: pytest.Config) -> None:
    directory = config.getoption("--evidence")
    if directory is not None and not hasattr(config, "workerinput"):
        commit = git_commit()  # before the tests: they may write files
        config.pluginmanager.register(Recorder(Path(directory), commit), "primum-evidence")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.user_properties.append((PROPERTY, list(requirements_of(item))))


@dataclass(eq=False)  # pytest keeps plugins in sets
class Recorder:
    """Collects the reports of a session. A test's outcome is the worst of its phases, its duration their sum."""

    directory: Path
    commit: str
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    collected: int = 0
    deselected: int = 0
    errors: int = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.collected = len(items)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected += len(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.errors += report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        known = self.results.setdefault(report.nodeid, {"outcome": "passed", "duration_s": 0.0, "reason": ""})
        known["duration_s"] += report.duration
        known["requirements"] = properties.get(PROPERTY, [])
        outcome, reason = outcome_of(report)
        if SEVERITY.index(outcome) < SEVERITY.index(known["outcome"]):
            known["outcome"], known["reason"] = outcome, reason

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, Any, Any]:
        result = yield
        collected = max(self.collected, len(self.results) + self.deselected)
        whole = exitstatus in (0, 1) and self.errors == 0 and len(self.results) == collected - self.deselected
        selected = any(session.config.getoption(name) for name in ("keyword", "markexpr", "deselect"))
        if selected and session.config.getoption("numprocesses", None):
            whole = False  # what the processes of xdist leave out is not told to this one
        write_evidence(self.evidence(session.config, int(exitstatus), collected, complete=whole), self.directory)
        return result

    def evidence(self, config: pytest.Config, exit_status: int, collected: int, *, complete: bool) -> Evidence:
        commit, _, changes = self.commit.partition("+")
        return Evidence(
            schema="primum/test-evidence/1",
            product=Product(name="primum", version=version_of("primum"), git_commit=commit, dirty=bool(changes) or not commit),
            machine=machine(),
            tools=tools(),
            tester=tester(),
            command=tuple(str(word) for word in config.invocation_params.args),
            started_utc=self.started.isoformat(timespec="seconds"),
            finished_utc=datetime.now(UTC).isoformat(timespec="seconds"),
            collected=collected,
            deselected=self.deselected,
            complete=complete,
            exit_status=exit_status,
            tests=tuple(TestResult(node_id=node_id, **self.results[node_id]) for node_id in sorted(self.results)),
        )


def outcome_of(report: pytest.TestReport) -> tuple[str, str]:
    """pytest's report as one of the outcomes of test evidence, with the reason where there is one."""
    expected = getattr(report, "wasxfail", None)
    if report.skipped:
        where = report.longrepr
        said = where[2].removeprefix("Skipped: ") if isinstance(where, tuple) else str(where)
        return ("xfailed", expected[:REASON_LENGTH_MAX]) if expected is not None else ("skipped", said[:REASON_LENGTH_MAX])
    if report.failed:
        lines = [line for line in report.longreprtext.splitlines() if line.startswith("E ")] or report.longreprtext.splitlines()
        return "failed", lines[0].removeprefix("E").strip()[:REASON_LENGTH_MAX] if lines else "no message"
    return ("xpassed", expected[:REASON_LENGTH_MAX]) if expected is not None else ("passed", "")


def version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def tools() -> dict[str, str]:
    """Name -> version of the interpreter and of every installed package: what a person needs to repeat the tests."""
    installed = {str(found.metadata["Name"]).lower(): found.version for found in metadata.distributions()}
    return {"python": f"{platform.python_implementation()} {platform.python_version()}", **dict(sorted(installed.items()))}


def machine() -> dict[str, str]:
    cpu = ""
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "name": platform.node(),
        "system": platform.platform(),
        "architecture": platform.machine(),
        "processor": cpu,
        "cores": str(os.cpu_count() or 0),
    }


def tester() -> Tester:
    """PRIMUM_TESTER, else git's user name; nobody verifies either, and the evidence says where the name is from."""
    named = os.environ.get("PRIMUM_TESTER", "").strip()
    if named:
        return Tester(name=named, source="PRIMUM_TESTER")
    try:
        asked = subprocess.run(["git", "config", "user.name"], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return Tester(name="unknown", source="unknown")
    name = asked.stdout.strip()
    return Tester(name=name, source="git") if name else Tester(name="unknown", source="unknown")
