import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers import InverseKinematics, PathReference, reachable_path
from controllers.inverse_kinematics import rotation_vector
from tests.controllers.conftest import Q_HOME
from toolkit import InvalidInput, Pose
from toolkit.models import SerialArm


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_reachable_pose_is_reached_within_the_limits(arm: SerialArm, seed: int) -> None:
    generator = np.random.default_rng(seed)
    lower, upper = arm.limits.lower.copy(), arm.limits.upper.copy()
    lower[2] = 0.05
    middle, half = (lower + upper) / 2, 0.45 * (upper - lower)
    goal = arm.tip_pose(middle + generator.uniform(-half, half))
    solution = InverseKinematics(arm).solve(goal, Q_HOME)
    assert solution.reached, solution.refusal
    assert np.all(arm.limits.lower <= solution.q) and np.all(solution.q <= arm.limits.upper)
    pose = arm.tip_pose(solution.q)
    assert np.linalg.norm(pose.p_m - goal.p_m) <= 1e-7
    assert Rotation.from_matrix(pose.R.T @ goal.R).magnitude() <= 1.1e-6
    assert solution.q[-1] == Q_HOME[-1]


def test_a_pose_beyond_a_limit_is_refused_with_the_joint_that_blocks(arm: SerialArm) -> None:
    q = Q_HOME.copy()
    q[2] = 0.3
    solution = InverseKinematics(arm).solve(arm.tip_pose(q), Q_HOME)
    assert not solution.reached
    assert solution.position_error_m > 0.01
    assert "insertion is at its upper limit 0.24 m" in solution.refusal
    assert np.all(solution.q <= arm.limits.upper)


def test_a_path_that_leaves_the_reachable_space_is_refused_at_its_time(arm: SerialArm) -> None:
    start = arm.tip_pose(Q_HOME)
    # Straight down: the tip leaves with the insertion at 0.24 m, 0.1 m below the start, at 1 s.
    down = start.p_m + np.linspace(0.0, 1.0, 201)[:, None] * np.array([0.0, 0.0, -0.2])
    with pytest.raises(InvalidInput, match=r"at 1\.0[0-4]0 s \(sample 5[0-2]\).*insertion is at its upper limit"):
        reachable_path(InverseKinematics(arm), PathReference(down, 100.0, start.R), Q_HOME)


def test_a_reachable_path_is_followed_in_one_branch(arm: SerialArm) -> None:
    start = arm.tip_pose(Q_HOME)
    t = np.linspace(0.0, 2.0 * np.pi, 301)[:, None]
    path = PathReference(start.p_m + 0.02 * np.hstack([np.sin(t), np.cos(t) - 1.0, 0.5 * np.sin(2.0 * t)]), 100.0, start.R)
    joints = reachable_path(InverseKinematics(arm), path, Q_HOME)
    p, _ = path.poses(np.append(np.arange(0.0, path.duration_s, 0.02), path.duration_s))
    assert np.abs(np.array([arm.tip_pose(q).p_m for q in joints]) - p).max() < 2e-7
    assert np.abs(np.diff(joints, axis=0)).max() < 0.05


@settings(max_examples=200, deadline=None)
@given(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 1e-3), st.floats(0.0, np.pi))
def test_the_rotation_vector_is_the_logarithm(axis: tuple[float, float, float], angle: float) -> None:
    R = Rotation.from_rotvec(np.array(axis) / np.linalg.norm(axis) * angle).as_matrix()
    v = rotation_vector(R)
    assert np.abs(Rotation.from_rotvec(v).as_matrix() - R).max() < 1e-6
    assert np.linalg.norm(v) <= np.pi + 1e-9


def test_a_seed_of_the_wrong_shape_is_refused(arm: SerialArm) -> None:
    with pytest.raises(InvalidInput, match="seed"):
        InverseKinematics(arm).solve(Pose(np.eye(3), np.zeros(3)), np.zeros(3))
