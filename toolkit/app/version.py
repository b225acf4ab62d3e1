"""Which program this is: version, commit, interpreter, libraries."""

import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

_LIBRARIES = ("casadi", "numpy", "piqp", "daqp", "mujoco", "pydantic", "pyserial")


@cache
def git_commit() -> str:
    """The commit of the working tree this runs from, with "+changes" if it differs; empty when it is not a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit + ("+changes" if commit and _git(root, "status", "--porcelain") else "")
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=10, check=False).stdout.strip()


def version_info() -> dict[str, str]:
    """Name -> version of everything that computes."""
    found = {"primum": _version("primum"), "git_commit": git_commit(), "python": platform.python_version(), "platform": platform.platform()}
    return {**found, **{name: _version(name) for name in _LIBRARIES}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
