import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import InvalidInput
from verification.truth import insertion_margins, joint_margins, path_error, point_speed, remote_centre_margins, settled


def test_a_joint_margin_is_zero_at_the_limit_and_negative_beyond() -> None:
    margins = joint_margins(np.array([[0.0, 0.24], [1.0, 0.25]]), np.array([-1.0, 0.0]), np.array([1.0, 0.24]))
    assert margins == pytest.approx(np.array([[1.0, 0.0], [0.0, -0.01]]))


@pytest.mark.parametrize(
    ("insertion_m", "wrist_rad", "holds"),
    [(0.07, 1.0, True), (0.0606, 1.0, True), (0.05, 0.01, True), (0.05, 0.03, False), (0.05, -0.03, False), (0.06, 0.021, False)],
)
def test_the_insertion_rule_holds_past_the_remote_centre_or_with_a_straight_wrist(
    insertion_m: float, wrist_rad: float, holds: bool
) -> None:
    q = np.array([[0.0, 0.0, insertion_m, 2.0, 0.0, wrist_rad, 1.0]])
    assert (insertion_margins(q, 2, 0.0606, (4, 5), 0.02)[0] >= 0.0) == holds


def test_an_insertion_rule_of_joints_that_do_not_exist_is_refused() -> None:
    with pytest.raises(InvalidInput, match="insertion rule"):
        insertion_margins(np.zeros((1, 3)), 2, 0.06, (4, 5), 0.02)


@given(st.floats(-0.05, 0.05), st.floats(-3.0, 3.0), st.floats(0.01, 0.5))
def test_the_remote_centre_is_as_far_off_as_the_shaft_was_moved(offset_m: float, turn: float, length_m: float) -> None:
    direction, across = np.array([np.cos(turn), np.sin(turn), 0.0]), np.array([-np.sin(turn), np.cos(turn), 0.0])
    a = (0.1 * direction + offset_m * across)[None]
    margin = remote_centre_margins(a, a + length_m * direction, np.zeros(3), 0.02)
    assert margin[0] == pytest.approx(0.02 - abs(offset_m), abs=1e-12)


def test_a_shaft_of_one_point_is_refused() -> None:
    with pytest.raises(InvalidInput, match="coincide"):
        remote_centre_margins(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(3), 0.02)


def test_a_steady_motion_has_its_speed_at_every_instant() -> None:
    t_s = np.arange(0.0, 0.1, 0.001)
    p = t_s[:, None] * np.array([0.03, 0.0, 0.04])
    assert point_speed(t_s, p) == pytest.approx(np.full(t_s.size, 0.05))


T_S = np.arange(0.0, 1.0, 0.01)
CURVE = np.column_stack([np.cos(4.0 * T_S), np.sin(8.0 * T_S), T_S])


def test_a_point_on_the_path_at_its_time_has_no_error() -> None:
    assert path_error(T_S, CURVE, T_S, CURVE, 0.0) == pytest.approx(np.zeros(T_S.size), abs=1e-15)


def test_a_lag_is_error_at_window_zero_and_none_within_the_window() -> None:
    late = T_S[5:] + 0.03
    assert path_error(late, CURVE[5:], T_S, CURVE, 0.0)[:80].min() > 0.01
    assert path_error(late, CURVE[5:], T_S, CURVE, 0.031) == pytest.approx(np.zeros(late.size), abs=1e-12)


def test_another_passage_through_the_same_place_does_not_count() -> None:
    there_and_back = np.column_stack([np.minimum(T_S, 1.0 - T_S), np.zeros((T_S.size, 2))])
    stayed = np.zeros((1, 3))
    assert path_error(np.array([0.5]), stayed, T_S, there_and_back, 0.1)[0] == pytest.approx(0.4)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.3))
def test_the_error_is_that_to_the_nearest_of_many_samples_of_the_window(seed: int, window_s: float) -> None:
    generator = np.random.default_rng(seed)
    t_s = np.sort(generator.uniform(-0.2, 1.2, 6))
    points = generator.normal(size=(6, 3))
    found = path_error(t_s, points, T_S, CURVE, window_s)
    for instant, point, error in zip(t_s, points, found, strict=True):
        times = np.clip(np.linspace(instant - window_s, instant + window_s, 3001), T_S[0], T_S[-1])
        samples = np.column_stack([np.interp(times, T_S, CURVE[:, axis]) for axis in range(3)])
        sampled = np.linalg.norm(samples - point, axis=1).min()
        assert error - 1e-12 <= sampled <= error + 2e-3


def test_a_cycle_is_settled_half_a_second_after_the_last_intervention() -> None:
    t_s = np.array([0.0, 1.0, 1.25, 1.5, 1.75, 2.0])
    passed = np.array([True, False, True, True, True, False])
    assert settled(t_s, passed).tolist() == [True, False, False, True, True, False]
    assert settled(t_s, np.ones(6, dtype=bool)).all()
    assert settled(np.zeros(0), np.zeros(0, dtype=bool)).size == 0


def test_a_path_whose_time_stands_still_is_refused() -> None:
    with pytest.raises(InvalidInput, match="increase strictly"):
        path_error(T_S, CURVE, np.array([0.0, 0.0]), np.zeros((2, 3)), 0.0)
