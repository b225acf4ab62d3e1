"""The observer finds bead and flow from late frames, uses each at the instant it was taken, and believes no jump."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers import BeadObserver, BeadObserverOptions
from toolkit import FloatArray, InvalidInput

TAU_S, RATE_HZ, PERIOD_S, FRAME_S, LATENCY_S = 0.009, 1.2, 0.01, 1.0 / 60.0, 0.03
ALONG = np.array([0.8, 0.0, 0.6])
DISTURBANCE_M_S = np.array([0.002, -0.003, 0.001])
PHASE = np.array([0.3, 1.1, 2.0, 4.0])
AMPLITUDE_M_S = 0.01 * np.array([0.5, 0.3, 0.1, 0.1])


def flow_speed(t_s: float) -> float:
    return 0.01 + float(AMPLITUDE_M_S @ np.cos(2.0 * np.pi * RATE_HZ * np.arange(1, 5) * t_s + PHASE))


def driven(seconds: float, seed: int, told_Hz: float = RATE_HZ, lost: float = 0.0) -> tuple[BeadObserver, FloatArray, float]:
    """A bead pushed about at random, integrated in small steps here; its observer, its true (p, v), and the time, at the end."""
    rng = np.random.default_rng(seed)
    p, v, t = np.zeros(3), np.zeros(3), 0.0
    observer = BeadObserver(0.0, p, told_Hz)
    seen: list[tuple[float, FloatArray]] = []
    next_frame_s, h = FRAME_S, 1e-4
    for _ in range(round(seconds / PERIOD_S)):
        while seen and seen[0][0] + LATENCY_S <= t:
            taken_s, at = seen.pop(0)
            if rng.random() >= lost:
                observer.frame(taken_s, at)
        f = -ALONG * 0.01 - 20.0 * p + 0.003 * rng.normal(size=3)  # known, whatever it is; keeps the bead near
        observer.push(t, f, ALONG, TAU_S)
        for _ in range(round(PERIOD_S / h)):
            v = v + h * (f + DISTURBANCE_M_S + ALONG * flow_speed(t) - v) / TAU_S
            p = p + h * v
            t += h
            if t >= next_frame_s:
                seen.append((t, p + rng.normal(0.0, 5e-6, 3)))
                next_frame_s += FRAME_S
    return observer, np.array([p, v]), t


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_bead_and_flow_are_found_in_spite_of_late_and_lost_frames(seed: int) -> None:
    observer, truth, t = driven(8.0, seed, lost=0.2)
    found = observer.estimate(t)
    assert np.abs(found.p_m - truth[0]).max() <= 30e-6 and np.abs(found.v_m_s - truth[1]).max() <= 1.5e-3
    ahead = t + np.array([0.0, 0.05, 0.1])
    flow, _ = observer.flow(ahead, np.tile(ALONG, (3, 1)))
    wanted = np.array([DISTURBANCE_M_S + ALONG * flow_speed(float(at)) for at in ahead])
    assert np.linalg.norm(flow - wanted, axis=1).max() <= 2e-3
    assert observer.rejected == 0 and found.image_age_s <= 0.12


def test_a_pulse_rate_that_is_wrong_costs_accuracy_and_not_the_bead() -> None:
    right, truth, t = driven(8.0, 3)
    wrong, same, _ = driven(8.0, 3, told_Hz=RATE_HZ * 1.02)
    error = [float(np.linalg.norm(o.estimate(t).p_m - p)) for o, p in ((right, truth[0]), (wrong, same[0]))]
    assert error[0] <= 30e-6 and error[1] <= 150e-6


@given(st.integers(0, 10_000), st.lists(st.integers(0, 8), min_size=12, max_size=12))
def test_when_a_frame_arrives_does_not_matter_only_when_it_was_taken(seed: int, delays: list[int]) -> None:
    rng = np.random.default_rng(seed)
    frames = [(0.015 * (k + 1), rng.normal(0.0, 20e-6, 3)) for k in range(12)]
    pushes = [(0.01 * k, rng.normal(0.0, 1e-3, 3)) for k in range(40)]
    ends = []
    for late in (False, True):
        observer = BeadObserver(0.0, np.zeros(3), RATE_HZ)
        events: list[tuple[float, int, Any]] = [(t, 0, f) for t, f in pushes]
        arrival = np.maximum.accumulate([t + 0.01 * (d if late else 0) for (t, _), d in zip(frames, delays, strict=True)])
        for at, kind, value in sorted(
            [*events, *((float(a) + 1e-6, 1, frame) for a, frame in zip(arrival, frames, strict=True))], key=lambda e: e[:2]
        ):
            if kind == 0:
                observer.push(at, value, ALONG, TAU_S)
            else:
                observer.frame(*value)
        ends.append(observer.estimate(0.4))
    assert ends[0].p_m == pytest.approx(ends[1].p_m, abs=1e-12) and ends[0].p_std_m == pytest.approx(ends[1].p_std_m, rel=1e-9)


def test_a_jump_and_an_old_frame_are_counted_and_not_believed() -> None:
    observer, truth, t = driven(3.0, 5)
    before = observer.estimate(t).p_m
    assert not observer.frame(t, truth[0] + np.array([5e-3, 0.0, 0.0])) and observer.rejected == 1
    assert not observer.frame(1.0, truth[0]) and observer.late == 1
    assert observer.estimate(t).p_m == pytest.approx(before)


def test_without_frames_the_doubt_grows() -> None:
    observer, _, t = driven(3.0, 6)
    doubts = [observer.estimate(t + ahead).p_std_m for ahead in (0.0, 0.1, 0.5)]
    assert doubts[0] < doubts[1] < doubts[2] and observer.estimate(t + 0.5).image_age_s >= 0.5


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (lambda o: o.push(0.0, np.zeros(3), np.array([1.0, 1.0, 0.0]), TAU_S), "not a unit vector"),
        (lambda o: o.push(0.0, np.array([np.nan, 0.0, 0.0]), ALONG, TAU_S), "f_m_s"),
        (lambda o: o.push(0.0, np.zeros(3), ALONG, 0.0), "tau_s"),
        (lambda o: (o.push(1.0, np.zeros(3), ALONG, TAU_S), o.push(0.5, np.zeros(3), ALONG, TAU_S)), "before the last push"),
        (lambda o: o.estimate(-1.0), "before the last frame"),
        (lambda o: o.frame(1.0, np.array([np.nan, 0.0, 0.0])), "p_m"),
        (lambda o: o.set_pulse(float("nan")), "pulse_Hz"),
    ],
)
def test_what_cannot_be_is_refused(use, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidInput, match=says):
        use(BeadObserver(0.0, np.zeros(3), RATE_HZ))


@pytest.mark.parametrize(
    "wrong", [{"harmonics": 2.5}, {"harmonics": -1}, {"frame_noise_m": 0.0}, {"gate": float("nan")}, {"flow_drift": -1.0}]
)
def test_options_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        BeadObserverOptions(**wrong)  # type: ignore[arg-type]
