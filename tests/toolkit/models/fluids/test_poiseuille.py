import numpy as np
import pytest
from scipy.integrate import quad

from toolkit import InvalidInput
from toolkit.models.fluids import BLOOD_LIKE, Poiseuille

FLOW = Poiseuille(BLOOD_LIKE, 1.5e-3, 0.6)


def test_an_artery_has_the_expected_reynolds_number() -> None:
    assert pytest.approx(545, abs=1) == FLOW.reynolds


def test_the_profile_carries_its_mean_speed() -> None:
    flux = quad(lambda r: 2.0 * np.pi * r * FLOW.speed_m_s([r])[0], 0.0, FLOW.radius_m)[0]
    assert flux / (np.pi * FLOW.radius_m**2) == pytest.approx(0.6, rel=1e-12)


def test_wall_shear_and_pressure_are_in_balance() -> None:
    h = 1e-7
    slope = -(FLOW.speed_m_s([FLOW.radius_m])[0] - FLOW.speed_m_s([FLOW.radius_m - h])[0]) / h
    assert FLOW.wall_shear_pa == pytest.approx(BLOOD_LIKE.viscosity_pa_s * slope, rel=1e-3)
    assert FLOW.pressure_gradient_pa_m * FLOW.radius_m / 2.0 == pytest.approx(FLOW.wall_shear_pa)


@pytest.mark.parametrize("r", [-1e-9, 1.5001e-3, float("nan")])
def test_outside_the_pipe_is_refused(r: float) -> None:
    with pytest.raises(InvalidInput, match="r_m"):
        FLOW.speed_m_s([r])


def test_a_flow_that_may_be_turbulent_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Re 2"):
        Poiseuille(BLOOD_LIKE, 1.5e-3, 2.3)
