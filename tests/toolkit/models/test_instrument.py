import numpy as np
import pytest

from toolkit import SpecificationError
from toolkit.models import load_arm, load_instrument, psm_classic, psm_si
from toolkit.models.instrument import dvrk_folder, tool_index

SNAKES = {"400117", "400143", "420117"}
ENTRIES = tool_index().instruments
USABLE = [e for e in ENTRIES if e.model not in SNAKES]


def reference(entry):
    if entry.version_min is None and entry.version_max is None:
        return f"{entry.names[0]}:{entry.model}"
    return f"{entry.names[0]}:{entry.model}[{entry.version_min or entry.version_max}]"


@pytest.mark.parametrize("entry", USABLE, ids=[e.file for e in USABLE])
def test_every_instrument_file_of_the_right_kind_loads(entry):
    arm = (psm_classic if entry.generation == "Classic" else psm_si)(reference(entry))
    assert arm.instrument == f"{entry.names[0]}:{entry.model}"
    assert arm.joint_names[:6] == ("yaw", "pitch", "insertion", "roll", "wrist_pitch", "wrist_yaw")
    assert arm.sources[1].startswith(entry.file)
    assert np.all(arm.limits.lower < arm.limits.upper)


def test_index_and_folder_hold_the_same_54_files():
    files = {p.name for p in (dvrk_folder() / "tool").glob("*.json")} - {"index.json"}
    assert {e.file for e in ENTRIES} == files and len(files) == 54


@pytest.mark.requirement("WSP-018")
@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.model in SNAKES], ids=lambda e: e.file)
def test_a_snake_instrument_is_refused_by_name(entry):
    with pytest.raises(SpecificationError, match=rf"{entry.model} is a snake-like instrument with 5 wrist joints"):
        load_instrument(f"{entry.names[0]}:{entry.model}", "Classic" if entry.generation == "Classic" else "Si")


@pytest.mark.requirement("WSP-018")
def test_an_instrument_of_the_other_generation_is_refused_also_by_its_file():
    for text, arm in (("LARGE_NEEDLE_DRIVER:420006[1]", psm_classic), ("420006[12]", psm_classic), ("LARGE_NEEDLE_DRIVER:400006", psm_si)):
        with pytest.raises(SpecificationError, match="does not fit"):
            arm(text)
    with pytest.raises(SpecificationError, match="does not fit"):
        psm_classic(dvrk_folder() / "tool" / "LARGE_NEEDLE_DRIVER_420006.json")


def test_a_model_with_two_gearings_needs_its_version_and_the_version_chooses_the_sign_of_roll():
    with pytest.raises(SpecificationError, match="version decides"):
        psm_si("LARGE_NEEDLE_DRIVER:420006")
    assert psm_si("LARGE_NEEDLE_DRIVER:420006[11]").coupling[0, 0] == -1.5632
    assert psm_si("LARGE_NEEDLE_DRIVER:420006[12]").coupling[0, 0] == 1.5333


@pytest.mark.parametrize(("text", "problem"), [
    ("LARGE_NEEDLE_DRIVER", "expected NAME:MODEL"), ("400006 ", "expected"), ("", "expected"),
    ("LARGE_NEEDLE_DRIVER:999999", "no such model"),
    ("PROGRASP_FORCEPS:400006", "is LARGE_NEEDLE_DRIVER, not PROGRASP_FORCEPS"),
])
def test_a_reference_that_means_nothing_is_refused(text, problem):
    with pytest.raises(SpecificationError, match=problem):
        psm_classic(text)


def test_an_unknown_generation_is_refused():
    with pytest.raises(SpecificationError, match="allowed are"):
        load_instrument("400006", "Xi")


def test_coupling_and_jaw_limits_are_those_of_the_file():
    arm = psm_classic("400093")
    assert arm.coupling.tolist() == [
        [-1.5631, 0, 0, 0], [0, 1.0, 0, 0], [0, -0.5068, -0.5135, -0.5135], [0, 0, -0.5279, 0.5279],
    ]
    assert arm.limits.lower[-1] == 0.0  # dvrk_model's 0 is stricter than the file's -0.349066
    assert arm.has_jaw and arm.n == 7


def test_a_hook_has_no_jaw_coordinate_but_a_blade():
    for model in ("400183", "400184"):
        arm = psm_classic(model)
        assert not arm.has_jaw and arm.n == arm.n_serial == 6
        assert arm.point_names == ("trocar", "wrist", "tip", "blade")
        q = np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.1])
        _, _, tip, blade = arm.points(q)
        assert abs(np.linalg.norm(blade - tip) - 0.0160768) < 1e-12


def test_a_size_that_nobody_publishes_says_so():
    assert any("stated" in note and "jaw_length" in note for note in psm_classic("400048").notes)
    assert any("dvrk_model tip_006" in note for note in psm_classic("400006").notes)


def test_an_unlisted_tool_file_loads_by_path_with_the_stated_sizes(tmp_path):
    path = tmp_path / "MY_DRIVER_777006.json"  # ends like the needle driver, and is not taken for it
    path.write_text((dvrk_folder() / "tool" / "LARGE_NEEDLE_DRIVER_400006.json").read_text())
    arm = psm_classic(path)
    assert arm.instrument == "MY_DRIVER_777006"
    assert np.allclose(np.linalg.norm(arm.points(np.zeros(7))[3] - arm.points(np.zeros(7))[2]), 0.04)


@pytest.mark.requirement("WSP-018")
@pytest.mark.parametrize(("old", "new", "problem"), [
    ('"A":  0.0000, "theta":  0.0000, "D":  0.4162', '"A":  0.001, "theta":  0.0000, "D":  0.4162', "about the shaft"),
    ("[ 0.0,  0.0,  1.0,  0.0],", "[ 0.0,  0.0,  1.0,  0.01],", "on the yaw axis"),
    ("[ 0.0,  0.0,  0.0,  1.0]]", "[ 0.0,  0.0,  0.0,  2.0]]", "last row"),
])
def test_a_tool_file_the_bodies_cannot_follow_is_refused(tmp_path, old, new, problem):
    text = (dvrk_folder() / "tool" / "LARGE_NEEDLE_DRIVER_400006.json").read_text()
    assert text.count(old) == 1
    path = tmp_path / "ODD_777777.json"
    path.write_text(text.replace(old, new))
    with pytest.raises(SpecificationError, match=problem):
        load_arm("psm_classic", path)
