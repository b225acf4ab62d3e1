import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import Fault, TrackerFinding, TrackerLimits, TrackerMonitor, TrackerSample
from toolkit import InvalidInput
from toolkit.models.microrobots import CellbotRecord, load_cellbot_record

FILE = Path(__file__).parents[2] / "examples/data/cellbots/cellbot_openloop_robot1.csv.gz"
GAIN = 9.2  # px/s per Hz
LIMITS = TrackerLimits(0.1, 1500.0, 0, 0.43, 0.0, 0.33, 10.0)


def watch(record: CellbotRecord, limits: TrackerLimits) -> tuple[list[TrackerFinding], np.ndarray]:
    monitor, found, stuck = TrackerMonitor(limits), [], []
    velocity = GAIN * record.commanded
    for k in range(record.frame.size):
        sample = TrackerSample(int(record.frame[k]), float(record.time_s[k]), tuple(record.position_px[k]), tuple(velocity[k]))
        found.extend(monitor.see(sample))
        stuck.append(monitor.is_stuck)
    return found, np.array(stuck)


@pytest.fixture(scope="module")
def record() -> CellbotRecord:
    return load_cellbot_record(FILE)


@pytest.fixture(scope="module")
def findings(record: CellbotRecord) -> list[TrackerFinding]:
    return watch(record, LIMITS)[0]


def lines(found: list[TrackerFinding], fault: Fault) -> list[int]:
    """Lines of the file: one for the header, counted from 1."""
    return [one.sample + 2 for one in found if one.fault is fault]


def test_every_repeated_and_lost_frame_of_the_record_is_found_and_nothing_else(
    record: CellbotRecord, findings: list[TrackerFinding]
) -> None:
    step = np.diff(record.frame)
    same = np.all(np.diff(record.position_px, axis=0) == 0.0, axis=1)
    assert lines(findings, Fault.REPEATED_FRAME) == [int(k) + 3 for k in np.flatnonzero((step == 0) & same)]
    assert lines(findings, Fault.LOST_FRAME) == [int(k) + 3 for k in np.flatnonzero(step > 1)]
    assert (len(lines(findings, Fault.REPEATED_FRAME)), len(lines(findings, Fault.LOST_FRAME))) == (110, 73)
    assert all(one.found_s == one.began_s for one in findings if one.fault is Fault.REPEATED_FRAME), "at the very sample"


def test_misalignment_is_found_where_pairing_by_count_goes_wrong(record: CellbotRecord, findings: list[TrackerFinding]) -> None:
    begins = np.flatnonzero((record.pairing_offset != 0) & (np.concatenate([[0], record.pairing_offset[:-1]]) == 0))
    assert lines(findings, Fault.MISALIGNED) == [int(k) + 2 for k in begins]
    assert lines(findings, Fault.MISALIGNED)[0] == 192


def test_the_jump_of_1038_px_is_found_once_with_no_false_alarm(findings: list[TrackerFinding]) -> None:
    (jump,) = (one for one in findings if one.fault is Fault.JUMP)
    assert jump.sample + 2 == 5281 and jump.frame == 16780 and jump.value == pytest.approx(1038.4, abs=0.1)
    assert lines(findings, Fault.CONFLICTING_FRAME) == [5281], "one frame number, two positions: two robots, or two trackers"


def test_late_samples_are_found_when_they_come_and_sooner_when_asked(record: CellbotRecord, findings: list[TrackerFinding]) -> None:
    assert lines(findings, Fault.LATE) == [int(k) + 2 for k in np.flatnonzero(record.dt_s > 0.1)]
    assert max(one.value for one in findings if one.fault is Fault.LATE) == pytest.approx(0.1326, abs=1e-4)
    monitor = TrackerMonitor(LIMITS)
    monitor.see(TrackerSample(1, 0.0, (0.0, 0.0), (0.0, 0.0)))
    asked = [monitor.overdue(0.01 * k) for k in range(14)]
    (late,) = (one for one in asked if one)
    assert late.found_s == pytest.approx(0.11), "one cycle after the limit"
    assert not monitor.see(TrackerSample(2, 0.133, (0.0, 0.0), (0.0, 0.0))), "once a gap"


def test_a_robot_that_does_not_follow_its_command_is_found_twice_in_the_record(findings: list[TrackerFinding]) -> None:
    stuck = [one for one in findings if one.fault is Fault.STUCK]
    assert [one.sample + 2 for one in stuck] == [2050, 6250]
    assert all(one.found_s - one.began_s < 0.48 and one.value < one.limit for one in stuck)


def test_the_stuck_flag_of_the_record_is_a_rule_of_36_px_in_0_6_s(record: CellbotRecord) -> None:
    """It marks slow motion whether it was commanded or not. With that rule the monitor agrees in 99 % of the rows."""
    found, stuck = watch(record, replace(LIMITS, stuck_window_s=0.6, stuck_distance=36.0, stuck_part=0.0, stuck_commanded_min=0.0))
    marked = record.marked_stuck == 1.0
    assert np.mean(stuck == marked) > 0.985
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(int), [0]])))
    spells = [(a, b) for a, b in edges.reshape(-1, 2) if b - a >= 5]
    hit = [float(record.time_s[a + int(np.argmax(stuck[a:b]))] - record.time_s[a]) for a, b in spells if stuck[a:b].any()]
    # All 24 spells of five rows (0.2 s) or more, within two rows; shorter ones are threshold noise, and of those a part is missed.
    assert len(hit) == len(spells) == 24 and max(hit) < 0.06
    begins = np.array([one.sample for one in found if one.fault is Fault.STUCK])
    false = [k for k in begins if not marked[max(k - 5, 0) : k + 6].any()]
    assert (len(begins), len(false)) == (60, 2), "false alarms"


def steady(n: int, speed: float = 50.0) -> list[TrackerSample]:
    return [TrackerSample(k, 0.04 * k, (0.04 * k * speed, 1.0), (50.0, 0.0)) for k in range(n)]


def faults(samples: list[TrackerSample], limits: TrackerLimits = LIMITS) -> Counter[Fault]:
    monitor = TrackerMonitor(limits)
    return Counter(one.fault for sample in samples for one in monitor.see(sample))


@given(st.floats(20.0, 1000.0))
def test_a_good_tracker_raises_no_alarm(speed: float) -> None:
    assert not faults(steady(60, speed))


def test_each_planted_fault_is_found_and_only_that() -> None:
    good = steady(40)
    frozen = good[:20] + [replace(good[k], position=good[20].position) for k in range(20, 40)]
    assert faults(frozen) == {Fault.STUCK: 1}, "new frame numbers, old picture"
    swapped = good[:20] + [replace(s, position=(s.position[0], 500.0)) for s in good[20:]]
    assert faults(swapped) == {Fault.JUMP: 1}
    assert faults([*good[:20], replace(good[20], frame=5), *good[21:]]) == {Fault.FRAME_BACKWARDS: 1, Fault.LOST_FRAME: 1}
    again = good[:20] + [replace(good[19], time_s=good[k].time_s) for k in range(20, 40)]
    assert faults(again, replace(LIMITS, misaligned_max=100)) == {Fault.REPEATED_FRAME: 20, Fault.LATE: 1}, "repeats refresh nothing"
    assert faults([*good[:20], *good[21:]]) == {Fault.LOST_FRAME: 1, Fault.MISALIGNED: 1}
    assert faults([*good[:20], good[19], *good[20:]]) == {Fault.REPEATED_FRAME: 1, Fault.MISALIGNED: 1}
    late = good[:20] + [replace(s, time_s=s.time_s + 0.2) for s in good[20:]]
    assert faults(late) == {Fault.LATE: 1}


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_sample_that_is_not_finite_is_reported_and_not_believed(bad: float) -> None:
    good = steady(20)
    for broken in (replace(good[10], position=(bad, 0.0)), replace(good[10], time_s=bad), replace(good[10], commanded_velocity=(bad, 0.0))):
        assert faults([*good[:10], broken, *good[11:]]) == {Fault.NOT_FINITE: 1, Fault.LOST_FRAME: 1}
    monitor = TrackerMonitor(LIMITS)
    monitor.see(good[0])
    late = monitor.overdue(math.nan)
    assert late is not None and late.fault is Fault.LATE, "a broken clock is late"


@pytest.mark.parametrize(
    "field", ["interval_s_max", "speed_max", "misaligned_max", "stuck_window_s", "stuck_distance", "stuck_part", "stuck_commanded_min"]
)
def test_limits_that_are_none_are_refused(field: str) -> None:
    for bad in (math.nan, -1.0):
        with pytest.raises(InvalidInput, match=field):
            replace(LIMITS, **{field: bad})


def test_positions_of_changing_length_are_refused() -> None:
    monitor = TrackerMonitor(LIMITS)
    monitor.see(TrackerSample(0, 0.0, (0.0, 0.0), (0.0, 0.0)))
    with pytest.raises(InvalidInput, match="one length"):
        monitor.see(TrackerSample(1, 0.04, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
