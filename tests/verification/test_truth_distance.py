from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import lsq_linear, nnls

from toolkit import FloatArray, InvalidInput
from verification.truth_distance import (
    keep_in_box,
    keep_in_capsule,
    keep_in_cylinder,
    keep_in_faces,
    keep_out_box,
    keep_out_capsule,
    keep_out_cylinder,
    keep_out_polytope,
    segment_distance,
)

WEIGHT = 1e4
# Grid coordinates make parallel, crossing, touching and degenerate segments frequent; the others make the general case.
coordinates = st.integers(-3, 3).map(lambda x: 0.1 * x) | st.floats(-0.3, 0.3, allow_subnormal=False)
vectors = arrays(np.float64, 3, elements=coordinates)


def least_squares_distance(a0: FloatArray, a1: FloatArray, b0: FloatArray, b1: FloatArray) -> float:
    """min |a0 + s (a1 - a0) - b0 - t (b1 - b0)| over the unit square, by a bounded least-squares solver."""
    solution = lsq_linear(np.column_stack([a1 - a0, b0 - b1]), b0 - a0, bounds=(0.0, 1.0), method="bvls", tol=1e-14)
    return float(np.sqrt(2.0 * solution.cost))


def hull_distance(body: FloatArray, region: FloatArray) -> float:
    """Distance between two convex hulls of vertices, by non-negative least squares over the vertices' weights."""
    k, m = len(body), len(region)
    ones = np.zeros((2, k + m))
    ones[0, :k], ones[1, k:] = WEIGHT, WEIGHT
    weights, _ = nnls(np.vstack([np.hstack([body.T, -region.T]), ones]), np.array([0.0, 0.0, 0.0, WEIGHT, WEIGHT]))
    return float(np.linalg.norm(body.T @ weights[:k] / weights[:k].sum() - region.T @ weights[k:] / weights[k:].sum()))


def one(function: Callable[..., FloatArray], a: FloatArray, b: FloatArray, *rest: object) -> float:
    return float(function(a[None], b[None], *rest)[0])


@settings(max_examples=500, deadline=None)
@given(vectors, vectors, vectors, vectors)
def test_two_segments_are_as_far_apart_as_a_least_squares_solver_finds(
    a0: FloatArray, a1: FloatArray, b0: FloatArray, b1: FloatArray
) -> None:
    distance = float(segment_distance(a0, a1, b0, b1)[0])
    assert distance == pytest.approx(least_squares_distance(a0, a1, b0, b1), abs=1e-8)


@pytest.mark.parametrize("exponent", range(-17, 0))
def test_segments_that_are_nearly_parallel_lose_no_digits(exponent: int) -> None:
    generator = np.random.default_rng(-exponent)
    count = 5000
    a0, along = generator.normal(size=(2, count, 3))
    offset = generator.normal(size=(count, 3)) * generator.choice([0.0, 1e-3, 1.0], size=(count, 1))
    b0 = a0 + offset + generator.normal(size=(count, 1)) * along
    b1 = b0 + generator.normal(size=(count, 1)) * along + 10.0**exponent * generator.normal(size=(count, 3))
    ends = (a0, a0 + along, b0, b1)
    extended = segment_distance(*(end.astype(np.longdouble) for end in ends))
    assert np.abs(segment_distance(*ends) - extended).max() < 1e-13


@pytest.mark.parametrize(
    ("a0", "a1", "b0", "b1", "expected"),
    [
        ((0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1), 1.0),  # parallel, side by side
        ((0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0), 1.0),  # on one line, apart
        ((0, 0, 0), (2, 0, 0), (1, 0, 0), (3, 0, 0), 0.0),  # on one line, overlapping
        ((0, 0, 0), (1, 0, 0), (3, 4, 0), (5, 4, 0), np.sqrt(20.0)),  # parallel, no common stretch
        ((-1, 0, 0), (1, 0, 0), (0, -1, 0.5), (0, 1, 0.5), 0.5),  # crossing above each other
        ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), 0.0),  # crossing
        ((0, 0, 0), (0, 0, 0), (0, 3, 4), (0, 3, 4), 5.0),  # two points
        ((0, 0, 0), (0, 0, 0), (-1, 2, 0), (1, 2, 0), 2.0),  # point and segment
        ((0, 0, 0), (1, 0, 0), (1, 0, 0), (1, 1, 0), 0.0),  # a common end
    ],
)
def test_special_positions_of_two_segments(
    a0: tuple[float, ...], a1: tuple[float, ...], b0: tuple[float, ...], b1: tuple[float, ...], expected: float
) -> None:
    ends = [np.array(p, dtype=np.float64) for p in (a0, a1, b0, b1)]
    assert segment_distance(*ends)[0] == pytest.approx(expected, abs=1e-15)
    assert segment_distance(*ends[2:], *ends[:2])[0] == pytest.approx(expected, abs=1e-15)


def test_many_instants_are_the_instants_one_by_one() -> None:
    generator = np.random.default_rng(1)
    a, b = generator.normal(size=(2, 20, 3))
    p0, p1 = generator.normal(size=(2, 3))
    together = keep_out_capsule(a, b, 0.1, p0, p1, 0.2)
    assert together == pytest.approx([one(keep_out_capsule, x, y, 0.1, p0, p1, 0.2) for x, y in zip(a, b, strict=True)])


@settings(max_examples=60, deadline=None)
@given(vectors, vectors, vectors, vectors)
def test_a_body_clears_a_capsule_by_the_gap_of_the_axes_less_both_radii(
    a: FloatArray, b: FloatArray, p0: FloatArray, p1: FloatArray
) -> None:
    gap = least_squares_distance(a, b, p0, p1)
    assert one(keep_out_capsule, a, b, 0.004, p0, p1, 0.003) == pytest.approx(gap - 0.007, abs=1e-8)
    assert one(keep_out_capsule, a, a, 0.0, p0, p0, 0.003) == pytest.approx(np.linalg.norm(a - p0) - 0.003)


solids = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).uniform(-0.1, 0.1, size=(8, 3)))


@settings(max_examples=150, deadline=None)
@given(vectors, vectors, solids)
def test_a_body_clears_a_polytope_by_the_gap_of_the_hulls(a: FloatArray, b: FloatArray, vertices: FloatArray) -> None:
    found = one(keep_out_polytope, a, b, 0.004, vertices)
    apart = hull_distance(np.array([a, b]), vertices)
    if found + 0.004 > 1e-6:
        assert found + 0.004 == pytest.approx(apart, abs=1e-6)
    else:
        assert apart == pytest.approx(0.0, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(vectors, vectors)
def test_a_body_clears_a_box_as_it_clears_its_corners_hull(a: FloatArray, b: FloatArray) -> None:
    lower, upper = np.array([-0.1, 0.0, 0.05]), np.array([0.15, 0.1, 0.2])
    found = one(keep_out_box, a, b, 0.0, lower, upper)
    share = np.linspace(0.0, 1.0, 4001)[:, None]
    points = a + share * (b - a)
    outside = np.linalg.norm(np.maximum(np.maximum(lower - points, points - upper), 0.0), axis=1)
    inside = np.minimum(points - lower, upper - points).min(axis=1)
    sampled = float(np.where(inside > 0.0, -inside, outside).min())
    step = float(np.linalg.norm(b - a)) / 4000
    assert found - 1e-12 <= sampled <= found + 0.5 * step + 1e-12


@settings(max_examples=80, deadline=None)
@given(vectors, vectors, vectors, vectors)
def test_a_body_clears_a_cylinder_as_it_clears_a_prism_of_many_sides(
    a: FloatArray, b: FloatArray, p0: FloatArray, axis: FloatArray
) -> None:
    height = float(np.linalg.norm(axis))
    if height < 0.02:
        axis, height = np.array([0.0, 0.0, 0.1]), 0.1
    radius, sides = 0.05, 180
    e = axis / height
    across = np.cross(e, np.eye(3)[np.argmin(np.abs(e))])
    across /= np.linalg.norm(across)
    turn = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False)[:, None]
    ring = p0 + radius * (np.cos(turn) * across + np.sin(turn) * np.cross(e, across))
    found = one(keep_out_cylinder, a, b, 0.0, p0, p0 + axis, radius)
    apart = hull_distance(np.array([a, b]), np.vstack([ring, ring + axis]))
    slack = radius * (1.0 - np.cos(np.pi / sides)) + 1e-6
    assert max(found, 0.0) <= apart + 1e-6
    assert apart <= max(found, 0.0) + 3.0 * slack


def test_the_depth_inside_a_region_is_that_of_the_deepest_point() -> None:
    ends = np.array([[-1.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.02]])
    lower, upper = np.full(3, -0.1), np.full(3, 0.1)
    assert keep_out_box(*ends, 0.005, lower, upper)[0] == pytest.approx(-0.105 + 0.01, abs=2e-3)
    point = np.array([[0.0, 0.0, 0.07]])
    assert keep_out_box(point, point, 0.005, lower, upper)[0] == pytest.approx(-0.035, abs=1e-12)
    assert keep_out_cylinder(point, point, 0.005, np.array([0, 0, -0.1]), np.array([0, 0, 0.1]), 0.1)[0] == pytest.approx(-0.035)
    assert keep_out_capsule(point, point, 0.005, np.zeros(3), np.zeros(3), 0.1)[0] == pytest.approx(-0.035)


@given(vectors, vectors)
def test_a_body_inside_a_box_keeps_the_margin_of_its_worst_end(a: FloatArray, b: FloatArray) -> None:
    lower, upper = np.full(3, -0.2), np.array([0.2, 0.25, 0.3])
    expected = float(min(np.minimum(p - lower, upper - p).min() for p in (a, b))) - 0.01
    assert one(keep_in_box, a, b, 0.01, lower, upper) == pytest.approx(expected, abs=1e-12)


def test_a_face_counts_in_metres_whatever_the_length_of_its_normal() -> None:
    a, b = np.array([[0.0, 0.0, 0.5]]), np.array([[0.0, 0.0, 0.7]])
    assert keep_in_faces(a, b, 0.1, np.array([[0.0, 0.0, 2.0]]), np.array([2.0]))[0] == pytest.approx(0.2)


@settings(deadline=None)
@given(vectors, vectors)
def test_a_body_inside_a_round_region_keeps_the_margin_of_its_worst_sample(a: FloatArray, b: FloatArray) -> None:
    p0, p1, radius = np.array([0.0, 0.0, -0.1]), np.array([0.0, 0.0, 0.2]), 0.3
    samples = a + np.linspace(0.0, 1.0, 101)[:, None] * (b - a)
    from_axis = np.linalg.norm(samples[:, :2], axis=1)
    from_segment = np.linalg.norm(samples - np.column_stack([0 * from_axis, 0 * from_axis, np.clip(samples[:, 2], -0.1, 0.2)]), axis=1)
    assert one(keep_in_capsule, a, b, 0.01, p0, p1, radius) == pytest.approx(float((radius - from_segment).min()) - 0.01, abs=1e-12)
    worst = np.minimum.reduce([radius - from_axis, samples[:, 2] + 0.1, 0.2 - samples[:, 2]]).min()
    assert one(keep_in_cylinder, a, b, 0.01, p0, p1, radius) == pytest.approx(float(worst) - 0.01, abs=1e-12)


def test_input_that_cannot_be_judged_is_refused() -> None:
    a = np.zeros((2, 3))
    with pytest.raises(InvalidInput, match="not finite"):
        keep_out_capsule(np.full((2, 3), np.nan), a, 0.0, np.zeros(3), np.zeros(3), 0.1)
    with pytest.raises(InvalidInput, match="shape"):
        keep_out_capsule(a, np.zeros((3, 3)), 0.0, np.zeros(3), np.zeros(3), 0.1)
    with pytest.raises(InvalidInput, match="body_radius"):
        keep_out_capsule(a, a, float("nan"), np.zeros(3), np.zeros(3), 0.1)
    with pytest.raises(InvalidInput, match="no length"):
        keep_out_cylinder(a, a, 0.0, np.zeros(3), np.zeros(3), 0.1)
    with pytest.raises(InvalidInput, match="volume"):
        keep_out_polytope(a, a, 0.0, np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0.0]]))
    with pytest.raises(InvalidInput, match="below"):
        keep_in_box(a, a, 0.0, np.zeros(3), np.array([1.0, 0.0, 1.0]))
    with pytest.raises(InvalidInput, match="normals"):
        keep_in_faces(a, a, 0.0, np.zeros((0, 3)), np.zeros(0))
