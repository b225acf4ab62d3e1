"""The clock is the system's monotonic one, and a wait never ends early."""

import time

import pytest

from toolkit import MonotonicClock


@pytest.mark.requirement("SAF-044")
def test_now_is_the_monotonic_clock() -> None:
    before = time.monotonic()
    assert before <= MonotonicClock().now() <= time.monotonic()


def test_a_wait_never_ends_before_its_instant() -> None:
    clock = MonotonicClock()
    for ahead_s in (0.0, 1e-5, 3e-4, 2e-3):
        until = clock.now() + ahead_s
        clock.wait_until(until)
        assert clock.now() >= until


def test_asleep_to_the_end_nothing_is_waited_out_awake(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    now, asked, slept = [10.0], [0], list[float]()

    def monotonic() -> float:
        asked[0] += 1
        return now[0]

    monkeypatch.setattr(time, "monotonic", monotonic)
    monkeypatch.setattr(time, "sleep", slept.append)
    MonotonicClock().wait_until(10.005, awake=False)
    MonotonicClock().wait_until(9.0, awake=False)
    assert slept == [pytest.approx(0.005), 0.0] and asked == [2]


def test_an_instant_that_has_passed_is_not_waited_for(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    MonotonicClock().wait_until(time.monotonic() - 1.0)
    assert slept == []


def test_the_last_part_of_a_wait_is_not_left_to_the_scheduler(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    now, slept = [10.0], list[float]()

    def monotonic() -> float:
        now[0] += 1e-5
        return now[0]

    monkeypatch.setattr(time, "monotonic", monotonic)
    monkeypatch.setattr(time, "sleep", lambda s: (slept.append(s), now.__setitem__(0, now[0] + s)))
    MonotonicClock(spin_s=2e-4).wait_until(10.005)
    assert len(slept) == 1 and slept[0] < 0.005 - 2e-4 and now[0] >= 10.005
