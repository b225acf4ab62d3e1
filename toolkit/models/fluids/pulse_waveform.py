"""A periodic mean speed: U(t) = U_0 + Re sum_n c_n exp(i n 2 pi f t)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...arrays import FloatArray, finite_array, finite_number
from ...errors import InvalidInput

ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class PulseWaveform:
    """rate f [Hz], mean U_0 [m/s], harmonics c_1, c_2, ... [m/s], complex, shape (n,); n = 0 is a steady flow."""

    rate_hz: float
    mean_m_s: float
    harmonics_m_s: ComplexArray

    def __post_init__(self) -> None:
        finite_number(self.rate_hz, "rate_hz", 1e-6, 1e3)
        finite_number(self.mean_m_s, "mean_m_s", -10.0, 10.0)
        c = np.array(self.harmonics_m_s, dtype=np.complex128)
        if c.ndim != 1 or not np.isfinite(c).all():
            raise InvalidInput(f"harmonics_m_s: expected a finite list of complex numbers, got {self.harmonics_m_s!r}")
        c.setflags(write=False)
        object.__setattr__(self, "harmonics_m_s", c)

    @classmethod
    def from_samples(cls, mean_speed_m_s: FloatArray, rate_hz: float, harmonics: int) -> "PulseWaveform":
        """Fit to one period of equally spaced samples, shape (n,), n > 2 harmonics, by the discrete Fourier transform."""
        samples = finite_array(mean_speed_m_s, "mean_speed_m_s", (None,))
        if isinstance(harmonics, bool) or not isinstance(harmonics, int) or not 0 <= harmonics < samples.size / 2:
            raise InvalidInput(f"harmonics: {harmonics!r} of {samples.size} samples; more than two samples a harmonic are needed")
        spectrum = np.fft.rfft(samples) / samples.size
        return cls(rate_hz, float(spectrum[0].real), 2.0 * spectrum[1 : harmonics + 1])

    @property
    def speed_bound_m_s(self) -> float:
        """No U(t) is faster: |U_0| + sum |c_n|."""
        return abs(self.mean_m_s) + float(np.abs(self.harmonics_m_s).sum())

    def phasors(self, t_s: float) -> ComplexArray:
        """c_n exp(i n 2 pi f t), shape (n,)."""
        finite_number(t_s, "t_s", -1e9, 1e9)
        n = np.arange(1, self.harmonics_m_s.size + 1)
        turned: ComplexArray = self.harmonics_m_s * np.exp(2j * np.pi * self.rate_hz * t_s * n)
        return turned

    def mean_speed_m_s(self, t_s: float) -> float:
        return self.mean_m_s + float(self.phasors(t_s).real.sum())
