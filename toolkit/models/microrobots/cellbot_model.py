"""Where a rolling cell-bot will be: displacement over a span from the commands in it.

    dx = A int f [cos alpha, -sin alpha] dt + d tau        A: 2x2 [px/s/Hz], d: drift [px/s], tau: the span

A = a0 I, d = 0 is ideal rolling. The commands of the record turn at a steady 0.063 rad a frame, so a delay of the response by k frames and
a turn of A by 0.063 k rad cannot be told apart on it: A carries both, and is right only for commands that turn alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...arrays import FloatArray, finite_array
from ...errors import InvalidInput
from .cellbot_record import CellbotRecord


@dataclass(frozen=True, eq=False)
class Spans:
    """m spans of a record: first row (m,), displacement (m, 2) [px], integral of the command (m, 2) [Hz s], duration (m,) [s]."""

    first: FloatArray
    displacement_px: FloatArray
    commanded: FloatArray
    duration_s: FloatArray

    def chosen(self, keep: NDArray[np.bool_]) -> "Spans":
        """Those where `keep`, shape (m,), is true."""
        k = np.flatnonzero(keep)
        return Spans(self.first[k], self.displacement_px[k], self.commanded[k], self.duration_s[k])


def spans(record: CellbotRecord, frames: int, speed_max_px_s: float) -> Spans:
    """Every span of so many frames, repeats left out, in which no step is faster than `speed_max_px_s` (a jump of the tracker) and no more
    than a third of the frames are lost.

    Raises:
        InvalidInput: fewer than one frame, or a record shorter than a span.
    """
    r = record.without_repeats()
    n = r.frame.size
    if isinstance(frames, bool) or not isinstance(frames, int) or not 1 <= frames < n:
        raise InvalidInput(f"frames: {frames!r}: a whole number in [1, {n - 1}], one less than the record's frames")
    step = np.linalg.norm(np.diff(r.position_px, axis=0), axis=1)
    jumps = np.concatenate([[0], np.cumsum(step > speed_max_px_s * r.dt_s[1:])])
    total = np.concatenate([np.zeros((1, 2)), np.cumsum(r.commanded[1:] * r.dt_s[1:, None], axis=0)])
    a, b = np.arange(n - frames), np.arange(frames, n)
    good = (jumps[b] == jumps[a]) & (3 * (r.frame[b] - r.frame[a]) <= 4 * frames)
    return Spans(a.astype(np.float64), r.position_px[b] - r.position_px[a], total[b] - total[a], r.time_s[b] - r.time_s[a]).chosen(good)


@dataclass(frozen=True, eq=False)
class CellbotModel:
    """gain A, shape (2, 2); drift d, shape (2,)."""

    gain_px_s_hz: FloatArray
    drift_px_s: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "gain_px_s_hz", finite_array(self.gain_px_s_hz, "gain_px_s_hz", (2, 2)))
        object.__setattr__(self, "drift_px_s", finite_array(self.drift_px_s, "drift_px_s", (2,)))

    @classmethod
    def fit(cls, data: Spans) -> "CellbotModel":
        """Least squares of A and d.

        Raises:
            InvalidInput: spans that do not determine them (too few, or commands all in one direction).
        """
        regressors = np.column_stack([data.commanded, data.duration_s])
        found, _, rank, _ = np.linalg.lstsq(regressors, data.displacement_px, rcond=1e-9)
        if rank < 3:
            raise InvalidInput(f"spans: {data.duration_s.size} spans do not determine gain and drift (rank {rank} of 3)")
        return cls(np.asarray(found[:2].T, dtype=np.float64), np.asarray(found[2], dtype=np.float64))

    @classmethod
    def fit_constant_gain(cls, data: Spans) -> "CellbotModel":
        """Least squares of a0 alone, A = a0 I and no drift: what the simplest model can do."""
        size = float(np.sum(data.commanded**2))
        if not size > 0.0:
            raise InvalidInput("spans: no command in any of them")
        return cls(float(np.sum(data.commanded * data.displacement_px)) / size * np.eye(2), np.zeros(2))

    def displacement_px(self, commanded: FloatArray, duration_s: FloatArray) -> FloatArray:
        """A c + d tau, shape (m, 2), for integrals of commands (m, 2) and durations (m,)."""
        c = finite_array(commanded, "commanded", (None, 2))
        tau = finite_array(duration_s, "duration_s", (c.shape[0],))
        return np.asarray(c @ self.gain_px_s_hz.T + tau[:, None] * self.drift_px_s)

    def rms_error_px(self, data: Spans) -> float:
        """Root of the mean squared length of the error of the displacement."""
        error = data.displacement_px - self.displacement_px(data.commanded, data.duration_s)
        return float(np.sqrt(np.mean(np.sum(error**2, axis=1))))


def held_out_rms_px(data: Spans, blocks: int, gap_rows: int, *, constant_gain: bool = False) -> float:
    """Error on parts of the record that the model was not fitted on: each of `blocks` equal parts in turn is predicted by a model fitted on
    the others, less `gap_rows` rows on either side, so that no span of the one overlaps a span of the other.
    """
    last = float(data.first.max()) + 1.0
    part = np.floor(data.first / last * blocks)
    squares = 0.0
    for k in range(blocks):
        test = data.chosen(part == k)
        low, high = float(test.first.min()) - gap_rows, float(test.first.max()) + gap_rows
        train = data.chosen((data.first < low) | (data.first > high))
        model = CellbotModel.fit_constant_gain(train) if constant_gain else CellbotModel.fit(train)
        squares += model.rms_error_px(test) ** 2 * test.first.size
    return float(np.sqrt(squares / data.first.size))
