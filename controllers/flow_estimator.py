"""The pulsating flow around a bead, from late and missing pictures of the bead: a Kalman filter with harmonics of the given pulse rate.

    p' = v,   v' = a - L (v - h U(t)) + noise,   U(t) = U_0 + sum_n c_n(t),   (c_n, s_n)' = n w (-s_n, c_n) + noise,   U_0' = noise

a: acceleration from everything but drag (magnetic force, weight); L: drag over effective mass; h: local flow velocity for U = 1. Each
(c_n, s_n) is an oscillator at n times the given rate; its noise lets it follow another waveform, and a rate that is given wrongly.

A measurement belongs to the instant the picture was taken, not to that of its arrival: the filter goes back to it, corrects, and repeats
the steps and the later measurements since. A missed frame is no measurement.
"""

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import expm

from toolkit import FloatArray, InvalidInput, finite_array, finite_number

_TIME_EPS_S = 1e-9


@dataclass(frozen=True)
class FlowEstimatorOptions:
    """harmonics: how many. position_noise_m: standard deviation of a measured coordinate.

    Noise densities: acceleration [m/s^2/sqrt(Hz)] for what the model leaves out, mean and harmonics [m/s/sqrt(s)] for how fast the flow may
    change. speed_max_m_s: largest |U_0| and amplitude thought possible before the first picture.
    memory_s: how old a picture may be; older ones are not used. nis_max: a measurement whose innovation squared over its covariance exceeds
    this is not used either (30 is passed by a good one but once in a million times).
    """

    harmonics: int
    position_noise_m: float
    acceleration_noise: float
    mean_noise: float
    harmonic_noise: float
    speed_max_m_s: float
    memory_s: float
    nis_max: float = 30.0

    def __post_init__(self) -> None:
        if isinstance(self.harmonics, bool) or not isinstance(self.harmonics, int) or not 0 <= self.harmonics <= 16:
            raise InvalidInput(f"harmonics: {self.harmonics!r}: a whole number in [0, 16] is needed")
        for name, low, high in (
            ("position_noise_m", 1e-9, 1.0), ("acceleration_noise", 1e-9, 1e3), ("mean_noise", 1e-9, 10.0), ("harmonic_noise", 1e-9, 10.0),
            ("speed_max_m_s", 1e-6, 10.0), ("memory_s", 1e-3, 5.0), ("nis_max", 3.0, 1e6),
        ):  # fmt: skip
            finite_number(getattr(self, name), name, low, high)


@dataclass(frozen=True, eq=False)
class FlowStep:
    """What drives the bead for one period: acceleration a (3,) [m/s^2], drag_rate L (3, 3) [1/s], flow_map h (3,), pulse rate [Hz]."""

    dt_s: float
    acceleration_m_s2: FloatArray
    drag_rate_1_s: FloatArray
    flow_map: FloatArray
    pulse_rate_hz: float

    def __post_init__(self) -> None:
        finite_number(self.dt_s, "dt_s", 1e-5, 1.0)
        for name, shape in (("acceleration_m_s2", (3,)), ("drag_rate_1_s", (3, 3)), ("flow_map", (3,))):
            object.__setattr__(self, name, finite_array(getattr(self, name), name, shape))
        finite_number(self.pulse_rate_hz, "pulse_rate_hz", 0.05, 50.0)


@dataclass(frozen=True, eq=False)
class FlowEstimate:
    """position_m, velocity_m_s (3,); mean U_0; phasors (n,): complex c_n + i s_n now; covariance of (p, v, U_0, c_1, s_1, ...)."""

    time_s: float
    position_m: FloatArray
    velocity_m_s: FloatArray
    mean_m_s: float
    phasors_m_s: FloatArray
    covariance: FloatArray
    pulse_rate_hz: float

    def flow_m_s(self, ahead_s: ArrayLike) -> FloatArray:
        """U at times ahead of now, shape (k,): what a controller needs over its horizon."""
        ahead = finite_array(ahead_s, "ahead_s", (None,))
        n = np.arange(1, self.phasors_m_s.size + 1)
        turned = self.phasors_m_s * np.exp(2j * np.pi * self.pulse_rate_hz * np.outer(ahead, n))
        return np.asarray(self.mean_m_s + turned.real.sum(axis=1))


@dataclass(frozen=True)
class Innovation:
    """nis: innovation' S^-1 innovation, 3 degrees of freedom. used: whether it corrected the estimate. age_s: of the picture."""

    used: bool
    reason: str
    nis: float
    age_s: float


@dataclass(frozen=True, eq=False)
class _Belief:
    time_s: float
    mean: FloatArray
    covariance: FloatArray


@dataclass(eq=False)
class _Node:
    """The belief at the beginning of a step, pictures until then included, and how a whole step changes a belief."""

    belief: _Belief
    step: FlowStep
    transition: tuple[FloatArray, FloatArray, FloatArray]

    @property
    def end_s(self) -> float:
        return self.belief.time_s + self.step.dt_s


class FlowEstimator:
    """Call `advance` once a period with what was applied, `measure` when a picture arrives. Not thread-safe."""

    def __init__(self, options: FlowEstimatorOptions, time_s: float, position_m: ArrayLike) -> None:
        self.options = options
        size = 7 + 2 * options.harmonics
        mean = np.zeros(size)
        mean[:3] = finite_array(position_m, "position_m", (3,))
        spread = np.full(size, options.speed_max_m_s**2)
        spread[:3] = options.position_noise_m**2
        self._now = _Belief(finite_number(time_s, "time_s", -1e9, 1e9), mean, np.diag(spread))
        self._nodes: deque[_Node] = deque()
        self._pictures: list[tuple[float, FloatArray]] = []
        self._refused = 0
        o = options
        self._density = np.array([0.0] * 3 + [o.acceleration_noise**2] * 3 + [o.mean_noise**2] + [o.harmonic_noise**2] * (2 * o.harmonics))

    @property
    def estimate(self) -> FlowEstimate:
        """The belief now. InvalidInput before the first `advance`: the pulse rate is not known yet."""
        if not self._nodes:
            raise InvalidInput("estimate: advance first; the pulse rate comes with a step")
        x, rate = self._now.mean, self._nodes[-1].step.pulse_rate_hz
        return FlowEstimate(self._now.time_s, x[:3], x[3:6], float(x[6]), x[7::2] + 1j * x[8::2], self._now.covariance, rate)

    @property
    def refused_in_a_row(self) -> int:
        """Implausible pictures since the last one that was used. A filter that is wrong itself refuses every picture: start a new one."""
        return self._refused

    def advance(self, step: FlowStep) -> None:
        """One period further, with the inputs applied in it."""
        node = _Node(self._now, step, self._transition(step, step.dt_s))
        self._nodes.append(node)
        self._now = _moved(self._now, node.transition, step.dt_s)
        while len(self._nodes) > 1 and self._nodes[0].end_s < self._now.time_s - self.options.memory_s:
            self._nodes.popleft()
        oldest = self._nodes[0].belief.time_s
        self._pictures = [picture for picture in self._pictures if picture[0] > oldest]

    def measure(self, taken_s: float, position_m: ArrayLike) -> Innovation:
        """A position seen at `taken_s`. Pictures may come in any order.

        Raises:
            InvalidInput: not finite, taken after the newest instant advanced to, or before any step.
        """
        z = finite_array(position_m, "position_m", (3,))
        if not self._nodes:
            raise InvalidInput("measure: advance first; a picture belongs to a step")
        taken = finite_number(taken_s, "taken_s", -1e9, self._now.time_s + _TIME_EPS_S)
        age = self._now.time_s - taken
        if not taken > self._nodes[0].belief.time_s:
            return Innovation(
                False, f"{age:.3f} s old, {self._now.time_s - self._nodes[0].belief.time_s:.3f} s are remembered", math.nan, age
            )
        k = max(i for i, node in enumerate(self._nodes) if node.belief.time_s < taken)
        node = self._nodes[k]
        earlier = [picture for picture in self._pictures if node.belief.time_s < picture[0] <= taken]
        nis, _ = self._correct(self._through(node, earlier, taken), z)
        if not nis <= self.options.nis_max:
            self._refused += 1
            return Innovation(False, f"innovation {nis:.1f} exceeds {self.options.nis_max:.1f}", nis, age)
        self._refused = 0
        self._pictures = sorted([*self._pictures, (taken, z)], key=lambda picture: picture[0])
        self._repeat_from(k)
        return Innovation(True, "", nis, age)

    def _repeat_from(self, k: int) -> None:
        """Steps k and later again, with every picture that is known now."""
        nodes = list(self._nodes)
        for i in range(k, len(nodes)):
            begin, end = nodes[i].belief.time_s, nodes[i + 1].belief.time_s if i + 1 < len(nodes) else self._now.time_s
            inside = [picture for picture in self._pictures if begin < picture[0] <= end]
            belief = self._through(nodes[i], inside, end)
            if i + 1 < len(nodes):
                nodes[i + 1].belief = belief
            else:
                self._now = belief

    def _through(self, node: _Node, pictures: list[tuple[float, FloatArray]], until_s: float) -> _Belief:
        """From the beginning of a step to an instant in it, with these pictures, in order of time."""
        belief = node.belief
        if not pictures and until_s >= node.end_s - _TIME_EPS_S:
            return replace(_moved(belief, node.transition, node.step.dt_s), time_s=until_s)
        for taken, z in pictures:
            belief = self._correct(self._part(belief, node.step, taken), z)[1]
        return self._part(belief, node.step, until_s)

    def _part(self, belief: _Belief, step: FlowStep, until_s: float) -> _Belief:
        dt = until_s - belief.time_s
        if dt > _TIME_EPS_S:
            belief = _moved(belief, self._transition(step, dt), dt)
        return replace(belief, time_s=until_s)

    def _transition(self, step: FlowStep, dt: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """x+ = F x + b, P+ = F P F' + Q."""
        size = self._density.size
        A = np.zeros((size + 1, size + 1))
        A[:3, 3:6] = np.eye(3)
        A[3:6, 3:6], A[3:6, size] = -step.drag_rate_1_s, step.acceleration_m_s2
        A[3:6, 6:size] = (step.drag_rate_1_s @ step.flow_map)[:, None] * np.array([1.0] + [1.0, 0.0] * self.options.harmonics)
        for n in range(1, self.options.harmonics + 1):
            w, k = 2.0 * math.pi * n * step.pulse_rate_hz, 5 + 2 * n
            A[k, k + 1], A[k + 1, k] = -w, w
        whole = expm(A * dt)
        F = whole[:size, :size]
        # The trapezoid of the noise's integral: exact to second order in the period.
        return F, whole[:size, size], 0.5 * dt * (F * self._density @ F.T + np.diag(self._density))

    def _correct(self, belief: _Belief, z: FloatArray) -> tuple[float, _Belief]:
        """Innovation squared over its covariance, and the corrected belief (Joseph's form keeps the covariance positive)."""
        P, r = belief.covariance, self.options.position_noise_m**2
        S = P[:3, :3] + r * np.eye(3)
        K = np.linalg.solve(S, P[:3]).T
        innovation = z - belief.mean[:3]
        keep = np.eye(P.shape[0])
        keep[:, :3] -= K
        corrected = keep @ P @ keep.T + r * K @ K.T
        return float(innovation @ np.linalg.solve(S, innovation)), _Belief(belief.time_s, belief.mean + K @ innovation, corrected)


def _moved(belief: _Belief, transition: tuple[FloatArray, FloatArray, FloatArray], dt: float) -> _Belief:
    F, b, Q = transition
    return _Belief(belief.time_s + dt, F @ belief.mean + b, F @ belief.covariance @ F.T + Q)
