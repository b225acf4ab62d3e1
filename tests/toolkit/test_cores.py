"""The servo loop's core is the last one, everything else keeps off it, and a system that refuses is obeyed."""

import os

import pytest

from toolkit import cores


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    asked: list[set[int]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 4, 6})
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cores: asked.append(set(cores)))
    return asked


def test_the_loop_takes_the_last_core_and_the_others_all_but_it(kept: list[set[int]]) -> None:
    assert cores.take_servo_core() and cores.leave_servo_core()
    assert kept == [{6}, {1, 4}]


def test_with_one_core_nothing_is_asked_for(kept: list[set[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3})
    assert not cores.take_servo_core() and not cores.leave_servo_core() and kept == []


def test_a_refusal_is_told(kept: list[set[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, cores: set[int]) -> None:
        raise PermissionError("not you")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    assert not cores.take_servo_core() and not cores.leave_servo_core()


def test_a_system_without_the_calls_grants_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores.servo_core() is None and not cores.take_servo_core() and not cores.leave_servo_core()
