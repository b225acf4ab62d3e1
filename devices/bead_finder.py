"""Round robots in a frame, to a fraction of a pixel.

    contrast c = (background - image) or (image - background), background = median of the frame
    candidates: connected regions of c (smoothed) above half of `contrast_min`, area near that of the disc
    position = sum(c x)/sum(c) over a circular window of 1.5 radii about itself, iterated: the window moves with the disc, so that noise
    and a threshold do not pull it to the pixel grid

Its standard deviation in white noise sigma is sigma sqrt(sum x^2)/sum(c), which each detection states. Positions are (column, row) of pixel
centres. Robots nearer to each other than 1.5 radii edge to edge pull each other's centre; the tracks' margin keeps such positions out.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from toolkit import FloatArray, finite_number

from .camera import CameraFrame

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


def find_beads(frame: CameraFrame, spec: BeadSpec) -> list[Detection]:
    """Every robot seen whole in the frame, in no order. A region of several robots' area comes as one detection with its count.

    Regions that touch the border are left out: a part of a disc has its centre elsewhere.
    """
    image = frame.image.astype(np.float64)
    background = float(np.median(image))
    contrast = spec.polarity.value * (image - background)
    noise = _MAD_TO_SIGMA * float(np.median(np.abs(contrast)))
    smooth = ndimage.gaussian_filter(contrast, spec.radius_px / 4)
    found = []
    for region in _regions(smooth > spec.contrast_min / 2):
        disc = np.pi * spec.radius_px**2
        count = max(1, round(region.area / disc))
        low_row, low_column, high_row, high_column = region.bbox
        whole = low_row > 0 and low_column > 0 and high_row < image.shape[0] and high_column < image.shape[1]
        if whole and region.area >= 0.5 * disc:
            row, column = region.centroid
            detection = _refine(contrast, column, row, noise, spec.radius_px * float(np.sqrt(count)), count)
            found += [] if detection is None else [detection]
    return found


def _refine(contrast: FloatArray, x: float, y: float, noise: float, radius: float, count: int) -> Detection | None:
    rows, columns = np.arange(contrast.shape[0])[:, None], np.arange(contrast.shape[1])[None, :]
    reach, sigma = _WINDOW * radius, np.inf
    for _ in range(_ROUNDS):
        # A soft edge of one pixel: a hard one would let pixels jump in and out, and the centre with them.
        distance = np.hypot(columns - x, rows - y)
        weight = np.clip(reach + 0.5 - distance, 0.0, 1.0) * contrast
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


def _regions(mask: "np.ndarray[Any, np.dtype[np.bool_]]") -> list[_Region]:
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    centres = ndimage.center_of_mass(mask, labels, range(1, count + 1))
    boxes = ndimage.find_objects(labels)
    regions = []
    for k, ((rows, columns), (row, column)) in enumerate(zip(boxes, centres, strict=True), start=1):
        area = int((labels[rows, columns] == k).sum())
        regions.append(_Region(area, (rows.start, columns.start, rows.stop, columns.stop), (float(row), float(column))))
    return regions
