"""Poses compose and invert as rigid transforms, and nothing else is accepted as one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from toolkit import InvalidInput, Pose


def pose(seed: int) -> Pose:
    rng = np.random.default_rng(seed)
    return Pose(Rotation.random(rng=rng).as_matrix(), rng.uniform(-1.0, 1.0, 3))


def homogeneous(X: Pose) -> np.ndarray:
    return np.block([[X.R, X.p_m[:, None]], [np.zeros((1, 3)), np.ones((1, 1))]])


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_composition_and_inverse_agree_with_homogeneous_matrices(a: int, b: int) -> None:
    A, B = pose(a), pose(b)
    np.testing.assert_allclose(homogeneous(A @ B), homogeneous(A) @ homogeneous(B), atol=1e-14)
    np.testing.assert_allclose(homogeneous(A.inverse()), np.linalg.inv(homogeneous(A)), atol=1e-14)


@pytest.mark.parametrize("R", [np.diag([1.0, 1.0, -1.0]), 1.001 * np.eye(3), np.ones((3, 3)), np.eye(3) + [[0, 1e-5, 0]] * 3])
def test_a_matrix_that_is_no_rotation_is_refused(R: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="not a rotation"):
        Pose(R, np.zeros(3))


def test_a_pose_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Pose(np.full((3, 3), np.nan), np.zeros(3))
    with pytest.raises(InvalidInput):
        Pose(np.eye(3), np.array([0.0, np.inf, 0.0]))
