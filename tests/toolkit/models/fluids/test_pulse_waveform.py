import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import InvalidInput
from toolkit.models.fluids import PulseWaveform

PULSE = PulseWaveform(1.2, 0.01, np.array([0.006, 0.003j, -0.002, 0.001 + 0.001j]))


def test_a_waveform_is_recovered_from_its_samples() -> None:
    t = np.arange(64) / 64 / 1.2
    again = PulseWaveform.from_samples(np.array([PULSE.mean_speed_m_s(one) for one in t]), 1.2, 4)
    assert again.mean_m_s == pytest.approx(0.01) and again.harmonics_m_s == pytest.approx(PULSE.harmonics_m_s)


@given(st.floats(-1e3, 1e3))
def test_no_moment_is_faster_than_the_bound(t: float) -> None:
    assert abs(PULSE.mean_speed_m_s(t)) <= PULSE.speed_bound_m_s
    assert PULSE.mean_speed_m_s(t) == pytest.approx(PULSE.mean_speed_m_s(t + 1.0 / 1.2), abs=1e-9)


def test_nonsense_is_refused() -> None:
    with pytest.raises(InvalidInput, match="rate_hz"):
        PulseWaveform(float("nan"), 0.0, np.array([]))
    with pytest.raises(InvalidInput, match="harmonics_m_s"):
        PulseWaveform(1.0, 0.0, np.array([np.nan]))
    with pytest.raises(InvalidInput, match="harmonics"):
        PulseWaveform.from_samples(np.zeros(8), 1.0, 4)
    with pytest.raises(InvalidInput, match="mean_speed_m_s"):
        PULSE.from_samples(np.array([0.0, np.inf, 0.0]), 1.0, 1)
