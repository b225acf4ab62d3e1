import numpy as np
import pytest
from scipy.integrate import quad, solve_bvp

from toolkit import InvalidInput
from toolkit.models.fluids import BLOOD_LIKE, Poiseuille, PulseWaveform, Womersley, womersley_number
from toolkit.models.fluids.womersley import profile

PULSE = PulseWaveform(1.2, 0.01, np.array([0.006, 0.003j, -0.002, 0.001]))
FLOW = Womersley(BLOOD_LIKE, 1.5e-3, PULSE)


def test_an_artery_has_the_expected_womersley_number() -> None:
    assert womersley_number(BLOOD_LIKE, 1.5e-3, 1.2) == pytest.approx(2.27, abs=0.01)


@pytest.mark.parametrize("t", [0.0, 0.1, 0.37, 12.3])
def test_the_profile_carries_the_mean_speed_of_the_waveform(t: float) -> None:
    flux = quad(lambda r: 2.0 * np.pi * r * FLOW.speed_m_s([r], t)[0], 0.0, 1.5e-3)[0]
    assert flux / (np.pi * 1.5e-3**2) == pytest.approx(PULSE.mean_speed_m_s(t), abs=1e-12)


def test_no_slip_at_the_wall() -> None:
    assert FLOW.speed_m_s([1.5e-3], 0.2) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("wo", [0.0, 1e-4, 0.9e-3, 1.1e-3, 1e-2])
def test_slow_pulses_tend_to_poiseuille(wo: float) -> None:
    r = np.linspace(0.0, 1.0, 21)
    assert np.max(np.abs(profile(wo, r) - 2.0 * (1.0 - r**2))) <= 0.2 * wo**2 + 1e-9


def test_a_steady_waveform_is_poiseuille() -> None:
    r = np.linspace(0.0, 1.5e-3, 7)
    steady = Womersley(BLOOD_LIKE, 1.5e-3, PulseWaveform(1.2, 0.01, np.array([])))
    assert steady.speed_m_s(r, 0.3) == pytest.approx(Poiseuille(BLOOD_LIKE, 1.5e-3, 0.01).speed_m_s(r), abs=1e-16)


@pytest.mark.parametrize("wo", [0.5, 2.3, 8.0, 15.0])
def test_the_profile_solves_the_equation_of_motion(wo: float) -> None:
    """u'' + u'/s - i Wo^2 u = -K on (0, 1), u'(0) = 0, u(1) = 0, solved as a boundary value problem; normalised to mean 1."""

    def slope(s: np.ndarray, y: np.ndarray) -> np.ndarray:
        u, du = y[0] + 1j * y[2], y[1] + 1j * y[3]
        curvature = 1j * wo**2 * u - wo**2 - du / s
        return np.vstack([du.real, curvature.real, du.imag, curvature.imag])

    s = np.linspace(1e-4, 1.0, 400)
    solved = solve_bvp(slope, lambda a, b: np.array([a[1], b[0], a[3], b[2]]), s, np.zeros((4, s.size)), tol=1e-8, max_nodes=20_000)
    u = solved.sol(s)[0] + 1j * solved.sol(s)[2]
    u = u / (2.0 * np.trapezoid(u * s, s))
    assert solved.success and np.max(np.abs(u - profile(wo, s))) < 1e-4 * np.max(np.abs(u))


def test_fast_pulses_do_not_overflow() -> None:
    assert np.isfinite(profile(100.0, np.linspace(0.0, 1.0, 50))).all()


def test_nonsense_is_refused() -> None:
    for wo in (-1.0, 100.1, float("nan")):
        with pytest.raises(InvalidInput, match="womersley"):
            profile(wo, np.array([0.0]))
    with pytest.raises(InvalidInput, match="r_m"):
        FLOW.speed_m_s([1.6e-3], 0.0)
    with pytest.raises(InvalidInput, match="Re"):
        Womersley(BLOOD_LIKE, 1.5e-3, PulseWaveform(1.2, 2.0, np.array([1.0])))
    with pytest.raises(InvalidInput, match="t_s"):
        FLOW.speed_m_s([0.0], float("nan"))
