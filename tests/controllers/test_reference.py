from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers import CartesianSpeed, ConstantReference, JointReference, LineReference, PathReference, TrapezoidalTiming
from toolkit import InvalidInput, Pose

SPEED = CartesianSpeed(0.05, 0.5, 0.8, 4.0)
coordinate = st.floats(-0.2, 0.2)
vector = st.tuples(coordinate, coordinate, coordinate)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.0, 3.0), st.floats(1e-3, 2.0), st.floats(1e-2, 20.0))
def test_a_timing_keeps_its_speed_and_acceleration_and_arrives(length: float, speed: float, acceleration: float) -> None:
    timing = TrapezoidalTiming(length, speed, acceleration)
    t = np.linspace(-0.1, timing.duration_s + 0.1, 4001)
    s, step = timing.position(t), t[1] - t[0]
    assert s[0] == 0.0
    assert abs(s[-1] - length) <= 1e-9 * max(1.0, length)
    velocity = np.diff(s) / step
    assert velocity.min() >= -1e-9
    assert velocity.max() <= speed * (1.0 + 1e-6) + 1e-9
    noise = 8.0 * np.finfo(float).eps * max(1.0, length) / step**2
    assert np.abs(np.diff(velocity) / step).max() <= acceleration * (1.0 + 1e-6) + noise


@settings(max_examples=50, deadline=None)
@given(vector, vector, vector, vector)
def test_a_line_is_straight_bounded_and_ends_at_the_goal(p0: tuple[float], p1: tuple[float], r0: tuple[float], r1: tuple[float]) -> None:
    start, goal = (Pose(Rotation.from_rotvec(5.0 * np.array(r)).as_matrix(), np.array(p)) for r, p in ((r0, p0), (r1, p1)))
    line = LineReference(start, goal, SPEED)
    t = np.linspace(0.0, line.duration_s + 0.1, 501)
    p, R = line.poses(t)
    assert np.abs(p[0] - start.p_m).max() < 1e-12 and np.abs(R[0] - start.R).max() < 1e-9
    assert np.abs(p[-1] - goal.p_m).max() < 1e-9 and np.abs(R[-1] - goal.R).max() < 1e-9
    assert np.linalg.norm(np.cross(p - start.p_m, goal.p_m - start.p_m), axis=1).max() < 1e-9
    step = t[1] - t[0]
    assert np.linalg.norm(np.diff(p, axis=0), axis=1).max() <= SPEED.speed_m_s * step * (1 + 1e-6) + 1e-12
    turn = np.array([Rotation.from_matrix(a.T @ b).magnitude() for a, b in pairwise(R)])
    assert turn.max() <= SPEED.turn_rad_s * step * (1 + 1e-6) + 1e-7


def test_a_turn_of_half_a_revolution_is_refused() -> None:
    with pytest.raises(InvalidInput, match="half a turn"):
        LineReference(Pose(np.eye(3), np.zeros(3)), Pose(np.diag([1.0, -1.0, -1.0]), np.zeros(3)), SPEED)


def test_a_line_of_no_length_takes_no_time() -> None:
    pose = Pose(np.eye(3), np.array([0.1, 0.0, -0.1]))
    line = LineReference(pose, pose, SPEED)
    assert line.duration_s == 0.0
    assert np.array_equal(line.poses(np.array([0.0, 5.0]))[0], np.tile(pose.p_m, (2, 1)))


def test_a_path_returns_its_samples_interpolates_between_and_clamps_outside() -> None:
    samples = np.array([[0.0, 0.0, 0.0], [1e-3, 0.0, 0.0], [1e-3, 2e-3, 0.0]])
    path = PathReference(samples, 100.0, np.eye(3))
    p, R = path.poses(np.array([-1.0, 0.0, 0.005, 0.01, 0.015, 0.02, 9.0]))
    expected = [samples[0], samples[0], [5e-4, 0, 0], samples[1], [1e-3, 1e-3, 0], samples[2], samples[2]]
    assert np.abs(p - np.array(expected)).max() < 1e-15
    assert R.shape == (7, 3, 3)
    assert path.duration_s == pytest.approx(0.02)


def test_an_interpolated_orientation_turns_at_a_constant_rate() -> None:
    keys = Rotation.from_rotvec([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]).as_matrix()
    _, R = PathReference(np.zeros((11, 3)), 10.0, keys).poses(np.array([0.0, 0.25, 0.5, 1.0, 2.0]))
    assert Rotation.from_matrix(R).as_rotvec()[:, 2].tolist() == pytest.approx([0.0, 0.25, 0.5, 1.0, 1.0])


@pytest.mark.parametrize(
    ("positions", "R", "reason"),
    [
        (np.zeros((1, 3)), np.eye(3), "two samples"),
        (np.zeros((5, 2)), np.eye(3), "shape"),
        (np.full((5, 3), np.nan), np.eye(3), "not finite"),
        (np.full((5, 3), 120.0), np.eye(3), "sample 0 .* is the unit metres"),
        (np.array([[0.0, 0, 0], [0, 0, 0], [0.1, 0, 0]]), np.eye(3), "between samples 1 and 2"),
        (np.zeros((5, 3)), 2.0 * np.eye(3), "not a rotation"),
    ],
)
def test_a_bad_path_is_refused_with_its_reason(positions: np.ndarray, R: np.ndarray, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        PathReference(positions, 100.0, R)


def test_a_time_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InvalidInput, match="t_s"):
        PathReference(np.zeros((2, 3)), 100.0, np.eye(3)).poses(np.array([np.nan]))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.01, 2), st.floats(0.1, 10)), min_size=1, max_size=7))
def test_joints_arrive_together_within_their_bounds(rows: list[tuple[float, float, float, float]]) -> None:
    start, goal, velocity, acceleration = (np.array(column) for column in zip(*rows, strict=True))
    move = JointReference(start, goal, velocity, acceleration)
    t = np.linspace(0.0, move.duration_s + 0.01, 1001)
    q, step = move.joints(t), t[1] - t[0]
    assert np.array_equal(q[0], start)
    assert np.abs(q[-1] - goal).max() < 1e-9
    assert np.all(np.abs(np.diff(q, axis=0)) <= velocity * step * (1 + 1e-6) + 1e-12)
    assert np.all(np.abs(np.diff(q, 2, axis=0)) <= acceleration * step**2 * (1 + 1e-6) + 1e-12)


def test_a_joint_bound_of_zero_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must be positive"):
        JointReference([0.0], [1.0], [0.0], [1.0])


def test_a_constant_reference_is_constant() -> None:
    pose = Pose(np.eye(3), np.array([0.1, 0.2, 0.3]))
    p, R = ConstantReference(pose).poses(np.arange(4.0))
    assert np.array_equal(p, np.tile(pose.p_m, (4, 1)))
    assert np.array_equal(R, np.tile(np.eye(3), (4, 1, 1)))
