import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from toolkit import FloatArray, InvalidInput
from toolkit.models.fluids import BLOOD_LIKE, WATER_20C, wall_factor_parallel, wall_factor_perpendicular
from toolkit.models.microrobots import Bead, PermanentMoment, SoftMoment

RADIUS = 250e-6
VOLUME = 4.0 / 3.0 * math.pi * RADIUS**3
BEAD = Bead(RADIUS, 2500.0, SoftMoment(0.2 * VOLUME, 1.7e6), BLOOD_LIKE)
GRAPH = BEAD.acceleration()
ZERO, FLAT = np.zeros(3), np.zeros(5)


def acceleration(
    v: FloatArray, b: FloatArray = ZERO, g5: FloatArray = FLAT, u: FloatArray = ZERO, n: FloatArray = ZERO, x: float = 0.0
) -> FloatArray:
    return np.asarray(GRAPH(v, b, g5, u, ZERO, n, x)).ravel()


def test_force_of_a_unit_moment_is_the_known_vector() -> None:
    """Unit vectors of ETH's tests: m = (1.5, 0, 0), g = (0.5, 0, 0, 0, 0) give F = (0.75, 0, 0)."""
    magnet = Bead(1e-2, 7500.0, PermanentMoment(1e-6, 1.2, 1e-3), BLOOD_LIKE)
    size = np.linalg.norm(magnet.moment.moment_a_m2(np.array([0.01, 0, 0])))
    assert magnet.magnetic_force_n(np.array([0.01, 0, 0]), np.array([0.5, 0, 0, 0, 0])) == pytest.approx([0.5 * size, 0, 0])


@given(st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=3), st.lists(st.floats(-2.0, 2.0), min_size=5, max_size=5))
def test_force_is_the_gradient_of_the_field_times_the_moment(b: list[float], g: list[float]) -> None:
    G = np.array([[g[0], g[1], g[2]], [g[1], g[3], g[4]], [g[2], g[4], -g[0] - g[3]]])
    force = BEAD.magnetic_force_n(np.array(b), np.array(g))
    assert force == pytest.approx(G @ BEAD.moment.moment_a_m2(np.array(b)), abs=1e-18)
    weight_and_force = acceleration(ZERO, np.array(b), np.array(g)) * BEAD.effective_mass_kg
    assert weight_and_force == pytest.approx(force + BEAD.net_weight_n, abs=1e-15)


def test_weight_and_buoyancy_are_always_there() -> None:
    assert acceleration(ZERO)[2] == pytest.approx(-9.80665 * (2500 - 1060) / (2500 + 530), rel=1e-12)


def test_a_falling_bead_reaches_the_terminal_speed_of_its_drag() -> None:
    fall = solve_ivp(lambda _, v: acceleration(v), (0.0, 1.0), ZERO, rtol=1e-9, atol=1e-13, method="LSODA")
    assert -fall.y[2, -1] == pytest.approx(BEAD.drag.terminal_speed_m_s(float(np.linalg.norm(BEAD.net_weight_n))), rel=1e-6)


def test_a_slow_bead_comes_to_rest_exponentially() -> None:
    """At Re -> 0 the drag is Stokes's and v = v0 exp(-t/tau_p)."""
    weightless = Bead(20e-6, 2500.0, SoftMoment(1e-15, 1.7e6), BLOOD_LIKE, np.zeros(3))
    graph, tau = weightless.acceleration(), weightless.time_constant_s
    run = solve_ivp(lambda _, v: np.asarray(graph(v, 0, 0, 0, 0, 0, 0)).ravel(), (0.0, 3 * tau), [1e-7, 0, 0], rtol=1e-10, atol=1e-18)
    assert run.y[0, -1] == pytest.approx(1e-7 * math.exp(-3.0), rel=1e-3)


def test_near_a_wall_drag_grows_more_towards_it_than_along_it() -> None:
    n, x, v = np.array([0.0, 1.0, 0.0]), 0.5, 1e-6
    at_rest = acceleration(ZERO)
    along = (acceleration(np.array([v, 0, 0]), n=n, x=x) - at_rest)[0]
    towards = (acceleration(np.array([0, v, 0]), n=n, x=x) - at_rest)[1]
    free = (acceleration(np.array([v, 0, 0])) - at_rest)[0]
    assert along / free == pytest.approx(wall_factor_parallel(x), rel=1e-7)
    assert towards / free == pytest.approx(wall_factor_perpendicular(x), rel=1e-7)
    assert BEAD.wall_factors(RADIUS / x) == pytest.approx((along / free, towards / free), rel=1e-7)
    assert BEAD.wall_factors(math.inf) == (1.0, 1.0)


def test_a_bead_at_the_speed_of_the_flow_feels_no_drag() -> None:
    u = np.array([0.01, -0.02, 0.0])
    assert acceleration(u, u=u) == pytest.approx(acceleration(ZERO), abs=1e-12)


def test_a_neutral_bead_goes_with_an_accelerating_fluid() -> None:
    neutral = Bead(RADIUS, 1060.0, SoftMoment(0.1 * VOLUME, 1.7e6), BLOOD_LIKE)
    du = np.array([0.3, 0.0, -0.1])
    assert np.asarray(neutral.acceleration()(0, 0, 0, 0, du, 0, 0)).ravel() == pytest.approx(du, rel=1e-12)


def test_the_over_damped_form_of_a_heavy_bead_is_refused_and_of_a_small_one_agrees_with_the_full_one() -> None:
    iron = Bead(RADIUS, 7870.0, SoftMoment(VOLUME, 1.7e6), WATER_20C)
    with pytest.raises(InvalidInput, match="keep the inertia"):
        iron.over_damped_velocity(0.01)
    small = Bead(5e-6, 2500.0, SoftMoment(1e-17, 1.7e6), BLOOD_LIKE)
    b, g, u = np.array([0.02, 0, 0.01]), np.array([1.0, 0.2, 0.1, -0.4, 0.3]), np.array([1e-5, 0, 0])
    velocity = np.asarray(small.over_damped_velocity(0.01)(b, g, u, [0, 1, 0], 0.3)).ravel()
    steady = np.asarray(small.acceleration()(velocity, b, g, u, 0, [0, 1, 0], 0.3)).ravel()
    assert np.abs(steady).max() < 2e-3 * np.abs(small.net_weight_n / small.effective_mass_kg).max(), "but for phi - 1 at this Re"


@pytest.mark.parametrize("distance", [0.0, -1.0, float("nan"), 250e-6, 380e-6])
def test_a_wall_too_near_is_refused(distance: float) -> None:
    with pytest.raises(InvalidInput):
        BEAD.wall_factors(distance)


def test_nonsense_is_refused() -> None:
    with pytest.raises(InvalidInput, match="exceeds the bead"):
        Bead(RADIUS, 2500.0, SoftMoment(2.0 * VOLUME, 1.7e6), BLOOD_LIKE)
    with pytest.raises(InvalidInput, match="g5_t_m"):
        BEAD.magnetic_force_n(ZERO, np.array([np.nan] * 5))
    with pytest.raises(InvalidInput, match="gravity"):
        Bead(RADIUS, 2500.0, SoftMoment(VOLUME, 1.7e6), BLOOD_LIKE, np.zeros(2))
    with pytest.raises(InvalidInput, match="speed_m_s"):
        BEAD.require_valid(1e3, math.inf)
