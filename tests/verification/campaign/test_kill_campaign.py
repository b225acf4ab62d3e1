import random
from pathlib import Path

import pytest

from verification.campaign import KillCase, KillResult, run_kill_campaign
from verification.campaign.kill import _examined, kill_once

KILLS = 20


def test_nothing_acknowledged_is_lost_whoever_is_killed_whenever() -> None:
    done: list[int] = []
    result = run_kill_campaign(KILLS, 0, done.append)
    assert result.ok, str(result)
    assert {case.target for case in result.cases} == {"writer", "all", "control"} and done == list(range(1, KILLS + 1))


def test_a_log_that_lost_an_acknowledged_record_fails_the_case(tmp_path: Path) -> None:
    for attempt in range(10):  # some are killed before there is anything to lose
        root = tmp_path / str(attempt)
        root.mkdir()
        case = kill_once(root, "writer", random.Random(attempt))
        assert case.problem == ""
        if case.acknowledged:
            break
    assert "records were acknowledged" in _examined(root, "writer", 0.1, case.kept + 1).problem
    segment = root / "audit" / "000000.jsonl"
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([*lines[:5], *lines[6:]]))
    assert "does not verify" in _examined(root, "writer", 0.1, case.acknowledged).problem


def test_acknowledged_records_of_a_log_that_is_gone_fail_the_case(tmp_path: Path) -> None:
    assert _examined(tmp_path, "all", 0.1, 5).problem and not _examined(tmp_path, "all", 0.1, 0).problem


@pytest.mark.parametrize("working", [0, 3])
def test_kills_that_hit_nothing_show_nothing(working: int) -> None:
    cases = [KillCase("all", 0.1, 10 * (number < working), 10, 0, "") for number in range(10)]
    result = KillResult(tuple(cases))
    assert result.vacuous and not result.ok and "shows nothing" in str(result)
    assert KillResult(tuple([*cases[:3], *cases[:3]] if working else [KillCase("all", 0.1, 5, 5, 0, "")])).ok
