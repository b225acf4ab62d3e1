"""What a run left behind over time, as plain arrays.

One time axis for everything: t_s is seconds since the motion began, strictly increasing. A sample that does not exist is left
out (see `Series.where`), never NaN: a report that draws over a gap would be a lie.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit import FloatArray, InvalidInput, Verdict, finite_array

BoolArray = NDArray[np.bool_]


def _times(value: ArrayLike, name: str) -> FloatArray:
    t_s = finite_array(value, name, (None,))
    if not np.all(np.diff(t_s) > 0):
        raise InvalidInput(f"{name}: times must increase strictly; they do not at sample {int(np.argmax(np.diff(t_s) <= 0)) + 1}")
    return t_s


@dataclass(frozen=True, eq=False)
class Series:
    """One quantity over time. t_s: shape (k,), [s]; value: shape (k,), SI."""

    t_s: FloatArray
    value: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "t_s", _times(self.t_s, "series.t_s"))
        object.__setattr__(self, "value", finite_array(self.value, "series.value", self.t_s.shape))

    @classmethod
    def where(cls, t_s: ArrayLike, value: ArrayLike, present: ArrayLike) -> "Series":
        """The samples with `present` True, shape (k,): how a cycle without this quantity is said."""
        mask = np.asarray(present, dtype=bool)
        return cls(np.asarray(t_s, dtype=np.float64)[mask], np.asarray(value, dtype=np.float64)[mask])


@dataclass(frozen=True, eq=False)
class CycleTrace:
    """The control cycles.

    t_s: shape (k,). verdict: one per cycle. p_reference_m, p_commanded_m: tip positions p_B of the reference and of the setpoint
    sent, shape (k, 3), [m]. p_measured_m: from the encoders, shape (k, 3), or None. missed_t_s: when a deadline was missed, shape (j,).
    """

    t_s: FloatArray
    verdict: tuple[Verdict, ...]
    p_reference_m: FloatArray
    p_commanded_m: FloatArray
    missed_t_s: FloatArray
    p_measured_m: FloatArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "t_s", _times(self.t_s, "cycles.t_s"))
        k = self.t_s.shape[0]
        if not (len(self.verdict) == k and all(isinstance(v, Verdict) for v in self.verdict)):
            raise InvalidInput(f"cycles.verdict: one toolkit.Verdict per cycle ({k}), got {len(self.verdict)}")
        for name in ("p_reference_m", "p_commanded_m"):
            object.__setattr__(self, name, finite_array(getattr(self, name), f"cycles.{name}", (k, 3)))
        object.__setattr__(self, "missed_t_s", _times(self.missed_t_s, "cycles.missed_t_s"))
        if self.p_measured_m is not None:
            object.__setattr__(self, "p_measured_m", finite_array(self.p_measured_m, "cycles.p_measured_m", (k, 3)))

    def spells(self) -> list[tuple[float, float, Verdict]]:
        """Runs of equal verdicts as (start_s, end_s, verdict); a spell ends where the next begins."""
        if not self.verdict:
            return []
        changes = [0, *(i for i in range(1, len(self.verdict)) if self.verdict[i] is not self.verdict[i - 1])]
        last = float(self.t_s[-1] + (self.t_s[-1] - self.t_s[-2] if len(self.t_s) > 1 else 0.0))
        ends = [*(float(self.t_s[i]) for i in changes[1:]), last]
        return [(float(self.t_s[i]), end, self.verdict[i]) for i, end in zip(changes, ends, strict=True)]


@dataclass(frozen=True, eq=False)
class TruthTrace:
    """What really moved, from the simulated plant (a real arm has none), any rate, usually 1 kHz.

    t_s: shape (j,). p_tip_m: shape (j, 3), [m]. speed_m_s: tip speed, shape (j,), [m/s]. distance_m: for each keep-out region the
    smallest distance of any body's surface to the region, shape (j,), [m], negative inside.
    """

    t_s: FloatArray
    p_tip_m: FloatArray
    speed_m_s: FloatArray
    distance_m: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        object.__setattr__(self, "t_s", _times(self.t_s, "truth.t_s"))
        j = self.t_s.shape[0]
        object.__setattr__(self, "p_tip_m", finite_array(self.p_tip_m, "truth.p_tip_m", (j, 3)))
        object.__setattr__(self, "speed_m_s", finite_array(self.speed_m_s, "truth.speed_m_s", (j,)))
        if not np.all(self.speed_m_s >= 0):
            raise InvalidInput("truth.speed_m_s: a speed is >= 0")
        checked = {name: finite_array(d, f"truth.distance_m[{name!r}]", (j,)) for name, d in self.distance_m.items()}
        object.__setattr__(self, "distance_m", checked)


@dataclass(frozen=True, eq=False)
class TrackingTrace:
    """Tip error |p_true - p_reference|. t_s, error_m: shape (k,); counted: shape (k,) bool, False where the figure leaves it out."""

    t_s: FloatArray
    error_m: FloatArray
    counted: BoolArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "t_s", _times(self.t_s, "tracking.t_s"))
        object.__setattr__(self, "error_m", finite_array(self.error_m, "tracking.error_m", self.t_s.shape))
        counted = np.array(self.counted)
        if not (counted.dtype == np.bool_ and counted.shape == self.t_s.shape):
            raise InvalidInput(f"tracking.counted: booleans of shape {self.t_s.shape}, got {counted.dtype} {counted.shape}")
        counted.setflags(write=False)
        object.__setattr__(self, "counted", counted)

    def excluded(self) -> list[tuple[float, float]]:
        """Spells that do not count, as (start_s, end_s)."""
        out = np.flatnonzero(~self.counted)
        if not out.size:
            return []
        parts = np.split(out, np.flatnonzero(np.diff(out) > 1) + 1)
        last = self.t_s.shape[0] - 1
        return [(float(self.t_s[p[0]]), float(self.t_s[min(int(p[-1]) + 1, last)])) for p in parts]
