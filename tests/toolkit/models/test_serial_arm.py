import casadi as ca
import numpy as np
import pytest

from tests.toolkit.models.second_opinion import IDS, SHIPPED, MuJoCo, Pinocchio, random_q, shipped
from toolkit import InvalidInput
from toolkit.models import Body, BodyPoint, SerialArm, panda, psm_classic, versius_like

RCM_ARMS = [which for which in SHIPPED if which[0] not in ("panda", "versius_like")]


@pytest.mark.requirement("WSP-020")
@pytest.mark.parametrize("which", SHIPPED, ids=IDS)
def test_tip_points_and_jacobian_agree_with_pinocchio(which):
    arm, rng = shipped(which), np.random.default_rng(1)
    other = Pinocchio(arm)
    for _ in range(20):
        q = random_q(arm, rng)
        R, p, points, J = other(q)
        tip = arm.tip_pose(q)
        assert np.abs(tip.p_m - p).max() <= 1e-9
        assert np.abs(tip.R - R).max() <= 1e-9
        assert np.abs(arm.points(q) - points).max() <= 1e-9
        assert np.abs(arm.jacobian(q) - J).max() <= 1e-9


@pytest.mark.requirement("WSP-020")
@pytest.mark.parametrize("which", SHIPPED, ids=IDS)
def test_points_agree_with_mujoco(which):
    arm, rng = shipped(which), np.random.default_rng(2)
    other = MuJoCo(arm)
    for _ in range(20):
        q = random_q(arm, rng)
        assert np.abs(arm.points(q) - other(q)).max() <= 1e-9


@pytest.mark.parametrize("which", SHIPPED, ids=IDS)
def test_jacobian_is_the_finite_difference_of_the_pose(which):
    arm, rng, h = shipped(which), np.random.default_rng(3), 1e-6
    q = random_q(arm, rng)
    J, R = arm.jacobian(q), arm.tip_pose(q).R
    for j in range(arm.n):
        step = np.zeros(arm.n)
        step[j] = h
        ahead, behind = arm.tip_pose(q + step), arm.tip_pose(q - step)
        W = (ahead.R - behind.R) / (2 * h) @ R.T
        assert np.abs((ahead.p_m - behind.p_m) / (2 * h) - J[:3, j]).max() < 1e-8
        assert np.abs(np.array([W[2, 1], W[0, 2], W[1, 0]]) - J[3:, j]).max() < 1e-8


@pytest.mark.parametrize("which", RCM_ARMS, ids=[IDS[SHIPPED.index(w)] for w in RCM_ARMS])
def test_a_mechanical_shaft_passes_the_remote_centre_everywhere(which):
    arm, rng = shipped(which), np.random.default_rng(4)
    q = ca.SX.sym("q", arm.n)
    offset = ca.Function("f", [q], [arm.rcm_offset_sx(q)])
    wrist = arm.point_names.index("wrist" if "wrist" in arm.point_names else "tip")
    for _ in range(20):
        x = random_q(arm, rng)
        assert np.linalg.norm(np.array(offset(x))) < 1e-15
        # Independently: trocar, wrist and a slightly further insertion lie on one line through B's origin.
        deeper = x.copy()
        deeper[2] += 0.01
        a, b = arm.points(x)[wrist], arm.points(deeper)[wrist]
        assert np.linalg.norm(np.cross(a, (b - a) / 0.01)) < 1e-12
        assert np.linalg.norm(arm.points(x)[0]) < 1e-15


def test_a_software_remote_centre_is_held_at_one_configuration_and_lost_elsewhere():
    arm = versius_like()
    q = ca.SX.sym("q", arm.n)
    offset = ca.Function("f", [q], [arm.rcm_offset_sx(q)])
    nominal = np.array([0, 0.6, 0, 1.0, 0, 0.9, 0, 0])
    assert np.linalg.norm(np.array(offset(nominal))) < 1e-6
    for j in (0, 1, 3, 5, 6):
        moved = nominal.copy()
        moved[j] += 0.05
        flange, tip = arm.points(moved)[3:5]
        a = (tip - flange) / np.linalg.norm(tip - flange)
        c = np.array(arm.shaft.rcm_m) - flange
        expected = np.linalg.norm(c - a * (a @ c))
        assert expected > 1e-3
        assert abs(np.linalg.norm(np.array(offset(moved))) - expected) < 1e-12


@pytest.mark.requirement("WSP-005")
def test_the_tip_does_not_move_with_wrist_yaw_but_the_jaws_do():
    arm, q = psm_classic(), np.array([0.2, -0.1, 0.12, 0.5, 0.3, 0.0, 0.6])
    turned = q.copy()
    turned[5] += 0.5
    before, after = arm.points(q), arm.points(turned)
    moved = np.linalg.norm(after - before, axis=1)
    assert np.all(moved[:3] < 1e-15)
    assert np.allclose(moved[3:], 2 * 0.0102 * np.sin(0.25), atol=1e-12)


def test_jaws_open_by_half_the_opening_each():
    arm = psm_classic()
    for opening in (0.0, 0.3, 1.2):
        q = np.array([0.1, 0.2, 0.1, 0.3, -0.2, 0.4, opening])
        _, _, tip, one, two = arm.points(q)
        u, v = (one - tip) / 0.0102, (two - tip) / 0.0102
        assert abs(np.arccos(np.clip(u @ v, -1, 1)) - opening) < 1e-7
        middle = (u + v) / np.linalg.norm(u + v)
        assert np.abs(middle - arm.tip_pose(q).R[:, 2]).max() < 1e-12


def test_the_graph_is_sx_and_small_enough_for_the_servo_cycle():
    arm = psm_classic()
    q = ca.SX.sym("q", arm.n)
    P = arm.points_sx(q)
    assert isinstance(P, ca.SX) and P.shape == (3, 5) and P.is_dense()
    f = ca.Function("f", [q], ca.cse([P, ca.jacobian(ca.vec(P), q)]))
    assert f.n_instructions() < 1200


def test_digest_is_the_same_for_the_same_chain_and_another_for_another_instrument():
    assert psm_classic().digest == psm_classic("400006").digest
    others = {psm_classic(tool).digest for tool in ("400006", "400093", "400183", "400194")}
    assert len(others) == 4
    # Its constants are rounded the same way on every machine, so the identity can be written down; it changes only with the model.
    assert psm_classic().digest == "ea779e8158c9efc8bc336d226e3f0ad4c321cd1b2f5230b668ff0e30a9f76db5"


@pytest.mark.parametrize("bad", [np.zeros(6), np.full(7, np.nan), np.array([0, 0, np.inf, 0, 0, 0, 0])])
def test_a_wrong_or_not_finite_q_is_refused(bad):
    arm = psm_classic()
    for method in (arm.tip_pose, arm.points, arm.jacobian):
        with pytest.raises(InvalidInput):
            method(bad)
    with pytest.raises(InvalidInput):
        arm.points_sx(ca.SX.sym("q", 6))


def test_an_arm_without_remote_centre_refuses_to_give_its_offset():
    arm = panda()
    with pytest.raises(InvalidInput, match="no remote centre"):
        arm.rcm_offset_sx(ca.SX.sym("q", 7))
    with pytest.raises(InvalidInput, match="no remote centre"):
        arm.rcm_offset_bounds(arm.limits.lower, arm.limits.upper)


def test_parts_that_do_not_fit_are_refused():
    arm = panda()
    parts = {
        "name": "x", "joints": arm.joints, "joint_names": arm.joint_names, "limits": arm.limits, "body_points": arm.body_points,
        "bodies": arm.bodies, "sources": (),
    }
    assert SerialArm(**parts).n == 7
    wrong = [
        {"joint_names": ("a",) * 7}, {"joints": arm.joints[:6]}, {"body_points": (*arm.body_points, BodyPoint("far", 8, (0, 0, 0)))},
        {"bodies": (Body("x", ("nowhere",), 0.01),)}, {"body_points": (*arm.body_points, arm.body_points[0])}, {"coupling": np.eye(3)},
    ]
    for change in wrong:
        with pytest.raises(InvalidInput):
            SerialArm(**{**parts, **change})
