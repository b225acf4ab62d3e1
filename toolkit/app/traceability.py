"""The checkout this runs from, traced and billed: where `primum trace` and `primum sbom` get their version, commit and files."""

import json
import os
from datetime import datetime
from importlib import metadata
from pathlib import Path

from toolkit import InvalidInput, SpecificationError
from verification.trace import Gap, Matrix, TreeState, build_matrix, find_gaps, load_register, marked_tests, read_evidence
from verification.trace.installed import dependency_graph, direct_dependencies, project_requirements
from verification.trace.lock_file import LOCK_NAME, locked_here, read_lock
from verification.trace.sbom import Environment, cyclonedx, examine_environment, soup_list

from .version import git_commit

ROOT = Path(__file__).resolve().parents[2]
BILL, SOUP_LIST = "sbom.cdx.json", "soup.md"


def trace_checkout(evidence: Path | None, root: Path = ROOT) -> tuple[Matrix, tuple[Gap, ...]]:
    """The matrix and its gaps.

    Raises:
        SpecificationError: no checkout, a file of docs/requirements that is wrong, or evidence that is missing or was edited.
    """
    register = load_register(root)
    found, digest = read_evidence(evidence) if evidence is not None else (None, None)
    matrix = build_matrix(register, marked_tests(root), found, digest)
    return matrix, find_gaps(matrix, TreeState(metadata.version("primum"), git_commit(), direct_dependencies(root)))


def examine_bill(root: Path = ROOT) -> Environment:
    """Lock file, installed packages and soup.yaml put together.

    Raises:
        SpecificationError: no lock file, or something is not stated or not permitted.
    """
    graph = dependency_graph(project_requirements(root)[1])
    return examine_environment(locked_here(read_lock(root / LOCK_NAME)), graph, load_register(root).soup)


def write_bill(directory: Path, *, allow_differences: bool, timestamp: str | None, root: Path = ROOT) -> Environment:
    """Write the bill of materials and the SOUP list.

    Raises:
        SpecificationError: lock and environment differ (unless allowed), or something is not stated or not permitted. Nothing is written.
        InvalidInput: the directory cannot be written, or the time is none.
    """
    if timestamp is not None:
        _check_time(timestamp)
    soup = load_register(root).soup
    licence, requirements = project_requirements(root)
    graph = dependency_graph(requirements)
    environment = examine_bill(root)
    if environment.differences and not allow_differences:
        listed = "\n".join(environment.differences)
        remedy = f"install what is locked: pip install --require-hashes -r {LOCK_NAME}, or say --allow-differences"
        raise SpecificationError(f"this environment is not the locked one ({remedy})\n{listed}", file=str(root / LOCK_NAME))
    product = {"version": metadata.version("primum"), "licence": licence, "git_commit": git_commit()}
    bill = json.dumps(cyclonedx(environment, graph, soup, product, timestamp), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in ((BILL, bill), (SOUP_LIST, soup_list(environment, soup))):
            part = directory / f"{name}.part"
            part.write_text(text, encoding="utf-8")
            os.replace(part, directory / name)
    except OSError as error:
        raise InvalidInput(f"{directory}: the bill cannot be written: {error.strerror or error}") from error
    return environment


def _check_time(timestamp: str) -> None:
    try:
        aware = datetime.fromisoformat(timestamp).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise InvalidInput(f"--timestamp: {timestamp!r}: a time with its offset, such as 2026-11-22T10:00:00+00:00")
