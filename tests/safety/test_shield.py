"""The shield refuses whatever is not certified, and says why; at a limit it accepts, one tick over it refuses."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import Bounds, CommandedRate, JointBox, KeepOut, Memory, RemoteCentre, Shield, sphere, windows_touching
from safety.plan_check import PlanCheck
from tests.safety.parts import (
    BODIES,
    HOME,
    NO_PLAN,
    A,
    V,
    arm,
    at,
    at_rest,
    capsule,
    command_class,
    free_shield,
    joint_limits,
    moving,
    shield,
    stop_after,
    tick_map,
    tube,
    wall,
)
from toolkit import InvalidInput, Tube
from verification.campaign.world import _FlatArm

ONE = np.eye(7, dtype=np.int64)
JOINTS = range(7)


def refused_by(of: Shield, memory: Memory, plan: Any) -> tuple[str, ...]:
    return of.certify(memory, plan).refused_by


@pytest.mark.requirement("SAF-002")
def test_staying_where_the_arm_is_is_certified_with_a_margin_for_every_constraint() -> None:
    of = shield(capsule(), wall(), CommandedRate("speed", ("tip",), 1, 0.05))
    certification = of.certify(at_rest(), at()[None])
    assert certification.ok and set(certification.margins) == {"joint_limits.rad", "joint_limits.m", "vessel", "wall", "speed"}
    units = {name: margin.unit for name, margin in certification.margins.items()}
    assert units == {"joint_limits.rad": "rad", "joint_limits.m": "m", "vessel": "m", "wall": "m", "speed": "m/s"}


@pytest.mark.requirement("SAF-002", "WSP-009")
@pytest.mark.parametrize("j", JOINTS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_acceleration_at_its_limit_is_certified_and_one_tick_over_is_refused(j: int, sign: int) -> None:
    memory = at_rest()
    for step, ok in ((A[j], True), (A[j] + 1, False)):
        candidate = memory.newest + sign * step * ONE[j]
        plan = np.stack([candidate, candidate + sign * max(step - A[j], 0) * ONE[j], candidate + sign * max(step - A[j], 0) * ONE[j]])
        certification = free_shield().certify(memory, plan)
        assert certification.ok is ok
        assert ok or (certification.refused_by == ("command_class",) and "acceleration by 1 " in certification.reason)


@pytest.mark.requirement("SAF-002", "WSP-009")
@pytest.mark.parametrize("j", JOINTS)
def test_speed_at_its_limit_is_certified_and_one_tick_over_is_refused(j: int) -> None:
    at_limit = moving(V[j] * ONE[j])
    assert free_shield().certify(at_limit, stop_after(at_limit, at_limit.newest + V[j] * ONE[j])).ok
    over = at_limit.newest + (V[j] + 1) * ONE[j]
    certification = free_shield().certify(at_limit, stop_after(at_limit, over))
    assert certification.refused_by == ("command_class",) and "speed by 1 " in certification.reason


@pytest.mark.requirement("SAF-002")
def test_a_plan_that_does_not_end_at_rest_is_refused() -> None:
    memory = at_rest()
    steps = memory.newest + np.arange(1, 5)[:, None] * ONE[0]
    assert "rest" in free_shield().certify(memory, steps).reason
    assert free_shield().certify(memory, np.concatenate([steps, steps[-1:]])).ok
    assert refused_by(free_shield(), memory, steps[:1]) == ("command_class",)


@pytest.mark.requirement("SAF-002")
def test_a_plan_at_the_longest_is_certified_and_one_setpoint_more_is_refused() -> None:
    of = shield(n_max=5)
    assert of.certify(at_rest(), np.repeat(at()[None], 5, axis=0)).ok
    assert "within 5" in of.certify(at_rest(), np.repeat(at()[None], 6, axis=0)).reason
    assert refused_by(of, at_rest(), NO_PLAN) == ("command_class",)


def test_a_hold_is_certified_from_any_speed_and_motion_after_it_starts_from_rest() -> None:
    memory = moving(V)
    assert free_shield().certify(memory, memory.newest[None]).ok
    held = memory.held()
    assert refused_by(free_shield(), held, stop_after(held, held.newest + V)) == ("command_class",)
    assert free_shield().certify(held, stop_after(held, held.newest + A)).ok


def test_only_a_single_setpoint_may_stop_abruptly() -> None:
    memory = moving(V)
    assert refused_by(free_shield(), memory, np.repeat(memory.newest[None], 2, axis=0)) == ("command_class",)


@pytest.mark.requirement("SAF-001")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.5])
@pytest.mark.parametrize("row", [0, 1, 2])
def test_a_plan_of_floats_is_refused_whatever_is_in_it(bad: float, row: int) -> None:
    plan = np.repeat(at()[None].astype(np.float64), 3, axis=0)
    plan[row, 3] = bad
    assert refused_by(free_shield(), at_rest(), plan) == ("command_class",)


@pytest.mark.parametrize("plan", [np.repeat(at()[None, :6], 2, axis=0), at(), at()[None, None], np.zeros((2, 8), dtype=np.int64)])
def test_a_plan_of_another_shape_is_refused(plan: np.ndarray) -> None:
    assert refused_by(free_shield(), at_rest(), plan) == ("command_class",)


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**62, -(2**63), 2**63 - 1])
def test_a_plan_outside_the_register_is_refused_before_its_differences_could_wrap(value: int) -> None:
    plan = np.repeat(at()[None], 3, axis=0)
    plan[1:, 0] = value
    assert "32 bits" in free_shield().certify(at_rest(), plan).reason


@pytest.mark.requirement("SAF-002")
@settings(max_examples=200)
@given(st.lists(st.tuples(*(st.integers(-int(1.05 * a), int(1.05 * a)) for a in A)), min_size=1, max_size=6), st.integers(0, 2**20))
def test_whatever_is_certified_is_in_class_c_at_rest_and_its_windows_pass(changes: list[tuple[int, ...]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    memory = at_rest(HOME + rng.uniform(-0.2, 0.2, 7) * [1, 1, 0.3, 1, 1, 1, 1])
    steps = np.cumsum(np.array(changes), axis=0)
    plan = memory.newest + np.cumsum(steps, axis=0)
    plan = np.concatenate([plan[:-1], stop_after(Memory(np.concatenate([memory.history, plan[:-1]])[-9:], NO_PLAN), plan[-1])])
    if free_shield().certify(memory, plan).ok:
        over_v, over_a = command_class().excess(np.concatenate([memory.history[-2:], plan, plan[-1:]]))
        assert over_v <= 0 and over_a <= 0
        windows = windows_touching(memory.history, plan, tick_map(), tube())
        assert np.all(windows.c - windows.r >= arm().limits.lower - 1e-12) and np.all(windows.c + windows.r <= arm().limits.upper + 1e-12)


@pytest.mark.requirement("SAF-003")
def test_the_history_counts_where_the_plan_alone_would_pass() -> None:
    of = shield(wall(0.03))
    q = HOME.copy()
    q[0] = 0.13
    rest = at_rest(q)
    assert of.certify(rest, rest.newest[None]).ok
    history = rest.history.copy()
    history[-3] += at(HOME + 0.25 * np.eye(7)[0]) - at(HOME)
    assert refused_by(of, Memory(history, NO_PLAN), rest.newest[None]) == ("wall",)


@pytest.mark.requirement("WSP-001")
def test_a_joint_is_kept_off_its_limit_by_its_tube() -> None:
    limits = joint_limits()
    for j in JOINTS[:3]:
        for inside, ok in ((1.02, True), (0.98, False)):
            q = HOME.copy()
            q[j] = limits.upper[j] - inside * tube().e[j]
            assert free_shield().certify(at_rest(q), at(q)[None]).ok is ok


def test_what_would_be_violated_is_named_with_its_amount() -> None:
    of = shield(KeepOut("organ", sphere(arm().points(HOME)[2], 0.01), BODIES))
    certification = of.certify(at_rest(), at()[None])
    assert certification.refused_by == ("organ",) and "would violate organ by 0.0" in certification.reason
    assert certification.margins["organ"].value < 0.0


@pytest.mark.requirement("SAF-010")
def test_a_slack_that_is_nan_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    of = shield(capsule())
    names = of._check.names
    monkeypatch.setattr(PlanCheck, "least", lambda self, history, plan: [np.nan if name == "vessel" else 1.0 for name in names])
    assert refused_by(of, at_rest(), at()[None]) == ("vessel",)


@pytest.mark.requirement("WSP-008")
@pytest.mark.parametrize(("order", "unit"), [(1, "m/s"), (2, "m/s^2")])
def test_a_commanded_rate_over_its_limit_is_refused_and_at_it_certified(order: int, unit: str) -> None:
    memory, candidate = at_rest(), at() + 10 * ONE[2]
    points = tick_map().to_joints(np.stack([at(), candidate]))
    moved = abs(points[1, 2] - points[0, 2])
    rate = moved / 0.005**order
    plan = np.stack([candidate, candidate])
    for factor, ok in ((1.001, True), (0.999, False)):
        certification = shield(CommandedRate("rate", ("tip",), order, factor * rate)).certify(memory, plan)
        assert certification.ok is ok and certification.margins["rate"].unit == unit
        assert certification.margins["rate"].value == pytest.approx((factor - 1.0) * rate, rel=1e-6)


@pytest.mark.requirement("WSP-008")
def test_the_step_that_led_to_the_newest_setpoint_counts_for_acceleration() -> None:
    of = shield(CommandedRate("acceleration", ("tip",), 2, 1.0))
    memory = moving(10 * ONE[2])
    assert refused_by(of, memory, np.stack([memory.newest, memory.newest])) == ("acceleration",)


def make(*constraints: Any, **changes: Any) -> Shield:
    parts: dict[str, Any] = {
        "arm": arm(),
        "tick_map": tick_map(),
        "tube": tube(),
        "command_class": command_class(),
        "bounds": Bounds(0.0, 0.0),
    }
    return Shield(constraints=constraints, n_max=changes.pop("n_max", 40), **{**parts, **changes})


@pytest.mark.requirement("WSP-001")
def test_without_joint_limits_or_with_two_sets_there_is_no_shield() -> None:
    other = JointBox("other", arm().limits.lower, arm().limits.upper)
    short = JointBox("joint_limits", arm().limits.lower[:6], arm().limits.upper[:6])
    for constraints in ([], [capsule()], [joint_limits(), other], [short]):
        with pytest.raises(InvalidInput, match="exactly one set of joint limits"):
            make(*constraints)


def test_two_constraints_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInput, match="not unique"):
        make(joint_limits(), capsule(), capsule())


@pytest.mark.parametrize("name", ["joint_limits.rad", "joint_limits.m"])
def test_a_name_that_would_hide_the_joint_limits_is_refused(name: str) -> None:
    for hides in (KeepOut(name, sphere(np.zeros(3), 0.01), BODIES), CommandedRate(name, ("tip",), 1, 1.0)):
        with pytest.raises(InvalidInput, match="share a margin"):
            make(joint_limits(), hides)


@pytest.mark.parametrize("n_max", [1, 81])
def test_a_longest_plan_outside_its_range_is_refused(n_max: int) -> None:
    with pytest.raises(InvalidInput, match="n_max"):
        make(joint_limits(), n_max=n_max)


def test_parts_with_another_number_of_joints_are_refused() -> None:
    e = np.full(6, 1e-3)
    with pytest.raises(InvalidInput, match="number of joints"):
        make(joint_limits(), tube=Tube(e, 0.5 * e, 6, 2, ""))


@pytest.mark.requirement("WSP-019")
@pytest.mark.parametrize("points", [(), ("elbow",), ("tip", "elbow")])
def test_a_rate_on_no_point_or_an_unknown_one_is_refused(points: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="unknown body points"):
        make(joint_limits(), CommandedRate("rate", points, 1, 1.0))


@pytest.mark.parametrize("factor", [np.nan, np.inf, -1.0])
def test_second_derivative_bounds_that_are_no_bounds_are_refused(factor: float) -> None:
    class Broken(_FlatArm):
        def second_derivative_bounds(self, lower: Any, upper: Any) -> Any:
            return super().second_derivative_bounds(lower, upper) + factor

    with pytest.raises(InvalidInput, match="second-derivative"):
        make(joint_limits(), arm=Broken(arm()))


@pytest.mark.requirement("SAF-005")
def test_second_derivatives_are_bounded_over_the_limits_and_the_tube_beyond_them() -> None:
    asked: list[np.ndarray] = []

    class Asked(_FlatArm):
        def second_derivative_bounds(self, lower: Any, upper: Any) -> Any:
            asked.extend([lower, upper])
            return super().second_derivative_bounds(lower, upper)

    make(joint_limits(), arm=Asked(arm()))
    np.testing.assert_array_equal(asked, [arm().limits.lower - tube().e, arm().limits.upper + tube().e])


@pytest.mark.requirement("WSP-007")
def test_a_remote_centre_is_certified_with_its_margin_and_refused_beyond_it() -> None:
    margins = shield(RemoteCentre("rcm", 1e-3)).certify(at_rest(), at()[None]).margins
    assert 0.0 < margins["rcm"].value <= 1e-3
