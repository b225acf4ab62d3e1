"""A whole log of made-up records: what holds, what only passes, what is not re-proved, and where."""

from typing import Any

import numpy as np
import pytest

from safety import Memory
from tests.verification.reprove.records import cycle, enable, home, lines, state
from tests.verification.reprove.worlds import bounds, example, inputs
from toolkit import InvalidInput
from verification.reprove import Reproof, reprove, reprover
from verification.reprove.findings import ConstraintFindings
from verification.reprove.logged_plan import logged_plans

pytestmark = pytest.mark.requirement("AUD-036")


def found_in(*records: dict[str, Any], processes: int = 1) -> Reproof:
    return reprove(list(logged_plans(lines(*records), 7)), inputs(), bounds(), processes)


@pytest.fixture(autouse=True)
def without_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """These records carry no margins; an enable would be compared with its own."""
    read = reprover._take_in_margin
    monkeypatch.setattr(reprover, "_take_in_margin", lambda found, c, plan, shown: read(found, c, without(plan), shown))


def without(plan: Any) -> Any:
    object.__setattr__(plan, "margins", None)
    return plan


def test_a_resting_arm_is_re_proved_and_its_window_is_computed_once() -> None:
    found = found_in(enable(), cycle(1), cycle(2))
    assert found.ok and (found.plans, found.enables, found.cycles, found.held) == (3, 1, 2, 2)
    assert found.windows == 5 and found.different == 1
    vessel = next(c for c in found.constraints if c.name == "vessel")
    assert vessel.smallest is not None and 0.0 < vessel.smallest < 0.1 and (vessel.cycle, vessel.window) == (None, 0)
    assert found.not_covered == ["tip_speed (claimed for setpoints)", "tip_acceleration (claimed for setpoints)"]


def into_the_vessel() -> list[int]:
    """Ticks with the tip on the vessel's axis."""
    a = example()
    q = np.array([0.0] * 7)
    best = min(
        (np.array([yaw, pitch, depth, 0.0, 0.0, 0.0, 0.2]) for yaw in np.linspace(-0.4, 0.4, 17) for pitch in np.linspace(-0.4, 0.4, 17)
         for depth in np.linspace(0.1, 0.16, 13)),
        key=lambda q: float(np.linalg.norm(a.arm.tip_pose(q).p_m - np.array([0.0103, -0.025, -0.1467]))),
    )  # fmt: skip
    assert q.shape == best.shape
    return [int(y) for y in a.profile.tick_map.to_ticks(best)]


def test_a_plan_that_enters_the_vessel_is_found_with_its_cycle_and_window() -> None:
    y = into_the_vessel()
    found = found_in(enable(), cycle(1), cycle(2, plan=[home(), y, y]))
    assert not found.ok and found.open == 1 and found.held == 1
    failure = next(f for f in found.failures if f.constraint == "vessel")
    assert (failure.cycle, failure.record, failure.window) == (2, 2, 1) and failure.margin is not None and failure.margin < 0.0
    assert "cycle 2 (record 2), window 1 of its plan: vessel: not re-proved: -" in str(failure)
    assert {f.constraint for f in found.failures} >= {"command_class", "vessel"}
    assert set(found.cycles_failed) == {2}


@pytest.mark.parametrize(
    ("plan", "what"),
    [
        ([[0], [900], [900]], "a servo exceeds its speed"),
        ([[0], [40], [80], [80]], "a servo exceeds its acceleration"),
        ([[0], [3], [5]], "the plan does not end at rest"),
        ([[0]] * 42, "the plan has 42 setpoints"),
    ],
)
def test_what_is_not_in_the_class_is_no_plan(plan: list[list[int]], what: str) -> None:
    y = home()
    found = found_in(cycle(plan=[[y[0] + row[0], *y[1:]] for row in plan]))
    assert any(f.constraint == "command_class" and what in f.what for f in found.failures), found.failures


def test_what_was_sent_must_be_the_head_of_the_plan() -> None:
    y = home()
    found = found_in(cycle(ticks=[y[0] + 1, *y[1:]]))
    assert [f.what for f in found.failures] == ["what was sent is not the head of the plan"]
    assert found_in(cycle(ticks=None)).ok, "to send nothing is a hold"


def test_cycles_after_a_broken_assumption_only_pass_until_the_next_enable() -> None:
    sick = cycle(2, state=state(home(), healthy=False))
    blind = cycle(5)
    del blind["data"]["state"]
    found = found_in(enable(), cycle(1), sick, cycle(3), enable(), cycle(4), blind)
    assert found.ok and (found.held, found.passed, found.open) == (2, 3, 0)
    latched = cycle(1, calls=[{"call": "certify", "now_s": 10.002, "latch": {"assumption": "A4", "reason": "", "reaction": "HOLD"}}])
    assert (found_in(latched).held, found_in(latched).passed) == (0, 1)


def outside() -> list[int]:
    y = home()
    return [y[0], y[1] + 30, *y[2:]]


@pytest.mark.parametrize(
    ("sample", "broken"),
    [
        ({"ticks": outside(), "q": example().profile.tick_map.to_joints(np.array(outside())).tolist()}, "A1"),
        ({"ticks": outside()}, "A1"),
        ({"goal_ticks": outside()}, "A2"),
        ({"healthy": False}, "A3"),
        ({"t_s": 9.9}, "A4"),
        ({"t_s": 10.1}, "A4"),
    ],
)
def test_a_sample_that_breaks_an_assumption_is_a_finding_unless_the_run_stopped_for_it(sample: dict[str, Any], broken: str) -> None:
    went_on = found_in(cycle(verdict="BACKUP", state=state(home()) | sample))
    assert went_on.unnoticed == 1 and not went_on.ok and f"breaks {broken} and the verdict is BACKUP" in str(went_on.failures[0])
    stopped = found_in(cycle(verdict="STOP", state=state(home()) | sample))
    assert stopped.ok and (stopped.passed, stopped.held, stopped.unnoticed) == (1, 0, 0)
    assert went_on.outside == stopped.outside == (broken == "A1")


def test_two_processes_find_the_same() -> None:
    y = home()
    records = [enable(), *(cycle(k, plan=[[y[0] + k, *y[1:]]] * 2) for k in range(1, 6))]
    assert found_in(*records).as_dict() == found_in(*records, processes=2).as_dict()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_bound_that_is_nan_is_no_agreement_wherever_it_stands(order: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    shown = [reprover.Shown(0.1, 0.1, 0.1), reprover.Shown(0.1, 0.1, float("nan"))]
    plan = next(iter(logged_plans(lines(enable()), 7)))
    object.__setattr__(plan, "margins", {"vessel": 0.1})
    found, constraint = Reproof(eta_m=1e-6), ConstraintFindings("vessel", "m")
    reprover._take_in_margin(found, constraint, plan, [shown[k] for k in order])
    assert found.failed == 1 and constraint.difference is None


def test_too_much_at_once_and_too_little_history_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    short = cycle()
    short["data"]["memory"]["history"]["steps"] = short["data"]["memory"]["history"]["steps"][:3]
    with pytest.raises(InvalidInput, match=r"cycle 1 \(record 0\): 4 setpoints of history"):
        found_in(short)
    monkeypatch.setattr(reprover, "WINDOWS_MAX", 0)
    with pytest.raises(InvalidInput, match="look at a part"):
        found_in(cycle())


def test_a_process_that_dies_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reprover, "_begin", dies)
    with pytest.raises(InvalidInput, match="died; nothing is shown"):
        found_in(cycle(), processes=2)


def dies(*_: object) -> None:
    raise SystemExit(1)


def test_a_logged_margin_that_is_not_the_exact_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    plans = list(logged_plans(lines(cycle(verdict="PASS")), 7))
    exact = reprove(plans, inputs(), bounds(), 1)
    assert {f.constraint for f in exact.failures} == {c.name for c in exact.constraints}, "a margin that is missing is none"
    a, y = example(), np.array([home()] * 12)
    margins = a.shield.certify(Memory(y, y[:0]), y[:2]).margins
    logged = {name: margin.value for name, margin in margins.items()}
    good = list(logged_plans(lines(cycle(verdict="PASS", margins=logged)), 7))
    assert reprove(good, inputs(), bounds(), 1).ok
    bad = list(logged_plans(lines(cycle(verdict="PASS", margins=logged | {"vessel": logged["vessel"] + 2e-9})), 7))
    (failure,) = reprove(bad, inputs(), bounds(), 1).failures
    assert failure.constraint == "vessel" and "more than eta" in failure.what and failure.cycle == 1
