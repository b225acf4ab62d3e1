"""Which program this is, and on what: versions, commit, source hash, interpreter, libraries, the machine's arithmetic."""

import hashlib
import importlib
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np

_LIBRARIES = ("casadi", "numpy", "scipy", "piqp", "daqp", "llvmlite", "mujoco", "pydantic", "pyserial")
_PACKAGES = ("toolkit", "controllers", "safety", "devices", "verification")
_ROOT = Path(__file__).resolve().parents[2]


@cache
def git_commit() -> str:
    """The commit of the working tree this runs from, with "+changes" if it differs, or if git does not say that it does not.

    Empty when it is no checkout, or git does not name a commit. A file that git does not know counts as a change, whatever git's settings.
    """
    if not (_ROOT / ".git").exists():
        return ""
    commit = _git(_ROOT, "rev-parse", "--verify", "HEAD")
    if not commit:
        return ""
    status = _git(_ROOT, "status", "--porcelain", "--untracked-files=all", "--ignore-submodules=none")
    return commit if status == "" else f"{commit}+changes"


def _git(root: Path, *words: str) -> str | None:
    """What git says; None if it fails."""
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@cache
def source_sha256() -> str:
    """SHA-256 over the names and bytes of every Python, YAML and JSON file of the five packages: what really runs, committed or not."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((_ROOT / package).rglob("*")):
            if path.suffix in {".py", ".yaml", ".json"} and path.is_file():
                digest.update(f"{path.relative_to(_ROOT).as_posix()}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


@cache
def version_info() -> dict[str, str]:
    """Name -> version of everything that computes; empty where there is none. Two runs with equal ones are of the same build.

    source: see `source_sha256`. libm, blas, llvm: where the last bits of sines, matrix products and compiled graphs come from; cpu and
    cpu_flags: numpy, BLAS and LLVM choose their instructions by them.
    """
    return {
        "primum": _version("primum"),
        "git_commit": git_commit(),
        "source": source_sha256(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: _version(name) for name in _LIBRARIES},
        "libm": " ".join(platform.libc_ver()).strip(),
        "blas": _blas(),
        "llvm": _llvm(),
        **_cpu(),
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _blas() -> str:
    found = np.show_config(mode="dicts") or {}
    blas = found.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', '')} {blas.get('version', '')}".strip()


def _llvm() -> str:
    try:
        binding = importlib.import_module("llvmlite.binding")
    except ImportError:
        return ""
    return ".".join(str(part) for part in binding.llvm_version_info)


def _cpu() -> dict[str, str]:
    """The processor's name, and the first 16 digits of the SHA-256 of its features as Linux lists them."""
    name, flags = platform.processor() or platform.machine(), ""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {"cpu": name, "cpu_flags": ""}
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() in ("flags", "Features") and not flags:
            flags = hashlib.sha256(" ".join(sorted(value.split())).encode()).hexdigest()[:16]
    return {"cpu": name, "cpu_flags": flags}
