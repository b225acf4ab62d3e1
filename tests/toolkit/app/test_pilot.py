"""The pilot and the MPC under its deadline, with a controller that does as it is told."""

from typing import Any

import numpy as np
import pytest

from toolkit import CertifiedCommand, JointProposal, JointState, Setpoint, SolveReport, Verdict
from toolkit.app import timely_mpc
from toolkit.app.assembly import Assembly
from toolkit.app.pilot import OVERDUE_S, SETTLE_S, Pilot, nearly_rests, stay
from toolkit.app.timely_mpc import TimelyMpc
from toolkit.procedure import ServoPath, joint_vector

T = 0.005


class Obedient:
    """Stays where the setpoint is, and remembers what it was asked."""

    def __init__(self, solve_s: tuple[float, ...] = ()) -> None:
        self.asked: list[str] = []
        self.clock_s, self._solve_s = 0.0, list(solve_s)

    def compute(self, q: Any, q_dot: Any, motion: Any, t_s: float, state: Any = None, jaw: Any = None) -> JointProposal:
        self.asked.append("solve")
        self.clock_s += self._solve_s.pop(0) if self._solve_s else 0.0
        return JointProposal(q, SolveReport(True, "solved", 1, 0.0, 0.0))

    def continue_plan(self, q: Any, q_dot: Any, jaw: Any = None) -> JointProposal:
        self.asked.append("continue")
        return JointProposal(q, SolveReport(True, "plan continued", 0, 0.0, 0.0))


def at_home(line: Assembly) -> Setpoint:
    q = line.profile.tick_map.to_joints(line.profile.tick_map.to_ticks(joint_vector(line.procedure, "home", line.arm)))
    return Setpoint(q, np.zeros(7))


def state_at(line: Assembly, setpoint: Setpoint, t_s: float) -> JointState:
    ticks = line.profile.tick_map.to_ticks(setpoint.q)
    return JointState(q=setpoint.q, q_dot=np.zeros(7), ticks=ticks, goal_ticks=ticks, t_s=t_s, healthy=True)


def test_steps_follow_each_other_and_a_motion_that_never_arrives_is_overdue(line: Assembly) -> None:
    pilot = Pilot(line, Obedient())  # type: ignore[arg-type]
    setpoint, words, t_s = at_home(line), [], 100.0
    assert pilot.reference_tip_m is None and not pilot.done
    while not pilot.overdue and t_s < 110.0:
        pilot.compute(state_at(line, setpoint, t_s), setpoint, t_s)
        words.append(pilot.position.word)
        t_s += T
    assert list(dict.fromkeys(words)) == ["home", "move_cp"], "home is where it stands; the line is never followed"
    assert pilot.overdue == f"step 2 (move_cp) has not arrived {OVERDUE_S:g} s after its time"
    assert not pilot.done
    assert pilot.reference_tip_m is not None and np.allclose(pilot.reference_tip_m, [0.006, 0.005, -0.118])
    assert pilot.position.t_s / T == pytest.approx(round(pilot.position.t_s / T)), "its time goes in whole periods"


def at_the_path(example: Assembly, mpc: object) -> tuple[Pilot, Setpoint]:
    """A pilot whose arm stands far from where the recorded path ends, as the path begins."""
    pilot, setpoint = Pilot(example, mpc), at_home(example)  # type: ignore[arg-type]
    (index,) = [i for i, step in enumerate(example.procedure.steps) if isinstance(step, ServoPath)]
    pilot._index = index - 1
    pilot._next_motion(setpoint, 100.0)
    pilot._motion = pilot._pending.pop(0)
    return pilot, setpoint


class Failing(Obedient):
    """Has no solution, ever."""

    def compute(self, q: Any, q_dot: Any, motion: Any, t_s: float, state: Any = None, jaw: Any = None) -> JointProposal:
        return JointProposal(None, SolveReport(False, "diverged", 3, float("inf"), 0.0))


def certified(verdict: Verdict, *active: str) -> CertifiedCommand:
    ticks = np.zeros(7, dtype=np.int64)
    return CertifiedCommand(ticks, ticks[None], verdict, {}, active)


@pytest.mark.requirement("SAF-007")
@pytest.mark.parametrize(
    ("mpc", "decided", "completes"),
    [
        (Failing(), certified(Verdict.BACKUP), False),
        (Obedient(), certified(Verdict.PASS), False),
        (Obedient(), certified(Verdict.MODIFIED, "vessel"), True),
        (Obedient(), certified(Verdict.BACKUP, "vessel"), True),
    ],
    ids=["no solution", "proposes to stay", "kept off a region", "refused near a region"],
)
def test_a_path_of_which_nothing_was_followed_is_not_completed(
    mpc: Obedient, decided: CertifiedCommand, completes: bool, example: Assembly
) -> None:
    """Unless it is the safety layer that keeps the arm from its end: a path may end behind a region."""
    pilot, setpoint = at_the_path(example, mpc)
    motion, t_s = pilot._motion, 100.0
    assert motion is not None
    end_s = t_s + motion.duration_s
    while t_s < end_s + OVERDUE_S + 0.1 and pilot._motion is motion and not pilot.overdue:
        pilot.compute(state_at(example, setpoint, t_s), setpoint, t_s)
        assert pilot.position.follows_path == (t_s <= end_s + 1e-9) or pilot._motion is not motion
        pilot.decided(decided)
        t_s += T
    assert (pilot._motion is not motion) is completes
    assert ("servo_path) has not arrived" in pilot.overdue) is not completes


def test_what_kept_the_arm_off_long_ago_is_no_excuse(example: Assembly) -> None:
    pilot, setpoint = at_the_path(example, Obedient())
    pilot.decided(certified(Verdict.MODIFIED, "vessel"))
    for _ in range(round(SETTLE_S / T)):
        assert pilot._held_off > 0
        pilot.decided(certified(Verdict.PASS))
    assert pilot._motion is not None and not pilot._finished(pilot._motion.duration_s + SETTLE_S, setpoint)


def test_at_rest_is_within_a_few_ticks_a_period(line: Assembly) -> None:
    tick = line.profile.tick_map.abs_M.sum(axis=1)
    q = at_home(line).q
    assert nearly_rests(Setpoint(q, 2.0 * tick / T), line) and not nearly_rests(Setpoint(q, 3.0 * tick / T), line)
    assert np.array_equal(np.asarray(stay(Setpoint(q, tick / T)).q), q)


def timely(monkeypatch: pytest.MonkeyPatch, *solve_s: float) -> tuple[TimelyMpc, Obedient]:
    """solve_s: how long each solve appears to take."""
    mpc = Obedient(solve_s)
    monkeypatch.setattr(timely_mpc.time, "perf_counter", lambda: mpc.clock_s)
    return TimelyMpc(mpc, T), mpc  # type: ignore[arg-type]


def ask(mpc: TimelyMpc, line: Assembly, left_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for the proposal of a cycle that begins left_s from now."""
    setpoint = at_home(line)
    monkeypatch.setattr(timely_mpc.time, "monotonic", lambda: 100.0)
    mpc.begin(100.0 + left_s)
    mpc.propose(object(), 0.0, state_at(line, setpoint, 100.0), setpoint, None)  # type: ignore[arg-type]


def test_after_a_miss_the_plan_is_continued_once(line: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    mpc, inner = timely(monkeypatch)
    ask(mpc, line, 0.8 * T, monkeypatch)
    mpc.missed()
    ask(mpc, line, 0.8 * T, monkeypatch)
    ask(mpc, line, 0.8 * T, monkeypatch)
    assert inner.asked == ["solve", "continue", "solve"]


def test_a_plan_is_continued_while_there_is_no_time_for_a_solve_but_never_beyond_its_stage(
    line: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    mpc, inner = timely(monkeypatch, *[0.6 * T] * 9)
    for left in (0.7, 0.55, 0.4, 0.1, 0.1, 0.1, 0.7):
        ask(mpc, line, left * T, monkeypatch)
    assert inner.asked == ["solve", "solve", "continue", "continue", "continue", "solve", "solve"]


def test_within_a_cycle_one_plan_is_continued_after_a_solve_that_took_most_of_a_period(
    line: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    mpc, inner = timely(monkeypatch, 0.4 * T, 0.6 * T, 0.4 * T)
    for _ in range(5):
        ask(mpc, line, -1e-5, monkeypatch)
    assert inner.asked == ["solve", "solve", "continue", "solve", "solve"]
