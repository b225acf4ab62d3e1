"""Systems that violate their property by a micrometre are never PROVED; the same ones with a little room are."""

from dataclasses import replace
from functools import cache

import casadi as ca
import numpy as np
import pytest

from toolkit import FloatArray
from toolkit.models import SerialArm, panda, psm_classic, versius_like
from verification.prover.branch_and_bound import Limits, bisect
from verification.prover.graph import position_sx, tape_of
from verification.prover.inclusion import Path, Positions, Question, find_witness, leaf_test, violation
from verification.prover.leaf_test import LeafTest, norm_at, norm_test
from verification.prover.search import search
from verification.prover.second_derivatives import SecondDerivatives
from verification.prover.solid import Faces, Solid

ARMS = {"psm": (psm_classic, ("tip", "jaw_1")), "panda": (panda, ("wrist", "flange")), "versius": (versius_like, ("flange", "tip"))}
UNSAFE_M, ROOM_M = 1e-6, 2e-3
WIDTHS = {"psm": 0.04, "panda": 0.015, "versius": 0.008}  # of each joint's range; in each the points move some centimetres
LITTLE, ENOUGH = Limits(seconds=20.0, nodes=6_000), Limits(seconds=30.0, nodes=100_000)
DIRECTIONS = ((1.0, 0.0, 0.0), (-0.48, 0.6, -0.64))


@cache
def arm_of(name: str) -> SerialArm:
    return ARMS[name][0]()


def paths(name: str) -> tuple[Path, ...]:
    points = {p.name: p for p in arm_of(name).body_points}
    return tuple(((*arm_of(name).joints[: points[k].frame], *points[k].branch), points[k].p_m) for k in ARMS[name][1])


def box(name: str, seed: int, width: float) -> tuple[FloatArray, FloatArray]:
    arm = arm_of(name)
    span = arm.limits.upper - arm.limits.lower
    centre = np.random.default_rng(seed).uniform(arm.limits.lower + width * span, arm.limits.upper - width * span)
    return centre - 0.5 * width * span, centre + 0.5 * width * span


def extreme(question: Question) -> float:
    """By how much the property is violated at the worst configuration the search meets, [m]; below zero: by how much it holds."""
    q, P = question.positions
    at = Positions(q, P, "numpy")
    return search(lambda x: violation(question, at(x)), question.lower, question.upper)[1]


def systems(name: str) -> list[Question]:
    """Half-spaces, balls to stay out of and to stay in, capsules, cylinders and polytopes near a body."""
    found = []
    for seed, direction in enumerate(DIRECTIONS):
        lower, upper = box(name, seed, WIDTHS[name])
        at = np.array(arm_of(name).points(0.5 * (lower + upper)))[[arm_of(name).point_names.index(k) for k in ARMS[name][1]]]
        n, middle = np.array(direction), at.mean(axis=0)
        across = np.cross(n, [0.3, 0.5, 0.8])
        shapes: list[tuple[Faces | Solid, bool]] = [
            (Faces(n[None], np.array([n @ middle])), True),
            (Solid("ball", (middle + 0.2 * n)[None], 0.05), False),
            (Solid("ball", (middle - 0.1 * n)[None], 0.3), True),
            (Solid("capsule", np.array([middle + 0.2 * n, middle + 0.2 * n + 0.1 * across]), 0.03), False),
            (Solid("cylinder", np.array([middle + 0.2 * n, middle + 0.3 * n]), 0.04), False),
            (Solid("hull", middle + 0.2 * n + 0.03 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]), 0.0), False),
        ]
        found += [Question(paths(name), region, keeps_in, 0.002, lower, upper) for region, keeps_in in shapes]
    return found


def shifted(question: Question, by_m: float) -> Question:
    """The same with `grown` changed so that the worst violation becomes `by_m`."""
    grown = question.grown_m + by_m - extreme(question)
    return replace(question, grown_m=grown)


def surely_unsafe(question: Question) -> Question:
    """Violated by a micrometre. The distance from a cylinder is known from below only, so the capsule inside it is what is touched."""
    region = question.region
    if not (isinstance(region, Solid) and region.shape == "cylinder"):
        return shifted(question, UNSAFE_M)
    start, end = region.generators
    inset = (end - start) * region.radius_m / np.linalg.norm(end - start)
    inside = Solid("capsule", np.array([start + inset, end - inset]), region.radius_m)
    return replace(question, grown_m=shifted(replace(question, region=inside), UNSAFE_M).grown_m)


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("name", ARMS)
def test_a_body_a_micrometre_too_far_is_never_proved_and_one_with_room_is(name: str, number: int) -> None:
    question = systems(name)[number]
    unsafe, safe = surely_unsafe(question), shifted(question, -ROOM_M)
    assert bisect(leaf_test(unsafe), unsafe.lower, unsafe.upper, LITTLE).tree is None
    assert bisect(leaf_test(safe), safe.lower, safe.upper, ENOUGH).tree is not None
    assert find_witness(safe) is None


@pytest.mark.parametrize("pair", [(0, 1), (1, 1), (0, 3), (3, 4), (4, 5)])
def test_a_bound_below_the_supremum_is_never_proved(pair: tuple[int, int]) -> None:
    arm = arm_of("psm")
    point = arm.body_points[arm.point_names.index("jaw_1")]
    lower, upper = box("psm", 4, 0.1)
    wanted = SecondDerivatives((*arm.joints, *point.branch), point.p_m, lower, upper)
    test = norm_test(*wanted.derivative(*pair, outer=False), 1.0)
    supremum = search(norm_at(test), lower, upper)[1]
    q, D = wanted.derivative(*pair, outer=False)
    for factor, expected in ((1.0 - 1e-7, False), (1.01, True)):
        found = bisect(norm_test(q, D, factor * supremum), lower, upper, Limits(20.0, 200_000, 60_000))
        assert (found.tree is not None) == expected


def test_an_undefined_function_is_never_proved() -> None:
    q = ca.SX.sym("q", 1)
    lower, upper = np.array([-1.0]), np.array([1.0])
    for g in (1.0 / q[0] - 1e9, -1.0 - ca.sqrt(q[0]), ca.sqrt(q[0] - 0.5) - 9.0):
        assert bisect(LeafTest(q, g), lower, upper, Limits(5.0, 3000)).tree is None
    assert bisect(LeafTest(q, q[0] ** 2 - 1.01), lower, upper, Limits(5.0, 3000)).tree is not None


def test_the_nested_graph_is_the_arms_own() -> None:
    for name in ARMS:
        arm = arm_of(name)
        q = ca.SX.sym("q", arm.n)
        for path, point in zip(paths(name), ARMS[name][1], strict=True):
            f = ca.Function("f", [q], [position_sx(*path, q)])
            at = 0.5 * (arm.limits.lower + arm.limits.upper) + 0.1
            assert np.allclose(np.array(f(at)).ravel(), arm.points(at)[arm.point_names.index(point)], atol=1e-12)
            assert tape_of(q, position_sx(*path, q)).output_sizes == (3,)
