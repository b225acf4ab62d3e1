"""How long after one sample the monitors see the next: what A1's tube must cover, whatever the parts of a cycle take."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import CertifiedCommand, JointProposal, JointState, ServoLoop, Setpoint, SolveReport, Verdict
from toolkit.cycle import SILENCE_S_MAX
from toolkit.tube import SAMPLE_GAP_PERIODS

T = 0.004
TICKS = np.array([1])
SEND = CertifiedCommand(TICKS, TICKS[None], Verdict.PASS)


class Stopped(Exception):
    """A hold or a stop was requested: the arm no longer moves on samples."""


class Slow:
    """Clock, device, controller and safety in one; each call takes the next of the scripted times, in periods."""

    def __init__(self, takes: list[float]) -> None:
        self.time_s, self.takes, self.used_s = 100.0, iter(takes), list[float]()
        self.memory, self.setpoint = "memory", Setpoint(np.zeros(1), np.zeros(1))

    def now(self) -> float:
        return self.time_s

    def wait_until(self, t_s: float, *, awake: bool = True) -> None:
        self.time_s = max(self.time_s, t_s) + T * next(self.takes)

    def read(self) -> JointState:
        self.time_s += T * next(self.takes)
        return JointState(np.zeros(1), np.zeros(1), TICKS, TICKS, self.time_s)

    def compute(self, state: JointState, setpoint: Setpoint, now_s: float) -> JointProposal:
        self.time_s += T * next(self.takes)
        return JointProposal(np.zeros(1), SolveReport(True, "", 1, 0.0, 0.0))

    def certify(self, state: object, proposal: object, now_s: float, trouble: str = "") -> "Slow":
        self.used_s.append(now_s)
        self.time_s += T * next(self.takes)
        return self

    def continue_tail(self, reason: str) -> "Slow":
        return self

    @property
    def certified(self) -> CertifiedCommand:
        return SEND

    def write(self, certified: CertifiedCommand) -> None: ...
    def commit(self, certified: CertifiedCommand) -> None: ...
    def missed(self) -> None: ...

    def request_stop(self, reason: str) -> None:
        raise Stopped

    request_hold = fall_back = request_stop


def gaps(takes: list[float]) -> list[float]:
    """Between samples that were used until the arm was told to hold, in periods."""
    slow = Slow(takes)
    loop = ServoLoop(slow, slow, slow, slow, lambda record: None, lambda index, row, why: None, T)  # type: ignore[arg-type]
    loop.start()
    try:
        while True:
            loop.step()
    except (Stopped, StopIteration):
        return [(b - a) / T for a, b in zip(slow.used_s, slow.used_s[1:], strict=False)]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.001, 0.3, 0.49, 0.9, 0.999, 1.0, 1.5, 1.99, 2.9]), min_size=20, max_size=120))
def test_the_next_sample_is_used_within_the_gap_or_the_arm_holds(takes: list[float]) -> None:
    assert all(gap < SAMPLE_GAP_PERIODS for gap in gaps(takes))


def test_the_gap_is_nearly_reached() -> None:
    """Two cycles run late by almost a period each, the third ends just in time: nothing was requested, and five periods have passed."""
    cycle = [0.0, 0.0, 0.0, 0.0, 0.0]
    late = [0.0, 0.0, 1.98, 0.0]
    found = gaps([*cycle, *late, 0.0, 0.0, 1.98, 0.0, 0.0, 0.0, 0.98, 0.0, *cycle])
    assert max(found) > SAMPLE_GAP_PERIODS - 1.2 and SAMPLE_GAP_PERIODS * T < SILENCE_S_MAX + T


@pytest.mark.parametrize("late", [3.0, 10.0])
def test_a_longer_silence_is_a_hold(late: float) -> None:
    assert max(gaps([*[0.0] * 25, late, *[0.0] * 40]), default=0.0) < SAMPLE_GAP_PERIODS
