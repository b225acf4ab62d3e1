"""The same procedure from Python, frozen, with the same refusals."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from toolkit import SpecificationError
from toolkit.procedure import (
    Disable,
    Enable,
    JointLimits,
    KeepInHalfSpace,
    KeepOutCapsule,
    ModelMatchesRobot,
    MoveCp,
    Placement,
    Procedure,
    ServoPath,
    Wait,
    load_procedure,
)
from toolkit.procedure.source import parse_source

ROOT = Path(__file__).parents[3]
FILE = load_procedure(Path(__file__).parent / "valid.yaml")


def built(**changes: object) -> Procedure:
    fields = {
        "primum": 1, "title": "Built in Python", "device": FILE.device, "arm": FILE.arm, "controller": FILE.controller,
        "assumptions": FILE.assumptions, "constraints": [JointLimits(name="joints")],
        "steps": [Enable(), MoveCp(position_B_m=np.array([0.0, 0.0, -0.11]), speed_m_s=0.02), Wait(duration_s=1), Disable()],
    }  # fmt: skip
    return Procedure(**{**fields, **changes})


def test_a_procedure_is_built_from_plain_constructors() -> None:
    procedure = built()
    assert [step.word for step in procedure.steps] == ["enable", "move_cp", "wait", "disable"]
    assert procedure.file == ""
    assert procedure.locate("steps", 1) is None
    assert str(procedure.error("is bad", "steps", 1)) == "steps.1: is bad"


def test_the_example_of_the_guide_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "procedure.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(code[0], names)  # noqa: S102 - our own guide
    assert isinstance(names["procedure"], Procedure)


def test_a_half_space_with_a_long_normal_is_refused_at_its_field() -> None:
    with pytest.raises(SpecificationError, match=r"normal_B: \[0.6, 0.6, 0.0\]: length 0.848528137: .*did you mean \[0.7071"):
        KeepInHalfSpace(name="wall", bodies=["jaw_1"], normal_B=(0.6, 0.6, 0.0), offset_m=0.1)


def test_its_text_reads_back_as_the_same_procedure() -> None:
    for procedure in (built(), Procedure(**{name: getattr(FILE, name) for name in Procedure.model_fields})):
        again = Procedure.model_validate(parse_source(procedure.text).data)
        assert again == procedure
        assert again.sha256 == procedure.sha256


def test_the_digest_of_a_file_is_that_of_its_bytes_and_changes_with_them() -> None:
    assert FILE.sha256 != built().sha256
    assert built().sha256 != built(title="Another").sha256


def test_a_part_that_is_wrong_is_refused_where_it_is_built() -> None:
    with pytest.raises(SpecificationError, match="speed_m_s: 20: implausible: did you mean 20 mm/s"):
        MoveCp(position_B_m=(0, 0, -0.1), speed_m_s=20)
    with pytest.raises(SpecificationError, match="no_such: 1: unknown field"):
        KeepOutCapsule(name="v", bodies=["jaw_1"], start_B_m=(0, 0, 0), end_B_m=(0, 0, 0.1), radius_m=0.01, no_such=1)


def test_contradictions_across_parts_are_all_listed() -> None:
    with pytest.raises(SpecificationError) as caught:
        built(steps=[Wait(duration_s=1), Enable()], constraints=[JointLimits(name="a"), JointLimits(name="a")])
    text = str(caught.value)
    assert all(piece in text for piece in ("names are unique", "at most once", "first step is enable", "last step is disable"))


@pytest.mark.requirement("SAF-043")
def test_a_procedure_cannot_be_changed_after_it_was_checked() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        FILE.title = "other"  # type: ignore[misc]


def test_the_rotation_is_stated_exactly_once() -> None:
    rows, quaternion = ((1, 0, 0), (0, 1, 0), (0, 0, 1)), (1, 0, 0, 0)
    with pytest.raises(SpecificationError, match="the rotation is missing"):
        Placement(translation_B_m=(0, 0, 0))
    with pytest.raises(SpecificationError, match="stated twice"):
        Placement(rotation_BD=rows, quaternion_BD_wxyz=quaternion, translation_B_m=(0, 0, 0))
    with pytest.raises(SpecificationError, match=r"length 1\.41"):
        MoveCp(position_B_m=(0, 0, 0), speed_m_s=0.01, quaternion_BT_wxyz=(1, 1, 0, 0))


def test_a_servo_path_has_exactly_one_source() -> None:
    with pytest.raises(SpecificationError, match="exactly one source"):
        ServoPath(scale=1.0, to_B=Placement(quaternion_BD_wxyz=(1, 0, 0, 0), translation_B_m=(0, 0, 0)))


@pytest.mark.requirement("WSP-017")
@pytest.mark.parametrize(("today", "valid"), [("2026-10-31", False), ("2026-11-01", True), ("2026-11-11", True), ("2026-11-12", False)])
def test_a_calibration_is_valid_from_its_date_for_the_stated_days(today: str, valid: bool) -> None:
    numbers = {"registration_error_m": 2e-4, "model_error_m": 1e-4, "statement": "Measured on the bench."}
    assumption = ModelMatchesRobot(calibrated=date(2026, 11, 1), valid_days_max=10, **numbers)
    assert assumption.is_valid_on(date.fromisoformat(today)) is valid
    assert assumption.eps_R_m == pytest.approx(3e-4)
