"""Where a bead is, how fast, and in what flow: a Kalman filter over late camera frames, with the harmonics of a given pulse rate.

    p' = v,   v' = (f + d + sum A_k + e (U + sum a_k) - v) / tau,   k = 1..K,
    d' = U' = noise,   a_k' = -k w b_k,   b_k' = k w a_k   (+ noise), and A_k, B_k in space alike,

f = (F + W) / c the velocity that known forces alone would give, e the direction of the vessel where the bead is, U + sum a_k the flow in
it, d + sum A_k what neither explains: a field model that is a little wrong, the more so the harder it pulls against a pulse.

Source: the internal model principle (Francis, Wonham 1976) in a Kalman filter's form; a frame is used at the instant it was taken, and
what was commanded since is applied again after it.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from toolkit import FloatArray, InvalidInput, finite_array, finite_number

PUSHES_MAX = 1000
_OF_THE_REST = 0.2
_RECOVER_S = 0.1
"""An error of position that nobody saw coming has grown for about so long."""
_P, _V, _D, _U = slice(0, 3), slice(3, 6), slice(6, 9), 9


@dataclass(frozen=True)
class BeadObserverOptions:
    """Noise and shape of the filter.

    harmonics: K. frame_noise_m: standard deviation of a frame's position, per axis. disturbance_drift, flow_drift, harmonic_drift: random
    walks of each axis of d, of U, of each a_k, b_k, [m/s per sqrt(s)]. speed_noise: of v, for what is no flow, alike.
    disturbance_start_m_s, flow_start_m_s, harmonic_start_m_s: what is expected of them at the start, one standard deviation; of A_k, B_k
    it is a fifth of the last, and so is their drift. gate: a frame further from its prediction than so many standard
    deviations (in the norm of the three axes) is not used; refused_max: nor is the next, but after so many in a row it is the prediction
    that is wrong: position and velocity are then as uncertain as the frame is away, and it is used.
    """

    harmonics: int = 4
    frame_noise_m: float = 5e-6
    disturbance_drift: float = 5e-4
    flow_drift: float = 3e-4
    harmonic_drift: float = 4e-4
    speed_noise: float = 1e-4
    disturbance_start_m_s: float = 1e-2
    flow_start_m_s: float = 2e-2
    harmonic_start_m_s: float = 5e-3
    gate: float = 8.0
    refused_max: int = 3

    def __post_init__(self) -> None:
        if isinstance(self.harmonics, bool) or not isinstance(self.harmonics, int) or not 0 <= self.harmonics <= 16:
            raise InvalidInput(f"harmonics: a whole number in [0, 16] is needed, got {self.harmonics!r}")
        finite_number(self.frame_noise_m, "frame_noise_m", 1e-9, 1e-2)
        finite_number(self.gate, "gate", 1.0, 1e3)
        finite_number(self.refused_max, "refused_max", 1, 1000)
        for kind in ("disturbance", "flow", "harmonic"):
            finite_number(getattr(self, f"{kind}_drift"), f"{kind}_drift", 0.0, 10.0)
            finite_number(getattr(self, f"{kind}_start_m_s"), f"{kind}_start_m_s", 0.0, 10.0)
        finite_number(self.speed_noise, "speed_noise", 0.0, 10.0)


@dataclass(frozen=True, eq=False)
class BeadEstimate:
    """p_m, v_m_s: (3,), frame B, at t_s. p_std_m: the largest standard deviation of an axis. image_age_s: of the newest frame used."""

    t_s: float
    p_m: FloatArray
    v_m_s: FloatArray
    p_std_m: float
    image_age_s: float


@dataclass(frozen=True, eq=False)
class _Push:
    begin_s: float
    f_m_s: FloatArray
    along: FloatArray
    tau_s: float


class BeadObserver:
    """Frames and pushes in, estimates and predicted flow out. Times are of one monotonic clock, [s].

    rejected: frames beyond the gate. late: frames older than one already used. Neither is used, both are counted.

    Raises:
        InvalidInput: a number out of range; time that runs backwards.
    Assumes: the pulse rate is given; before the first push the bead is where it was seen.
    """

    def __init__(self, t_s: float, p_m: FloatArray, pulse_Hz: float, options: BeadObserverOptions | None = None) -> None:
        self.options = o = options or BeadObserverOptions()
        self._omega = 2.0 * np.pi * finite_number(pulse_Hz, "pulse_Hz", 0.0, 20.0)
        self._s = np.zeros(10 + 8 * o.harmonics)
        self._flow, self._rest = slice(10, 10 + 2 * o.harmonics), slice(10 + 2 * o.harmonics, 10 + 8 * o.harmonics)
        self._s[_P] = finite_array(p_m, "p_m", (3,))
        start = [o.frame_noise_m] * 3 + [1e-3] * 3 + [o.disturbance_start_m_s] * 3 + [o.flow_start_m_s]
        walk = [0.0] * 3 + [o.speed_noise] * 3 + [o.disturbance_drift] * 3 + [o.flow_drift]
        self._cov = np.diag(np.array(start + self._harmonic(o.harmonic_start_m_s)) ** 2)
        self._walk = np.array(walk + self._harmonic(o.harmonic_drift)) ** 2
        self._t_s = self._frame_s = float(t_s)
        self._pushes: deque[_Push] = deque(maxlen=PUSHES_MAX)
        self._known: dict[tuple[int, int], FloatArray] = {}
        self.rejected = self.late = self._refused = 0

    def _harmonic(self, value: float) -> list[float]:
        K = self.options.harmonics
        return [value] * 2 * K + [_OF_THE_REST * value] * 6 * K

    def set_pulse(self, pulse_Hz: float) -> None:
        """The rate as it is measured now."""
        self._omega = 2.0 * np.pi * finite_number(pulse_Hz, "pulse_Hz", 0.0, 20.0)
        self._known.clear()

    @property
    def newest_s(self) -> float:
        """When the last frame that was used was taken; before the first, the start."""
        return self._frame_s

    def push(self, t_s: float, f_m_s: FloatArray, along: FloatArray, tau_s: float) -> None:
        """From t_s on, known forces alone would give the velocity f = (F + W) / c, (3,), after tau = m_eff / c; the flow goes `along`."""
        if self._pushes and not t_s >= self._pushes[-1].begin_s:
            raise InvalidInput(f"t_s: {t_s} is before the last push, {self._pushes[-1].begin_s}")
        e = finite_array(along, "along", (3,))
        if not abs(float(e @ e) - 1.0) <= 1e-6:
            raise InvalidInput(f"along: not a unit vector: {e.tolist()}")
        self._pushes.append(_Push(float(t_s), finite_array(f_m_s, "f_m_s", (3,)), e, finite_number(tau_s, "tau_s", 1e-6, 10.0)))

    def frame(self, taken_s: float, p_m: FloatArray) -> bool:
        """Take in where a frame, taken at taken_s, shows the bead. Whether it was used."""
        seen = finite_array(p_m, "p_m", (3,))
        if not taken_s > self._frame_s:
            self.late += 1
            return False
        s, cov = self._advanced(taken_s)
        miss = seen - s[_P]
        spread = cov[_P, _P] + self.options.frame_noise_m**2 * np.eye(3)
        if not float(miss @ np.linalg.solve(spread, miss)) <= self.options.gate**2:
            self.rejected += 1
            self._refused += 1
            if self._refused < self.options.refused_max:
                return False
            away = float(np.linalg.norm(miss))
            cov[_P, _P] += away**2 * np.eye(3)
            cov[_V, _V] += (away / _RECOVER_S) ** 2 * np.eye(3)
            spread = cov[_P, _P] + self.options.frame_noise_m**2 * np.eye(3)
        self._refused = 0
        gain = np.linalg.solve(spread, cov[_P]).T
        self._s = s + gain @ miss
        keep = np.eye(len(s))
        keep[:, _P] -= gain
        self._cov = keep @ cov @ keep.T + self.options.frame_noise_m**2 * gain @ gain.T  # Joseph's form stays symmetric and positive
        self._t_s = self._frame_s = float(taken_s)
        while len(self._pushes) > 1 and self._pushes[1].begin_s <= self._t_s:
            self._pushes.popleft()
        return True

    def estimate(self, t_s: float) -> BeadEstimate:
        """The bead at t_s, which is after the last frame that was used."""
        s, cov = self._advanced(t_s)
        return BeadEstimate(t_s, s[_P].copy(), s[_V].copy(), float(np.sqrt(cov.diagonal()[_P].max())), t_s - self._frame_s)

    def flow(self, times_s: FloatArray, along: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What the bead will meet at these instants: all of it, (k, 3) [m/s], and U + sum a_k of it, (k,), the flow in the vessel.

        along: e there, (k, 3). The harmonics turn on, the rest stays as it is.
        """
        times = finite_array(times_s, "times_s", (None,))
        e = finite_array(along, "along", (len(times), 3))
        order = np.arange(1, self.options.harmonics + 1)
        angle = self._omega * order * (times[:, None] - self._t_s)
        (a, b), rest = self._s[self._flow].reshape(-1, 2).T, self._s[self._rest].reshape(-1, 2, 3)
        along_vessel = self._s[_U] + np.cos(angle) @ a - np.sin(angle) @ b
        whole = self._s[_D] + np.cos(angle) @ rest[:, 0] - np.sin(angle) @ rest[:, 1] + e * along_vessel[:, None]
        return np.asarray(whole), np.asarray(along_vessel)

    def _advanced(self, end_s: float) -> tuple[FloatArray, FloatArray]:
        """State and covariance at end_s, from those at the last frame that was used."""
        s, cov, begin_s = self._s, self._cov, self._t_s
        if not end_s >= begin_s:
            raise InvalidInput(f"t_s: {end_s} is before the last frame that was used, {begin_s}")
        edges = [push.begin_s for push in self._pushes if begin_s < push.begin_s < end_s]
        for a, b in zip([begin_s, *edges], [*edges, end_s], strict=True):
            push = next((push for push in reversed(self._pushes) if push.begin_s <= a), _NO_PUSH)
            one = self._one_axis(b - a, push.tau_s)
            whole = self._three_axes(one, push.along)
            s = whole @ s
            s[_P] += one[0, 2] * push.f_m_s  # a known force is a known flow
            s[_V] += one[1, 2] * push.f_m_s
            cov = whole @ (cov + np.diag(self._walk * (b - a))) @ whole.T
        return s, cov

    def _one_axis(self, dt_s: float, tau_s: float) -> FloatArray:
        """exp(A dt) of (p, v, U, a_1, b_1, …), dt to the microsecond, tau to ten of them: the steps of a loop come again."""
        key = round(dt_s * 1e6), max(1, round(tau_s * 1e5))
        if key not in self._known:
            if len(self._known) > 2048:
                self._known.clear()
            A = np.zeros((3 + 2 * self.options.harmonics,) * 2)
            A[0, 1], A[1, 1], A[1, 2], A[1, 3::2] = 1.0, -1e5 / key[1], 1e5 / key[1], 1e5 / key[1]
            for k in range(self.options.harmonics):
                A[3 + 2 * k, 4 + 2 * k], A[4 + 2 * k, 3 + 2 * k] = -(k + 1) * self._omega, (k + 1) * self._omega
            self._known[key] = expm(A * (key[0] * 1e-6))
        return self._known[key]

    def _three_axes(self, one: FloatArray, e: FloatArray) -> FloatArray:
        """The same of (p, v, d, U, a_1, …) in space: each axis moves like the one, and shares the flow by its part of e."""
        whole, begin, M = np.eye(len(self._s)), self._rest.start, one[3:, 3:]
        for axis in range(3):
            apart = slice(begin + axis, None, 3)  # a_1, b_1, a_2, … of this axis
            whole[apart, apart] = M
            for first, row in ((0, one[0]), (3, one[1])):
                k = first + axis
                whole[k, axis], whole[k, 3 + axis], whole[k, 6 + axis] = row[0], row[1], row[2]
                whole[k, _U], whole[k, self._flow], whole[k, apart] = e[axis] * row[2], e[axis] * row[3:], row[3:]
        whole[self._flow, self._flow] = M
        return whole


_NO_PUSH = _Push(-np.inf, np.zeros(3), np.array([1.0, 0.0, 0.0]), 1.0)
