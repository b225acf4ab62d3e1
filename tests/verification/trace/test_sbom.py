"""The bill of materials: valid by the official schema, complete, the same bytes twice; it refuses what it cannot vouch for."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.verification.trace.small import SENTENCE, soup
from toolkit import SpecificationError
from verification.trace import load_register
from verification.trace.installed import (
    Graph,
    InstalledPackage,
    dependency_graph,
    direct_dependencies,
    find_installed,
    project_requirements,
)
from verification.trace.lock_file import LOCK_NAME, LockedPackage, locked_here, read_lock
from verification.trace.sbom import Environment, cyclonedx, examine_environment, needs_gpl, soup_list
from verification.trace.soup import SoupFile

pytestmark = pytest.mark.requirement("CYB-010")
ROOT = Path(__file__).parents[3]
PRODUCT = {"version": "0.1.0", "licence": "Apache-2.0", "git_commit": "c0ffee"}


def package(name: str, *requires: str, **changes: Any) -> InstalledPackage:
    return replace(InstalledPackage(name, "1.0", f"The {name}.", "MIT", "Somebody", requires), **changes)


def locked(name: str, version: str = "1.0") -> LockedPackage:
    return LockedPackage(name, version, "", ("a" * 64, "b" * 64))


class Small:
    """An environment of four packages: direct -> child, viewer (an extra) -> child, and one that only another platform needs."""

    def __init__(self) -> None:
        self.requirements: dict[str, tuple[str, ...]] = {"": ("direct>=1",), "view": ("viewer",)}
        self.installed = {
            "direct": package("direct", "child[fast]>=0.5", 'other ; sys_platform == "none"'),
            "child": package("child", 'quick ; extra == "fast"', 'slow ; extra == "slow"'),
            "quick": package("quick"),
            "viewer": package("viewer", "child"),
        }
        self.locked = {name: locked(name) for name in self.installed}
        entries = [{**soup(name), "supplier": f"Supplier of {name}"} for name in ("python", "direct", "viewer")]
        self.soup = SoupFile.model_validate({"about": SENTENCE, "soup": entries})

    def graph(self) -> Graph:
        return dependency_graph(self.requirements, self.installed.get)

    def environment(self) -> Environment:
        return examine_environment(self.locked, self.graph(), self.soup, self.installed.get)

    def bill(self) -> dict[str, Any]:
        return cyclonedx(self.environment(), self.graph(), self.soup, PRODUCT)


def component(bill: dict[str, Any], name: str) -> dict[str, Any]:
    return next(part for part in bill["components"] if part["name"] == name)


def properties(of: dict[str, Any]) -> dict[str, str]:
    return {entry["name"].removeprefix("primum:"): entry["value"] for entry in of["properties"]}


def test_the_graph_follows_extras_and_markers() -> None:
    graph = Small().graph()
    assert graph.core == {"direct", "child", "quick"} and graph.optional == {"viewer"}
    assert graph.requires == {"direct": ("child",), "child": ("quick",), "viewer": ("child",)}


def test_a_package_says_version_hashes_supplier_licence_and_judgement() -> None:
    bill = Small().bill()
    direct, child = component(bill, "direct"), component(bill, "child")
    assert direct["supplier"] == {"name": "Supplier of direct"} and child["supplier"] == {"name": "Somebody"}
    assert [entry["content"] for entry in direct["hashes"]] == ["a" * 64, "b" * 64] and direct["purl"] == "pkg:pypi/direct@1.0"
    assert direct["licenses"] == [{"license": {"id": "MIT"}}]
    assert {"support", "end_of_support", "risk_class", "rationale", "controls"} <= properties(direct).keys()
    assert properties(direct)["end_of_support"] == "none announced" and properties(child)["brought_by"] == "direct, viewer"
    assert (component(bill, "viewer")["scope"], child["scope"]) == ("optional", "required")
    edges = {edge["ref"]: edge["dependsOn"] for edge in bill["dependencies"]}
    assert edges["pkg:pypi/primum@0.1.0"] == ["pkg:pypi/direct@1.0", "pkg:pypi/viewer@1.0"]
    assert edges["pkg:pypi/direct@1.0"] == ["pkg:pypi/child@1.0"]


def test_the_same_environment_is_the_same_bytes_and_another_one_has_another_serial_number() -> None:
    assert json.dumps(Small().bill()) == json.dumps(Small().bill())
    other = Small()
    other.locked["quick"] = replace(other.locked["quick"], hashes=("c" * 64,))
    assert other.bill()["serialNumber"] != Small().bill()["serialNumber"]
    assert "timestamp" not in Small().bill()["metadata"]


def newer_child(of: Small) -> None:
    of.installed["child"] = replace(of.installed["child"], version="1.1")


def without(name: str) -> Callable[[Small], Any]:
    return lambda of: of.installed.pop(name)


@pytest.mark.requirement("CYB-009")
@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (newer_child, "child: locked 1.0, installed 1.1"),
        (without("quick"), "quick 1.0: not installed"),
        (lambda of: of.locked.pop("quick"), "quick: needed and not in requirements.lock"),
    ],
)
def test_an_environment_that_is_not_the_locked_one_is_said_to_differ(change: Callable[[Small], Any], difference: str) -> None:
    small = Small()
    change(small)
    environment = small.environment()
    assert environment.differences == (difference,)
    assert properties(small.bill()["metadata"])["differences"] == difference
    assert f"- {difference}" in soup_list(environment, small.soup)


def test_another_version_is_not_given_the_hashes_of_the_locked_one() -> None:
    small = Small()
    small.installed["quick"] = package("quick", version="1.1")
    part = component(small.bill(), "quick")
    assert part["version"] == "1.1" and "hashes" not in part and "not the locked one" in properties(part)["hashes"]


def test_an_extra_that_is_not_installed_is_left_out_and_said() -> None:
    small = Small()
    small.installed.pop("viewer")
    assert small.environment().left_out == ("viewer 1.0: not installed",) and small.environment().differences == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"licence": ""}, "quick: no licence"),
        ({"supplier": ""}, "quick: no supplier"),
        ({"licence": "GPL-3.0-only"}, "nothing under the GPL"),
    ],
)
def test_what_nobody_states_or_what_is_not_permitted_is_refused(changes: dict[str, str], words: str) -> None:
    small = Small()
    small.installed["quick"] = package("quick", **changes)
    with pytest.raises(SpecificationError, match=words):
        small.environment()


def test_a_direct_dependency_without_entry_is_refused() -> None:
    small = Small()
    small.requirements[""] = ("direct", "quick")
    with pytest.raises(SpecificationError, match=r"quick: a direct dependency without entry in soup\.yaml"):
        small.environment()


@pytest.mark.requirement("CYB-011")
@pytest.mark.parametrize(
    ("expression", "needed"),
    [
        ("MIT", False),
        ("LGPL-3.0-or-later", False),
        ("MIT AND LGPL-3.0-or-later", False),
        ("GPL-2.0-or-later OR MIT", False),
        ("GPL-2.0-or-later", True),
        ("AGPL-3.0-only", True),
        ("GPLv3", True),
        ("MIT AND GPL-3.0-only", True),
        ("MIT OR (Apache-2.0 AND GPL-2.0-only)", True),
    ],
)
def test_the_gpl_is_recognised_and_the_lgpl_is_another_licence(expression: str, needed: bool) -> None:
    assert needs_gpl(expression) is needed


def real() -> tuple[Environment, Graph, SoupFile]:
    """This environment as it is: another version than the locked one is a difference, not a failure of these tests."""
    soup_file = load_register(ROOT).soup
    graph = dependency_graph(project_requirements(ROOT)[1])
    return examine_environment(locked_here(read_lock(ROOT / LOCK_NAME)), graph, soup_file), graph, soup_file


@pytest.mark.requirement("CYB-011")
def test_nothing_that_runs_needs_the_gpl_and_everything_has_a_licence_and_a_supplier() -> None:
    environment, graph, _ = real()
    assert len(environment.parts) >= 50 and graph.core >= {"numpy", "casadi", "daqp"}
    assert all(part.licence and part.supplier and not needs_gpl(part.licence) for part in environment.parts)


def test_every_direct_dependency_has_a_soup_entry_and_every_entry_a_dependency() -> None:
    assert direct_dependencies(ROOT) == tuple(sorted(entry.name for entry in load_register(ROOT).soup.soup))


def test_the_bill_of_this_environment_is_valid_by_the_official_schema() -> None:
    schema = pytest.importorskip("cyclonedx.schema", reason="the official schema, not a dependency")
    from cyclonedx.validation.json import JsonStrictValidator

    environment, graph, soup_file = real()
    for timestamp in (None, "2026-11-22T10:00:00+00:00"):
        bill = cyclonedx(environment, graph, soup_file, PRODUCT, timestamp)
        assert JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    assert JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(json.dumps({**bill, "bomFormat": "other"})) is not None


def test_metadata_give_names_and_not_addresses() -> None:
    found = find_installed("numpy")
    assert found is not None and found.supplier and "@" not in found.supplier and find_installed("no-such-package-here") is None


def test_the_soup_list_names_every_package_once() -> None:
    environment, _, soup_file = real()
    rows = [line.split("|")[1].strip() for line in soup_list(environment, soup_file).splitlines() if line.startswith("| ")]
    names = [row for row in rows if row != "package"]
    assert sorted(names) == sorted({*(part.locked.name for part in environment.parts), *(entry.name for entry in soup_file.soup)})
