"""docs/requirements: what is there is complete, and a mistake in it is named with file, line and field."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verification.trace.small import SENTENCE, Checkout, anomaly, files, hazard, levels, requirement
from toolkit import SpecificationError
from verification.trace import load_register

ROOT = Path(__file__).parents[3]
FAULTS = 35
AUDIT_CHECKS = 22


def test_the_requirements_of_this_project_load() -> None:
    register = load_register(ROOT)
    assert set(register.groups) == {"safety", "workspace", "force", "audit", "cybersecurity", "magnetic"}
    assert sum(len(ids) for ids in register.groups.values()) == len(register.requirements) >= 60


def test_every_fault_of_the_list_is_one_hazard() -> None:
    faults = [hazard.fault for hazard in load_register(ROOT).hazards.values() if hazard.fault is not None]
    assert sorted(faults) == list(range(1, FAULTS + 1))


def test_every_audit_check_is_one_requirement() -> None:
    assert {f"AUD-{number:03d}" for number in range(1, AUDIT_CHECKS + 1)} <= load_register(ROOT).requirements.keys()


def test_a_sound_register_is_read_in_the_order_of_its_files(tmp_path: Path) -> None:
    register = load_register(Checkout(tmp_path).write())
    assert list(register.requirements) == ["SAF-001", "SAF-002", "WSP-001", "FRC-001", "AUD-001", "CYB-001", "MAG-001"]
    assert register.groups["safety"] == ("SAF-001", "SAF-002")


def with_requirement(**changes: object) -> Callable[[dict[str, dict[str, object]]], None]:
    def change(of: dict[str, dict[str, object]]) -> None:
        of["safety.yaml"]["requirements"] = [requirement("SAF-001"), requirement("SAF-002", **changes)]

    return change


def with_hazards(*hazards: dict[str, object]) -> Callable[[dict[str, dict[str, object]]], None]:
    return lambda of: of["hazards.yaml"].update(hazards=list(hazards))


def with_anomalies(*anomalies: dict[str, object]) -> Callable[[dict[str, dict[str, object]]], None]:
    return lambda of: of["anomalies.yaml"].update(anomalies=list(anomalies))


def with_scale(**changes: object) -> Callable[[dict[str, dict[str, object]]], None]:
    return lambda of: of["hazards.yaml"]["scale"].update(changes)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_requirement(id="SAF-1"), r"safety\.yaml:\d+: requirements\[1\]\.id: 'SAF-1'"),
        (with_requirement(id="SAF-001"), r"safety\.yaml:\d+: requirements\[1\]: SAF-001: stated twice, first in safety\.yaml:\d+"),
        (with_requirement(id="WSP-009"), r"requirements\[1\]\.id: WSP-009: ids of the group safety begin with SAF-"),
        (with_requirement(sentence="short"), r"requirements\[1\]\.sentence: 'short'"),
        (with_requirement(controls=["RC-77"]), r"requirements\[1\]\.controls: RC-77: no such risk control"),
        (with_requirement(tests=["x"]), r"requirements\[1\]\.tests: .*unknown field"),
        (with_requirement(code=[]), r"requirements\[1\].*names the code that implements it"),
        (with_requirement(code=["../outside.py"]), r"requirements\[1\]\.code\[0\]"),
        (with_requirement(status="planned"), r"requirements\[1\].*`reason`"),
        (with_requirement(reason=SENTENCE), r"requirements\[1\].*`reason`"),
        (with_requirement(certificates=[]), r"requirements\[1\].*`certificates`"),
        (with_requirement(certificates="soon"), r"requirements\[1\]\.certificates"),
        (lambda of: of["safety.yaml"].update(group="audit"), r"safety\.yaml:1: group: 'audit': the file's name says 'safety'"),
        (with_hazards(hazard("HAZ-01", controls=["RC-08"])), r"hazards\.yaml:\d+: .*controls: RC-08: no such risk control"),
        (with_hazards(hazard("HAZ-01", residual=None)), r"hazards\[0\].*`residual`"),
        (with_hazards(hazard("HAZ-01", not_applicable=SENTENCE)), r"hazards\[0\].*neither controls nor risks"),
        (with_hazards(hazard("HAZ-01", fault=36)), r"hazards\[0\]\.fault: 36"),
        (with_hazards(hazard("HAZ-01", initial={"severity": 6, "probability": 1})), r"initial\.severity: 6"),
        (with_scale(severity=levels()[:4]), r"scale.*severity: levels 1 to 5"),
        (with_scale(evaluation=[["acceptable"] * 5] * 4), r"scale.*evaluation: 5 rows"),
        (with_anomalies(anomaly(requirements=["SAF-099"])), r"anomalies\.yaml:\d+: .*requirements: SAF-099: no such requirement"),
        (with_anomalies(anomaly(outcomes=["passed"])), r"outcomes\[0\]: 'passed'"),
        (with_anomalies(anomaly(outcomes=[])), r"`tests` and `outcomes` stand together"),
        (with_anomalies(anomaly(tests=["test_two"])), r"tests\[0\]: 'test_two'"),
        (with_anomalies(anomaly(), anomaly()), r"ANO-001: stated twice"),
        (lambda of: of["soup.yaml"]["soup"][0].pop("rationale"), r"soup\.yaml:\d+: soup\[python\]\.rationale: missing"),  # type: ignore[index, attr-defined]
    ],
)
def test_a_mistake_is_named_with_its_place(change: Callable[[object], object], words: str, tmp_path: Path) -> None:
    content = files()
    change(content)
    with pytest.raises(SpecificationError) as refusal:
        load_register(Checkout(tmp_path, content).write())
    assert re.search(words, str(refusal.value)), refusal.value


def test_a_folder_that_is_not_there_is_said_to_be_part_of_a_checkout(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="source checkout"):
        load_register(tmp_path)


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    root = Checkout(tmp_path).write()
    (root / "docs" / "requirements" / "force.yaml").unlink()
    with pytest.raises(SpecificationError, match=r"force\.yaml: cannot be read"):
        load_register(root)
