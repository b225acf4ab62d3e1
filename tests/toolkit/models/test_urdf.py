from pathlib import Path

import numpy as np
import pinocchio as pin
import pytest
import xacro

from toolkit import InvalidInput, SpecificationError
from toolkit.models import JointLimits, load_urdf, psm_classic

UPSTREAM = Path(__file__).parents[2] / "data" / "dvrk_urdf"


@pytest.fixture(scope="module")
def expand(tmp_path_factory):
    """Expanded xacro files. `$(find dvrk_model)` needs ROS; the copies name their folder instead."""
    root = tmp_path_factory.mktemp("dvrk_model")
    for file in (f for f in UPSTREAM.rglob("*") if f.suffix in {".xacro", ".yaml"}):
        target = root / file.relative_to(UPSTREAM)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.read_text().replace("$(find dvrk_model)", str(root)))

    def expanded(name, **arguments):
        path = root / (name.replace("/", "_") + "_".join(arguments.values()) + ".urdf")
        path.write_text(xacro.process_file(str(root / "urdf" / name), mappings=arguments).toxml())
        return path

    return expanded


@pytest.fixture(scope="module")
def classic(expand):
    return load_urdf(expand("Classic/PSM1.urdf.xacro", instrument="400006"), "PSM1_jaw_1_link", 0.01, base_link="PSM1_base_link")


def test_the_xacro_psm_and_the_dh_files_agree_within_their_digits_of_pi(classic):
    arm, rng = psm_classic(), np.random.default_rng(0)
    assert classic.joint_names == arm.joint_names
    worst = 0.0
    for _ in range(100):
        q = rng.uniform(arm.limits.lower, arm.limits.upper)
        X = classic.tip_pose(q)
        worst = max(worst, np.abs(X.p_m - arm.tip_pose(q).p_m).max(), np.abs(X.R @ [0, 0.0102, 0] + X.p_m - arm.points(q)[3]).max())
    assert 1e-8 < worst <= 5e-6  # not zero: the xacro files mix pi/2 with the four digits of the DH files


def test_what_the_xacro_psm_says_otherwise_about_limits_is_reported_by_name(classic):
    text = psm_classic().limits.merge(classic.limits).differences
    for joint, what, theirs in (("yaw", "effort", "1000 Nm"), ("insertion", "effort", "1000 N"), ("jaw", "upper limit", "3.1414 rad")):
        assert any(d.startswith(f"{joint}: {what}") and theirs in d for d in text)
    upper = np.array([1.588, 0.925025])
    own = JointLimits(("yaw", "pitch"), ("rad", "rad"), -upper, upper, np.full(2, np.nan), ("PSM.json",))
    stated = own.merge(classic.limits.select(["yaw", "pitch"]))
    assert stated.upper.tolist() == [1.5707, 0.7854]
    assert any(d.startswith("yaw: lower limit is -1.588 rad in PSM.json but -1.5707 rad in PSM1") for d in stated.differences)


@pytest.mark.parametrize(("file", "tip", "arguments"), [
    ("Si/PSM1.urdf.xacro", "PSM1_wrist_yaw_link", {"instrument": "420006"}), ("Classic/ECM.urdf.xacro", "ECM_tip_link", {}),
    ("Si/ECM.urdf.xacro", "ECM_tip_link", {}),
])
def test_parallelograms_of_mimic_joints_agree_with_pinocchio(expand, file, tip, arguments):
    path = expand(file, **arguments)
    arm, model = load_urdf(path, tip, 0.01), pin.buildModelFromXML(path.read_text(), mimic=True)
    data, frame, rng = model.createData(), model.getFrameId(tip), np.random.default_rng(0)
    assert len(arm.joints) > arm.n  # several joints share the pitch coordinate
    for _ in range(20):
        q, q_pin = rng.uniform(arm.limits.lower, arm.limits.upper), pin.neutral(model)
        for name, value in zip(arm.joint_names, q, strict=True):
            q_pin[model.joints[model.getJointId(name)].idx_q] = value
        pin.framesForwardKinematics(model, data, q_pin)
        assert np.abs(arm.tip_pose(q).p_m - data.oMf[frame].translation).max() < 1e-9
        assert np.abs(arm.tip_pose(q).R - data.oMf[frame].rotation).max() < 1e-9


HEAD = '<robot name="r"><link name="a"/><link name="b"/><link name="c"/>'
ONE = (
    '<joint name="one" type="revolute"><parent link="a"/><child link="b"/><origin xyz="0 0 0.1"/><axis xyz="0 1 1"/>'
    '<limit lower="-1" upper="2" effort="3" velocity="1"/></joint>'
)
TWO = (
    '<joint name="two" type="prismatic"><parent link="b"/><child link="c"/><axis xyz="1 0 0"/>'
    '<limit lower="0" upper="0.2" effort="0" velocity="1"/></joint>'
)
BACK = ONE.replace('"one"', '"three"').replace('parent link="a"', 'parent link="c"').replace('child link="b"', 'child link="a"')
TURN = '<joint name="two" type="continuous"><parent link="b"/><child link="c"/><axis xyz="1 0 0"/></joint>'


def write(tmp_path, body):
    path = tmp_path / "r.urdf"
    path.write_text(body)
    return path


def test_axes_are_normalised_and_an_effort_of_zero_is_unknown(tmp_path):
    arm = load_urdf(write(tmp_path, HEAD + ONE + TWO + "</robot>"), "c", 0.01)
    assert np.allclose(arm.joints[0].axis, [0, 0.5**0.5, 0.5**0.5]) and arm.prismatic == (False, True)
    assert arm.limits.effort[0] == 3.0 and np.isnan(arm.limits.effort[1])
    assert [b.points for b in arm.bodies] == [("base", "one"), ("one", "two"), ("two", "tip")]
    K = arm.second_derivative_bounds(arm.limits.lower, arm.limits.upper)
    assert abs(K[-1, 0, 0] - 0.2) < 1e-6 and K[-1, 1, 1] == 0.0


def test_the_limits_of_a_mimic_joint_bind_its_master(tmp_path):
    rule = '<mimic joint="one" multiplier="-2" offset="0.1"/></joint>'
    mimic = TWO.replace('type="prismatic"', 'type="revolute"').replace("</joint>", rule)
    arm = load_urdf(write(tmp_path, HEAD + ONE + mimic + "</robot>"), "c", 0.01)
    assert arm.n == 1 and np.allclose([arm.limits.lower[0], arm.limits.upper[0]], [-0.05, 0.05])


def test_a_continuous_joint_needs_limits_from_elsewhere(tmp_path):
    path = write(tmp_path, HEAD + ONE + TURN + "</robot>")
    with pytest.raises(SpecificationError, match=r"continuous joints \['two'\]"):
        load_urdf(path, "c", 0.01)
    given = JointLimits(("two",), ("rad",), np.array([-2.0]), np.array([2.0]), np.array([np.nan]), ("the bench",))
    assert load_urdf(path, "c", 0.01, limits=given).limits.upper.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(("body", "tip", "problem"), [
    (HEAD + ONE + TWO, "c", "not XML"),
    ("<robot name='r'><link/></robot>", "c", "not a URDF"),
    (HEAD + ONE + TWO + "</robot>", "d", "no such link"),
    (HEAD + ONE + TWO + "</robot>", "a", "no moving joint"),
    (HEAD + ONE.replace("revolute", "floating") + "</robot>", "b", "joint type 'floating'"),
    (HEAD + ONE.replace('lower="-1"', "") + "</robot>", "b", "is missing"),
    (HEAD + ONE.replace('lower="-1"', 'lower="nan"') + "</robot>", "b", "not finite"),
    (HEAD + ONE.replace('lower="-1"', 'lower="minus one"') + "</robot>", "b", "not a URDF"),
    (HEAD + ONE.replace('xyz="0 1 1"', 'xyz="0 0 0"') + "</robot>", "b", "no direction"),
    (HEAD + ONE.replace('xyz="0 0 0.1"', 'xyz="0 0 inf"') + "</robot>", "b", "origin"),
    (HEAD + ONE + ONE + "</robot>", "b", "two parent joints"),
    (HEAD + ONE + TWO.replace('name="two"', 'name="one"') + "</robot>", "c", "given twice"),
    (HEAD + ONE + TWO + BACK + "</robot>", "c", "loop"),
    (HEAD + ONE.replace("</joint>", '<mimic joint="ghost"/></joint>') + "</robot>", "b", "mimics 'ghost'"),
    (HEAD + ONE.replace("</joint>", '<mimic joint="one"/></joint>') + "</robot>", "b", "mimics 'one'"),
])
def test_a_urdf_that_cannot_be_meant_is_refused(tmp_path, body, tip, problem):
    with pytest.raises(SpecificationError, match=problem) as error:
        load_urdf(write(tmp_path, body), tip, 0.01)
    assert error.value.file.endswith("r.urdf")


def test_a_missing_file_another_base_and_a_radius_in_millimetres_are_refused(tmp_path):
    with pytest.raises(SpecificationError, match="no such file"):
        load_urdf(tmp_path / "no.urdf", "c", 0.01)
    path = write(tmp_path, HEAD + ONE + TWO + "</robot>")
    with pytest.raises(SpecificationError, match="no such link"):
        load_urdf(path, "c", 0.01, base_link="z")
    with pytest.raises(SpecificationError, match="ends in a, not in c"):
        load_urdf(path, "b", 0.01, base_link="c")
    with pytest.raises(InvalidInput, match="radius_m"):
        load_urdf(path, "c", 4.2)
