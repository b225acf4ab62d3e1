import json

import numpy as np
import pytest

from tests.toolkit.models.second_opinion import random_q, textbook_tip
from toolkit import SpecificationError
from toolkit.models import ecm, ecm_si, load_arm, psm_classic, psm_si
from toolkit.models.instrument import dvrk_folder

TOOL, KINEMATIC = dvrk_folder() / "tool", dvrk_folder() / "kinematic"
CASES = [
    (psm_classic, "PSM.json", "LARGE_NEEDLE_DRIVER_400006.json", "400006"),
    (psm_classic, "PSM.json", "PROGRASP_FORCEPS_400093.json", "400093"),
    (psm_classic, "PSM.json", "PERMANENT_CAUTERY_HOOK_400183.json", "400183"),
    (psm_si, "PSM_Si.json", "LARGE_NEEDLE_DRIVER_420006_GEARED.json", "420006[12]"),
    (psm_si, "PSM_Si.json", "STAPLER_45_410298.json", "410298"),
]


def psm_file():
    lines = (KINEMATIC / "PSM.json").read_text().splitlines()
    return json.loads("".join(line.split("//")[0] for line in lines if not line.startswith("/*")))


@pytest.mark.parametrize(("make", "arm_file", "tool_file", "model"), CASES, ids=[c[3] for c in CASES])
def test_the_tip_is_the_product_of_the_files_dh_matrices(make, arm_file, tool_file, model):
    arm, rng = make(model), np.random.default_rng(0)
    for _ in range(20):
        q = random_q(arm, rng)
        T = textbook_tip([KINEMATIC / arm_file, TOOL / tool_file], TOOL / tool_file, q)
        tip = arm.tip_pose(q)
        assert np.abs(tip.p_m - T[:3, 3]).max() < 1e-12 and np.abs(tip.R - T[:3, :3]).max() < 1e-12
        # With the tip frame's own z axis, not the code's idea of it: the middle of the jaws continues along z.
        if arm.has_jaw:
            tip_point, one, two = arm.points(q)[2:]
            middle = (one + two) / 2 - tip_point
            assert np.linalg.norm(np.cross(middle, T[:3, 2])) < 1e-12
            assert np.abs(tip_point - T[:3, 3]).max() < 1e-12


@pytest.mark.parametrize(("make", "file"), [(ecm, "ECM.json"), (ecm_si, "ECM_Si.json")])
def test_the_endoscope_tip_is_the_product_of_the_files_dh_matrices(make, file):
    arm, rng = make(), np.random.default_rng(1)
    for _ in range(10):
        q = random_q(arm, rng)
        assert np.abs(arm.tip_pose(q).p_m - textbook_tip([KINEMATIC / file], None, q)[:3, 3]).max() < 1e-12


def test_the_wrong_shaft_length_is_50_8_mm_of_error():
    q = np.array([0.3, 0.2, 0.1, 0.0, 0.1, 0.2, 0.0])
    long_tool = textbook_tip([KINEMATIC / "PSM.json", TOOL / "LARGE_NEEDLE_DRIVER_420006.json"], None, q)
    assert abs(np.linalg.norm(psm_classic().tip_pose(q).p_m - long_tool[:3, 3]) - 0.0508) < 1e-9


def test_the_wrist_is_q3_minus_15_6_mm_past_the_remote_centre():
    # The insertion rule: wrist-pitch origin 45 mm past the remote centre <=> q3 >= 60.6 mm.
    for insertion, depth in ((0.0606, 0.045), (0.24, 0.2244), (0.1, 0.0844)):
        wrist = psm_classic().points(np.array([0.3, -0.2, insertion, 1.0, 0.2, 0.3, 0.1]))[1]
        assert abs(np.linalg.norm(wrist) - depth) < 1e-12


def test_kinematic_files_load_by_path_with_rows_under_joints_or_links(tmp_path):
    arm = load_arm(KINEMATIC / "PSM.json", "400006", generation="Classic")
    assert arm.digest == psm_classic().digest and arm.name == "PSM"
    raw = psm_file()
    raw["DH"]["links"] = raw["DH"].pop("joints")
    (tmp_path / "linked.json").write_text(json.dumps(raw))
    assert load_arm(tmp_path / "linked.json", "400006", generation="Classic").digest == psm_classic().digest


@pytest.mark.parametrize(("change", "problem"), [
    ({"A": 0.01}, "remote centre"), ({"D": 0.01}, "remote centre"), ({"type": "prismatic"}, "expected revolute, revolute, prismatic"),
])
def test_a_linkage_without_remote_centre_is_refused(tmp_path, change, problem):
    raw = psm_file()
    raw["DH"]["joints"][1] |= change
    (tmp_path / "odd.json").write_text(json.dumps(raw))
    with pytest.raises(SpecificationError, match=problem):
        load_arm(tmp_path / "odd.json", "400006", generation="Classic")


@pytest.mark.requirement("WSP-005")
def test_bodies_cover_shaft_wrist_and_both_jaws_to_their_ends():
    arm = psm_classic()
    assert arm.point_names == ("trocar", "wrist", "tip", "jaw_1", "jaw_2")
    assert {b.name: b.points for b in arm.bodies} == {
        "shaft": ("trocar", "wrist"), "wrist": ("wrist", "tip"), "jaw_1": ("tip", "jaw_1"), "jaw_2": ("tip", "jaw_2"),
    }
    assert arm.prismatic == (False, False, True, False, False, False, False) and arm.n_serial == 6
    assert any("grip" in note for note in arm.notes)
