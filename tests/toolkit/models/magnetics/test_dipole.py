"""Dipoles: ETH's vectors, the definition of the force, and the field by differences of the scalar potential."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toolkit.models.magnetics.second_opinion import central_difference, g5_of
from toolkit import InvalidInput
from toolkit.models.magnetics import MpemCalibration, MpemSource, dipole_field, dipole_wrench, gradient_tensor, mpem_model
from toolkit.models.magnetics.dipole import MU0

numbers = st.lists(st.floats(-2.0, 2.0), min_size=11, max_size=11).map(np.array)


def test_eths_own_unit_vectors() -> None:
    _, torque = dipole_wrench([100.0, 0.0, 0.0], [0.0, 1.5, 0.0], np.zeros(5))
    assert np.linalg.norm(torque) == 150.0
    force, _ = dipole_wrench([1.5, 0.0, 0.0], np.zeros(3), [0.5, 0.0, 0.0, 0.0, 0.0])
    assert force.tolist() == [0.75, 0.0, 0.0]


@given(numbers)
def test_force_is_the_gradient_times_the_moment_and_torque_the_cross_product(x: np.ndarray) -> None:
    m, B, g5 = x[:3], x[3:6], x[6:]
    force, torque = dipole_wrench(m, B, g5)
    G = np.array(gradient_tensor(g5))
    np.testing.assert_array_equal(G, G.T)
    assert abs(np.trace(G)) < 1e-15
    np.testing.assert_allclose(force, G @ m, atol=1e-14)
    np.testing.assert_allclose(torque, np.cross(m, B), atol=1e-14)


@given(numbers)
def test_the_gradient_is_that_of_the_field(x: np.ndarray) -> None:
    m, p = x[:3], x[3:6]
    p = p + 0.3 * np.sign(p + 1e-9)
    _, G = dipole_field(m, p)
    np.testing.assert_allclose(G, central_difference(lambda q: dipole_field(m, q)[0], p, 1e-3), rtol=1e-5, atol=1e-12)


def test_a_source_of_first_order_is_a_dipole() -> None:
    b, z, p = 3.0e-4, np.array([0.6, 0.0, 0.8]), np.array([0.05, -0.03, 0.02])
    model = mpem_model(MpemCalibration("d", ("c",), ((MpemSource(np.zeros(3), z, b=np.array([b])),),), -np.ones(3), np.ones(3)))
    sample = model.field(p, [1.0])
    B, G = dipole_field(4.0 * np.pi * b / MU0 * z, p)
    np.testing.assert_allclose(sample.B_tesla, B, rtol=1e-12)
    np.testing.assert_allclose(sample.g5_tesla_per_m, g5_of(G), rtol=1e-12, atol=1e-12)


def test_magpylib_says_the_same_of_a_dipole() -> None:
    magpylib = pytest.importorskip("magpylib")
    m, p = np.array([0.3, -0.2, 0.5]), np.array([0.04, 0.03, -0.02])
    np.testing.assert_allclose(dipole_field(m, p)[0], magpylib.misc.Dipole(moment=m).getB(p), rtol=1e-9)


def test_what_is_no_dipole_is_refused() -> None:
    for m, p in (([0, 0, 1], [0, 0, 0]), ([0, 0, np.nan], [0, 0, 1]), ([0, 1], [0, 0, 1])):
        with pytest.raises(InvalidInput):
            dipole_field(m, p)
    for m, B, g5 in (([0, 0, 1], [0, 0], np.zeros(5)), ([0, 0, 1], np.zeros(3), [0, 0, 0, 0, np.inf])):
        with pytest.raises(InvalidInput):
            dipole_wrench(m, B, g5)
