"""Round robots in a frame, to a fraction of a pixel.

    contrast c = (background - image) or (image - background), background = median of the frame
    candidates: connected regions of c (smoothed) above half of `contrast_min`, area near that of the disc
    position = sum(c x)/sum(c) over a circular window of 1.5 radii about itself, iterated: the window moves with the disc, so that noise
    and a threshold do not pull it to the pixel grid

Its standard deviation in white noise sigma is sigma sqrt(sum x^2)/sum(c), which each detection states. Positions are (column, row) of pixel
centres. Robots nearer to each other than 1.5 radii edge to edge pull each other's centre; the tracks' margin keeps such positions out.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from toolkit import finite_number

from .camera import CameraFrame, Image

_WINDOW = 1.5
_ROUNDS = 8
_STILL_PX = 1e-3
_MAD_TO_SIGMA = 1.4826


class Polarity(Enum):
    """Robots darker or brighter than what is around them."""

    DARK = -1.0
    BRIGHT = 1.0


@dataclass(frozen=True)
class BeadSpec:
    """radius_px: of a robot in the image. contrast_min: least grey levels it differs from the background by."""

    radius_px: float
    contrast_min: float
    polarity: Polarity

    def __post_init__(self) -> None:
        finite_number(self.radius_px, "radius_px", 1.5, 500.0)
        finite_number(self.contrast_min, "contrast_min", 1.0, 65535.0)


@dataclass(frozen=True)
class Detection:
    """x_px, y_px: column and row. sigma_px: standard deviation by the frame's noise. count: how many robots its area is of."""

    x_px: float
    y_px: float
    sigma_px: float
    count: int


class _Region(NamedTuple):
    """Pixels of a connected region, its rows and columns (first, first, behind the last, behind the last), its centre (row, column)."""

    area: int
    bbox: tuple[int, int, int, int]
    centroid: tuple[float, float]


class Window(NamedTuple):
    """A part of a frame: from the first row and column up to, not including, the last."""

    row: int
    column: int
    row_end: int
    column_end: int

    @classmethod
    def about(cls, x_px: float, y_px: float, half_px: float, shape: tuple[int, ...]) -> "Window":
        """The square of `half_px` to each side of (column, row), as much of it as lies in a frame of this shape."""
        low_row, low_column = max(0, math.floor(y_px - half_px)), max(0, math.floor(x_px - half_px))
        return cls(low_row, low_column, min(shape[0], math.ceil(y_px + half_px) + 1), min(shape[1], math.ceil(x_px + half_px) + 1))


def find_beads(frame: CameraFrame, spec: BeadSpec, window: Window | None = None) -> list[Detection]:
    """Every robot seen whole in the frame, in no order. A region of several robots' area comes as one detection with its count.

    Regions that touch the border are left out: a part of a disc has its centre elsewhere. window: look only there (its border counts as the
    frame's does, and its median is the background); None: everywhere. Positions are those of the whole frame either way.
    """
    seen = frame.image if window is None else frame.image[window.row : window.row_end, window.column : window.column_end]
    first_row, first_column = (0, 0) if window is None else (window.row, window.column)
    if not seen.size:
        return []
    background, noise = _background_and_noise(seen)
    contrast = (spec.polarity.value * (seen - np.float32(background))).astype(np.float32)
    smooth = ndimage.gaussian_filter(contrast, spec.radius_px / 4, truncate=2.0)
    found = []
    for region in _regions(smooth > spec.contrast_min / 2):
        disc = np.pi * spec.radius_px**2
        count = max(1, round(region.area / disc))
        low_row, low_column, high_row, high_column = region.bbox
        whole = low_row > 0 and low_column > 0 and high_row < seen.shape[0] and high_column < seen.shape[1]
        if whole and region.area >= 0.5 * disc:
            row, column = region.centroid
            detection = _refine(contrast, column, row, noise, spec.radius_px * float(np.sqrt(count)), count)
            if detection is not None:
                found.append(replace(detection, x_px=detection.x_px + first_column, y_px=detection.y_px + first_row))
    return found


def _background_and_noise(seen: Image) -> tuple[float, float]:
    """The median and 1.48 median absolute deviations, from the histogram: a hundred times fewer numbers to sort."""
    counts = np.bincount(seen.ravel())
    levels = np.flatnonzero(counts)
    counts = counts[levels]
    background = _weighted_median(levels, counts)
    away = np.abs(levels - background)
    order = np.argsort(away)
    return background, _MAD_TO_SIGMA * _weighted_median(away[order], counts[order])


def _weighted_median(sorted_values: NDArray[Any], counts: NDArray[Any]) -> float:
    up_to = np.cumsum(counts)
    middle = np.array([up_to[-1] - 1, up_to[-1]]) // 2
    return float(sorted_values[np.searchsorted(up_to, middle, side="right")].mean())


def _refine(contrast: NDArray[np.float32], x: float, y: float, noise: float, radius: float, count: int) -> Detection | None:
    reach, sigma = _WINDOW * radius, np.inf
    for _ in range(_ROUNDS):
        # Nothing further away than the reach has any weight: only that part of the picture is looked at.
        part = Window.about(x, y, reach + 1.0, contrast.shape)
        rows, columns = np.arange(part.row, part.row_end)[:, None], np.arange(part.column, part.column_end)[None, :]
        # A soft edge of one pixel: a hard one would let pixels jump in and out, and the centre with them.
        distance = np.hypot(columns - x, rows - y)
        weight = np.clip(reach + 0.5 - distance, 0.0, 1.0) * contrast[part.row : part.row_end, part.column : part.column_end]
        total = float(weight.sum())
        if not total > 0.0:
            return None  # as much that is brighter as darker: no disc
        new_x, new_y = float((weight * columns).sum()) / total, float((weight * rows).sum()) / total
        inside = distance <= reach
        sigma = noise * float(np.sqrt(((columns - new_x) ** 2 * inside).sum())) / total
        moved = max(abs(new_x - x), abs(new_y - y))
        x, y = new_x, new_y
        if moved < _STILL_PX:
            break
    return Detection(x, y, sigma, count)


def _regions(mask: NDArray[np.bool_]) -> list[_Region]:
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    regions = []
    for k, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        row, column = np.nonzero(labels[rows, columns] == k)
        centre = float(rows.start + row.mean()), float(columns.start + column.mean())
        regions.append(_Region(row.size, (rows.start, columns.start, rows.stop, columns.stop), centre))
    return regions
