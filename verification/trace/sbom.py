"""The bill of materials in CycloneDX 1.6 (JSON), and the SOUP list: lock file, installed metadata and soup.yaml, put together.

Deterministic: the same environment and files give the same bytes, since there is no time in it unless one is given.
Source: CycloneDX 1.6 JSON schema (cyclonedx.org/docs/1.6/json).
"""

import hashlib
import json
import platform
import re
import uuid
from dataclasses import dataclass
from typing import Any

from toolkit import SpecificationError

from .installed import Find, Graph, InstalledPackage, find_installed
from .lock_file import LOCK_NAME, LockedPackage
from .soup import Soup, SoupFile

NAME = "primum"
Json = dict[str, Any]
_COPYLEFT = re.compile(r"\bA?GPL")


@dataclass(frozen=True)
class Part:
    """One package that runs, with everything known about it. soup: its own entry if it is a direct dependency.

    brought_by: the direct dependencies that need it. difference: what is installed instead of the locked version, or empty.
    """

    locked: LockedPackage
    installed: InstalledPackage
    supplier: str
    licence: str
    soup: Soup | None
    brought_by: tuple[str, ...]
    optional: bool
    difference: str


@dataclass(frozen=True)
class Environment:
    """left_out: locked packages that only an extra brings and that are not installed. differences: lock against installed."""

    parts: tuple[Part, ...]
    left_out: tuple[str, ...]
    differences: tuple[str, ...]


def examine_environment(locked: dict[str, LockedPackage], graph: Graph, soup: SoupFile, find: Find = find_installed) -> Environment:
    """Compare lock and environment, and say of each package who supplies it under which licence.

    Raises:
        SpecificationError: a supplier or licence that nobody states, a direct dependency without SOUP entry, a licence of the GPL.
    """
    entries, overrides = {entry.name: entry for entry in soup.soup}, {entry.name: entry for entry in soup.transitive}
    parts: list[Part] = []
    left_out: list[str] = []
    differences: list[str] = []
    problems: list[str] = []
    for name in sorted((graph.core | graph.optional) - locked.keys()):
        differences.append(f"{name}: needed and not in {LOCK_NAME}")
    for name, package in sorted(locked.items()):
        installed = find(name)
        if installed is None:
            (left_out if name not in graph.core else differences).append(f"{name} {package.version}: not installed")
            continue
        entry, override = entries.get(name), overrides.get(name)
        difference = "" if installed.version == package.version else f"{name}: locked {package.version}, installed {installed.version}"
        supplier = entry.supplier if entry else (override.supplier if override else None) or installed.supplier
        licence = entry.licence if entry else (override.licence if override else None) or installed.licence
        if name in graph.direct and entry is None:
            problems.append(f"{name}: a direct dependency without entry in soup.yaml")
        if not supplier or not licence:
            problems.append(f"{name}: no {'supplier' if licence else 'licence'} in its metadata: state it in soup.yaml under `transitive`")
        if needs_gpl(licence):
            problems.append(f"{name}: {licence}: nothing under the GPL may be needed at run time")
        brought_by = tuple(top for top in graph.direct if top != name and name in _below(top, graph))
        parts.append(Part(package, installed, supplier, licence, entry, brought_by, name not in graph.core, difference))
        differences += [difference] if difference else []
    if problems:
        raise SpecificationError("\n".join(problems))
    return Environment(tuple(parts), tuple(left_out), tuple(differences))


def needs_gpl(expression: str) -> bool:
    """Whether every alternative of an SPDX expression names the GPL or AGPL (the LGPL is another licence).

    With parentheses, one mention is enough: better asked about than overlooked.
    """
    alternatives = [expression] if "(" in expression else expression.split(" OR ")
    return all(_COPYLEFT.search(alternative) for alternative in alternatives)


def _below(name: str, graph: Graph) -> frozenset[str]:
    seen: set[str] = set()
    pending = [name]
    while pending:
        for child in graph.requires.get(pending.pop(), ()):
            if child not in seen:
                seen.add(child)
                pending.append(child)
    return frozenset(seen)


def cyclonedx(environment: Environment, graph: Graph, soup: SoupFile, product: dict[str, str], timestamp: str | None = None) -> Json:
    """The bill as a JSON object.

    Args:
        product: `version`, `licence`, `git_commit` of Primum.
        timestamp: RFC 3339, or None for none.
    """
    present = {part.locked.name: _reference(part) for part in environment.parts}
    me = f"pkg:pypi/{NAME}@{product['version']}"
    python = next((entry for entry in soup.soup if entry.name == "python"), None)
    edges = {me: [present[name] for name in graph.direct if name in present]}
    for name, reference in present.items():
        edges[reference] = [present[child] for child in graph.requires.get(name, ()) if child in present]
    bill: Json = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            **({"timestamp": timestamp} if timestamp else {}),
            "component": {
                "type": "application",
                "bom-ref": me,
                "name": NAME,
                "version": product["version"],
                "purl": me,
                "licenses": _licences(product["licence"]),
                "properties": _properties({"git_commit": product["git_commit"] or "unknown"}),
            },
            "properties": _properties({"differences": "; ".join(environment.differences), "left_out": "; ".join(environment.left_out)}),
        },
        "components": [*([_interpreter(python)] if python else []), *(_component(part) for part in environment.parts)],
        "dependencies": [{"ref": reference, "dependsOn": sorted(edges[reference])} for reference in sorted(edges)],
    }
    digest = hashlib.sha256(json.dumps(bill, sort_keys=True).encode()).hexdigest()
    return {**bill, "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{me}#{digest}')}"}


def _reference(part: Part) -> str:
    return f"pkg:pypi/{part.locked.name}@{part.installed.version}"


def _component(part: Part) -> Json:
    reference = _reference(part)
    judged = _judgement(part.soup) if part.soup else {"brought_by": ", ".join(part.brought_by) or "nothing installed needs it"}
    hashes = {} if part.difference else {"hashes": [{"alg": "SHA-256", "content": digest} for digest in part.locked.hashes]}
    note = "none: the installed version is not the locked one" if part.difference else "one for each artefact that the lock accepts"
    return {
        "type": "library",
        "bom-ref": reference,
        "supplier": {"name": part.supplier},
        "name": part.locked.name,
        "version": part.installed.version,
        **({"description": part.installed.summary} if part.installed.summary else {}),
        "scope": "optional" if part.optional else "required",
        **hashes,
        "licenses": _licences(part.licence),
        "purl": reference,
        "properties": _properties({**judged, "hashes": note, "difference": part.difference}),
    }


def _interpreter(python: Soup) -> Json:
    return {
        "type": "platform",
        "bom-ref": "python",
        "supplier": {"name": python.supplier},
        "name": platform.python_implementation(),
        "version": platform.python_version(),
        "licenses": _licences(python.licence),
        "properties": _properties({**_judgement(python), "hashes": "none: the interpreter is not installed from the lock"}),
    }


def _judgement(entry: Soup) -> dict[str, str]:
    end = entry.end_of_support.isoformat() if entry.end_of_support else "none announced"
    said = {"support": entry.support, "end_of_support": end, "risk_class": entry.risk_class}
    return {**said, "rationale": entry.rationale, "controls": entry.controls}


def _licences(expression: str) -> list[Json]:
    if re.search(r"\s|\(", expression):
        return [{"expression": expression}]
    return [{"license": {"id": expression}}]


def _properties(values: dict[str, str]) -> list[Json]:
    """Sorted by name; empty values are left out."""
    return [{"name": f"{NAME}:{key}", "value": value} for key, value in sorted(values.items()) if value]


def soup_list(environment: Environment, soup: SoupFile) -> str:
    """The SOUP list for people: a Markdown table of direct dependencies, one of what they bring."""
    versions = {part.locked.name: part.installed.version for part in environment.parts} | {"python": platform.python_version()}
    heads = ["package", "version", "supplier", "licence", "support", "end of support", "class", "why", "what guards against it"]
    lines = ["# Software of unknown provenance", "", "## Direct dependencies", "", _row(heads), "|" + "---|" * len(heads)]
    for entry in sorted(soup.soup, key=lambda entry: entry.name):
        judged = _judgement(entry)
        cells = [entry.name, versions.get(entry.name, "not installed"), entry.supplier, entry.licence, judged["support"]]
        cells += [judged["end_of_support"], entry.risk_class, entry.rationale, entry.controls]
        lines.append(_row(cells))
    lines += ["", "## What they bring", "", "| package | version | supplier | licence | brought by |", "|" + "---|" * 5]
    for part in environment.parts:
        if part.soup is None:
            lines.append(_row([part.locked.name, part.installed.version, part.supplier, part.licence, ", ".join(part.brought_by)]))
    for title, items in (("Differences between lock and environment", environment.differences), ("Left out", environment.left_out)):
        lines += ["", f"## {title}", "", *(f"- {item}" for item in items or ("none",))]
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
