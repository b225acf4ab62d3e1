"""What lies between the encoders and the joints of a cable-driven arm: a dead band and a smooth error, within a hard bound."""

import numpy as np

from toolkit import FloatArray


class CableError:
    """true = play(u) + A sin(2 pi waves (u - lower) / (upper - lower) + phase), u the joint by the encoders.

    play is the hysteresis operator p <- clip(p, u - h, u + h). With h = f b and A = (1 - f) b, |true - u| <= b always.

    Args:
        bound: b, shape (n,). lower, upper: joint range, shape (n,). play_fraction: f. start: u at power-on, shape (n,).
    """

    def __init__(
        self, bound: FloatArray, lower: FloatArray, upper: FloatArray, play_fraction: float, waves: float, start: FloatArray,
        generator: np.random.Generator,
    ) -> None:
        self._h = play_fraction * bound
        self._amplitude = (1 - play_fraction) * bound
        self._wave_number = 2 * np.pi * waves / (upper - lower)
        self._phase = generator.uniform(0, 2 * np.pi, len(bound))
        self._play = start.astype(np.float64).copy()

    def true_joints(self, u: FloatArray) -> FloatArray:
        """True joints when the encoders' joints have moved to `u`; call once per physics step, in order."""
        np.maximum(self._play, u - self._h, out=self._play)
        np.minimum(self._play, u + self._h, out=self._play)
        return self._play + self._amplitude * np.sin(self._wave_number * u + self._phase)
