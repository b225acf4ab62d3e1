"""Batches: every row is what the graph alone gives, whatever came before, and a wrong shape is refused."""

import casadi as ca
import numpy as np
import pytest

from safety.batch_function import BatchFunction, points_function
from tests.safety.parts import arm
from toolkit import InvalidInput

X, Y = ca.SX.sym("x", 2), ca.SX.sym("y", 1)


def twice() -> BatchFunction:
    return BatchFunction("twice", [X, Y], [2.0 * X + Y, ca.sumsqr(X)])


@pytest.mark.parametrize("rows", [1, 2, 4, 5, 31, 95, 96])
def test_every_row_is_what_the_graph_alone_gives(rows: int) -> None:
    rng = np.random.default_rng(rows)
    x, y = rng.normal(size=(rows, 2)), rng.normal(size=(rows, 1))
    doubled, squares = twice()(x, y)
    np.testing.assert_allclose(doubled, 2.0 * x + y, rtol=1e-15)
    np.testing.assert_allclose(squares[:, 0], (x * x).sum(axis=1), rtol=1e-15)


def test_a_shorter_batch_after_a_longer_one_does_not_see_its_rows() -> None:
    function = twice()
    function(np.full((4, 2), 7.0), np.full((4, 1), 7.0))
    doubled, squares = function(np.zeros((3, 2)), np.zeros((3, 1)))
    assert doubled.shape == (3, 2) and not doubled.any() and not squares.any()


def test_nan_in_a_row_stays_in_that_row() -> None:
    x = np.zeros((3, 2))
    x[1, 0] = np.nan
    doubled, squares = twice()(x, np.zeros((3, 1)))
    assert np.isnan(doubled[1, 0]) and np.isnan(squares[1, 0]) and np.isfinite(doubled[[0, 2]]).all()


@pytest.mark.parametrize(
    ("x", "y"), [((0, 2), (0, 1)), ((97, 2), (97, 1)), ((3, 3), (3, 1)), ((3, 2), (2, 1)), ((3, 2), (3, 2)), ((2,), (1,))]
)
def test_another_shape_is_refused(x: tuple[int, ...], y: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="batch evaluation"):
        twice()(np.zeros(x), np.zeros(y))


def test_a_graph_that_is_not_columns_is_refused() -> None:
    with pytest.raises(InvalidInput, match="columns"):
        BatchFunction("wide", [X], [X.T])


def test_a_sparse_output_is_not_read_as_its_nonzeros() -> None:
    function = BatchFunction("sparse", [X], [ca.vertcat(ca.SX(1, 1), X[0])])
    assert function(np.full((1, 2), 3.0))[0].tolist() == [[0.0, 3.0]]


def test_points_are_the_arms_own() -> None:
    q = np.random.default_rng(0).uniform(arm().limits.lower, arm().limits.upper, (5, 7))
    (points,) = points_function(arm())(q)
    np.testing.assert_allclose(points.reshape(5, -1, 3), [arm().points(x) for x in q], atol=1e-14)
