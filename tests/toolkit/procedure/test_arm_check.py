"""Names and joint positions are checked against the arm they speak of."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from toolkit import SpecificationError
from toolkit.procedure import check_against_arm, joint_vector, load_procedure

VALID = Path(__file__).parent / "valid.yaml"
JOINTS = ("yaw", "pitch", "insertion", "roll", "wrist_pitch", "wrist_yaw", "jaw")
ARM = SimpleNamespace(
    name="psm_classic",
    joint_names=JOINTS,
    prismatic=tuple(name == "insertion" for name in JOINTS),
    limits=SimpleNamespace(lower=np.array([-1.5, -0.7, 0, -4.5, -1.3, -1.3, -0.3]), upper=np.array([1.5, 0.7, 0.24, 4.5, 1.3, 1.3, 1.3])),
    point_names=("trocar", "wrist", "tip", "jaw_1", "jaw_2"),
    bodies=tuple(SimpleNamespace(name=name, points=("tip",)) for name in ("shaft", "wrist", "jaw_1", "jaw_2")),
)


def refusal(tmp_path: Path, old: str, new: str) -> str:
    text = VALID.read_text()
    assert text.count(old) == 1
    path = tmp_path / "procedure.yaml"
    path.write_text(text.replace(old, new))
    with pytest.raises(SpecificationError) as caught:
        check_against_arm(load_procedure(path), ARM)
    return str(caught.value)


def test_the_valid_file_fits_and_its_home_is_in_the_order_of_the_arm() -> None:
    procedure = load_procedure(VALID)
    check_against_arm(procedure, ARM)
    np.testing.assert_array_equal(joint_vector(procedure, "home", ARM), [0.0, 0.0, 0.12, 0.0, 0.0, 0.0, 0.2])


@pytest.mark.requirement("WSP-013", "WSP-019")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "[wrist, jaw_1, jaw_2]",
            "[wrist, jaw1, jaw_2]",
            "constraints[vessel].bodies[1]: 'jaw1': no such body of psm_classic: did you mean 'jaw_1'?",
        ),
        (
            "[tip, jaw_1, jaw_2]",
            "[top, jaw_1, jaw_2]",
            "constraints[tip_speed].points[0]: 'top': no such point of psm_classic: did you mean 'tip'?",
        ),
        ("roll_rad: 0.0, ", "", "joint_positions.home: missing: roll_rad"),
        ("roll_rad: 0.0", "rol_rad: 0.0", "joint_positions.home.rol_rad: 0: no such joint of psm_classic: did you mean 'roll_rad'?"),
        ("roll_rad: 0.0", "roll_m: 0.0", "joint_positions.home.roll_m: 0: the unit is wrong: this joint turns: roll_rad"),
        ("insertion_m: 0.12", "insertion_m: 0.2401", "insertion_m: 0.2401: outside the limits of psm_classic: allowed is [0, 0.24] m"),
        ("jaw_rad: 0.2", "jaw_rad: -0.31", "jaw_rad: -0.31: outside the limits of psm_classic: allowed is [-0.3, 1.3] rad"),
    ],
)
def test_what_the_arm_does_not_have_or_cannot_reach_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = refusal(tmp_path, old, new)
    assert message in text
    assert all(line.startswith(f"{tmp_path / 'procedure.yaml'}:") for line in text.splitlines())


@pytest.mark.requirement("WSP-019")
def test_an_unknown_joint_position_is_refused() -> None:
    with pytest.raises(SpecificationError, match="did you mean 'home'"):
        joint_vector(load_procedure(VALID), "hom", ARM)
