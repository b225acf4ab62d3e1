import math

import casadi as ca
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from toolkit import InvalidInput
from toolkit.models.fluids import BLOOD_LIKE, REYNOLDS_MAX, WATER_20C, Fluid, SphereDrag, drag_factor, require_over_damped

UNIT = Fluid("unit", 1000.0, 1e-3, "round numbers")


@pytest.mark.parametrize("reynolds", [1e-3, 0.1, 1.0, 10.0, 100.0, 799.0])
def test_the_factor_is_schiller_and_naumann_over_stokes(reynolds: float) -> None:
    c_d = 24.0 / reynolds * (1.0 + 0.15 * reynolds**0.687)
    assert drag_factor(reynolds) == pytest.approx(c_d * reynolds / 24.0, rel=2e-5)


def test_slow_spheres_obey_stokes() -> None:
    assert SphereDrag(UNIT, 1e-6).drag_kg_s(1e-6) == pytest.approx(6.0 * math.pi * 1e-3 * 1e-6, rel=5e-3)
    assert drag_factor(0.0) == pytest.approx(1.0, abs=2e-5)


@pytest.mark.parametrize("reynolds", [800.0001, -1e-9, float("nan"), float("inf")])
def test_beyond_re_800_the_law_is_refused(reynolds: float) -> None:
    assert drag_factor(REYNOLDS_MAX) > 1.0
    with pytest.raises(InvalidInput, match="reynolds"):
        drag_factor(reynolds)


def test_a_bead_that_stokes_would_send_to_re_5500_is_refused() -> None:
    """A 500 um NdFeB bead at 1 T/m in water."""
    drag = SphereDrag(WATER_20C, 250e-6)
    force = 1.2 / (4e-7 * math.pi) * 4.0 / 3.0 * math.pi * 250e-6**3 * 1.0
    assert drag.terminal_speed_m_s(force) < 0.1 * force / drag.stokes_kg_s, "Stokes is more than ten times too fast here"
    with pytest.raises(InvalidInput, match="force_n"):
        drag.terminal_speed_m_s(100.0 * force)
    with pytest.raises(InvalidInput, match="speed_m_s"):
        drag.drag_kg_s(force / drag.stokes_kg_s)


@settings(max_examples=25)
@given(st.floats(1e-12, 1e-4))
def test_terminal_speed_is_where_integration_ends(force: float) -> None:
    drag = SphereDrag(BLOOD_LIKE, 250e-6)
    speed = drag.terminal_speed_m_s(force)
    mass = 2.5e-7
    ended = solve_ivp(
        lambda _, v: [(force - drag.drag_kg_s(abs(v[0])) * v[0]) / mass], (0.0, 1.0), [0.0], method="LSODA", rtol=1e-8, atol=1e-16
    )
    assert ended.y[0, -1] == pytest.approx(speed, rel=1e-5)


def test_graph_and_number_agree_and_the_graph_has_a_derivative_at_rest() -> None:
    drag = SphereDrag(BLOOD_LIKE, 100e-6)
    v = ca.SX.sym("v", 3)
    force = drag.drag_graph(ca.sumsqr(v)) * v
    function = ca.Function("f", [v], [force, ca.jacobian(force, v)])
    for speed in (1e-9, 1e-3, 0.5):
        assert float(function([speed, 0, 0])[0][0]) == pytest.approx(drag.drag_kg_s(speed) * speed, rel=1e-12)
    assert np.allclose(np.asarray(function([0, 0, 0])[1]), drag.stokes_kg_s * np.eye(3), rtol=2e-5, atol=0.0)


def test_a_time_constant_above_a_tenth_of_the_period_needs_inertia() -> None:
    require_over_damped(1e-3, 10e-3)
    for tau in (1.001e-3, float("nan"), -1.0):
        with pytest.raises(InvalidInput):
            require_over_damped(tau, 10e-3)


@pytest.mark.parametrize("radius", [0.0, -1e-6, float("nan"), 1.0])
def test_a_radius_out_of_range_is_refused(radius: float) -> None:
    with pytest.raises(InvalidInput, match="radius_m"):
        SphereDrag(UNIT, radius)
