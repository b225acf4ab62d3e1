import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from toolkit import InvalidInput
from toolkit.models.microrobots import mean_spin_rad_s, step_out_rate_rad_s


@pytest.mark.parametrize("ratio", [0.5, 0.99, 1.05, 1.5, 3.0])
def test_the_mean_spin_is_that_of_the_integrated_phase(ratio: float) -> None:
    """phi' = w - w_so sin(phi); the magnet's rate is w - phi', averaged after the transient."""
    s = 10.0
    w = ratio * s
    run = solve_ivp(lambda _, phi: w - s * np.sin(phi), (0.0, 400.0), [0.0], t_eval=[50.0, 400.0], rtol=1e-8, atol=1e-8)
    assert w - (run.y[0, 1] - run.y[0, 0]) / 350.0 == pytest.approx(mean_spin_rad_s(w, s), abs=0.03)


@given(st.floats(-1e5, 1e5), st.floats(0.0, 1e4))
def test_no_magnet_turns_faster_than_its_field_or_than_step_out(w: float, s: float) -> None:
    spin = mean_spin_rad_s(w, s)
    assert abs(spin) <= min(abs(w), s) * (1.0 + 1e-12) and spin * w >= 0.0
    assert spin == -mean_spin_rad_s(-w, s)


def test_far_above_step_out_nothing_cancels() -> None:
    assert mean_spin_rad_s(1e6, 1e-3) == pytest.approx(0.5e-12, rel=1e-9)


def test_nonsense_is_refused() -> None:
    for w, s in ((float("nan"), 1.0), (1.0, float("nan")), (1.0, -1.0)):
        with pytest.raises(InvalidInput):
            mean_spin_rad_s(w, s)
    with pytest.raises(InvalidInput, match="drag"):
        step_out_rate_rad_s(1e-9, 1e-3, 0.0)
    assert step_out_rate_rad_s(2e-9, 1e-3, 1e-14) == pytest.approx(200.0)
