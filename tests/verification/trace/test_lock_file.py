"""The lock names one version and the hashes of each package, or is refused with the line that does not."""

from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolkit import SpecificationError
from verification.trace.installed import project_requirements
from verification.trace.lock_file import LOCK_NAME, locked_here, read_lock

pytestmark = pytest.mark.requirement("CYB-009")
ROOT = Path(__file__).parents[3]
A, B = "a" * 64, "b" * 64
SOUND = f"""# a comment
One_Package==1.0 \\
    --hash=sha256:{B} \\
    --hash=sha256:{A}
    # via something
two==2.5 ; python_version < '3' \\
    --hash=sha256:{A}
two==3.0 ; python_version >= '3' \\
    --hash=sha256:{B}
"""


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / LOCK_NAME).write_text(text)
    return tmp_path / LOCK_NAME


def test_names_versions_markers_and_hashes_are_read(tmp_path: Path) -> None:
    one, old, new = read_lock(written(tmp_path, SOUND))
    assert (one.name, one.version, one.marker, one.hashes) == ("one-package", "1.0", "", (A, B))
    assert (old.version, new.version) == ("2.5", "3.0") and old.marker and new.marker


def test_of_two_versions_the_one_that_applies_here_counts(tmp_path: Path) -> None:
    here = locked_here(read_lock(written(tmp_path, SOUND)))
    assert {name: package.version for name, package in here.items()} == {"one-package": "1.0", "two": "3.0"}


def test_two_versions_that_both_apply_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, f"one==1.0 --hash=sha256:{A}\none==2.0 --hash=sha256:{B}\n")
    with pytest.raises(SpecificationError, match=r"one: 1\.0 and 2\.0 both apply"):
        locked_here(read_lock(path))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("one==1.0", "without a SHA-256"),
        (f"one==1.0 --hash=md5:{A[:32]}", "another kind of hash"),
        (f"one==1.0 --hash=sha256:{A[:63]}", "another kind of hash"),
        (f"one==1.0 --hash=sha256:{A} --hash=sha1:{A[:40]}", "another kind of hash"),
        (f"one>=1.0 --hash=sha256:{A}", "not locked to one version"),
        (f"one==1.0,<2 --hash=sha256:{A}", "not locked to one version"),
        (f"one --hash=sha256:{A}", "not locked to one version"),
        ("-e .", "not a requirement"),
        ("--index-url https://example.org", "not a requirement"),
    ],
)
def test_a_line_that_locks_nothing_is_refused_with_its_number(line: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match=rf"requirements\.lock:3: .*{words}"):
        read_lock(written(tmp_path, f"zero==1.0 \\\n    --hash=sha256:{B}\n{line}\n"))


def test_a_lock_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="make lock"):
        read_lock(tmp_path / LOCK_NAME)
    with pytest.raises(SpecificationError, match="no package is locked"):
        read_lock(written(tmp_path, "# nothing\n"))


def test_the_lock_of_this_project_holds_every_direct_dependency_in_an_allowed_version() -> None:
    here = locked_here(read_lock(ROOT / LOCK_NAME))
    _, requirements = project_requirements(ROOT)
    for text in (text for items in requirements.values() for text in items):
        wanted = Requirement(text)
        assert wanted.specifier.contains(here[canonicalize_name(wanted.name)].version), f"{text}: make lock"


def test_the_lock_is_closed_under_what_its_packages_require() -> None:
    here = locked_here(read_lock(ROOT / LOCK_NAME))
    for name in here:
        try:
            needed = [Requirement(text) for text in requires(name) or ()]
        except ModuleNotFoundError:
            continue  # an extra that is not installed here
        for requirement in needed:
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                assert canonicalize_name(requirement.name) in here, f"{name} needs {requirement.name}: make lock"
