"""The filter's rows: what they call distance is the distance, and along a gradient it shrinks as they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import CommandedRate, Constraint, InsertionRule, KeepInFaces, KeepInTube, RemoteCentre
from safety.rows import DIRECTIONS, SCALE, LinearRows, RowLimits, Rows
from tests.safety.parts import BODIES, HOME, A, V, arm, capsule, joint_limits, rates, tick_map, tube
from verification.plain_kinematics import body_points

LIMITS = RowLimits(V.astype(float), A - 0.5, 0.0, 1e-5, 2e-4, 2e-5, 1e-4, ("tip",), "speed", "acceleration")
ZERO = np.zeros(7)


def rows_of(*constraints: object, at: np.ndarray = HOME, desired: np.ndarray = ZERO) -> tuple[LinearRows, Rows]:
    return numbers_of(LinearRows(arm(), constraints, tick_map(), tube(), LIMITS), at, desired)  # type: ignore[arg-type]


def numbers_of(rows: LinearRows, at: np.ndarray, desired: np.ndarray) -> tuple[LinearRows, Rows]:
    M = tick_map().M
    setpoint = np.linalg.solve(M, at - tick_map().q_zero)
    return rows, rows.at(np.repeat(setpoint[None], tube().window, axis=0), at + M @ desired)


def test_thirteen_directions_bound_a_length_to_an_eighth() -> None:
    v = np.random.default_rng(0).normal(size=(20_000, 3))
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    assert np.abs(v @ DIRECTIONS.T).max(axis=1).min() >= 1.0 / 1.13


@pytest.mark.parametrize(
    ("constraint", "count"),
    [
        (joint_limits(), 14),
        (capsule(), 8),
        (KeepInFaces("f", np.eye(3), np.ones(3), BODIES), 15),
        (KeepInTube("t", ZERO[:3], ZERO[:3], 1.0, False, BODIES), 5),
        (RemoteCentre("r", 1e-3), 1),
        (InsertionRule("i", 2, 0.05, (4, 5), 0.1), 1),
        (rates()[0], 1),
    ],
)
def test_every_kind_of_constraint_has_its_rows_under_its_name(constraint: Constraint, count: int) -> None:
    rows, numbers = rows_of(constraint)
    assert rows.names.count(constraint.name) == count
    assert numbers.A.shape == (len(rows.names), 7) and np.isfinite(numbers.A).all() and not np.isnan(numbers.upper).any()


def test_the_jacobian_of_the_limited_points_is_per_tick_and_in_millimetres() -> None:
    _, numbers = rows_of(joint_limits())
    tip = arm().point_names.index("tip")
    for j in range(7):
        d = tick_map().M[:, j] * 10.0
        moved = (body_points(arm(), (HOME + d)[None]) - body_points(arm(), (HOME - d)[None]))[0, tip] / 20.0
        np.testing.assert_allclose(numbers.J[:, j], moved * SCALE, atol=1e-7)


def test_inside_its_margin_a_constraint_allows_no_step_towards_it() -> None:
    for inside in (0.5, 0.9):
        q = HOME.copy()
        q[0] = arm().limits.upper[0] - inside * tube().e[0]
        rows, numbers = rows_of(joint_limits(), at=q, desired=np.eye(7)[0] * 5)
        towards = rows.names.index("joint_limits")
        assert numbers.upper[towards] == 0.0 and numbers.A[towards, 0] > 0.0


def test_more_distance_never_allows_less() -> None:
    allowed = []
    for x in (0.2, 0.1, 0.05, 0.02, 0.01, 0.0):
        q = HOME.copy()
        q[0] = arm().limits.upper[0] - tube().e[0] - x
        allowed.append(rows_of(joint_limits(), at=q, desired=np.eye(7)[0])[1].upper[0])
    assert allowed == sorted(allowed, reverse=True) and allowed[0] > allowed[-1]


def test_an_unknown_constraint_has_no_rows() -> None:
    with pytest.raises(TypeError, match="no linear rows"):
        rows_of("not a constraint")


MIXED = LinearRows(arm(), [joint_limits(), capsule(), CommandedRate("speed", ("tip",), 1, 0.05)], tick_map(), tube(), LIMITS)


@settings(max_examples=60)
@given(st.integers(0, 2**30))
def test_cost_reach_and_room_are_what_the_rows_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    numbers = numbers_of(MIXED, HOME, rng.integers(-40, 41, 7))[1]
    np.testing.assert_allclose(numbers.H, numbers.J.T @ numbers.J + 1e-4 * np.eye(7), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(numbers.f, -numbers.H @ numbers.desired, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(numbers.fits, numbers.A @ numbers.desired, rtol=1e-9, atol=1e-9)
    assert numbers.spare == min((numbers.upper - numbers.fits).min(), (numbers.fits - numbers.lower).min())
    corner = np.maximum(np.abs(numbers.upper[-7:]), np.abs(numbers.lower[-7:]))
    reach = np.abs(numbers.A) @ corner
    sure = (np.abs(reach - numbers.upper) > 1e-6) & (np.abs(reach + numbers.lower) > 1e-6)
    assert np.array_equal((numbers.near != 0)[:-7][sure[:-7]], ((reach > numbers.upper) | (-reach < numbers.lower))[:-7][sure[:-7]])
    assert (numbers.near[-7:] == 1.0).all()


@pytest.mark.requirement("SAF-010")
def test_a_wish_that_is_not_finite_leaves_no_room() -> None:
    for bad in (np.nan, np.inf):
        desired = np.zeros(7)
        desired[3] = bad
        assert not rows_of(joint_limits(), desired=desired)[1].spare >= 0.0
