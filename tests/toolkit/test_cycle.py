"""One control cycle with scripted parts: whatever fails, what is written and what is requested is what is stated."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from toolkit import (
    AuditFault,
    CertifiedCommand,
    CycleRecord,
    DeviceFault,
    InvalidInput,
    JointProposal,
    JointState,
    ServoLoop,
    Setpoint,
    SolveReport,
    StaleMeasurement,
    ToolkitError,
    Verdict,
    run_cycle,
)
from toolkit.cycle import PROPOSAL_S_MAX

T = 0.005
TICKS = np.array([1, 2])
STATE = JointState(np.zeros(2), np.zeros(2), TICKS, TICKS, 0.0)
PROPOSAL = JointProposal(np.zeros(2), SolveReport(True, "", 1, 0.0, 0.0))
NO_PROPOSAL = JointProposal(np.zeros(2), SolveReport(False, "diverged", 1, 0.0, 0.0))
SEND = CertifiedCommand(TICKS, TICKS[None], Verdict.PASS)
TAIL = CertifiedCommand(TICKS + 1, TICKS[None] + 1, Verdict.STOP)
BACKUP = CertifiedCommand(TICKS + 2, TICKS[None] + 2, Verdict.BACKUP)
HOLD = CertifiedCommand(None, TICKS[None], Verdict.STOP)


class FakeClock:
    """Time passes only where a part says so."""

    def __init__(self) -> None:
        self.time_s = 100.0

    def now(self) -> float:
        return self.time_s

    def wait_until(self, t_s: float, *, awake: bool = True) -> None:
        self.time_s = max(self.time_s, t_s)


class Decided:
    def __init__(self, certified: CertifiedCommand) -> None:
        self.certified = certified


class Parts:
    """Device, controller and safety in one: each call is noted, may take time and may raise."""

    def __init__(self) -> None:
        self.clock, self.calls, self.records = FakeClock(), list[str](), list[CycleRecord[str]]()
        self.raises: dict[str, Exception] = {}
        self.takes_s: dict[str, float] = {}
        self.misses: list[tuple[int, int, str]] = []
        self.seen: tuple[Any, Any, str] | None = None
        self.held = self.refused = False
        self.proposal = PROPOSAL
        self.memory = "memory"
        self.setpoint = Setpoint(np.zeros(2), np.zeros(2))

    def _call(self, name: str) -> None:
        self.calls.append(name)
        self.clock.time_s += self.takes_s.get(name, 0.0)
        if name in self.raises:
            raise self.raises[name]

    def read(self) -> JointState:
        self._call("read")
        return STATE

    def write(self, certified: CertifiedCommand) -> None:
        self._call(f"write {certified.verdict.value}")

    def compute(self, state: JointState, setpoint: Setpoint, now_s: float) -> JointProposal:
        self._call("compute")
        return self.proposal

    def certify(self, state: JointState | None, proposal: JointProposal | None, now_s: float, trouble: str = "") -> Decided:
        self.seen = (state, proposal, trouble)
        self._call("certify")
        return Decided(HOLD if state is None or self.held else BACKUP if self.refused else SEND)

    def continue_tail(self, reason: str) -> Decided:
        self.calls.append("continue_tail")
        return Decided(BACKUP)

    def fall_back(self, reason: str) -> Decided:
        self.calls.append(f"fall_back {reason}")
        return Decided(TAIL)

    def commit(self, certified: CertifiedCommand) -> None:
        self.calls.append("commit hold" if certified.ticks is None else f"commit {certified.verdict.value}")

    def missed(self) -> None:
        self.calls.append("missed")

    def request_stop(self, reason: str) -> None:
        self.calls.append(f"stop {reason}")

    def request_hold(self, reason: str) -> None:
        self.held = True
        self.calls.append(f"hold {reason}")

    def record(self, record: CycleRecord[str]) -> None:
        self._call("record")
        self.records.append(record)

    def note_miss(self, index: int, in_a_row: int, why: str) -> None:
        self.misses.append((index, in_a_row, why))
        self._call("note_miss")

    def cycle(self) -> CycleRecord[str]:
        return run_cycle(self, self, self, self.clock, self.record, 1, self.clock.now() + T)

    def loop(self) -> ServoLoop[str]:
        loop = ServoLoop(self, self, self, self.clock, self.record, self.note_miss, T)
        loop.start()
        return loop

    def happened(self, word: str) -> list[str]:
        return [call for call in self.calls if call.split()[0] == word]


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.mark.requirement("AUD-001")
def test_a_good_cycle_reads_proposes_certifies_writes_commits_and_records_in_this_order(parts: Parts) -> None:
    result = parts.cycle()
    assert parts.calls == ["read", "compute", "certify", "write PASS", "commit PASS", "record"]
    assert (result.written, result.missed, result.fault, result.trouble, result.memory) == (True, False, None, "", "memory")
    assert parts.records == [result]


ERRORS = [DeviceFault("lost"), StaleMeasurement("old"), InvalidInput("nan"), OSError("gone"), ValueError("bug")]


@pytest.mark.requirement("SAF-031")
@pytest.mark.parametrize("error", ERRORS)
def test_a_failed_read_asks_no_controller_and_sends_nothing(parts: Parts, error: Exception) -> None:
    parts.raises["read"] = error
    result = parts.cycle()
    assert parts.calls == ["read", "certify", "commit hold", "record"]
    assert parts.seen is not None and parts.seen[:2] == (None, None) and str(error) in parts.seen[2]
    assert not result.written and not result.missed and result.fault is not None and str(error) in str(result.fault)


@pytest.mark.requirement("SAF-008")
@pytest.mark.parametrize("error", [*ERRORS, ZeroDivisionError()])
def test_a_controller_that_raises_has_no_proposal_and_motion_ends(parts: Parts, error: Exception) -> None:
    parts.raises["compute"] = error
    parts.cycle()
    assert parts.calls[1:4] == ["compute", f"stop controller raised {type(error).__name__}: {error}", "certify"]
    assert parts.seen is not None and parts.seen[1].q is None and not parts.seen[1].report.ok


@pytest.mark.requirement("SAF-009")
@pytest.mark.parametrize("error", [*ERRORS, ZeroDivisionError()])
def test_a_certify_that_raises_writes_the_stored_tail(parts: Parts, error: Exception) -> None:
    parts.raises["certify"] = error
    result = parts.cycle()
    assert parts.calls[3].startswith("fall_back certify raised") and parts.calls[4:6] == ["write STOP", "commit STOP"]
    assert result.decided.certified is TAIL


@pytest.mark.requirement("SAF-031")
@pytest.mark.parametrize("error", ERRORS)
def test_a_failed_write_counts_as_sent_and_nothing_more_is_sent(parts: Parts, error: Exception) -> None:
    parts.raises["write PASS"] = error
    result = parts.cycle()
    assert parts.calls[3:5] == ["write PASS", "commit PASS"] and parts.calls[5].startswith("hold ") and "missed" not in parts.calls
    assert not result.written and not result.missed and str(error) in result.trouble
    assert result.fault is error if isinstance(error, ToolkitError) else type(result.fault) is DeviceFault


@pytest.mark.requirement("AUD-001")
@pytest.mark.parametrize("error", [AuditFault("disk full"), OSError("disk full"), TypeError("not serialisable")])
def test_a_record_that_cannot_be_made_ends_motion(parts: Parts, error: Exception) -> None:
    parts.raises["record"] = error
    result = parts.cycle()
    assert result.written and isinstance(result.fault, AuditFault) and str(error) in str(result.fault)
    assert len(parts.happened("stop")) == 1 and "log" in parts.happened("stop")[0] and not parts.happened("hold")


@pytest.mark.requirement("SAF-019")
@pytest.mark.parametrize("slow", ["read", "compute", "certify"])
def test_after_the_deadline_nothing_is_written_and_the_period_counts_as_missed(parts: Parts, slow: str) -> None:
    parts.takes_s[slow] = T + 1e-6
    result = parts.cycle()
    assert not parts.happened("write") and not parts.happened("commit") and parts.happened("missed") == ["missed"]
    assert (result.written, result.missed) == (False, True)
    assert bool(parts.happened("certify")) is (slow == "certify") and bool(parts.happened("continue_tail")) is (slow != "certify")


@pytest.mark.requirement("SAF-019")
def test_exactly_at_the_deadline_is_in_time(parts: Parts) -> None:
    parts.takes_s["certify"] = T
    assert parts.cycle().written


def test_times_of_the_parts_are_recorded_and_add_up(parts: Parts) -> None:
    parts.takes_s = {"read": 1e-3, "compute": 5e-4, "certify": 2e-4, "write PASS": 1e-4}
    timing = parts.cycle().timing_s
    for name, taken in (("read", 1e-3), ("compute", 5e-4), ("certify", 2e-4), ("write", 1e-4), ("total", 1.8e-3)):
        assert timing[name] == pytest.approx(taken, abs=1e-9)


def test_a_loop_in_time_runs_once_a_period_and_misses_nothing(parts: Parts) -> None:
    loop = parts.loop()
    starts = [loop.step().started_s for _ in range(5)]
    np.testing.assert_allclose(starts, 100.0 + T * np.arange(1, 6), atol=1e-9)
    assert (loop.misses, parts.misses, loop.index) == (0, [], 5)


@pytest.mark.parametrize(("late", "counted"), [(0.0, 0), (0.9, 0), (1.1, 1), (2.5, 2), (7.1, 7)])
def test_a_loop_late_by_whole_periods_counts_each_as_missed(parts: Parts, late: float, counted: int) -> None:
    loop = parts.loop()
    parts.clock.time_s += T * (1.0 + late)
    loop.step()
    assert loop.misses == counted == len(parts.happened("missed"))
    assert [in_a_row for _, in_a_row, _ in parts.misses] == list(range(1, counted + 1))
    assert bool(parts.happened("hold")) is (counted >= 3)
    assert bool(parts.happened("write")) is (counted < 3)


def test_a_written_setpoint_ends_a_row_of_misses(parts: Parts) -> None:
    loop = parts.loop()
    for _ in range(4):
        parts.takes_s["certify"] = 1.01 * T
        loop.step()
        parts.takes_s.clear()
        assert loop.step().written
    assert not parts.happened("hold") and max(in_a_row for _, in_a_row, _ in parts.misses) < 3


@pytest.mark.requirement("SAF-020")
def test_three_misses_in_a_row_hold(parts: Parts) -> None:
    loop = parts.loop()
    parts.takes_s["certify"] = 1.01 * T
    while not parts.held:
        assert loop.misses < 3
        loop.step()
    assert loop.misses == 3 and "3 setpoints missed in a row" in parts.happened("hold")[0]


@pytest.mark.requirement("SAF-020")
def test_silence_holds_however_few_misses_it_took(parts: Parts) -> None:
    loop = parts.loop()
    loop.step()
    parts.takes_s["certify"] = 0.031
    loop.step()
    assert loop.misses == 1 and "ms without a setpoint" in parts.happened("hold")[0]


@pytest.mark.requirement("SAF-019")
def test_a_cycle_that_took_many_periods_is_accounted_for_in_full(parts: Parts) -> None:
    loop = parts.loop()
    parts.takes_s["compute"] = 5.5 * T
    loop.step()
    parts.takes_s.clear()
    loop.step()
    assert loop.misses == len(parts.happened("missed")) == 5


@pytest.mark.requirement("SAF-031")
@pytest.mark.parametrize("error", [*ERRORS, ZeroDivisionError()])
def test_a_failure_to_ask_ahead_is_left_to_the_read(parts: Parts, error: Exception) -> None:
    def prepare() -> None:
        parts.calls.append("prepare")
        raise error

    loop = ServoLoop(parts, parts, parts, parts.clock, parts.record, parts.note_miss, T, prepare)
    loop.start()
    assert loop.step().written and parts.calls[:2] == ["prepare", "read"]
    parts.raises["read"] = error
    assert loop.step().fault is not None and parts.calls[-1] == "record"


@pytest.mark.requirement("SAF-007")
def test_a_second_without_one_proposal_ends_motion_and_one_proposal_begins_a_new_second(parts: Parts) -> None:
    loop = parts.loop()
    periods = round(PROPOSAL_S_MAX / T)
    for _ in range(2):
        parts.proposal = NO_PROPOSAL
        for _ in range(periods - 1):
            loop.step()
        parts.proposal = PROPOSAL
        loop.step()
    assert not parts.happened("stop")
    parts.proposal = NO_PROPOSAL
    for _ in range(periods + 1):
        loop.step()
    assert parts.happened("stop") == [f"stop no proposal for {PROPOSAL_S_MAX:g} s: diverged"] and not parts.happened("hold")


def test_a_proposal_that_is_refused_for_ever_is_still_a_proposal(parts: Parts) -> None:
    parts.refused = True
    loop = parts.loop()
    for _ in range(round(3.0 * PROPOSAL_S_MAX / T)):
        assert loop.step().decided.certified is BACKUP
    assert not parts.happened("stop")


def test_a_hold_is_not_a_miss(parts: Parts) -> None:
    parts.held = True
    loop = parts.loop()
    for _ in range(10):
        loop.step()
    assert loop.misses == 0 and not parts.happened("hold") and parts.happened("commit") == ["commit hold"] * 10


@pytest.mark.requirement("SAF-019")
def test_a_missed_period_counts_even_when_its_record_cannot_be_made(parts: Parts) -> None:
    parts.raises["record"], parts.takes_s["certify"] = AuditFault("full"), 1.01 * T
    loop = parts.loop()
    loop.step()
    assert loop.misses == 1 == len(parts.happened("missed"))


@pytest.mark.requirement("AUD-001")
@pytest.mark.parametrize("error", [AuditFault("full"), OSError("full"), ValueError("bug")])
def test_a_miss_that_cannot_be_noted_ends_motion_not_the_loop(parts: Parts, error: Exception) -> None:
    parts.raises["note_miss"] = error
    loop = parts.loop()
    parts.clock.time_s += 2.5 * T
    loop.step()
    assert loop.misses == 1 and any("log" in call for call in parts.happened("stop"))


def test_starting_anew_forgets_the_time_between(parts: Parts) -> None:
    loop = parts.loop()
    parts.clock.time_s += 10.0
    loop.start()
    assert loop.step().written and loop.misses == 0


SLOW_OR_BROKEN: list[Callable[[Parts], None]] = [
    lambda p: p.raises.update({"read": OSError()}),
    lambda p: p.raises.update({"compute": OSError()}),
    lambda p: p.raises.update({"certify": OSError()}),
    lambda p: p.raises.update({"write PASS": OSError()}),
    lambda p: p.raises.update({"record": OSError()}),
    lambda p: p.takes_s.update({"compute": T}),
]


@pytest.mark.requirement("SAF-045")
@pytest.mark.parametrize("first", range(6))
@pytest.mark.parametrize("second", range(6))
def test_two_faults_at_once_never_write_twice_and_always_settle_what_became_of_the_setpoint(parts: Parts, first: int, second: int) -> None:
    SLOW_OR_BROKEN[first](parts)
    SLOW_OR_BROKEN[second](parts)
    parts.cycle()
    settled = parts.happened("commit") + parts.happened("missed")
    assert len(settled) == 1 and len(parts.happened("write")) <= 1


def rehearsing(parts: Parts) -> ServoLoop[str]:
    loop = ServoLoop(parts, parts, parts, parts.clock, parts.record, parts.note_miss, T, rehearse=lambda: parts._call("rehearse"))
    loop.start()
    return loop


def test_a_rehearsal_comes_before_the_read_of_its_cycle(parts: Parts) -> None:
    loop = rehearsing(parts)
    loop.step()
    assert parts.calls[:3] == ["rehearse", "read", "compute"]


def test_a_rehearsal_that_raises_does_not_end_the_loop(parts: Parts) -> None:
    parts.raises["rehearse"] = ValueError("as certify would")
    loop = rehearsing(parts)
    assert all(loop.step().written for _ in range(3)) and len(parts.happened("rehearse")) == 3


def test_a_rehearsal_without_time_is_left_out_and_a_slow_one_is_not_the_last(parts: Parts) -> None:
    parts.takes_s["rehearse"] = 0.0012
    loop = rehearsing(parts)
    assert all(loop.step().written for _ in range(4)) and len(parts.happened("rehearse")) == 4
    parts.takes_s["rehearse"] = 0.003
    loop.step()  # it ends late: the next one does not fit, the one after is tried again
    parts.takes_s["rehearse"] = 0.0001
    for _ in range(4):
        loop.step()
    assert 6 <= len(parts.happened("rehearse")) < 9
