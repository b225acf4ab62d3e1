"""requirements.lock: every package that runs, at one version, with the SHA-256 of each artefact that may be installed.

The format is pip's (`name==version ; marker \\` and `--hash=sha256:…` lines), written by `make lock`, so that
`pip install --require-hashes -r requirements.lock` installs exactly what is listed.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from toolkit import SpecificationError

LOCK_NAME = "requirements.lock"
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})$")


@dataclass(frozen=True)
class LockedPackage:
    """name: normalised. marker: where it applies, empty for everywhere. hashes: SHA-256 in hex, sorted."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def read_lock(path: Path) -> tuple[LockedPackage, ...]:
    """Every entry of the lock, sorted by name and version.

    Raises:
        SpecificationError: it cannot be read; a line that is no pinned requirement, or one without a hash, with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(f"cannot be read: {error}; `make lock` writes it", file=str(path)) from error
    found: list[LockedPackage] = []
    entry = ""
    for number, line in enumerate(text.splitlines(), start=1):
        content = "" if line.lstrip().startswith("#") else line.strip()
        entry += " " + content.removesuffix("\\").strip()
        if not content.endswith("\\") and entry.strip():
            found.append(_parsed(entry.split(), str(path), number))
            entry = ""
    if not found:
        raise SpecificationError("no package is locked", file=str(path))
    return tuple(sorted(found, key=lambda package: (package.name, package.version)))


def _parsed(words: list[str], file: str, line: int) -> LockedPackage:
    hashes = [match[1] for word in words if (match := _HASH.match(word))]
    text = " ".join(word for word in words if not word.startswith("--hash="))
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise SpecificationError(f"{text!r}: not a requirement: {error}", file=file, line=line) from error
    pins = [specifier for specifier in requirement.specifier if specifier.operator == "=="]
    if len(pins) != 1 or len(requirement.specifier) != 1:
        raise SpecificationError(f"{text!r}: not locked to one version", file=file, line=line)
    if not hashes or len(hashes) != sum(word.startswith("--hash=") for word in words):
        raise SpecificationError(f"{requirement.name}: without a SHA-256, or with another kind of hash", file=file, line=line)
    marker = str(requirement.marker) if requirement.marker is not None else ""
    return LockedPackage(canonicalize_name(requirement.name), pins[0].version, marker, tuple(sorted(hashes)))


def locked_here(locked: tuple[LockedPackage, ...]) -> dict[str, LockedPackage]:
    """The entries that apply to this interpreter and system, by name.

    Raises:
        SpecificationError: two versions of one package apply.
    """
    found: dict[str, LockedPackage] = {}
    for package in locked:
        marker = Requirement(f"x ; {package.marker}").marker if package.marker else None
        if marker is not None and not marker.evaluate({"extra": ""}):
            continue
        if package.name in found:
            raise SpecificationError(f"{package.name}: {found[package.name].version} and {package.version} both apply", file=LOCK_NAME)
        found[package.name] = package
    return found
