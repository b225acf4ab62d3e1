"""What a report refuses to say."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from toolkit import InvalidInput, Margin, Verdict
from verification.report import (
    Assumption,
    BoxRegion,
    CapsuleRegion,
    CylinderRegion,
    Intervention,
    LogAnswer,
    PolytopeRegion,
    ReportData,
    Series,
    SphereRegion,
    TrackingTrace,
    TruthTrace,
    findings,
)

Make = Callable[..., ReportData]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused_everywhere(make_report: Make, bad: float) -> None:
    data = make_report(duration_s=1.0)
    value, point = np.array([0.0, bad]), np.array([[0.0, 0.0, 0.0], [0.0, bad, 0.0]])
    assert data.truth is not None
    attempts: list[Callable[[], Any]] = [
        lambda: Series([0.0, 1.0], value),
        lambda: Series(value, [0.0, 1.0]),
        lambda: replace(data.cycles, t_s=[0.0, 1.0], verdict=(Verdict.PASS,) * 2, p_reference_m=point, p_commanded_m=np.zeros((2, 3))),
        lambda: TruthTrace([0.0, 1.0], point, [0.0, 1.0], {}),
        lambda: TruthTrace([0.0, 1.0], np.zeros((2, 3)), [0.0, 1.0], {"vessel": value}),
        lambda: TrackingTrace([0.0, 1.0], value, [True, True]),
        lambda: replace(data.constraints[0], truth_min=bad),
        lambda: replace(data.assumptions[0], measured=bad),
        lambda: Intervention(bad, bad, Verdict.STOP, (), ""),
        lambda: Intervention(0.0, 1.0, Verdict.STOP, (), "", Margin(bad, "m")),
        lambda: CapsuleRegion("r", "out", [0, 0, 0], [0, 0, bad], 0.01),
        lambda: SphereRegion("r", "out", [0, 0, 0], bad),
        lambda: BoxRegion("r", "out", [0, 0, 0], [1, 1, bad]),
        lambda: PolytopeRegion("r", "in", [[0, 0, 1]], [bad]),
        lambda: CylinderRegion("r", "in", [bad, 0, 0], [0, 0, 1], 0.1),
        lambda: replace(data, period_s=bad),
        lambda: replace(data, brake_m_s2=bad),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidInput):
            attempt()


def test_times_that_do_not_increase_are_refused() -> None:
    with pytest.raises(InvalidInput, match="increase strictly"):
        Series([0.0, 1.0, 1.0], [0.0, 0.0, 0.0])


def test_an_absent_sample_is_left_out_by_a_mask() -> None:
    series = Series.where([0.0, 1.0, 2.0], [5.0, np.nan, 7.0], [True, False, True])
    assert series.t_s.tolist() == [0.0, 2.0] and series.value.tolist() == [5.0, 7.0]


def test_completed_with_an_exit_code_and_a_stop_without_a_reason_are_refused(make_report: Make) -> None:
    with pytest.raises(InvalidInput, match="completed"):
        make_report(duration_s=1.0, exit_code=3)
    with pytest.raises(InvalidInput, match="says why"):
        make_report(duration_s=1.0, exit_code=3, status="stopped")


def test_fewer_misses_than_marked_ones_are_refused(make_report: Make) -> None:
    with pytest.raises(InvalidInput, match="misses"):
        make_report(misses=1)


def test_one_name_for_two_constraints_is_refused(make_report: Make) -> None:
    twice = make_report(duration_s=1.0).constraints[:1] * 2
    with pytest.raises(InvalidInput, match="same name twice: keep_in"):
        make_report(duration_s=1.0, constraints=twice)


def test_a_pass_is_no_intervention() -> None:
    with pytest.raises(InvalidInput, match="no intervention"):
        Intervention(0.0, 1.0, Verdict.PASS, (), "")


def row(**changes: Any) -> Assumption:
    fields: dict[str, Any] = {
        "id": "A4",
        "statement": "age",
        "bound": 0.01,
        "measured": 0.01,
        "unit": "s",
        "monitor": "",
        "reaction": "hold",
    }
    return Assumption(**(fields | changes))


def test_an_assumption_is_held_up_to_its_bound_and_not_beyond() -> None:
    assert row().outcome == "held"
    assert row(measured=np.nextafter(0.01, 1)).outcome == "violated"
    assert row(measured=None).outcome == "not measured"


def test_a_stated_violation_outweighs_numbers_that_look_fine() -> None:
    assert row(violated_at_s=3.0).outcome == "violated"
    assert row(held=False).outcome == "violated"
    assert row(measured=None, violated_at_s=3.0).outcome == "violated"


def test_text_cannot_be_judged_without_saying_so() -> None:
    with pytest.raises(InvalidInput, match="cannot be computed from text"):
        row(bound="equal", measured="equal")
    assert row(bound="equal", measured="equal", held=True).outcome == "held"


def test_a_claim_about_the_command_is_judged_by_the_command(make_report: Make) -> None:
    speed = make_report(duration_s=1.0).constraints[2]
    assert replace(speed, truth_min=-1.0).kept is True
    assert replace(speed, truth_min=-1.0, holds_for="motion").kept is False
    assert replace(speed, margin=Series([], [])).kept is None


@pytest.mark.requirement("AUD-033")
def test_a_true_motion_that_nobody_signed_does_not_make_up_for_a_certified_margin_below_zero(make_report: Make) -> None:
    vessel = make_report(duration_s=1.0).constraints[1]
    broken = replace(vessel, margin=Series([0.0, 1.0], [0.002, -1e-6]), truth_min=0.01)
    assert vessel.kept is True and broken.kept is False
    data = make_report(duration_s=1.0, constraints=(broken,))
    (finding,) = [finding for finding in findings(data) if "vessel" in finding.what]
    assert finding.detail.startswith("by the commanded sequence: margin -")


@pytest.mark.requirement("AUD-033")
@pytest.mark.parametrize(("ok", "what"), [(False, "The log is not intact"), (True, "The log is not all vouched for")])
def test_a_log_that_is_not_whole_is_a_finding(make_report: Make, ok: bool, what: str) -> None:
    found = findings(make_report(duration_s=1.0, log=LogAnswer("because", ok, intact=False)))
    assert [(finding.what, finding.detail) for finding in found if "log" in finding.what] == [(what, "because")]


def test_more_overruns_than_cycles_are_refused(make_report: Make) -> None:
    with pytest.raises(InvalidInput, match="overruns"):
        make_report(duration_s=1.0, overruns=201)


def test_spells_cover_every_cycle_once(make_report: Make) -> None:
    cycles = make_report().cycles
    spells = cycles.spells()
    assert all(a[1] == b[0] and a[2] is not b[2] for a, b in pairwise(spells))
    for t, verdict in zip(cycles.t_s, cycles.verdict, strict=True):
        assert sum(s <= t < e and v is verdict for s, e, v in spells) == 1


def test_excluded_spells_are_where_nothing_counts() -> None:
    t = np.arange(6.0)
    counted = np.array([True, False, False, True, True, False])
    assert TrackingTrace(t, t, counted).excluded() == [(1.0, 3.0), (5.0, 5.0)]


def test_a_unit_as_long_as_a_sentence_is_refused(make_report: Make) -> None:
    with pytest.raises(InvalidInput, match="unit"):
        row(unit="certainly fine")
    with pytest.raises(InvalidInput, match="unit"):
        replace(make_report(duration_s=1.0).constraints[0], unit="metres, measured")
