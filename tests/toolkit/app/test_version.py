"""Which build computes: every file that runs counts, and nothing is left out silently."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.app import version
from toolkit.app.version import git_commit, source_sha256, version_info


def test_every_part_that_computes_is_named() -> None:
    found = version_info()
    assert found["primum"] and len(found["source"]) == 64 and found["cpu"]
    for name in ("numpy", "casadi", "daqp", "python", "blas", "libm"):
        assert found[name], name
    assert all(isinstance(value, str) for value in found.values())


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "safety").mkdir()
    (tmp_path / "safety" / "shield.py").write_text("K = 1\n")
    monkeypatch.setattr(version, "_ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("change", ["edit", "add", "rename", "data"])
def test_any_change_of_a_source_file_is_another_build(tree: Path, change: str) -> None:
    before = source_sha256.__wrapped__()
    file = tree / "safety" / "shield.py"
    if change == "edit":
        file.write_text("K = 0\n")
    elif change == "add":
        (tree / "safety" / "more.py").write_text("")
    elif change == "rename":
        file.rename(tree / "safety" / "shield2.py")
    else:
        (tree / "safety" / "data.yaml").write_text("a: 1\n")
    assert source_sha256.__wrapped__() != before
    (tree / "safety" / "notes.txt").write_text("not a part")
    after = source_sha256.__wrapped__()
    (tree / "safety" / "notes.txt").write_text("still not")
    assert source_sha256.__wrapped__() == after


def git(tree: Path, *words: str) -> str:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    environment = os.environ | identity | isolated
    return subprocess.run(["git", *words], cwd=tree, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tree: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "one")
    return tree


def untracked(tree: Path) -> None:
    (tree / "safety" / "extra.py").write_text("x = 1\n")


def untracked_and_hidden(tree: Path) -> None:
    untracked(tree)
    git(tree, "config", "status.showUntrackedFiles", "no")


def untracked_deep_down(tree: Path) -> None:
    (tree / "new" / "room").mkdir(parents=True)
    (tree / "new" / "room" / "extra.py").write_text("")


def modified(tree: Path) -> None:
    (tree / "safety" / "shield.py").write_text("K = 0\n")


def broken_index(tree: Path) -> None:
    index = tree / ".git" / "index"
    index.write_bytes(index.read_bytes()[:40])


@pytest.mark.requirement("AUD-015", "AUD-031")
@pytest.mark.parametrize("change", [None, untracked, untracked_and_hidden, untracked_deep_down, modified, broken_index])
def test_a_tree_is_clean_only_if_git_says_so(checkout: Path, change: Callable[[Path], None] | None) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    if change is not None:
        change(checkout)
    assert git_commit.__wrapped__() == commit + ("+changes" if change is not None else "")


def test_a_checkout_without_a_commit_or_without_git_has_no_commit(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git_commit.__wrapped__() == ""
    (tree / ".git").mkdir()
    assert git_commit.__wrapped__() == ""
    monkeypatch.setenv("PATH", str(tree))
    assert git_commit.__wrapped__() == ""
