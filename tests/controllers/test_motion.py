import threading
from collections.abc import Callable

import numpy as np
import pytest

from controllers import CartesianSpeed, JointReference, LineReference, MotionKind, MotionLimits, MotionOutcome, Motions, PathReference
from tests.controllers.conftest import Q_HOME
from toolkit import InvalidInput, Pose
from toolkit.models import SerialArm

T = 0.005


@pytest.fixture
def motions(arm: SerialArm) -> Motions:
    return Motions(arm, MotionLimits(0.5 * np.ones(7), 2.0 * np.ones(7), CartesianSpeed(0.05, 0.5, 1.0, 5.0), settle_s=0.1))


def test_without_a_command_it_holds_where_the_setpoint_is(motions: Motions) -> None:
    active = motions.advance(Q_HOME, 10.0)
    assert active.kind is MotionKind.HOLD
    assert isinstance(active.reference, JointReference)
    assert np.array_equal(active.reference.joints(np.zeros(1))[0], Q_HOME)
    assert not motions.is_busy


def test_a_hold_follows_a_moving_setpoint_until_it_rests(motions: Motions) -> None:
    moving = Q_HOME + 0.01
    motions.advance(Q_HOME, 10.0)
    after = motions.advance(moving, 10.005).reference
    assert isinstance(after, JointReference)
    assert np.array_equal(after.joints(np.zeros(1))[0], moving)
    assert motions.advance(moving, 10.010).reference is after


def test_move_jp_runs_from_the_setpoint_and_ends_when_it_has_arrived(motions: Motions) -> None:
    goal = Q_HOME + 0.02
    handle = motions.move_jp(goal, 10.0)
    assert handle.is_busy and motions.is_busy
    active = motions.advance(Q_HOME, 10.3)
    assert (active.kind, active.t_s) == (MotionKind.MOVE_JP, 0.0)
    assert isinstance(active.reference, JointReference)
    assert np.array_equal(active.reference.joints(np.zeros(1))[0], Q_HOME)
    end = 10.3 + active.reference.duration_s
    assert motions.advance(goal, end - T).kind is MotionKind.MOVE_JP
    assert motions.advance(goal, end + T).kind is MotionKind.HOLD
    assert handle.wait(0.0)
    assert (handle.outcome, handle.is_busy, motions.is_busy) == (MotionOutcome.DONE, False, False)


def test_a_move_that_does_not_arrive_fails_with_a_reason(motions: Motions) -> None:
    handle = motions.move_jp(Q_HOME + 0.02, 10.0)
    for k in range(200):
        motions.advance(Q_HOME, 10.0 + k * T)
    assert handle.outcome is MotionOutcome.FAILED
    assert "not arrived" in handle.reason
    assert not handle.wait(0.0)


def test_move_cp_is_a_straight_line_from_the_setpoint(arm: SerialArm, motions: Motions) -> None:
    start = arm.tip_pose(Q_HOME)
    motions.move_cp(Pose(start.R, start.p_m + np.array([0.01, 0.0, 0.0])), 10.0, jaw=0.4)
    active = motions.advance(Q_HOME, 10.0)
    assert isinstance(active.reference, LineReference)
    assert np.abs(active.reference.poses(np.zeros(1))[0][0] - start.p_m).max() < 1e-12
    assert active.jaw == 0.4


def test_a_newer_command_replaces_the_older_one(motions: Motions) -> None:
    old = motions.move_jp(Q_HOME + 0.02, 10.0)
    motions.advance(Q_HOME, 10.0)
    new = motions.servo_jp(Q_HOME, 10.01)
    assert (old.outcome, old.reason) == (MotionOutcome.PREEMPTED, "replaced by servo_jp")
    assert motions.advance(Q_HOME, 10.01).kind is MotionKind.SERVO_JP
    assert not new.is_busy and not motions.is_busy


@pytest.mark.requirement("SAF-042")
@pytest.mark.parametrize(("age", "kind"), [(0.049, MotionKind.SERVO_CP), (0.051, MotionKind.HOLD)])
def test_a_stale_servo_command_holds(arm: SerialArm, motions: Motions, age: float, kind: MotionKind) -> None:
    handle = motions.servo_cp(arm.tip_pose(Q_HOME), 10.0)
    assert motions.advance(Q_HOME, 10.0 + age).kind is kind
    assert handle.reason.startswith("stale") == (kind is MotionKind.HOLD)


def test_cancel_and_fail_release_whoever_waits(motions: Motions) -> None:
    ended: list[bool] = []
    actions: list[Callable[[], None]] = [motions.cancel, lambda: motions.fail("the arm was stopped")]
    for action, outcome in zip(actions, (MotionOutcome.CANCELLED, MotionOutcome.FAILED), strict=True):
        handle = motions.move_jp(Q_HOME + 0.02, 10.0)
        waiting = threading.Thread(target=lambda handle=handle: ended.append(handle.wait(10.0)))
        waiting.start()
        motions.advance(Q_HOME, 10.0)
        action()
        waiting.join(10.0)
        assert not waiting.is_alive()
        assert handle.outcome is outcome
        assert motions.advance(Q_HOME, 10.01).kind is MotionKind.HOLD
    assert ended == [False, False]


def test_a_path_is_followed_to_its_end(arm: SerialArm, motions: Motions) -> None:
    start = arm.tip_pose(Q_HOME)
    handle = motions.follow(PathReference(np.tile(start.p_m, (11, 1)), 10.0, start.R), 10.0)
    assert motions.advance(Q_HOME, 10.0).kind is MotionKind.PATH
    assert motions.advance(Q_HOME, 11.1).kind is MotionKind.HOLD
    assert handle.outcome is MotionOutcome.DONE


def test_a_motion_that_cannot_be_planned_fails_its_handle_not_the_cycle(arm: SerialArm, motions: Motions) -> None:
    start = arm.tip_pose(Q_HOME)
    handle = motions.move_cp(Pose(start.R @ np.diag([1.0, -1.0, -1.0]), start.p_m), 10.0)
    assert motions.advance(Q_HOME, 10.0).kind is MotionKind.HOLD
    assert handle.outcome is MotionOutcome.FAILED
    assert "half a turn" in handle.reason


def test_bad_targets_are_refused_at_once(arm: SerialArm, motions: Motions) -> None:
    outside = Q_HOME.copy()
    outside[2] = 0.5
    with pytest.raises(InvalidInput, match=r"insertion: 0\.5 m is outside"):
        motions.move_jp(outside, 10.0)
    with pytest.raises(InvalidInput, match="not finite"):
        motions.servo_jp(np.full(7, np.nan), 10.0)
    with pytest.raises(InvalidInput, match="jaw"):
        motions.servo_cp(arm.tip_pose(Q_HOME), 10.0, jaw=3.0)
    with pytest.raises(InvalidInput, match="now_s"):
        motions.move_jp(Q_HOME, float("nan"))
