"""Allocation: ETH's own numbers, agreement with a cone solver, limits kept, and refusal where clipping would turn the field."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers import CoilLimits, allocate_currents, allocate_exactly
from tests.toolkit.models.magnetics.second_opinion import OCTOMAG
from toolkit import FloatArray, InvalidInput
from toolkit.models.magnetics import load_mpem_model

A = load_mpem_model(OCTOMAG).actuation(np.zeros(3))
LIMITS = CoilLimits(np.full(8, 12.0), np.ones(8), 2000.0)


def test_fields_of_the_octomag_take_the_currents_that_eths_code_gives() -> None:
    y = np.array([0.03, 0.0, 0.0])
    i = allocate_currents(A[:3], y, LIMITS).i_ampere
    wanted = [-2.748387, -3.086703, -0.276802, 3.215819, 2.621480, 3.600991, -0.211548, -3.271445]
    np.testing.assert_allclose(i, wanted, atol=1e-6)
    i = allocate_currents(A, [0.03, *[0.0] * 7], LIMITS).i_ampere
    wanted = [-0.502719, -4.731506, -0.357788, 4.055424, 0.460020, 3.857462, -0.309844, -4.217324]
    np.testing.assert_allclose(i, wanted, atol=1e-6)


def same(y: FloatArray, rows: FloatArray, limits: CoilLimits) -> None:
    ours, theirs = allocate_currents(rows, y, limits), allocate_exactly(rows, y, limits)
    assert ours.obstacle == theirs.obstacle, (ours, theirs)
    assert ours.scale == pytest.approx(theirs.scale, rel=1e-5, abs=1e-7)
    if ours.i_ampere is None or theirs.i_ampere is None:
        assert ours.i_ampere is None and theirs.i_ampere is None and ours.detail
        return
    assert (np.abs(ours.i_ampere) <= limits.i_max_ampere).all() and limits.heat(ours.i_ampere) <= limits.heat_max_watt
    unit = np.linalg.norm(rows, axis=1)
    assert (np.abs(rows @ ours.i_ampere - y) <= 1e-8 * unit * np.linalg.norm(ours.i_ampere)).all()
    assert limits.heat(ours.i_ampere) <= limits.heat(theirs.i_ampere) * (1.0 + 1e-6) + 1e-9


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 8), st.floats(0.02, 0.4), st.floats(20.0, 2000.0))
def test_both_solvers_agree_on_currents_obstacle_and_share(seed: int, count: int, size: float, heat_watt: float) -> None:
    rng = np.random.default_rng(seed)
    rows = A[rng.permutation(8)[:count]]
    limits = CoilLimits(rng.uniform(6.0, 20.0, 8), rng.uniform(0.5, 2.0, 8), heat_watt)
    same(size * rows @ rng.uniform(-50.0, 50.0, 8), rows, limits)


def test_a_refusal_names_the_limit_and_how_much_is_left() -> None:
    y = np.array([0.1, *[0.0] * 7])
    refused = allocate_currents(A, y, LIMITS)
    assert refused.obstacle == "current" and not refused.is_feasible and "coils at their limit: [1]" in refused.detail
    assert allocate_currents(A, 0.999 * refused.scale * y, LIMITS).is_feasible
    assert not allocate_currents(A, 1.001 * refused.scale * y, LIMITS).is_feasible
    cool = CoilLimits(np.full(8, 12.0), np.ones(8), 50.0)
    hot = allocate_currents(A[:3], [0.06, 0.0, 0.0], cool)
    assert hot.obstacle == "heat" and "50 W allowed" in hot.detail
    assert allocate_currents(A[:3], [0.06 * hot.scale * 0.999, 0.0, 0.0], cool).is_feasible
    both = allocate_currents(A, y, cool)
    assert both.obstacle == "current" and "the heat of 50 W is used up before" in both.detail and both.scale < refused.scale


@pytest.mark.parametrize("tesla", [1e-9, 1.0, 1e6])
def test_the_share_is_right_however_much_was_asked_for(tesla: float) -> None:
    largest = allocate_exactly(A[:3], [1.0, 0.0, 0.0], LIMITS).scale
    found = allocate_currents(A[:3], [tesla, 0.0, 0.0], LIMITS)
    assert found.scale == pytest.approx(min(1.0, largest / tesla), rel=1e-5)


def test_clipping_would_have_turned_the_field() -> None:
    y = np.array([0.08, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0])
    assert not allocate_currents(A, y, LIMITS).is_feasible
    clipped = A @ np.clip(np.linalg.solve(A, y), -12.0, 12.0)
    turned_rad = np.arccos(clipped[:3] @ y[:3] / np.linalg.norm(clipped[:3]) / np.linalg.norm(y[:3]))
    assert np.degrees(turned_rad) > 1.0 and abs(clipped[6] - 0.3) > 0.01


def test_what_the_coils_cannot_make_is_refused_whatever_the_currents() -> None:
    for rows, y in (
        (np.vstack([A[0], A[0]]), [0.01, 0.02]),
        (np.zeros((1, 8)), [0.01]),
        (A[:5] * [0, 0, 0, 0, 0, 0, 0, 1], [1, 2, 3, 4, 5]),
    ):
        refused = allocate_currents(rows, y, LIMITS)
        assert refused.obstacle == "range" and refused.scale == 0.0 and allocate_exactly(rows, y, LIMITS).obstacle == "range"


def test_twice_the_same_row_is_no_obstacle_and_nothing_takes_no_current() -> None:
    assert allocate_currents(np.vstack([A[0], 2.0 * A[0]]), [0.01, 0.02], LIMITS).is_feasible
    nothing = allocate_currents(A, np.zeros(8), LIMITS)
    assert nothing.i_ampere is not None and not nothing.i_ampere.any()


@pytest.mark.parametrize(
    ("rows", "y"),
    [(A, [np.nan] * 8), (A, [0.01] * 7), (A[:, :7], [0.01] * 8), (np.full((1, 8), np.inf), [0.01]), (np.full((1, 8), np.nan), [0.01])],
)
def test_nan_and_wrong_shapes_are_refused(rows: FloatArray, y: list[float]) -> None:
    with pytest.raises(InvalidInput):
        allocate_currents(rows, y, LIMITS)


@pytest.mark.parametrize(
    ("i_max", "R", "heat"),
    [([12.0, 0.0], [1.0, 1.0], 10.0), ([12.0, np.nan], [1.0, 1.0], 10.0), ([12.0], [1.0, 1.0], 10.0), ([12.0], [-1.0], 10.0),
     ([12.0], [1.0], np.nan), ([12.0], [1.0], np.inf), ([], [], 1.0)],
)  # fmt: skip
def test_limits_that_limit_nothing_are_refused(i_max: list[float], R: list[float], heat: float) -> None:
    with pytest.raises(InvalidInput):
        CoilLimits(np.array(i_max), np.array(R), heat)
