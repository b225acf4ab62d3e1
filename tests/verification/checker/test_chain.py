"""The checker's kinematics against the toolkit's, its derivatives against CasADi's: two programs that share the files and nothing else."""

import casadi as ca
import numpy as np
import pytest
from flint import arb, arb_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.models import ARM_NAMES, SerialArm, load_arm
from verification.campaign.small_proofs import problem_inputs
from verification.checker.chain import Path, check_rigid, column, near, rotation
from verification.checker.exact import Box
from verification.checker.model import Model, model_of
from verification.checker.strict_json import RejectedError


def model_from_chain(arm: SerialArm) -> Model:
    return model_of({"chain": arm.canonical.encode()}, arm.name, arm.instrument)


def thin(q: np.ndarray) -> Box:
    return [(float(x), float(x)) for x in q]


def values(v: arb_mat | None) -> np.ndarray:
    return np.zeros(3) if v is None else np.array([float(x.mid()) for x in v.entries()])


@pytest.mark.parametrize("name", ARM_NAMES)
def test_points_agree_with_the_toolkit(name: str) -> None:
    arm = load_arm(name)
    model = model_from_chain(arm)
    assert model.names == arm.joint_names and list(model.points) == list(arm.point_names)
    assert model.bodies == {body.name: (body.points, body.radius_m) for body in arm.bodies}
    for q in np.random.default_rng(0).uniform(arm.limits.lower, arm.limits.upper, (20, arm.n)):
        expected = arm.points(q)
        found = np.array([values(path.at(thin(q))) for path in model.points.values()])
        assert np.abs(found - expected).max() <= 1e-12 * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("name", ["psm_classic", "raven2_left", "panda", "versius_like"])
def test_derivatives_agree_with_casadi(name: str) -> None:
    arm = load_arm(name)
    model, q = model_from_chain(arm), ca.SX.sym("q", arm.n)
    rng = np.random.default_rng(1)
    for index, (point, path) in enumerate(model.points.items()):
        P = arm.points_sx(q)[:, index]
        first = ca.jacobian(P, q)
        second = [ca.jacobian(first[:, j], q) for j in range(arm.n)]
        third = ca.jacobian(second[1][:, arm.n - 2], q)
        evaluate = ca.Function("d", [q], [ca.densify(first), *(ca.densify(d) for d in second), ca.densify(third)])
        for x in rng.uniform(arm.limits.lower, arm.limits.upper, (3, arm.n)):
            expected = [np.array(d) for d in evaluate(x)]
            pairs = [(j, k) for j in range(arm.n) for k in range(j, arm.n)]
            triples = [tuple(sorted((1, arm.n - 2, k))) for k in range(arm.n)]
            D = path.derivatives(thin(x), [*((j,) for j in range(arm.n)), *pairs, *triples])
            for j in range(arm.n):
                assert np.abs(values(D[(j,)]) - expected[0][:, j]).max() <= 1e-12, point
            for j, k in pairs:
                assert np.abs(values(D[(j, k)]) - expected[1 + j][:, k]).max() <= 1e-12, point
            for k, order in enumerate(triples):
                assert np.abs(values(D[order]) - expected[-1][:, k]).max() <= 1e-12, point


@pytest.mark.parametrize("name", ["psm_classic", "ecm", "raven2_right", "versius_like"])
def test_the_reversed_chain_sees_the_remote_centre_as_the_toolkit_does(name: str) -> None:
    """Across the shaft the derivative is that of the toolkit's offset; along it, the checker keeps more."""
    arm = load_arm(name)
    model = model_from_chain(arm)
    assert model.centre is not None and arm.shaft is not None
    path, q = model.centre[0].reversed(model.centre[1]), ca.SX.sym("q", arm.n)
    f = arm.rcm_offset_sx(q)
    evaluate = ca.Function("f", [q], [ca.densify(ca.jacobian(ca.jacobian(f, q)[:, 0], q)), ca.densify(ca.jacobian(f, q))])
    for x in np.random.default_rng(2).uniform(arm.limits.lower, arm.limits.upper, (5, arm.n)):
        second, first = (np.array(d) for d in evaluate(x))
        D = path.derivatives(thin(x), [(0, k) for k in range(arm.n)])
        across = np.eye(3) - np.outer(arm.shaft.axis, arm.shaft.axis)
        for k in range(arm.n):
            assert np.abs(across @ values(D[(0, k)]) - second[:, k]).max() <= 1e-12
        assert np.abs(across @ values(D[(0,)]) - first[:, 0]).max() <= 1e-12


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_an_enclosure_over_a_box_holds_every_point_of_it(data: st.DataObject) -> None:
    arm = load_arm("psm_classic")
    path = model_from_chain(arm).points["jaw_1"]
    low = np.array([data.draw(st.floats(float(a), float(b))) for a, b in zip(arm.limits.lower, arm.limits.upper, strict=True)])
    width = np.array([data.draw(st.sampled_from([0.0, 1e-9, 0.01, 0.3, 2.0])) for _ in range(arm.n)])
    orders = [(0,), (4,), (0, 3), (2, 5), (6, 6), (1, 4, 6)]
    wide = path.derivatives([(float(a), float(a + w)) for a, w in zip(low, width, strict=True)], orders)
    inner = path.derivatives(thin(low + width * np.array([data.draw(st.floats(0, 1)) for _ in range(arm.n)])), orders)
    for order in wide:
        outside, inside = wide[order], inner[order]
        if inside is not None:
            assert outside is not None
            assert all(a.overlaps(b) for a, b in zip(outside.entries(), inside.entries(), strict=True))


def test_a_rigid_motion_in_front_keeps_the_norm() -> None:
    arm = load_arm("psm_classic")
    path = model_from_chain(arm).points["jaw_2"]
    for x in np.random.default_rng(3).uniform(arm.limits.lower, arm.limits.upper, (5, arm.n)):
        for order in ((0, 4), (1, 3), (3, 6), (4, 4), (2, 5)):
            rest, box = path.from_first(order, thin(x))
            # The joint in front may stand anywhere.
            box[order[0]] = (0.3, 0.3)
            whole, part = (np.linalg.norm(values(p.derivatives(b, [order])[order])) for p, b in ((path, thin(x)), (rest, box)))
            assert whole == pytest.approx(part, abs=1e-13)


def test_a_coordinate_that_moves_two_joints_is_not_frozen() -> None:
    arm = load_arm("psm_classic")
    path = model_from_chain(arm).points["tip"]
    twice = Path((path.joints[0], *path.joints[:4], path.joints[0]), path.p)
    box = [(0.0, 1.0)] * arm.n
    assert twice.from_first((0, 1), box)[1] == box
    assert path.from_first((0, 1), box)[1] != box


def test_the_model_holds_the_file_s_numbers_and_the_program_s() -> None:
    for x in (0.1, 0.4162, -1.5708, 7.0):
        assert near(x).contains(arb(x)) and near(x).contains(arb(str(x)))
    s, c = rotation(1.5708, about_x=True)[2, 1], rotation(1.5708, about_x=True)[1, 1]
    assert s.contains(arb(1.5708).sin()) and c.contains(arb("1.5708").cos())
    assert rotation(0.0, about_x=True)[1, 2] == 0


def test_constants_that_are_no_rotation_are_rejected() -> None:
    arm = load_arm("panda")
    text = arm.canonical.split("\n")
    row = 1 + arm.n
    words = text[row].split(" ")
    words[3] = (1.001).hex()
    text[row] = " ".join(words)
    with pytest.raises(RejectedError, match="no rotation"):
        model_of({"chain": "\n".join(text).encode()}, "panda", "")
    with pytest.raises(RejectedError):
        joint = model_from_chain(arm).points["flange"].joints[0]
        check_rigid([type(joint)(**{**joint.__dict__, "axis": column([0, 0, 0.9])})])


def test_problem_inputs_are_deterministic() -> None:
    arm = load_arm("psm_classic")
    assert problem_inputs(arm, [0.1] * 7, [0.0] * 7) == problem_inputs(arm, [0.1] * 7, [0.0] * 7)
