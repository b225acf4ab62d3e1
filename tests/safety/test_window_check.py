"""The certified slack of every kind of constraint is a lower bound of the true margin, over the whole box of a window."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import (
    Bounds,
    Capsule,
    Constraint,
    Cylinder,
    InsertionRule,
    JointBox,
    KeepInFaces,
    KeepInTube,
    KeepOut,
    Polytope,
    RemoteCentre,
    WindowCheck,
    Windows,
    box,
    sphere,
)
from tests.safety.parts import BODIES, arm
from toolkit import FloatArray, InvalidInput
from toolkit.models import SerialArm, versius_like
from verification.plain_kinematics import body_points
from verification.truth import insertion_margins, joint_margins, remote_centre_margins
from verification.truth_distance import (
    keep_in_capsule,
    keep_in_cylinder,
    keep_in_faces,
    keep_out_box,
    keep_out_capsule,
    keep_out_cylinder,
    keep_out_polytope,
)

C0, C1, R = np.array([0.02, -0.03, -0.10]), np.array([0.03, 0.02, -0.13]), 0.01
LOW, HIGH = C0 - np.array([0.01, 0.015, 0.008]), C0 + np.array([0.012, 0.01, 0.02])
HULL = C0 + np.array([[0, 0, 0], [0.03, 0, 0], [0, 0.04, 0], [0, 0, 0.02], [0.02, 0.02, 0.015]])
NORMALS, OFFSETS = np.array([[0.96, 0.28, 0.0], [0.0, 1.0, 0.0]]), np.array([0.04, 0.06])
AXIS = np.array([0.0, 0.0, 0.1]), np.array([0.0, 0.0, -0.2])
REACH = np.array([0.01, 0.0, -0.03]), np.array([0.0, 0.0, -0.12])
LOWER, UPPER = arm().limits.lower, arm().limits.upper
RULE = InsertionRule("c", 2, 0.1, (4, 5), 0.2)
Truth = Callable[[FloatArray], FloatArray]
CHECKS = {
    "faces": (KeepInFaces("c", NORMALS, OFFSETS, BODIES), keep_in_faces, (NORMALS, OFFSETS)),
    "capsule": (KeepOut("c", Capsule(C0, C1, R), BODIES), keep_out_capsule, (C0, C1, R)),
    "sphere": (KeepOut("c", sphere(C0, R), BODIES), keep_out_capsule, (C0, C0, R)),
    "cylinder": (KeepOut("c", Cylinder(C0, C1, R), BODIES), keep_out_cylinder, (C0, C1, R)),
    "box": (KeepOut("c", box(LOW, HIGH), BODIES), keep_out_box, (LOW, HIGH)),
    "polytope": (KeepOut("c", Polytope(HULL), BODIES), keep_out_polytope, (HULL,)),
    "reach": (KeepInTube("c", *REACH, 0.07, False, BODIES), keep_in_capsule, (*REACH, 0.07)),
    "ball": (KeepInTube("c", REACH[0], REACH[0], 0.15, False, BODIES), keep_in_capsule, (REACH[0], REACH[0], 0.15)),
    "around": (KeepInTube("c", *AXIS, 0.08, True, BODIES), keep_in_cylinder, (AXIS[0] * 9, AXIS[1] * 9, 0.08)),
}
KINDS = [*CHECKS, "joints", "rule", "remote_centre"]
BOUNDS = Bounds(1e-9, 2e-4)


@dataclass(frozen=True, eq=False)
class Case:
    """A check of one constraint; its margin names; the true margin; where configurations are drawn."""

    check: WindowCheck
    names: tuple[str, ...]
    truth: Truth
    lower: FloatArray
    upper: FloatArray


def the_check(of: SerialArm, constraints: list[Constraint], bounds: Bounds = BOUNDS) -> WindowCheck:
    lower, upper = of.limits.lower - 0.3, of.limits.upper + 0.3
    K_centre = of.rcm_offset_bounds(lower, upper) if of.shaft is not None else None
    return WindowCheck(of, constraints, of.second_derivative_bounds(lower, upper), K_centre, bounds)


def of_bodies(distance: Callable[..., FloatArray], shape: tuple[object, ...]) -> Truth:
    def margin(q: FloatArray) -> FloatArray:
        points = dict(zip(arm().point_names, body_points(arm(), q).transpose(1, 0, 2), strict=True))
        return np.min([distance(points[b.points[0]], points[b.points[-1]], b.radius_m, *shape) for b in arm().bodies], axis=0)

    return margin


def remote_truth(of: SerialArm) -> Truth:
    first, last = of.point_names.index("flange"), of.point_names.index("tip")
    assert of.shaft is not None
    rcm = np.array(of.shaft.rcm_m)

    def margin(q: FloatArray) -> FloatArray:
        points = body_points(of, q)
        return remote_centre_margins(points[:, first], points[:, last], rcm, 0.05)

    return margin


@cache
def case(kind: str) -> Case:
    if kind == "remote_centre":
        of, home = versius_like(), np.array([0.0, 0.6, 0.0, 1.0, 0.0, 0.9, 0.0, 0.0])
        return Case(the_check(of, [RemoteCentre("c", 0.05)]), ("c",), remote_truth(of), home - 0.08, home + 0.08)
    if kind == "joints":
        check = the_check(arm(), [JointBox("c", LOWER, UPPER)])
        return Case(check, ("c.m", "c.rad"), lambda q: joint_margins(q, LOWER, UPPER).min(axis=1), LOWER, UPPER)
    if kind == "rule":
        truth: Truth = lambda q: insertion_margins(q, 2, RULE.insertion_m_min, RULE.wrist, RULE.straight_rad)  # noqa: E731
        near = np.where(np.arange(7) == 2, 0.0, -0.3)
        return Case(the_check(arm(), [RULE]), ("c",), truth, near, np.where(np.arange(7) == 2, 0.2, 0.3))
    constraint, distance, shape = CHECKS[kind]
    return Case(the_check(arm(), [constraint]), ("c",), of_bodies(distance, shape), LOWER, UPPER)


def drawn(kind: str, seed: int) -> tuple[Case, Windows, FloatArray]:
    """A random window and configurations in its box: corners, faces, interior."""
    parts, rng = case(kind), np.random.default_rng(seed)
    span = parts.upper - parts.lower
    c = rng.uniform(parts.lower - 0.01 * span, parts.upper + 0.01 * span)
    r = 10.0 ** rng.uniform(-4.0, -1.0) * rng.uniform(0.1, 1.0, c.size) * np.minimum(span, 1.0)
    if kind in CHECKS:
        c[:3] = rng.uniform([-0.35, -0.5, 0.08], [0.6, 0.35, 0.2])
    shares = rng.choice([-1.0, 1.0], size=(80, c.size))
    shares[40:60] *= rng.integers(0, 2, (20, c.size))
    shares[60:] = rng.uniform(-1.0, 1.0, (20, c.size))
    return parts, Windows(c[None], r[None]), c + shares * r


@pytest.mark.requirement("SAF-004", "WSP-001", "WSP-003", "WSP-004", "WSP-006", "WSP-007")
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(seed=st.integers(0, 2**31))
def test_the_certified_slack_is_below_the_true_margin_everywhere_in_the_box(kind: str, seed: int) -> None:
    parts, windows, q = drawn(kind, seed)
    slacks = parts.check.slack(windows)
    assert set(slacks) == set(parts.names)
    slack = min(float(slacks[name][0]) for name in parts.names)
    if slack >= 0.0:
        paid = 0.0 if kind in ("joints", "rule") else BOUNDS.eta_m + BOUNDS.registration_m
        assert parts.truth(q).min() >= slack + paid - 1e-12


@pytest.mark.requirement("SAF-004")
@pytest.mark.parametrize("kind", KINDS)
def test_enough_windows_pass_and_enough_are_refused_for_this_to_mean_something(kind: str) -> None:
    passed = 0
    for seed in range(100):
        parts, windows, _ = drawn(kind, seed)
        slacks = parts.check.slack(windows)
        passed += all(float(slacks[name][0]) >= 0.0 for name in parts.names)
    assert 8 <= passed <= 96


@pytest.mark.parametrize("kind", KINDS)
def test_the_slack_of_a_point_is_the_true_margin_less_what_is_added(kind: str) -> None:
    close = 0
    for seed in range(30):
        parts, windows, _ = drawn(kind, seed)
        point = Windows(windows.c, np.zeros_like(windows.r))
        slack = min(float(s[0]) for s in parts.check.slack(point).values())
        true = float(parts.truth(windows.c)[0])
        paid = 0.0 if kind in ("joints", "rule") else BOUNDS.eta_m + BOUNDS.registration_m
        close += true > 0.0 and abs(slack + paid - true) < 2e-3
        assert slack <= true or slack < 0.0
    assert close >= 3


@pytest.mark.requirement("SAF-010")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_or_inf_anywhere_in_a_window_certifies_nothing(kind: str, bad: float) -> None:
    parts, windows, _ = drawn(kind, 3)
    for part in ("c", "r"):
        for j in range(windows.c.shape[1]):
            numbers = {"c": windows.c.copy(), "r": windows.r.copy()}
            numbers[part][0, j] = bad
            slacks = parts.check.slack(Windows(**numbers))
            assert all(np.isnan(values).all() for values in slacks.values())


@pytest.mark.requirement("SAF-002")
def test_one_bad_window_spoils_the_whole_plan() -> None:
    parts, windows, _ = drawn("capsule", 3)
    c = np.repeat(windows.c, 5, axis=0)
    c[4, 6] = np.nan
    assert np.isnan(parts.check.slack(Windows(c, np.repeat(windows.r, 5, axis=0)))["c"]).all()


@pytest.mark.requirement("SAF-004")
@given(st.integers(0, 2**31), st.floats(1.0, 3.0))
def test_a_wider_window_never_has_more_slack(seed: int, factor: float) -> None:
    for kind in ("faces", "capsule", "reach", "joints"):
        parts, windows, _ = drawn(kind, seed)
        narrow, wide = parts.check.slack(windows), parts.check.slack(Windows(windows.c, factor * windows.r))
        assert all(wide[name][0] <= narrow[name][0] + 1e-15 for name in parts.names)


@pytest.mark.requirement("WSP-003")
def test_every_registration_error_is_paid_in_full() -> None:
    _, windows, _ = drawn("capsule", 5)
    constraint = CHECKS["capsule"][0]
    values = [float(the_check(arm(), [constraint], Bounds(0.0, eps)).slack(windows)["c"][0]) for eps in (0.0, 1e-3)]
    assert values[0] - values[1] == pytest.approx(1e-3, abs=1e-12)


@pytest.mark.requirement("SAF-005")
@pytest.mark.parametrize("bounds", [(-1e-9, 0.0), (0.0, -1e-9), (np.nan, 0.0), (0.0, np.inf)])
def test_bounds_that_would_give_room_instead_of_taking_it_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput):
        Bounds(*bounds)


@pytest.mark.requirement("WSP-019")
@pytest.mark.parametrize(
    "constraint",
    [
        KeepOut("c", sphere(C0, R), ()),
        KeepInFaces("c", NORMALS, OFFSETS, ()),
        KeepInTube("c", C0, C1, R, False, ()),
        KeepOut("c", sphere(C0, R), ("elbow",)),
        KeepInFaces("c", NORMALS, OFFSETS, ("shaft", "elbow")),
    ],
)
def test_a_constraint_on_no_body_or_an_unknown_one_is_refused(constraint: Constraint) -> None:
    with pytest.raises(InvalidInput, match="c"):
        the_check(arm(), [JointBox("joints", LOWER, UPPER), constraint])


def test_margins_of_several_constraints_are_those_of_each_alone() -> None:
    several: list[Constraint] = [JointBox("j", LOWER, UPPER)]
    for name, (constraint, _, _) in CHECKS.items():
        several.append(type(constraint)(**{**vars(constraint), "name": name}))
    together = the_check(arm(), several)
    for seed in range(5):
        _, windows, _ = drawn("capsule", seed)
        slacks = together.slack(windows)
        for name in CHECKS:
            assert slacks[name][0] == pytest.approx(case(name).check.slack(windows)["c"][0], abs=1e-12)
