"""The recorder of test evidence, watched from outside: a session of its own in another process, and what it left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.requirement_marks import ROOT
from verification.trace import Evidence, read_evidence

pytestmark = pytest.mark.requirement("CYB-013")

TESTS = """
import time
import pytest

pytestmark = pytest.mark.requirement("SAF-001")

def test_passes(): time.sleep(0.02)
@pytest.mark.requirement("SAF-002")
@pytest.mark.parametrize("x", [1, 2])
def test_fails_at_two(x): assert x == 1, "two is too many"
def test_skips(): pytest.skip("no such device")
@pytest.mark.xfail(strict=True, reason="known")
def test_is_expected_to_fail(): assert False
@pytest.mark.xfail(reason="thought known")
def test_passes_unexpectedly(): pass
@pytest.fixture
def broken():
    yield
    raise OSError("tear-down failed")
def test_fails_after_passing(broken): pass
"""


def session(folder: Path, *words: str, tests: str = TESTS, **environment: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """pytest over `tests` in a folder of its own, with the two plugins of this project and its strictness."""
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = requirement(id, ...): x\naddopts = --strict-markers\n")
    (folder / "test_it.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.requirement_marks", "-p", "tests.evidence_recorder"]
    command += ["-p", "no:cacheprovider", "--rootdir", str(folder), "-c", str(folder / "pytest.ini"), str(folder / "test_it.py")]
    done = subprocess.run(
        [*command, "--evidence", str(folder / "out"), *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done, folder / "out"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    done, out = session(tmp_path_factory.mktemp("session"), PRIMUM_TESTER="A. Tester")
    assert done.returncode == 1, done.stdout
    return read_evidence(out)[0]


def test_every_outcome_is_told_with_its_reason(recorded: Evidence) -> None:
    found = {test.node_id.partition("::")[2]: (test.outcome, test.reason) for test in recorded.tests}
    assert found == {
        "test_passes": ("passed", ""),
        "test_fails_at_two[1]": ("passed", ""),
        "test_fails_at_two[2]": ("failed", "AssertionError: two is too many"),
        "test_skips": ("skipped", "no such device"),
        "test_is_expected_to_fail": ("xfailed", "known"),
        "test_passes_unexpectedly": ("xpassed", "thought known"),
        "test_fails_after_passing": ("failed", "OSError: tear-down failed"),
    }


def test_requirements_and_durations_are_those_of_the_test(recorded: Evidence) -> None:
    found = {test.node_id.partition("::")[2]: test for test in recorded.tests}
    assert found["test_passes"].requirements == ("SAF-001",) and found["test_fails_at_two[2]"].requirements == ("SAF-001", "SAF-002")
    assert found["test_passes"].duration_s >= 0.02


def test_it_says_what_where_with_what_and_by_whom(recorded: Evidence) -> None:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    assert recorded.product.name == "primum" and recorded.product.git_commit == commit
    assert recorded.product.dirty or commit
    assert recorded.tools["python"].startswith("CPython") and recorded.tools["pytest"] == pytest.__version__
    assert (recorded.tester.name, recorded.tester.source) == ("A. Tester", "PRIMUM_TESTER")
    assert recorded.started_utc <= recorded.finished_utc and recorded.machine["cores"] == str(os.cpu_count())
    assert (recorded.complete, recorded.collected, recorded.deselected, recorded.exit_status) == (True, 7, 0, 1)


def test_tests_left_out_by_choice_are_counted(tmp_path: Path) -> None:
    _, out = session(tmp_path, "-k", "passes")
    found = read_evidence(out)[0]
    assert (found.collected, found.deselected, len(found.tests), found.complete) == (7, 5, 2, True)


def test_a_session_that_stops_at_the_first_failure_is_not_complete(tmp_path: Path) -> None:
    _, out = session(tmp_path, "-x")
    found = read_evidence(out)[0]
    assert not found.complete and len(found.tests) == 3


def test_a_file_that_cannot_be_collected_makes_the_session_incomplete(tmp_path: Path) -> None:
    done, out = session(tmp_path, tests="import no_such_module\n")
    assert done.returncode == 2 and not read_evidence(out)[0].complete


@pytest.mark.requirement("CYB-012")
def test_a_mark_that_means_nothing_ends_the_session_before_any_test(tmp_path: Path) -> None:
    marks = ('requirement("SAF-999")', "requirement()", 'requirement("SAF-001", id="SAF-002")')
    tests = "".join(f"@pytest.mark.{mark}\ndef test_{i}(): open('ran', 'w').close()\n" for i, mark in enumerate(marks))
    done, _ = session(tmp_path, tests=f"import pytest\n{tests}")
    assert done.returncode == 4 and "test_0: 'SAF-999' is no requirement" in done.stderr
    assert all(f"test_{i}: pytest.mark.requirement takes ids, at least one" in done.stderr for i in (1, 2))
    assert not (tmp_path / "ran").exists()
