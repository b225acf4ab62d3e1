"""Which detection is which robot, frame after frame: assigned, or said to be unknown; never guessed.

    prediction = last position + velocity dt;   cost = distance from it;   assignment of least total cost (Hungarian), within gate_px

A robot's identity is given up (`UNKNOWN`) when it shares a region with another one, or when another assignment is less than `margin_px`
worse: from then on it has no position, until `start` names the robots again. A robot that is not seen coasts for `coast_frames_max`
frames, then is LOST.
"""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from scipy.optimize import linear_sum_assignment

from toolkit import FloatArray, InvalidInput, finite_array, finite_number

from .bead_finder import Detection


class TrackState(Enum):
    """SEEN in this frame; COASTING: predicted; LOST: too long unseen; UNKNOWN: it may be another robot."""

    SEEN = "seen"
    COASTING = "coasting"
    LOST = "lost"
    UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Track:
    """One robot. position_px: (column, row), a prediction while COASTING; meaningless when LOST or UNKNOWN."""

    name: str
    state: TrackState
    position_px: FloatArray
    velocity_px_per_s: FloatArray
    t_s: float
    unseen: int = 0

    @property
    def is_usable(self) -> bool:
        """It has a position that is this robot's."""
        return self.state in (TrackState.SEEN, TrackState.COASTING)


class RobotTracks:
    """Tracks of named robots.

    Args:
        gate_px: furthest a robot can be from its prediction in one frame. margin_px: how much better the best assignment must be.
        coast_frames_max: frames a robot may be unseen.
    """

    def __init__(self, gate_px: float, margin_px: float, coast_frames_max: int) -> None:
        self._gate = finite_number(gate_px, "gate_px", 0.1, 1e5)
        self._margin = finite_number(margin_px, "margin_px", 0.0, 1e5)
        self._coast = coast_frames_max
        self.tracks: tuple[Track, ...] = ()

    def start(self, positions_px: dict[str, tuple[float, float]], t_s: float) -> None:
        """Name the robots that are there. Raises InvalidInput when two of them are so near that the next frame could exchange them."""
        tracks = [Track(n, TrackState.SEEN, finite_array(p, n, (2,)), np.zeros(2), t_s) for n, p in positions_px.items()]
        for k, a in enumerate(tracks):
            for b in tracks[k + 1 :]:
                if not np.hypot(*(a.position_px - b.position_px)) > self._margin:
                    raise InvalidInput(f"{a.name} and {b.name}: closer than {self._margin} px")
        self.tracks = tuple(tracks)

    def update(self, detections: list[Detection], t_s: float) -> tuple[Track, ...]:
        """Take in one frame's detections; every robot's track after it. Raises InvalidInput when time does not advance."""
        live = [track for track in self.tracks if track.is_usable]
        if any(not t_s > track.t_s for track in live):
            raise InvalidInput(f"tracks: a frame at {t_s} s is not after the last")
        predicted = np.array([track.position_px + track.velocity_px_per_s * (t_s - track.t_s) for track in live]).reshape(-1, 2)
        seen = np.array([(d.x_px, d.y_px) for d in detections]).reshape(-1, 2)
        distance = np.linalg.norm(predicted[:, None] - seen[None], axis=2)
        pairs = self._assign(distance)
        doubtful = self._doubtful(distance, pairs, detections)
        updated = {}
        for k, track in enumerate(live):
            found = seen[pairs[k]] if k in pairs else None
            updated[track.name] = self._next(track, predicted[k], found, k in doubtful, t_s)
        self.tracks = tuple(updated.get(track.name, track) for track in self.tracks)
        return self.tracks

    def _assign(self, distance: FloatArray) -> dict[int, int]:
        """Track to detection. Staying unseen costs a gate, so that no assignment beyond the gate is ever the best."""
        tracks, seen = distance.shape
        cost = np.full((tracks, seen + tracks), self._gate)
        cost[:, :seen] = np.where(distance <= self._gate, distance, 4 * self._gate * (tracks + 1))
        rows, columns = linear_sum_assignment(cost)
        return {int(r): int(c) for r, c in zip(rows, columns, strict=True) if c < seen}

    def _doubtful(self, distance: FloatArray, pairs: dict[int, int], detections: list[Detection]) -> set[int]:
        """Tracks that share a region, or that another assignment would give elsewhere for less than the margin more."""
        doubtful = set()
        for merged in (d for d, detection in enumerate(detections) if detection.count > 1):
            doubtful |= {int(k) for k in np.flatnonzero(distance[:, merged] <= self._gate)}
        best = self._cost(distance, pairs)
        for track, detection in pairs.items():
            forbidden = distance.copy()
            forbidden[track, detection] = np.inf
            other = self._assign(forbidden)
            if self._cost(distance, other) - best < self._margin:
                doubtful |= {k for k in pairs if other.get(k) != pairs[k]}
        return doubtful

    def _cost(self, distance: FloatArray, pairs: dict[int, int]) -> float:
        unseen = len(distance) - len(pairs)
        return sum(float(distance[k, d]) for k, d in pairs.items()) + self._gate * unseen

    def _next(self, track: Track, predicted: FloatArray, seen: FloatArray | None, doubtful: bool, t_s: float) -> Track:
        if doubtful:
            return replace(track, state=TrackState.UNKNOWN, t_s=t_s)
        if seen is None:
            unseen = track.unseen + 1
            state = TrackState.COASTING if unseen <= self._coast else TrackState.LOST
            return replace(track, state=state, position_px=predicted, t_s=t_s, unseen=unseen)
        before = track.position_px
        # Half of the new velocity: a position's noise over a frame's time is a large speed.
        velocity = 0.5 * track.velocity_px_per_s + 0.5 * (seen - before) / (t_s - track.t_s)
        return Track(track.name, TrackState.SEEN, seen, velocity, t_s)
