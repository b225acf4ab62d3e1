"""Figures, fewer points, wireframes, units: each against an independent computation."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from toolkit import InvalidInput
from verification.report import PolytopeRegion, ReportData, TruthTrace, approaches, findings, statistics
from verification.report.decimate import keep_extremes, keep_shape
from verification.report.payload import payload
from verification.report.summary import histogram
from verification.report.units import number_text, quantity_text
from verification.report.wireframe import wireframe

Make = Callable[..., ReportData]
LOW, HIGH = np.array([-0.1, -0.1, -0.2]), np.array([0.1, 0.1, 0.0])


@given(arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e3, 1e3)), st.integers(8, 60))
def test_decimation_keeps_the_extremes_and_the_ends(value: Any, limit: int) -> None:
    keep = keep_extremes(value, limit)
    assert keep[0] == 0 and keep[-1] == value.size - 1 and np.all(np.diff(keep) > 0)
    assert value[keep].min() == value.min() and value[keep].max() == value.max()
    assert keep.size <= max(limit + 2, 2)


@given(arrays(np.float64, st.tuples(st.integers(1, 120), st.just(3)), elements=st.floats(-0.1, 0.1)), st.floats(1e-6, 1e-2))
def test_a_simplified_path_stays_within_its_tolerance(points: Any, tolerance: float) -> None:
    keep = keep_shape(points, tolerance)
    for a, b in pairwise(keep):
        for p in points[a : b + 1]:
            s = np.linspace(0, 1, 2001)[:, None]
            nearest = np.linalg.norm(points[a] + s * (points[b] - points[a]) - p, axis=1).min()
            assert nearest <= tolerance + np.linalg.norm(points[b] - points[a]) / 4000


def test_a_single_bad_millisecond_survives_in_the_picture(make_report: Make) -> None:
    data = make_report()
    assert data.truth is not None
    distance = np.array(data.truth.distance_m["vessel"])
    distance[12345] = -0.0007
    drawn = payload(replace(data, truth=replace(data.truth, distance_m={"vessel": distance})))
    assert min(drawn["charts"]["distance-0"]["lines"][0]["value"]) == pytest.approx(-0.7)
    dots = drawn["approaches"]["approach-0"]["points"]
    assert min(dots["inward"][::2] + dots["outward"][::2]) < -0.69


def test_an_approach_at_constant_braking_reads_off_the_stopping_curve() -> None:
    a, d0 = 1.0, 0.010
    t = np.arange(0, np.sqrt(2 * d0 / a), 1e-3)
    distance = d0 - np.sqrt(2 * a * d0) * t + a * t**2 / 2
    speed = np.sqrt(2 * a * d0) - a * t
    (found,) = approaches(TruthTrace(t, np.zeros((t.size, 3)), speed, {"vessel": distance}))
    assert found.speed_near_m_s == pytest.approx(np.sqrt(2 * a * 3e-3), abs=2e-4)
    assert found.rest_m is not None and found.rest_m < 1e-6 + (1e-3) ** 2 / (2 * a)


def test_a_region_never_approached_has_no_speed_and_no_rest() -> None:
    t = np.arange(10.0)
    (found,) = approaches(TruthTrace(t, np.zeros((10, 3)), np.full(10, 0.02), {"far": np.full(10, 0.05)}))
    assert (found.nearest_m, found.speed_near_m_s, found.rest_m) == (0.05, None, None)


def test_statistics_agree_with_their_definitions() -> None:
    value = np.arange(1, 102) * 1e-3
    found = statistics(value)
    assert found is not None and (found.count, found.max) == (101, 0.101)
    assert found.median == pytest.approx(0.051) and found.p99 == pytest.approx(0.100)
    assert statistics(np.zeros(0)) is None


@given(arrays(np.float64, st.integers(1, 200), elements=st.floats(0, 10)))
def test_a_histogram_counts_every_sample(value: Any) -> None:
    bars = histogram(value)
    assert bars is not None and bars.counts.sum() == value.size


def test_each_failure_is_found(make_report: Make) -> None:
    data = make_report(duration_s=2.0, misses=30, status="stopped", exit_code=3, reason="A4: the measurement was 14 ms old", dirty=True)
    late = replace(data.assumptions[3], violated_at_s=1.5)
    inside = replace(data.constraints[1], truth_min=-1e-4)
    told = [f"{f.what}: {f.detail}" for f in findings(replace(data, assumptions=(late,), constraints=(inside,)))]
    for words in ("14 ms old", "vessel violated", "A4 violated", "30 of 400 cycles", "uncommitted changes"):
        assert sum(words in line for line in told) >= 1, words
    assert findings(make_report()) == []


def test_wireframes_lie_on_their_surfaces(regions_of_every_kind: tuple[Any, ...]) -> None:
    half_space, sphere, box, capsule = regions_of_every_kind
    on_sphere = np.linalg.norm(wireframe(sphere, LOW, HIGH) - sphere.center_m, axis=-1)
    assert np.allclose(on_sphere, sphere.radius_m)
    inside_box = np.abs(wireframe(box, LOW, HIGH) - box.center_m) / box.half_m
    assert np.allclose(inside_box, 1.0) and wireframe(box, LOW, HIGH).shape == (12, 2, 3)
    points, along = wireframe(capsule, LOW, HIGH).reshape(-1, 3), capsule.b_m - capsule.a_m
    s = np.clip((points - capsule.a_m) @ along / (along @ along), 0, 1)
    assert np.allclose(np.linalg.norm(points - capsule.a_m - s[:, None] * along, axis=1), capsule.radius_m)
    plane = wireframe(half_space, LOW, HIGH)
    assert np.allclose(plane[..., 2], -0.09) and plane.shape == (4, 2, 3)


def test_a_cube_given_by_its_faces_has_twelve_edges() -> None:
    cube = PolytopeRegion("cube", "in", np.concatenate([np.eye(3), -2 * np.eye(3)]), [0.05, 0.05, -0.05, 0.1, 0.1, 0.3])
    edges = wireframe(cube, LOW, HIGH)
    assert edges.shape == (12, 2, 3)
    assert np.allclose(np.sort(np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1)), [0.1] * 12)


def test_a_region_with_no_inside_is_refused_by_name() -> None:
    empty = PolytopeRegion("gap", "in", [[1, 0, 0], [-1, 0, 0]], [0.0, -0.01])
    with pytest.raises(InvalidInput, match=r"region gap: .*no interior"):
        wireframe(empty, LOW, HIGH)


def test_numbers_keep_their_sign_and_four_digits() -> None:
    shown = {0.0: "0", 5.0: "5", 0.069123: "0.06912", -1e-9: "-1.000e-09", 12.3456: "12.35", 1234567.8: "1.235e+06"}
    assert [number_text(x) for x in shown] == list(shown.values())
    assert quantity_text(0.0007, "m") == "0.7000 mm" and quantity_text(np.pi / 2, "rad") == "90°" and quantity_text(None, "m") == "–"


def test_a_region_far_from_the_path_is_drawn_where_it_is() -> None:
    far = PolytopeRegion("far", "out", np.concatenate([np.eye(3), -np.eye(3)]), [2.1, 0.1, 0.1, -2.0, 0.1, 0.1])
    assert wireframe(far, LOW, HIGH)[..., 0].min() == pytest.approx(2.0)
