"""What a camera gives, and whether it still gives it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from toolkit import DeviceFault, InvalidInput, StaleMeasurement, finite_number

Image = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class CameraFrame:
    """image: shape (rows, columns), 8 or 16 bits. number: the camera's own count. t_s: end of exposure on time.monotonic(), [s]."""

    image: Image
    number: int
    t_s: float

    def __post_init__(self) -> None:
        if self.image.ndim != 2 or self.image.dtype not in (np.uint8, np.uint16) or min(self.image.shape) < 8:
            raise InvalidInput(f"frame {self.number}: {self.image.dtype} {self.image.shape}: a grey image of 8 or 16 bits is needed")
        finite_number(self.t_s, "t_s", 0.0, 1e12)


class Camera(Protocol):
    """A camera driver. `read` waits for a frame newer than the last it gave, and raises DeviceFault at its deadline: never an old frame."""

    def read(self, timeout_s: float) -> CameraFrame: ...


class FrameWatch:
    """A frozen camera in its three forms: no newer frame, a newer number on the same picture, a time that stands still.

    Sensor noise makes two exposures differ; a picture that is equal bit for bit is an old one.

    Args:
        age_s_max: oldest frame that may be used. gap_max: most frames that may be missing between two.
    missed: frames that never came.
    """

    def __init__(self, age_s_max: float, gap_max: int) -> None:
        self._age_s_max = finite_number(age_s_max, "age_s_max", 1e-4, 10.0)
        self._gap_max = gap_max
        self._last: CameraFrame | None = None
        self.missed = 0

    def check(self, frame: CameraFrame, now_s: float) -> None:
        """Raise StaleMeasurement (too old, or the same again) or DeviceFault (too many missing); else remember the frame."""
        age_s = now_s - frame.t_s
        if not 0.0 <= age_s <= self._age_s_max:
            raise StaleMeasurement(f"camera: frame {frame.number} is {age_s:.4f} s old, at most {self._age_s_max}")
        last = self._last
        if last is not None:
            if not (frame.number > last.number and frame.t_s > last.t_s):
                raise StaleMeasurement(f"camera: frame {frame.number} at {frame.t_s:.4f} s after {last.number} at {last.t_s:.4f} s")
            if np.array_equal(frame.image, last.image):
                raise StaleMeasurement(f"camera: frame {frame.number} shows the picture of {last.number}, bit for bit: it is frozen")
            gap = frame.number - last.number - 1
            self.missed += gap
            if gap > self._gap_max:
                self._last = frame  # a gap is told once: what comes after it is judged by what came after it
                raise DeviceFault(f"camera: {gap} frames missing before {frame.number}, at most {self._gap_max}")
        self._last = frame
