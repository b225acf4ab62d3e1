"""What is installed in this environment, and which package brings which: from the metadata that each package carries."""

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolkit import SpecificationError

# Licence texts and classifiers that mean one SPDX identifier beyond doubt. "BSD" is not among them: it leaves the clauses open.
SPDX_OF = {
    "MIT": "MIT",
    "MIT License": "MIT",
    "Apache-2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD-2-Clause": "BSD-2-Clause",
    "BSD-3-Clause": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MPL-2.0": "MPL-2.0",
    "MPL-2.0 AND MIT": "MPL-2.0 AND MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


@dataclass(frozen=True)
class InstalledPackage:
    """licence: an SPDX expression, empty if the metadata give none. supplier: as the metadata name authors, empty if they do not."""

    name: str
    version: str
    summary: str
    licence: str
    supplier: str
    requires: tuple[str, ...]


Find = Callable[[str], InstalledPackage | None]


def find_installed(name: str) -> InstalledPackage | None:
    """The installed package of that normalised name, or None."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None

    def stated(*keys: str) -> list[str]:
        return [text for key in keys for text in found.metadata.get_all(key) or () if text]

    classifiers = [text.rpartition("::")[2].strip() for text in stated("Classifier") if text.startswith("License")]
    licences = [*stated("License-Expression"), *(SPDX_OF.get(text.strip(), "") for text in (*stated("License"), *classifiers))]
    people = stated("Author", "Author-email", "Maintainer", "Maintainer-email")
    return InstalledPackage(
        name=canonicalize_name(name),
        version=found.version,
        summary=next(iter(stated("Summary")), "").strip(),
        licence=next((text for text in licences if text), ""),
        supplier=next((text for person in people if (text := _names(person))), ""),
        requires=tuple(found.requires or ()),
    )


def _names(people: str) -> str:
    """Names without addresses; empty where there are only addresses or no name."""
    without = re.sub(r"<[^>]*>|\S+@\S+", "", people).replace('"', "")
    names = [name.strip() for name in without.split(",")]
    return ", ".join(name for name in names if name and name != "Unknown")


@dataclass(frozen=True)
class Graph:
    """requires: package -> packages it brings, for those that are installed. core, optional: what is reached from the product's own
    dependencies, and what only its extras bring."""

    direct: tuple[str, ...]
    requires: dict[str, tuple[str, ...]]
    core: frozenset[str]
    optional: frozenset[str]


def project_requirements(root: Path) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The licence of the product, and its direct requirements: "" for the core, else by extra. Development extras are left out.

    Raises:
        SpecificationError: no pyproject.toml.
    """
    path = root / "pyproject.toml"
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise SpecificationError(f"not this project's: {error}", file=str(path)) from error
    extras = {name: tuple(items) for name, items in project.get("optional-dependencies", {}).items() if name != "dev"}
    return str(project["license"]), {"": tuple(project["dependencies"]), **extras}


def direct_dependencies(root: Path) -> tuple[str, ...]:
    """Normalised names of the direct dependencies of core and extras, and `python`, sorted."""
    _, requirements = project_requirements(root)
    return tuple(sorted({"python", *(canonicalize_name(Requirement(text).name) for items in requirements.values() for text in items)}))


def dependency_graph(requirements: dict[str, tuple[str, ...]], find: Find = find_installed) -> Graph:
    """Follow the metadata of installed packages from the product's direct requirements. What is not installed has no edges."""
    edges: dict[str, set[str]] = {}
    core = _reach(requirements[""], find, edges)
    everything = core | _reach((text for items in requirements.values() for text in items), find, edges)
    direct = {canonicalize_name(Requirement(text).name) for items in requirements.values() for text in items}
    return Graph(
        tuple(sorted(direct)), {name: tuple(sorted(edges[name])) for name in sorted(edges)}, frozenset(core), frozenset(everything - core)
    )


def _reach(start: Iterable[str], find: Find, edges: dict[str, set[str]]) -> set[str]:
    pending = [Requirement(text) for text in start]
    seen: dict[str, set[str]] = {}
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        new_extras = {"", *requirement.extras} - seen.get(name, set())
        if not new_extras or not _applies(requirement, {""}):
            continue
        seen.setdefault(name, set()).update(new_extras)
        package = find(name)
        for text in package.requires if package is not None else ():
            needed = Requirement(text)
            if _applies(needed, new_extras):
                edges.setdefault(name, set()).add(canonicalize_name(needed.name))
                pending.append(Requirement(text.partition(";")[0]))
    return set(seen)


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
