"""Regions: the support function is the largest n.p, and a plane proposed with a positive gap really separates."""

from collections.abc import Callable
from fractions import Fraction

import casadi as ca
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from safety import Capsule, Cylinder, Polytope, Region, box, sphere
from safety.regions import closest_on_segments
from toolkit import FloatArray, InvalidInput
from verification.truth_distance import keep_out_box, keep_out_capsule, keep_out_cylinder, keep_out_polytope, segment_distance

P0, P1, R = np.array([0.01, -0.02, 0.0]), np.array([0.03, 0.02, 0.05]), 0.008
LOWER, UPPER = np.array([-0.01, 0.0, -0.03]), np.array([0.02, 0.015, 0.01])
VERTICES = np.array([[0, 0, 0], [0.03, 0, 0], [0, 0.04, 0], [0, 0, 0.05], [0.03, 0.03, 0.04], [0.01, 0.01, 0.01]])
REGIONS: dict[str, Region] = {
    "capsule": Capsule(P0, P1, R),
    "sphere": sphere(P0, R),
    "point": sphere(P0, 0.0),
    "cylinder": Cylinder(P0, P1, R),
    "box": box(LOWER, UPPER),
    "polytope": Polytope(VERTICES),
}
DISTANCES: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "capsule": lambda a, b: keep_out_capsule(a, b, 0.0, P0, P1, R),
    "sphere": lambda a, b: keep_out_capsule(a, b, 0.0, P0, P0, R),
    "point": lambda a, b: keep_out_capsule(a, b, 0.0, P0, P0, 0.0),
    "cylinder": lambda a, b: keep_out_cylinder(a, b, 0.0, P0, P1, R),
    "box": lambda a, b: keep_out_box(a, b, 0.0, LOWER, UPPER),
    "polytope": lambda a, b: keep_out_polytope(a, b, 0.0, VERTICES),
}
EXACT = ("capsule", "sphere", "point", "box", "polytope")
POINTS_3D = arrays(np.float64, 3, elements=st.floats(-0.1, 0.1))
EVERY_KIND = pytest.mark.parametrize("kind", REGIONS)


def graphs(region: Region) -> tuple[ca.Function, ca.Function]:
    n, a, b = (ca.SX.sym(name, 3) for name in "nab")
    planes = ca.horzcat(*region.separating_directions(a, b))
    return ca.Function("support", [n], [region.support(n)]), ca.Function("planes", [a, b], [planes])


GRAPHS = {kind: graphs(region) for kind, region in REGIONS.items()}


def support(kind: str, n: FloatArray) -> float:
    return float(GRAPHS[kind][0](n))


def planes(kind: str, a: FloatArray, b: FloatArray) -> FloatArray:
    """The proposed directions, rows."""
    return np.array(GRAPHS[kind][1](a, b)).T


def samples(kind: str, rng: np.random.Generator, k: int = 600) -> FloatArray:
    """Points of the region, its surface and corners among them, drawn from its definition."""
    share = rng.choice([0.0, 1.0, 0.5], size=(k, 1)) if k % 2 else rng.random((k, 1))
    share[: k // 3] = np.round(share[: k // 3])
    direction = rng.normal(size=(k, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length = np.where(rng.random((k, 1)) < 0.7, 1.0, rng.random((k, 1)))
    if kind == "capsule":
        return P0 + share * (P1 - P0) + R * length * direction
    if kind in ("sphere", "point"):
        return P0 + (R if kind == "sphere" else 0.0) * length * direction
    if kind == "cylinder":
        axis = (P1 - P0) / np.linalg.norm(P1 - P0)
        across = direction - np.outer(direction @ axis, axis)
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        return P0 + share * (P1 - P0) + R * length * across
    corners = (
        VERTICES if kind == "polytope" else np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * (UPPER - LOWER) + LOWER
    )
    weights = rng.dirichlet(np.full(len(corners), 0.3), size=k)
    weights[: len(corners)] = np.eye(len(corners))
    return weights @ corners


@pytest.mark.requirement("WSP-003")
@EVERY_KIND
@given(n=POINTS_3D.map(lambda x: 10.0 * x), seed=st.integers(0, 10**6))
def test_no_point_of_the_region_lies_beyond_its_support(kind: str, n: FloatArray, seed: int) -> None:
    assert (samples(kind, np.random.default_rng(seed)) @ n).max() <= support(kind, n) + 1e-15


@EVERY_KIND
def test_the_support_is_reached_by_a_point_of_the_region(kind: str) -> None:
    rng = np.random.default_rng(1)
    dense = samples(kind, rng, 60_000)
    for direction in rng.normal(size=(20, 3)):
        n = direction / np.linalg.norm(direction)
        assert (dense @ n).max() >= support(kind, n) - 2e-4


@pytest.mark.requirement("WSP-003")
@EVERY_KIND
@given(a=POINTS_3D, b=POINTS_3D)
def test_proposed_planes_are_never_longer_than_one(kind: str, a: FloatArray, b: FloatArray) -> None:
    for n in planes(kind, a, b).tolist():
        assert sum(Fraction(x) ** 2 for x in n) <= 1


@pytest.mark.requirement("WSP-003")
@EVERY_KIND
@given(a=POINTS_3D, b=POINTS_3D, seed=st.integers(0, 10**6))
def test_a_plane_with_a_gap_really_separates(kind: str, a: FloatArray, b: FloatArray, seed: int) -> None:
    proposed = planes(kind, a, b)
    gaps = np.array([min(n @ a, n @ b) - support(kind, n) for n in proposed])
    if gaps.max() > 0.0:
        assert gaps.max() <= float(DISTANCES[kind](a[None], b[None])[0]) + 1e-12
        region = samples(kind, np.random.default_rng(seed))
        on_body = a + np.linspace(0.0, 1.0, 50)[:, None] * (b - a)
        for n in proposed[gaps > 0.0]:
            assert (on_body @ n).min() > (region @ n).max() - 1e-15


@pytest.mark.parametrize("kind", EXACT)
@given(a=POINTS_3D, b=POINTS_3D)
def test_the_best_plane_finds_the_whole_distance(kind: str, a: FloatArray, b: FloatArray) -> None:
    distance = float(DISTANCES[kind](a[None], b[None])[0])
    if distance > 1e-6:
        best = max(min(n @ a, n @ b) - support(kind, n) for n in planes(kind, a, b))
        assert best >= distance - 1e-9


@given(a=POINTS_3D, b=POINTS_3D)
def test_a_cylinder_is_separated_by_at_least_what_its_capsule_is(a: FloatArray, b: FloatArray) -> None:
    best = max(min(n @ a, n @ b) - support("cylinder", n) for n in planes("cylinder", a, b))
    assert best >= float(DISTANCES["capsule"](a[None], b[None])[0]) - 1e-9


@EVERY_KIND
def test_a_body_that_is_one_point_is_separated_like_any_other(kind: str) -> None:
    far = np.array([0.1, 0.1, 0.1])
    assert np.isfinite(planes(kind, far, far)).all()
    assert max(n @ far - support(kind, n) for n in planes(kind, far, far)) > 0.02


def test_a_body_on_the_axis_has_no_plane_with_a_gap() -> None:
    for kind in ("capsule", "sphere", "point", "cylinder"):
        assert np.isfinite(planes(kind, P0, P0)).all()
        assert max(n @ P0 - support(kind, n) for n in planes(kind, P0, P0)) <= 0.0


@settings(max_examples=300)
@given(a=POINTS_3D, b=POINTS_3D, c=POINTS_3D, d=POINTS_3D, collapse=st.sampled_from(["", "body", "axis", "both", "parallel"]))
def test_closest_points_lie_on_their_segments_and_are_as_near_as_can_be(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, collapse: str
) -> None:
    b = a if collapse in ("body", "both") else b
    d = c if collapse in ("axis", "both") else c + (b - a) if collapse == "parallel" else d
    on_body, on_axis = (np.array(x).ravel() for x in closest(a, b, c, d))
    distance = float(segment_distance(a, b, c, d)[0])
    assert distance - 1e-12 <= np.linalg.norm(on_body - on_axis) <= distance + 1e-6
    assert float(segment_distance(on_body, on_body, a, b)[0]) < 1e-12 and float(segment_distance(on_axis, on_axis, c, d)[0]) < 1e-12


SYMBOLS = [ca.SX.sym(name, 3) for name in "abcd"]
closest = ca.Function("closest", SYMBOLS, list(closest_on_segments(*SYMBOLS)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    "make", [lambda x: Capsule(x, P1, R), lambda x: Cylinder(P0, x, R), lambda x: sphere(x, R), lambda x: box(x, UPPER)]
)
def test_a_region_that_is_not_finite_is_refused(make: Callable[[FloatArray], Region], bad: float) -> None:
    with pytest.raises(InvalidInput):
        make(np.array([0.0, bad, 0.0]))


@pytest.mark.parametrize("radius", [-1e-9, np.nan, np.inf, 10.1])
def test_a_radius_outside_its_range_is_refused(radius: float) -> None:
    for kind in (Capsule, Cylinder):
        with pytest.raises(InvalidInput, match="radius"):
            kind(P0, P1, radius)


def test_a_cylinder_without_length_is_refused() -> None:
    with pytest.raises(InvalidInput, match="axis"):
        Cylinder(P0, P0, R)


@pytest.mark.parametrize("upper", [LOWER, np.array([0.02, -0.001, 0.01])])
def test_a_box_without_volume_is_refused(upper: FloatArray) -> None:
    with pytest.raises(InvalidInput, match="not below"):
        box(LOWER, upper)


@pytest.mark.parametrize(
    "vertices", [VERTICES[:3], np.c_[VERTICES[:, :2], np.zeros(6)], np.zeros((5, 3)), np.random.default_rng(0).random((65, 3))]
)
def test_a_polytope_that_spans_no_volume_or_has_too_many_vertices_is_refused(vertices: FloatArray) -> None:
    with pytest.raises(InvalidInput, match="polytope"):
        Polytope(vertices)
