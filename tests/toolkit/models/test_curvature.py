from functools import cache

import casadi as ca
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toolkit.models.second_opinion import IDS, SHIPPED, random_q, shipped
from toolkit import InvalidInput
from toolkit.models import Frame, Joint, JointKind, psm_classic, versius_like
from toolkit.models.curvature import second_derivative_bound
from toolkit.models.interval import Box, Interval, cosine, sine


@cache
def hessians(which):
    """|d2P_i/dq_j dq_l| as an (m, n, n) function of q, by CasADi's differentiation; the bound itself differentiates nothing."""
    arm = shipped(which)
    q = ca.SX.sym("q", arm.n)
    P = arm.points_sx(q)
    H = [ca.jacobian(ca.vec(ca.jacobian(P[:, i], q)), q) for i in range(P.shape[1])]
    f = ca.Function("H", [q], [ca.vertcat(*H)])

    def sizes(x):
        return np.linalg.norm(np.array(f(x)).reshape(len(arm.point_names), arm.n, 3, arm.n), axis=2)

    return sizes


@pytest.mark.requirement("SAF-005")
@pytest.mark.parametrize("which", SHIPPED, ids=IDS)
def test_no_sampled_second_derivative_exceeds_the_bound_over_the_limits(which):
    arm, rng, sizes = shipped(which), np.random.default_rng(5), hessians(which)
    K = arm.second_derivative_bounds(arm.limits.lower, arm.limits.upper)
    corners = [np.where(rng.random(arm.n) < 0.5, arm.limits.lower, arm.limits.upper) for _ in range(50)]
    seen = np.max([sizes(q) for q in corners + [random_q(arm, rng) for _ in range(200)]], axis=0)
    assert np.all(seen <= K + 1e-12)
    # Not vacuous: the largest entry of each point is within 25 % of what was seen.
    for point in range(len(K)):
        assert K[point].max() <= 1.25 * seen[point].max() + 1e-9


@pytest.mark.requirement("SAF-005")
@pytest.mark.parametrize("which", [SHIPPED[0], SHIPPED[6], SHIPPED[8]], ids=[IDS[0], IDS[6], IDS[8]])
@given(seed=st.integers(0, 2**32 - 1), width=st.floats(0.0, 1.0))
@settings(max_examples=60, deadline=None)
def test_no_second_derivative_in_a_box_exceeds_the_bound_of_that_box(which, seed, width):
    arm, rng = shipped(which), np.random.default_rng(seed)
    a, b = random_q(arm, rng), random_q(arm, rng)
    lower = np.minimum(a, a + width * (b - a))
    upper = np.maximum(a, a + width * (b - a))
    K = arm.second_derivative_bounds(lower, upper)
    for x in [lower, upper] + [rng.uniform(lower, upper) for _ in range(5)]:
        assert np.all(hessians(which)(x) <= K + 1e-12)


def test_a_point_box_gives_the_second_derivative_itself():
    which = SHIPPED[0]
    arm, rng = shipped(which), np.random.default_rng(6)
    for _ in range(20):
        q = random_q(arm, rng)
        assert np.abs(arm.second_derivative_bounds(q, q) - hessians(which)(q)).max() < 1e-8


def test_insertion_and_shaft_length_add_with_their_signs():
    # 240 - 431.8 + 416.2 mm: the wrist is at most 224.4 mm from the remote centre; adding lengths without sign gives 1088 mm.
    arm = psm_classic()
    K = arm.second_derivative_bounds(arm.limits.lower, arm.limits.upper)
    assert np.allclose(K[1, 0, 0], 0.2244, atol=1e-6)
    assert np.all(K[0] == 0.0)
    assert np.all(K[1, 3:] == 0.0)


def test_a_prismatic_joint_has_no_curvature_with_joints_after_it():
    arm = psm_classic()
    K = arm.second_derivative_bounds(arm.limits.lower, arm.limits.upper)
    assert np.all(K[:, 2, 2:] == 0.0) and np.all(K[:, 2:, 2] == 0.0)
    assert np.all(K[1:, 2, :2] <= 1.0 + 1e-8)


def test_the_jaw_enters_with_half_its_angle():
    K = psm_classic().second_derivative_bounds(psm_classic().limits.lower, psm_classic().limits.upper)
    assert np.allclose([K[3, 6, 6], K[3, 5, 6], K[3, 5, 5]], [0.0102 / 4, 0.0102 / 2, 0.0102], atol=1e-9)
    assert np.all(K[2, 6] == 0.0)


@pytest.mark.requirement("SAF-005")
def test_no_second_derivative_of_the_remote_centre_offset_exceeds_its_bound():
    arm, rng = versius_like(), np.random.default_rng(7)
    q = ca.SX.sym("q", arm.n)
    f = arm.rcm_offset_sx(q)
    H = ca.Function("H", [q], [ca.jacobian(ca.vec(ca.jacobian(f, q)), q)])
    for width in (0.05, 1.0):
        centre = random_q(arm, rng)
        lower, upper = np.maximum(centre - width, arm.limits.lower), np.minimum(centre + width, arm.limits.upper)
        K = arm.rcm_offset_bounds(lower, upper)
        seen = np.max([np.linalg.norm(np.array(H(rng.uniform(lower, upper))).reshape(8, 3, 8), axis=1) for _ in range(300)], axis=0)
        assert np.all(seen <= K + 1e-12)
        assert K.max() <= 2.5 * seen.max()


def test_joints_that_share_a_coordinate_add_up():
    one = Joint("a", JointKind.REVOLUTE, Frame(), 0)
    two = Joint("b", JointKind.REVOLUTE, Frame(p_m=(0.3, 0, 0)), 0, gain=-1.0)
    K = second_derivative_bound((one, two), (0.2, 0.0, 0.0), np.array([-1.0]), np.array([1.0]))
    q = ca.SX.sym("q")
    p = ca.vertcat(0.3 * ca.cos(q) + 0.2, 0.3 * ca.sin(q))
    H = ca.Function("H", [q], [ca.norm_2(ca.jacobian(ca.jacobian(p, q), q))])
    assert all(float(H(x)) <= K[0, 0] for x in np.linspace(-1, 1, 21))


@given(st.floats(-10, 10), st.floats(0, 7), st.floats(0, 1))
def test_sine_and_cosine_ranges_contain_every_value(low, width, part):
    angle = Interval(low, low + width)
    x = min(low + part * width, angle.hi)
    assert sine(angle).lo <= np.sin(x) <= sine(angle).hi
    assert cosine(angle).lo <= np.cos(x) <= cosine(angle).hi


@given(st.integers(0, 2**32 - 1))
def test_a_turned_box_contains_every_turned_vector(seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(-1, 1, 3)
    high = low + rng.uniform(0, 1, 3)
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    angle = Interval(*sorted(rng.uniform(-4, 4, 2)))
    box = Box(*(Interval(a, b) for a, b in zip(low, high, strict=True)), float(np.linalg.norm(np.maximum(abs(low), abs(high)))))
    turned = box.rotate(tuple(axis), angle)
    v, t = rng.uniform(low, high), rng.uniform(angle.lo, angle.hi)
    w = v * np.cos(t) + np.cross(axis, v) * np.sin(t) + axis * (axis @ v) * (1 - np.cos(t))
    for value, side in zip(w, (turned.x, turned.y, turned.z), strict=True):
        assert side.lo - 1e-12 <= value <= side.hi + 1e-12
    assert np.linalg.norm(np.cross(axis, v)) <= box.across(tuple(axis)) + 1e-12


def test_a_box_upside_down_or_not_finite_is_refused():
    arm = psm_classic()
    for lower, upper in ((arm.limits.upper, arm.limits.lower), (np.full(7, np.nan), arm.limits.upper), (np.zeros(6), np.ones(6))):
        with pytest.raises(InvalidInput):
            arm.second_derivative_bounds(lower, upper)
