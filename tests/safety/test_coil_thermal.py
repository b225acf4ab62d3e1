"""A coil is never hotter than it counts as; what a sensor does not say counts as hot; doses are those of the published equivalences."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from safety.coil_thermal import CoilThermal, CoilThermalState, cem43_min
from toolkit import FloatArray, InvalidInput


def coils(**changed: Any) -> CoilThermal:
    numbers: dict[str, Any] = {
        "R20_ohm": np.array([0.9, 1.28]), "heat_capacity_J_K": 350.0, "thermal_K_W": 0.4, "ambient_C": 22.0, "sensor_K": 1.0,
        "limit_C": 80.0, "contact_share": 0.2,
    }  # fmt: skip
    return CoilThermal(**{**numbers, **changed})


def at(*temperature_c: float) -> CoilThermalState:
    return CoilThermalState(np.array(temperature_c), 0.0)


@pytest.mark.parametrize("i", [0.0, 6.0, 12.0, 40.0])
def test_it_heats_as_an_integrator_finds(i: float) -> None:
    one = coils()

    def rate(t: float, T: FloatArray) -> FloatArray:
        return (one.R20_ohm * (1.0 + 0.00393 * (T - 20.0)) * i**2 - (T - 22.0) / 0.4) / 350.0

    end = solve_ivp(rate, (0.0, 60.0), [30.0, 50.0], rtol=1e-11, atol=1e-11).y[:, -1]
    np.testing.assert_allclose(one.after(at(30.0, 50.0), np.full(2, i), 60.0), end, rtol=1e-8)


def test_a_rate_of_zero_is_a_straight_line() -> None:
    one = coils(R20_ohm=np.array([1.0]))
    i = np.array([np.sqrt(1.0 / (0.4 * 0.00393))])
    assert one.after(at(30.0), i, 2.0) == pytest.approx(30.0 + 2.0 * (i[0] ** 2 * (1.0 - 0.0786) + 22.0 / 0.4) / 350.0, rel=1e-9)


def test_the_steady_temperature_is_where_it_ends_or_nowhere() -> None:
    one = coils()
    steady = one.steady_C(np.array([8.0, -8.0]))
    np.testing.assert_allclose(one.after(at(22.0, 22.0), np.array([8.0, 8.0]), 1e5), steady, rtol=1e-12)
    assert np.isinf(one.steady_C(np.array([0.0, 30.0]))).tolist() == [False, True]


def test_how_long_a_current_may_stand() -> None:
    one, i = coils(), np.array([3.0, 12.0])
    seconds = one.until_limit_s(at(30.0, 40.0), i)
    assert 0.0 < seconds < np.inf
    assert one.after(at(30.0, 40.0), i, seconds).max() == pytest.approx(80.0)
    assert one.until_limit_s(at(30.0, 40.0), np.array([5.0, 5.0])) == np.inf
    assert one.until_limit_s(at(30.0, 80.0), np.zeros(2)) == 0.0


def test_the_hotter_of_model_and_sensor_counts() -> None:
    one, i = coils(), np.array([5.0, 5.0])
    model = one.after(at(40.0, 40.0), i, 0.01)
    low, high = one.step(at(40.0, 40.0), i, (20.0, 20.0), 0.01), one.step(at(40.0, 40.0), i, (60.0, 20.0), 0.01)
    np.testing.assert_array_equal(low.temperature_c, model)
    np.testing.assert_allclose(high.temperature_c, [61.0, model[1]])


@pytest.mark.parametrize("reading", [None, float("nan"), float("inf"), -60.0, 400.0])
def test_a_coil_without_a_reading_is_hot_and_stays_it_until_it_has_cooled(reading: float | None) -> None:
    one, i = coils(), np.zeros(2)
    assert one.begin((reading, 25.0)).temperature_c.tolist() == [80.0, 26.0]
    blind = one.step(at(40.0, 40.0), i, (reading, 25.0), 0.01)
    assert blind.temperature_c[0] == 80.0
    again = one.step(blind, i, (25.0, 25.0), 0.01)
    assert 79.9 < again.temperature_c[0] < 80.0
    assert one.step(at(90.0, 40.0), i, (reading, 25.0), 0.01).temperature_c[0] > 89.0


@given(st.floats(20.0, 79.0), st.floats(0.0, 15.0), st.floats(-1.0, 1.0), st.floats(0.001, 1.0))
def test_it_is_never_below_a_coil_that_keeps_to_the_assumption(T: float, i: float, error: float, dt_s: float) -> None:
    """The true coil follows the model from a temperature no higher than was counted, or its sensor errs by no more than stated."""
    one = coils(R20_ohm=np.array([1.0]))
    counted = one.begin((T + error,))
    assert counted.temperature_c[0] >= T
    true = one.after(at(T), np.array([i]), dt_s)
    assert one.step(counted, np.array([i]), (20.0,), dt_s).temperature_c[0] >= true[0] - 1e-9
    assert one.step(at(0.0), np.array([i]), (float(true[0]) + error,), dt_s).temperature_c[0] >= true[0] - 1e-9


@pytest.mark.parametrize(
    ("tissue_C", "minutes", "dose_min"),
    [
        (43.0, 1.0, 1.0),
        (44.0, 1.0, 2.0),
        (42.0, 4.0, 1.0),
        (47.0, 15.0, 240.0),
        (50.0, 1.875, 240.0),
        (41.0, 16.0, 1.0),
        (45.0, 60.0, 240.0),
    ],
)
def test_doses_are_those_of_sapareto_and_dewey(tissue_C: float, minutes: float, dose_min: float) -> None:
    """Time halves with each degree above 43 C and quarters with each below: 240 min at 43 C are 60 at 45, 15 at 47, 1.9 at 50."""
    assert cem43_min(tissue_C, 60.0 * minutes) == pytest.approx(dose_min)


def test_tissue_that_touches_a_hot_coil_takes_a_dose_and_keeps_it() -> None:
    one = coils(contact_share=1.0)
    state = one.begin((42.0, 20.0))
    for _ in range(6000):
        state = one.step(state, np.zeros(2), (42.0, 20.0), 0.01)
    assert state.dose_min == pytest.approx(1.0, rel=1e-6)
    cold = one.step(CoilThermalState(np.array([20.0, 20.0]), state.dose_min), np.zeros(2), (19.0, 19.0), 60.0)
    assert cold.dose_min == pytest.approx(state.dose_min + 0.25**6)
    assert one.tissue_C(20.0) == 37.0


def test_bad_numbers_are_refused() -> None:
    one = coils()
    for wrong in ({"R20_ohm": np.array([1.0, -1.0])}, {"sensor_K": float("nan")}, {"contact_share": 1.5}, {"limit_C": 10.0}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            coils(**wrong)
    with pytest.raises(InvalidInput, match="dt_s"):
        one.step(at(20.0, 20.0), np.zeros(2), (20.0, 20.0), -0.01)
    with pytest.raises(InvalidInput, match="i_A"):
        one.step(at(20.0, 20.0), np.array([np.nan, 0.0]), (20.0, 20.0), 0.01)
    with pytest.raises(InvalidInput, match="3 readings for 2"):
        one.begin((20.0, 20.0, 20.0))
    with pytest.raises(InvalidInput, match="no coil bears"):
        one.after(at(20.0, 20.0), np.full(2, 1e4), 60.0)
