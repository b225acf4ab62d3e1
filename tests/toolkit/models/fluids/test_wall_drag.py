import importlib.util
import math
from pathlib import Path

import casadi as ca
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import InvalidInput
from toolkit.models.fluids import (
    PARALLEL_X_MAX,
    PERPENDICULAR_X_MAX,
    wall_factor_parallel,
    wall_factor_parallel_graph,
    wall_factor_perpendicular,
    wall_factor_perpendicular_graph,
)

spec = importlib.util.spec_from_file_location("blake_images", Path(__file__).parent / "blake_images.py")
assert spec and spec.loader
blake_images = importlib.util.module_from_spec(spec)
spec.loader.exec_module(blake_images)


@pytest.mark.parametrize(("x", "along", "towards"), [(0.1, 1.0595, 1.1262), (0.25, 1.1620, 1.3802), (0.5, 1.3861, 2.1255)])
def test_both_factors_agree_with_the_reference_values(x: float, along: float, towards: float) -> None:
    assert wall_factor_parallel(x) == pytest.approx(along, abs=5e-5)
    assert wall_factor_perpendicular(x) == pytest.approx(towards, abs=5e-5)


@pytest.mark.parametrize(("x", "towards"), [(0.75, 4.2617), (0.9, 10.44), (0.98, 50.76)])
def test_near_the_wall_the_factor_is_the_exact_one(x: float, towards: float) -> None:
    assert wall_factor_perpendicular(x) == pytest.approx(towards, rel=1e-4)
    assert wall_factor_perpendicular(x) > 1.5 / (1.0 - 9.0 / 8.0 * x + 0.5 * x**3), "never the truncated series"


@pytest.mark.parametrize(("x", "within"), [(0.25, 1e-4), (0.5, 3e-3), (0.65, 1.1e-2)])
def test_both_series_agree_with_a_solution_by_images(x: float, within: float) -> None:
    along, towards = blake_images.drag_factors(x)
    assert wall_factor_perpendicular(x) == pytest.approx(towards, rel=1e-4)
    assert wall_factor_parallel(x) == pytest.approx(along, rel=within)


def test_beyond_its_validity_the_parallel_series_is_wrong_and_refused() -> None:
    along, _ = blake_images.drag_factors(0.8, sources=300, collocation=700)
    x = 0.8
    faxen = 1.0 / (1.0 - 9.0 / 16.0 * x + x**3 / 8.0 - 45.0 / 256.0 * x**4 - x**5 / 16.0)
    assert faxen / along > 1.02
    with pytest.raises(InvalidInput, match="a/h"):
        wall_factor_parallel(x)


def test_at_a_hair_s_breadth_the_factor_is_radius_over_gap() -> None:
    """Lubrication: a/gap + 1/5 log(a/gap) + 0.9713 (Cox and Brenner 1967)."""
    for gap in (1e-3, 1e-4, 1.001e-5):
        asymptote = 1.0 / gap + 0.2 * math.log(1.0 / gap) + 0.9713
        assert wall_factor_perpendicular(1.0 / (1.0 + gap)) == pytest.approx(asymptote, abs=0.02)


@given(st.floats(0.0, 0.999))
def test_the_number_of_terms_suffices(x: float) -> None:
    """The literal series, summed in exact order with far more terms than the bound asks for, in extended precision."""
    if x < 1e-3:
        assert wall_factor_perpendicular(x) == pytest.approx(1.0 + 1.125 * x, abs=2.0 * x**2 + 1e-12)
        return
    al = np.arccosh(1.0 / np.longdouble(x))
    n = np.arange(1, int(60.0 / al) + 10, dtype=np.longdouble)
    m = 2.0 * n + 1.0
    small = m * al < 200.0
    n, m = n[small], m[small]
    bracket = (2.0 * np.sinh(m * al) + m * np.sinh(2.0 * al)) / (4.0 * np.sinh(0.5 * m * al) ** 2 - m**2 * np.sinh(al) ** 2) - 1.0
    literal = float(4.0 / 3.0 * np.sinh(al) * np.sum(n * (n + 1.0) / ((2.0 * n - 1.0) * (2.0 * n + 3.0)) * bracket))
    assert wall_factor_perpendicular(x) == pytest.approx(literal, rel=1e-9)


def test_graphs_agree_with_the_numbers_and_are_smooth() -> None:
    x = ca.SX.sym("x")
    towards, along = wall_factor_perpendicular_graph(x), wall_factor_parallel_graph(x)
    function = ca.Function("f", [x], [towards, along, ca.jacobian(towards, x), ca.jacobian(along, x)])
    for value in np.linspace(0.0, 0.99, 100):
        assert float(function(value)[0]) == pytest.approx(wall_factor_perpendicular(value), rel=1e-8)
        if value <= PARALLEL_X_MAX:
            assert float(function(value)[1]) == pytest.approx(wall_factor_parallel(value), rel=1e-14)
    assert float(function(0.0)[2]) == pytest.approx(9.0 / 8.0, rel=1e-6)
    assert float(function(0.0)[3]) == pytest.approx(9.0 / 16.0, rel=1e-12)


@pytest.mark.parametrize("x", [-1e-9, 1.0, float("nan"), float("inf")])
def test_contact_and_nonsense_are_refused(x: float) -> None:
    with pytest.raises(InvalidInput, match="a/h"):
        wall_factor_perpendicular(x)
    with pytest.raises(InvalidInput, match="a/h"):
        wall_factor_parallel(x)


def test_the_last_allowed_gap_is_evaluated() -> None:
    assert math.isfinite(wall_factor_perpendicular(PERPENDICULAR_X_MAX))
    assert wall_factor_perpendicular(0.0) == 1.0 and wall_factor_parallel(0.0) == 1.0
