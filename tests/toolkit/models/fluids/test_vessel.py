import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import InvalidInput
from toolkit.models.fluids import BLOOD_LIKE, PulseWaveform, Vessel, VesselSegment, Womersley

PULSE = PulseWaveform(1.2, 0.01, np.array([0.006, 0.003j]))
TRUNK = VesselSegment("trunk", np.array([[0, 0, 0], [0.02, 0, 0]]), np.array([1.5e-3, 1.5e-3]))
LEFT = VesselSegment(
    "left", np.array([[0.019, 0, 0], [0.025, 4e-3, 0], [0.035, 8e-3, 1e-3]]), np.array([1.2e-3, 1.2e-3, 1.1e-3]), "trunk", 0.6
)
RIGHT = VesselSegment(
    "right", np.array([[0.019, 0, 0], [0.025, -4e-3, 0], [0.035, -8e-3, 0]]), np.array([1.2e-3, 1e-3, 1e-3]), "trunk", 0.4
)
VESSEL = Vessel((TRUNK, LEFT, RIGHT))


@given(st.floats(0.002, 0.015), st.floats(0.0, 1.49e-3), st.floats(-np.pi, np.pi))
def test_in_a_straight_trunk_the_distance_is_exact(x: float, r: float, angle: float) -> None:
    point = np.array([x, r * np.cos(angle), r * np.sin(angle)])
    assert VESSEL.wall_distance_m(point) == pytest.approx(1.5e-3 - r, abs=1e-12)
    normal = VESSEL.wall_normal(point)
    assert np.linalg.norm(normal) == pytest.approx(1.0) and normal[0] == pytest.approx(0.0, abs=1e-12)
    if r > 1e-6:
        assert normal == pytest.approx([0.0, -np.cos(angle), -np.sin(angle)], abs=1e-6)


@settings(max_examples=25)
@given(st.integers(0, 2), st.floats(0.2, 0.8), st.floats(0.0, 0.99), st.floats(-np.pi, np.pi), st.integers(0, 200))
def test_a_ball_of_the_distance_stays_in_the_lumen(k: int, along: float, part: float, angle: float, seed: int) -> None:
    """The distance is a lower bound: no point of the ball is outside. Checked with points on the ball's surface."""
    segment = VESSEL.segments[k]
    s = along * (len(segment.points_m) - 1)
    j = int(s)
    centre = segment.points_m[j] + (s - j) * (segment.points_m[j + 1] - segment.points_m[j])
    across = VESSEL.wall_normal(centre)
    point = centre + part * float(segment.radius_m.min()) * across * np.cos(angle)
    distance = VESSEL.wall_distance_m(point)
    directions = np.random.default_rng(seed).normal(size=(20, 3))
    for direction in directions / np.linalg.norm(directions, axis=1)[:, None]:
        assert VESSEL.is_inside(point + 0.999 * distance * direction)


def test_in_a_cone_the_distance_is_the_one_to_its_slanted_wall() -> None:
    cone = Vessel((VesselSegment("cone", np.array([[0, 0, 0], [0.01, 0, 0]]), np.array([2e-3, 1e-3])),))
    # The wall is the common tangent of two circles: distance d L = r0 L - (r0 - r1) x at offset 0, times cos of its slope for x inside.
    slope = np.arcsin(0.1)
    x = 5e-3
    assert cone.wall_distance_m(np.array([x, 0, 0])) == pytest.approx(2e-3 - 0.1 * x, abs=1e-12)
    offset = 4e-4
    expected = 2e-3 - np.sin(slope) * x - offset * np.cos(slope)
    assert cone.wall_distance_m(np.array([x, offset, 0])) == pytest.approx(expected, abs=1.5e-5)


@pytest.mark.parametrize("point", [[0.01, 1.6e-3, 0], [-1e-4, 0, 0], [0.0352, 8e-3, 1e-3], [0.03, 0, 0], [np.nan, 0, 0], [1.0, 0, 0]])
def test_points_outside_are_refused(point: list[float]) -> None:
    for ask in (VESSEL.wall_distance_m, VESSEL.wall_normal, lambda p: VESSEL.flow_m_s(p, BLOOD_LIKE, PULSE, 0.0)):
        with pytest.raises(InvalidInput, match="point_m"):
            ask(np.array(point))


def test_flow_in_the_trunk_is_womersley_s() -> None:
    expected = Womersley(BLOOD_LIKE, 1.5e-3, PULSE).speed_m_s([0.7e-3], 0.3)[0]
    assert VESSEL.flow_m_s(np.array([0.01, 0.7e-3, 0]), BLOOD_LIKE, PULSE, 0.3) == pytest.approx([expected, 0, 0], abs=1e-15)


def test_volume_is_kept_at_the_branching() -> None:
    def volume(point: list[float], radius: float) -> float:
        centre = np.array(point)
        peak = np.linalg.norm(VESSEL.flow_m_s(centre, BLOOD_LIKE, PulseWaveform(1.0, 0.01, np.array([])), 0.0))
        return float(peak / 2.0 * np.pi * radius**2)  # Poiseuille: mean speed is half the peak

    left, right = volume([0.035, 8e-3, 1e-3], 1.1e-3), volume([0.03, -6e-3, 0], 1e-3)
    assert left + right == pytest.approx(volume([0.01, 0, 0], 1.5e-3), rel=1e-9)
    assert VESSEL.volume_share("left") == 0.6


@given(st.floats(0.012, 0.03), st.floats(-1.0, 1.0), st.floats(0.0, 2.0))
def test_flow_is_bounded_and_continuous(x: float, y: float, t: float) -> None:
    point = np.array([x, 1e-3 * y, 2e-4])
    if not VESSEL.is_inside(point) or VESSEL.wall_distance_m(point) < 2e-6:
        return
    here = VESSEL.flow_m_s(point, BLOOD_LIKE, PULSE, t)
    assert np.linalg.norm(here) <= VESSEL.speed_bound_m_s(PULSE)
    beside = VESSEL.flow_m_s(point + np.array([0.0, 1e-9, 0.0]), BLOOD_LIKE, PULSE, t)
    assert np.linalg.norm(here - beside) <= 1e-5


def test_contradictory_segments_are_refused() -> None:
    line = np.array([[0, 0, 0], [0.01, 0, 0]])
    for points, radius, problem in (
        (line, [1e-3, -1e-3], "at least"),
        (line, [1e-3, np.nan], "not finite"),
        (line[:1], [1e-3], "two points"),
        (line, [1e-3, 1e-3, 1e-3], "shape"),
        (np.array([[0, 0, 0], [0, 0, 0]]), [1e-3, 1e-3], "closer"),
        (line, [1e-3, 0.02], "faster"),
        (np.array([[0, 0, 0], [0.01, 0, 0], [0, 0.001, 0]]), [1e-3] * 3, "60 degrees"),
    ):
        with pytest.raises(InvalidInput, match=problem):
            VesselSegment("x", points, np.array(radius))


def test_a_segment_that_runs_into_itself_is_refused() -> None:
    turn = np.linspace(0.0, 2.0 * np.pi, 40)
    loop = np.column_stack([5e-3 * np.cos(turn), 5e-3 * np.sin(turn), 0.5e-3 * turn / np.pi])
    with pytest.raises(InvalidInput, match="runs into itself"):
        VesselSegment("loop", loop, np.full(40, 1e-3))


def test_contradictory_trees_are_refused() -> None:
    far = VesselSegment("far", np.array([[0, 1, 0], [0.1, 1, 0]]), np.array([1e-3, 1e-3]), "trunk", 1.0)
    for segments, problem in (
        ((), "no segment"),
        ((TRUNK, LEFT), "sum to 0.6"),
        ((TRUNK, TRUNK), "two of this name"),
        ((LEFT, TRUNK), "listed before"),
        ((TRUNK, far), "outside its parent"),
    ):
        with pytest.raises(InvalidInput, match=problem):
            Vessel(segments)
