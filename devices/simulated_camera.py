"""Rendered frames with known truth: discs through a soft lens, shot and read-out noise, and a camera that can freeze."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit import FloatArray

from .camera import CameraFrame

_FINE = 4
"""Each pixel is the mean of 4 x 4 points: the edge is soft over more than that."""


@dataclass
class SimulatedCamera:
    """Dark discs of `contrast` grey levels below `background`, white noise of `noise` grey levels; 8 bits, clipped as a sensor does.

    noise_bank: 0: new noise for each exposure; else so many pictures of noise are drawn once, and each exposure takes one, shifted at
        random, never as the exposure before: cheap, and still no two exposures in a row are equal.
    is_frozen: the last picture is given again under a new number and time. is_stopped: nothing new at all.
    """

    shape: tuple[int, int]
    radius_px: float
    background: float = 180.0
    contrast: float = 100.0
    noise: float = 5.0
    blur_px: float = 0.8
    seed: int = 0
    noise_bank: int = 0
    is_frozen: bool = False
    is_stopped: bool = False
    _number: int = 0
    _last: CameraFrame | None = None
    _random: np.random.Generator = field(init=False)
    _bank: NDArray[np.uint8] = field(init=False)
    _drawn: int = -1

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self._bank = _grey(self.background + self.noise * self._random.standard_normal((self.noise_bank, *self.shape)))

    def expose(self, positions_px: Sequence[tuple[float, float]], t_s: float) -> CameraFrame:
        """The frame of robots at these (column, row)."""
        if self.is_stopped and self._last is not None:
            return self._last
        self._number += 1
        if self.is_frozen and self._last is not None:
            self._last = CameraFrame(self._last.image, self._number, t_s)
            return self._last
        empty = self._empty()
        image, cover = _grey(empty), np.zeros(self.shape)
        discs = [self._disc(x, y) for x, y in positions_px]
        for part, disc in discs:
            cover[part] = np.maximum(cover[part], disc)
        for part, _ in discs:
            image[part] = _grey(empty[part] - self.contrast * cover[part])
        self._last = CameraFrame(image, self._number, t_s)
        return self._last

    def _empty(self) -> NDArray[Any]:
        """The picture without robots, noise included."""
        if not self.noise_bank:
            return self.background + self.noise * self._random.standard_normal(self.shape)
        before = self._drawn
        while self._drawn == before:
            self._drawn = int(self._random.integers(self._bank.size))
        picture, shift = divmod(self._drawn, self._bank[0].size)
        return np.roll(self._bank[picture], shift)

    def _disc(self, x: float, y: float) -> tuple[tuple[slice, slice], FloatArray]:
        """Where in the frame the disc is, and what fraction of each pixel there it covers, its edge softened over `blur_px`."""
        offset = (np.arange(_FINE) + 0.5) / _FINE - 0.5
        reach = int(np.ceil(self.radius_px + 4 * self.blur_px)) + 1
        part = _between(int(y), reach, self.shape[0]), _between(int(x), reach, self.shape[1])
        rows, columns = (np.arange(one.start, one.stop) for one in part)
        fine_y, fine_x = ((axis[:, None] + offset).ravel() for axis in (rows - y, columns - x))
        distance = np.sqrt(np.square(fine_x, dtype=np.float32)[None, :] + np.square(fine_y, dtype=np.float32)[:, None])
        soft = 1.0 / (1.0 + np.exp((distance - self.radius_px) / (0.5 * self.blur_px)))
        return part, soft.reshape(len(rows), _FINE, len(columns), _FINE).mean(axis=(1, 3))


def _between(middle: int, reach: int, size: int) -> slice:
    low = min(max(0, middle - reach), size)
    return slice(low, max(low, min(size, middle + reach + 1)))


def _grey(level: NDArray[Any]) -> NDArray[np.uint8]:
    return np.clip(np.rint(level), 0, 255).astype(np.uint8) if level.dtype != np.uint8 else level.copy()
