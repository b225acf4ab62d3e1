"""Rendered frames with known truth: discs through a soft lens, shot and read-out noise, and a camera that can freeze."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from toolkit import FloatArray

from .camera import CameraFrame

_FINE = 8
"""Each pixel is the mean of 8 x 8 points."""


@dataclass
class SimulatedCamera:
    """Dark discs of `contrast` grey levels below `background`, white noise of `noise` grey levels; 8 bits, clipped as a sensor does.

    is_frozen: the last picture is given again under a new number and time. is_stopped: nothing new at all.
    """

    shape: tuple[int, int]
    radius_px: float
    background: float = 180.0
    contrast: float = 100.0
    noise: float = 5.0
    blur_px: float = 0.8
    seed: int = 0
    is_frozen: bool = False
    is_stopped: bool = False
    _number: int = 0
    _last: CameraFrame | None = None
    _random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def expose(self, positions_px: Sequence[tuple[float, float]], t_s: float) -> CameraFrame:
        """The frame of robots at these (column, row)."""
        if self.is_stopped and self._last is not None:
            return self._last
        self._number += 1
        if self.is_frozen and self._last is not None:
            self._last = CameraFrame(self._last.image, self._number, t_s)
            return self._last
        cover = np.zeros(self.shape)
        for x, y in positions_px:
            cover = np.maximum(cover, self._disc(x, y))
        clean = self.background - self.contrast * cover
        noisy = np.rint(clean + self.noise * self._random.standard_normal(self.shape))
        self._last = CameraFrame(np.clip(noisy, 0, 255).astype(np.uint8), self._number, t_s)
        return self._last

    def _disc(self, x: float, y: float) -> FloatArray:
        """Fraction of each pixel that the disc covers, its edge softened over `blur_px`."""
        offset = (np.arange(_FINE) + 0.5) / _FINE - 0.5
        cover = np.zeros(self.shape)
        reach = int(np.ceil(self.radius_px + 4 * self.blur_px)) + 1
        rows = np.arange(max(0, int(y) - reach), min(self.shape[0], int(y) + reach + 1))
        columns = np.arange(max(0, int(x) - reach), min(self.shape[1], int(x) + reach + 1))
        fine_y, fine_x = (rows[:, None] + offset).ravel(), (columns[:, None] + offset).ravel()
        distance = np.hypot(fine_x[None, :] - x, fine_y[:, None] - y)
        soft = 1.0 / (1.0 + np.exp((distance - self.radius_px) / (0.5 * self.blur_px)))
        patch = soft.reshape(len(rows), _FINE, len(columns), _FINE).mean(axis=(1, 3))
        if rows.size and columns.size:
            cover[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = patch
        return cover
