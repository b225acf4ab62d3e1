"""The plan check says of a whole plan what windows, rates and whole-number arithmetic say of its parts."""

import casadi as ca
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import Bounds, CommandedRate, WindowCheck, windows_touching
from safety.batch_function import ArmGraph
from safety.commanded_rates import CommandedRates
from safety.plan_check import MEMBERSHIP, PlanCheck
from tests.safety.parts import HOME, A, T, arm, at, capsule, command_class, joint_limits, tick_map, tube, wall
from toolkit import InvalidInput, TickArray
from verification.plain_kinematics import body_points

ROWS, W = 12, tube().window
CONSTRAINTS = [joint_limits(), capsule(), wall()]
RATES = [CommandedRate("tip_speed", ("tip", "jaw_1"), 1, 0.05), CommandedRate("tip_acceleration", ("tip",), 2, 1.0)]
K = arm().second_derivative_bounds(arm().limits.lower - 0.3, arm().limits.upper + 0.3)


def plan_check(of: ArmGraph) -> PlanCheck:
    windows = WindowCheck(of, CONSTRAINTS, K, None, Bounds(1e-9, 2e-4))
    return PlanCheck(windows, CommandedRates(of, RATES, T), tick_map(), tube(), command_class(), ROWS)


WINDOWS, CHECK = WindowCheck(arm(), CONSTRAINTS, K, None, Bounds(1e-9, 2e-4)), plan_check(arm())


def sequence(seed: int, k: int, swing: float = 1.2) -> TickArray:
    """w setpoints of history and k of a plan: a random walk of the steps, now and then over the limits of the class."""
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.integers(-np.int64(swing * A), np.int64(swing * A) + 1, (W + k, 7)), axis=0)
    return np.asarray(at(HOME + rng.uniform(-0.1, 0.1, 7) * [1, 1, 0.1, 1, 1, 1, 1]) + np.cumsum(steps, axis=0))


@pytest.mark.requirement("SAF-002", "SAF-003")
@settings(max_examples=150)
@given(st.integers(0, 2**30), st.integers(1, ROWS))
def test_margins_are_the_least_of_the_class_the_windows_and_the_rates(seed: int, k: int) -> None:
    y = sequence(seed, k)
    least = CHECK.least(y[:W], y[W:])
    found = dict(zip(CHECK.names, least, strict=True))
    recent = y[W - 2 :]
    assert tuple(least[:3]) == (2**31 - 1 - y[W:].max(), *(-excess for excess in command_class().excess(recent)))
    for name, slack in WINDOWS.slack(windows_touching(y[:W], y[W:], tick_map(), tube())).items():
        assert found[name] == pytest.approx(slack.min(), abs=1e-12)
    P = body_points(arm(), tick_map().to_joints(recent))
    tip, jaw = (P[:, arm().point_names.index(name)] for name in ("tip", "jaw_1"))
    fastest = max(np.linalg.norm(np.diff(p[1:], axis=0), axis=1).max() for p in (tip, jaw)) / T
    hardest = np.linalg.norm(np.diff(tip, n=2, axis=0), axis=1).max() / T**2
    assert found["tip_speed"] == pytest.approx(0.05 - fastest, abs=1e-9)
    assert found["tip_acceleration"] == pytest.approx(1.0 - hardest, abs=1e-6)


@settings(max_examples=50)
@given(st.integers(0, 2**30), st.integers(2, ROWS), st.data())
def test_no_window_is_left_out(seed: int, k: int, data: st.DataObject) -> None:
    """One servo far out for one setpoint: every margin that the servo can touch falls, wherever in the plan that is."""
    y = np.repeat(sequence(seed, 0)[-1:], W + k, axis=0)
    at_rest = CHECK.least(y[:W], y[W:])
    y[W + data.draw(st.integers(0, k - 1)), 2] += 20_000
    least = dict(zip(CHECK.names, (a - b for a, b in zip(at_rest, CHECK.least(y[:W], y[W:]), strict=True)), strict=True))
    assert all(least[name] > 0.0 for name in ("speed", "acceleration", "joint_limits.m", "tip_speed", "tip_acceleration"))


class _BreaksPastZero:
    """An arm whose trocar point, far from everything else, is not finite where the first joint is not positive."""

    def __init__(self, with_infinity: bool) -> None:
        self._infinity = with_infinity

    def __getattr__(self, name: str) -> object:
        return getattr(arm(), name)

    def points_sx(self, q: ca.SX) -> ca.SX:
        points = ca.SX(arm().points_sx(q))
        points[0, 0] += 1e-9 / ca.fmax(q[0], 0.0) if self._infinity else 1e-9 * ca.sqrt(q[0])
        return points


@pytest.mark.requirement("SAF-010")
@pytest.mark.parametrize("with_infinity", [False, True])
@pytest.mark.parametrize("where", range(3))
def test_one_window_that_is_not_finite_makes_every_slack_nan(with_infinity: bool, where: int) -> None:
    check = plan_check(of=_BreaksPastZero(with_infinity))  # type: ignore[arg-type]
    y = np.repeat(at(HOME + np.eye(7)[0] * 0.2)[None], W + 3, axis=0)
    assert np.isfinite(check.least(y[:W], y[W:])).all()
    y[W + where, 0] = at(HOME)[0] - int(0.5 / tick_map().M[0, 0])  # so far back that the centre of the hull is past zero
    least = check.least(y[:W], y[W:])
    assert np.isfinite(least[:3]).all() and np.isnan(least[3:]).all()


@pytest.mark.parametrize("n", [2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**62, -(2**63)])
def test_the_register_is_exact(n: int) -> None:
    y = np.repeat(at()[None], W + 2, axis=0)
    y[W:, 3] = n
    inside = CHECK.least(y[:W], y[W:])[0]
    assert (inside >= 0.0) is (-(2**31) <= n < 2**31)


@pytest.mark.parametrize(("history", "plan"), [(W - 1, 2), (W, 0), (W, ROWS + 1)])
def test_too_little_history_and_no_plan_or_one_too_long_are_refused(history: int, plan: int) -> None:
    with pytest.raises(InvalidInput, match=f"{W} setpoints of history and 1..{ROWS} of plan"):
        CHECK.least(np.zeros((history, 7), dtype=np.int64), np.zeros((plan, 7), dtype=np.int64))


def test_another_number_of_servos_is_refused() -> None:
    for history, plan in (((W, 6), (2, 6)), ((W, 7), (2, 1)), ((W, 1), (2, 7))):
        with pytest.raises(InvalidInput, match="plan check"):
            CHECK.least(np.zeros(history, dtype=np.int64), np.zeros(plan, dtype=np.int64))


def test_an_answer_does_not_depend_on_what_was_asked_before() -> None:
    y, far = sequence(3, ROWS), sequence(4, ROWS)
    alone = CHECK.least(y[:W], y[W : W + 2])
    CHECK.least(far[:W], far[W:])
    assert CHECK.least(y[:W], y[W : W + 2]) == alone and CHECK.units[:3] == ("tick",) * len(MEMBERSHIP)
