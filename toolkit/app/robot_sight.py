"""What the cameras show of the robot, told to the controller as it comes, and what could not be believed, kept for the log."""

import time
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from devices.camera_link import CameraLink
from devices.stereo_tracker import StereoTracker, TrackedPoint
from safety.coil_layer import SIGMAS
from toolkit import Clock, DeviceFault, FloatArray, StaleMeasurement, ToolkitError

FIRST_S, FIRST_IMAGES = 5.0, 12
"""So long, and in so many images, the robot must be seen before the coils are armed."""
JUMP = 3.0
"""What is so many times faster than the robot is stated to be is another thing."""
_TROUBLE_MAX = 4
"""Sentences in a record: a camera that shows nothing says so sixty times a second."""


class Watches(Protocol):
    """Who is told of new places."""

    def frame(self, taken_s: float, p_m: FloatArray) -> bool:
        """Whether it believed the place, (3,), of the image taken at taken_s."""


class RobotSight:
    """New places of the robot, in the order they came; newest: the last that it can have come to from the one before. Not thread-safe.

    speed_m_s: of the robot at most. noise_m: standard deviation of a place, per axis.
    """

    def __init__(self, link: CameraLink, tracker: StereoTracker, clock: Clock, speed_m_s: float, noise_m: float) -> None:
        self._link, self._tracker, self._clock = link, tracker, clock
        self._speed_m_s, self._noise_m = speed_m_s, noise_m
        self._frames: list[dict[str, Any]] = []
        self._trouble: list[str] = []
        self._gone = ""
        self.newest: TrackedPoint | None = None

    @property
    def seen(self) -> TrackedPoint:
        """`newest`, after `first`. Raises StaleMeasurement when the robot was never seen."""
        if self.newest is None:
            raise StaleMeasurement("the robot was never seen")
        return self.newest

    def first(self) -> TrackedPoint:
        """Where the robot is, after several images have shown it.

        Raises:
            StaleMeasurement: it was not seen in enough of them; the message says what the last one showed.
        """
        self._look()
        self.take()  # what has waited for us is old
        points: list[TrackedPoint] = []
        until_s = self._clock.now() + FIRST_S
        while self._clock.now() < until_s and len(points) < FIRST_IMAGES:
            time.sleep(0.005)
            points += self._look()
        if len(points) < FIRST_IMAGES:
            _, trouble = self.take()
            why = f": {trouble[-1]}" if trouble else ""
            seen = f"the robot was seen in {len(points)} of {FIRST_IMAGES} images within {FIRST_S:g} s"
            raise StaleMeasurement(f"arming refused: {seen}{why}")
        self.take()
        self.newest = points[-1]
        return self.newest

    def rested_until(self, t_s: float) -> TrackedPoint:
        """The bead lay where it was last seen until now: that counts as an image of this instant."""
        self.newest = replace(self.seen, t_s=t_s)
        return self.newest

    def tell(self, watched: Watches) -> None:
        """Tell the controller every new place of the robot."""
        for point in self._look():
            if not self._is_plausible(point):
                continue
            used = watched.frame(point.t_s, point.p_m)
            self.newest = point
            self._frames.append({"number": point.number, "t_s": point.t_s, "p_m": point.p_m.tolist(), "used": used})

    def take(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Places and troubles since it was last asked."""
        taken = self._frames, self._trouble
        self._frames, self._trouble = [], []
        return taken

    def _look(self) -> list[TrackedPoint]:
        """A link that is gone gives nothing more: the age of the newest image tells, and the layer acts on that."""
        if self._gone:
            return []
        points = []
        try:
            for camera, frame in self._link.poll():
                try:
                    point = self._tracker.see(camera, frame, self._clock.now())
                except (StaleMeasurement, DeviceFault) as error:
                    self._note(str(error))
                    continue
                if point is not None:
                    points.append(point)
        except ToolkitError as error:
            self._gone = str(error)
            self._note(self._gone)
        return points

    def _is_plausible(self, point: TrackedPoint) -> bool:
        """Newer than the newest, and not further from it than the robot can move: else it is another thing that was seen."""
        before = self.newest
        if before is None:
            return True
        if not point.t_s > before.t_s:
            return False
        moved = float(np.linalg.norm(point.p_m - before.p_m))
        reach = JUMP * self._speed_m_s * (point.t_s - before.t_s) + 2.0 * SIGMAS * self._noise_m
        if not moved <= reach:
            self._note(f"a jump of {moved:.2g} m in {point.t_s - before.t_s:.4f} s: at most {reach:.2g} m are possible")
        return moved <= reach

    def _note(self, said: str) -> None:
        if len(self._trouble) < _TROUBLE_MAX:
            self._trouble.append(said)
