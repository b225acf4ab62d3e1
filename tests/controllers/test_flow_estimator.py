import functools
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.stats import chi2

from controllers import FlowEstimator, FlowEstimatorOptions, FlowStep
from toolkit import FloatArray, InvalidInput

DT = 0.01
OPTIONS = FlowEstimatorOptions(4, 5e-6, 1e-3, 3e-4, 7e-4, 0.05, 0.15)
TAU = 12e-3
"""m_eff / drag of a 250 um bead of 2 500 kg/m^3 in a blood-like fluid."""
HARMONICS = np.array([6e-3, 3e-3 * 1j, -2e-3, 1e-3 + 1e-3j])


@dataclass(frozen=True, eq=False)
class Run:
    time: FloatArray
    flow: FloatArray
    estimate: FloatArray
    ahead: FloatArray
    nis: FloatArray


@functools.cache
def simulate(
    seed: int, *, reported: float = 1.2, dropped: float = 0.2, seconds: float = 15.0, harmonics: int = 4, noisy: bool = False
) -> Run:
    """A bead on the axis of a vessel along x, pulled with a known force; pictures at 60 Hz, 30 ms late, 5 um noise, a fifth lost.

    The truth is integrated in steps of 1 ms in its own code.
    """
    rng = np.random.default_rng(seed)
    # Without harmonics, all of the pulse is a change of the mean: 50 mm/s^2 for some 0.1 s.
    options = OPTIONS if harmonics else replace(OPTIONS, harmonics=0, mean_noise=15e-3)
    estimator = FlowEstimator(options, 0.0, np.zeros(3))
    p, v, fine = np.zeros(3), np.zeros(3), 1e-3
    waiting: list[tuple[float, FloatArray]] = []
    next_picture, rows, nis = 1.0 / 60.0, [], []

    wander, drift = np.zeros(4, dtype=complex), 0.0  # what the model's own noise has done to the flow; zero unless noisy

    def flow(t: float) -> float:
        return 0.01 + drift + float(((HARMONICS + wander) * np.exp(2j * np.pi * 1.2 * t * np.arange(1, 5))).real.sum())

    for k in range(int(seconds / DT)):
        a = np.array([-1.5 + 0.3 * np.sin(0.9 * k * DT), 0.2 * np.cos(2.0 * k * DT), 0.0])
        for j in range(10):
            t = k * DT + j * fine
            if t >= next_picture - 1e-9:
                if rng.random() >= dropped:
                    waiting.append((t, p + rng.normal(0.0, 5e-6, 3)))
                next_picture += 1.0 / 60.0
            u = np.array([2.0 * flow(t + 0.5 * fine), 0.0, 0.0])
            end = u + TAU * a
            if noisy:
                step = np.sqrt(fine) * rng.normal(size=12)
                v, drift = v + OPTIONS.acceleration_noise * step[:3], drift + OPTIONS.mean_noise * step[3]
                wander = wander + OPTIONS.harmonic_noise * (step[4:8] + 1j * step[8:])
            p, v = p + end * fine + TAU * (v - end) * (1.0 - np.exp(-fine / TAU)), end + (v - end) * np.exp(-fine / TAU)
        estimator.advance(FlowStep(DT, a, np.eye(3) / TAU, np.array([2.0, 0.0, 0.0]), reported))
        now = (k + 1) * DT
        while waiting and waiting[0][0] + 0.03 <= now + 1e-9:
            innovation = estimator.measure(*waiting.pop(0))
            assert innovation.used, innovation.reason
            nis.append(innovation.nis)
        got = estimator.estimate
        rows.append((now, flow(now), float(got.flow_m_s([0.0])[0]), float(got.flow_m_s([0.1])[0]) - flow(now + 0.1)))
    time, truth, estimate, ahead = np.array(rows).T
    return Run(time, truth, estimate, ahead, np.array(nis))


def rms(run: Run, after: float = 5.0) -> float:
    return float(np.sqrt(np.mean((run.estimate - run.flow)[run.time > after] ** 2)))


def test_the_flow_is_known_despite_latency_and_lost_frames() -> None:
    """Of a flow of 10 mm/s mean and about 10 mm/s amplitude."""
    run = simulate(1)
    assert rms(run) < 0.35e-3
    assert np.sqrt(np.mean(run.ahead[run.time > 5.0] ** 2)) < 0.15e-3, "0.1 s ahead"


def test_a_pulse_rate_reported_two_percent_wrong_is_followed() -> None:
    assert rms(simulate(1, reported=1.2 * 1.02)) < 0.7e-3
    assert rms(simulate(1, reported=1.2 / 1.02)) < 0.7e-3


def test_without_harmonics_a_filter_cannot_look_ahead() -> None:
    plain, full = simulate(1, harmonics=0), simulate(1)
    assert np.sqrt(np.mean(plain.ahead[500:] ** 2)) > 10.0 * np.sqrt(np.mean(full.ahead[500:] ** 2))
    assert rms(plain) > 2.0 * rms(full)


def test_innovations_are_as_large_as_the_filter_says() -> None:
    """Where truth has the model's own noise, their squares over their covariance have 3 degrees of freedom."""
    nis = np.concatenate([simulate(seed, seconds=12.0, noisy=True).nis[60:] for seed in (1, 2)])
    low, high = (chi2.ppf(part, 3 * nis.size) / nis.size for part in (0.001, 0.999))
    assert nis.size > 900 and low < nis.mean() < high
    assert np.mean(nis > chi2.ppf(0.95, 3)) == pytest.approx(0.05, abs=0.025)
    assert abs(np.corrcoef(nis[:-1], nis[1:])[0, 1]) < 0.1, "white"


def scripted(order: list[int]) -> FlowEstimator:
    estimator = FlowEstimator(OPTIONS, 0.0, np.zeros(3))
    rng = np.random.default_rng(0)
    for _ in range(10):
        estimator.advance(FlowStep(DT, 1e-3 * rng.normal(size=3), np.eye(3) / TAU, np.array([2.0, 0.1, 0.0]), 1.2))
    pictures = [(0.012, np.full(3, 1e-6)), (0.037, np.full(3, 3e-6)), (0.05, np.full(3, 4e-6)), (0.1, np.full(3, 9e-6))]
    for k in order:
        assert estimator.measure(*pictures[k]).used
    return estimator


def test_the_order_in_which_pictures_arrive_changes_nothing() -> None:
    straight, mixed = scripted([0, 1, 2, 3]).estimate, scripted([3, 1, 0, 2]).estimate
    assert mixed.position_m == pytest.approx(straight.position_m, abs=1e-12)
    assert mixed.velocity_m_s == pytest.approx(straight.velocity_m_s, abs=1e-10)
    assert np.allclose(mixed.covariance, straight.covariance, rtol=1e-6, atol=1e-18)


def test_a_late_picture_counts_as_if_it_had_come_at_once() -> None:
    """The same pictures, applied at their instants by a filter whose steps end there."""
    late = FlowEstimator(OPTIONS, 0.0, np.zeros(3))
    prompt = FlowEstimator(OPTIONS, 0.0, np.zeros(3))
    step = FlowStep(DT, np.array([0.5, 0.0, 0.1]), np.eye(3) / TAU, np.array([2.0, 0.0, 0.0]), 1.2)
    for k in range(5):
        late.advance(step)
        prompt.advance(step)
        if k == 1:
            prompt.measure(0.02, np.full(3, 2e-6))
    late.measure(0.02, np.full(3, 2e-6))
    assert late.estimate.velocity_m_s == pytest.approx(prompt.estimate.velocity_m_s, abs=1e-12)
    assert np.allclose(late.estimate.covariance, prompt.estimate.covariance, rtol=1e-9, atol=1e-20)


def test_a_jump_of_the_tracker_and_a_picture_too_old_are_not_used() -> None:
    estimator = scripted([0, 1])
    before = estimator.estimate.position_m.copy()
    jump = estimator.measure(0.09, np.full(3, 1e-1))
    assert not jump.used and "exceeds 30.0" in jump.reason
    assert estimator.refused_in_a_row == 1 and np.array_equal(estimator.estimate.position_m, before)
    assert estimator.measure(0.09, before).used and estimator.refused_in_a_row == 0
    for _ in range(30):
        estimator.advance(FlowStep(DT, np.zeros(3), np.eye(3) / TAU, np.zeros(3), 1.2))
    old = estimator.measure(0.05, np.zeros(3))
    assert not old.used and "remembered" in old.reason


def test_nonsense_is_refused() -> None:
    with pytest.raises(InvalidInput, match="advance first"):
        _ = FlowEstimator(OPTIONS, 0.0, np.zeros(3)).estimate
    with pytest.raises(InvalidInput, match="advance first"):
        FlowEstimator(OPTIONS, 0.0, np.zeros(3)).measure(0.0, np.zeros(3))
    estimator = scripted([0])
    with pytest.raises(InvalidInput, match="position_m"):
        estimator.measure(0.05, [np.nan, 0.0, 0.0])
    with pytest.raises(InvalidInput, match="taken_s"):
        estimator.measure(0.2, np.zeros(3))
    with pytest.raises(InvalidInput, match="taken_s"):
        estimator.measure(float("nan"), np.zeros(3))
    with pytest.raises(InvalidInput, match="flow_map"):
        FlowStep(DT, np.zeros(3), np.eye(3), np.zeros(2), 1.2)
    with pytest.raises(InvalidInput, match="pulse_rate_hz"):
        FlowStep(DT, np.zeros(3), np.eye(3), np.zeros(3), float("nan"))
    for name in ("harmonics", "position_noise_m", "memory_s", "nis_max"):
        with pytest.raises(InvalidInput, match=name):
            replace(OPTIONS, **{name: -1})
