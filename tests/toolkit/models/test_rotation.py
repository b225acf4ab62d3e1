import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from toolkit import InvalidInput
from toolkit.models.rotation import from_rpy, multiply, rotation_x, rotation_y, rotation_z, sin_cos


@given(st.floats(-20, 20))
def test_sin_and_cos_are_correctly_rounded(angle):
    with mpmath.workdps(60):
        exact = mpmath.mpf(angle)
        assert sin_cos(angle) == (float(mpmath.sin(exact)), float(mpmath.cos(exact)))


@pytest.mark.parametrize("angle", [0.0, 1.5708, -1.5708, math.pi / 2, math.pi, 1e-300, 5e-324, 20.0])
def test_sin_and_cos_are_correctly_rounded_where_files_have_their_digits(angle):
    with mpmath.workdps(400):
        exact = mpmath.mpf(angle)
        assert sin_cos(angle) == (float(mpmath.sin(exact)), float(mpmath.cos(exact)))


@pytest.mark.parametrize("angle", [90.0, math.nan, math.inf, -20.1])
def test_degrees_and_what_is_not_finite_are_refused_as_an_angle(angle):
    with pytest.raises(InvalidInput, match="rad"):
        sin_cos(angle)


def test_rotations_agree_with_scipy():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a = rng.uniform(-3, 3, 3)
        assert np.abs(np.array(from_rpy(a)) - Rotation.from_euler("xyz", a).as_matrix()).max() < 1e-15
        product = multiply(rotation_x(a[0]), multiply(rotation_y(a[1]), rotation_z(a[2])))
        assert np.abs(np.array(product) - Rotation.from_euler("XYZ", a).as_matrix()).max() < 1e-15
