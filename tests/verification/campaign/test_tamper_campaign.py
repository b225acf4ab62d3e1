"""The tamper campaign: nothing escapes the offline verifier, and a verifier with a planted fault does not escape the campaign."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from safety.audit import verify_log
from verification.campaign.tamper import TAMPERINGS, base_log, examine_files, is_located_at, run_tamper_campaign, vouches_for_nothing_else
from verification.campaign.tampered import Tampered, files_of

pytestmark = pytest.mark.requirement("AUD-005", "AUD-021")
CASES = 200


def test_every_tampering_is_found_where_it_was() -> None:
    result = run_tamper_campaign(CASES, seed=0)
    assert result.ok, str(result)
    assert len(result.cases) == len(TAMPERINGS) and result.cases.total() >= 0.98 * CASES


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_a_tampering_changes_the_files_and_keeps_its_base(tamper: Callable[..., Tampered]) -> None:
    log = base_log(1)
    before = files_of(log)
    changed = [tamper(log, Random(seed)).files != before for seed in range(5)]
    assert any(changed) and files_of(log) == before


def no_fault(*_: object) -> str:
    return ""


def no_contradiction(*_: object) -> bool:
    return False


def one_root(*_: object) -> bytes:
    return bytes(32)


@pytest.mark.parametrize(
    ("where", "name", "planted"),
    [
        (verify_log, "signature_fault", no_fault),  # every signature is good
        (verify_log, "_contradicts", no_contradiction),  # the hash chain is not looked at
        (verify_log.Walk, "_judge_absent", no_fault),  # a missing checkpoint is nothing
        (verify_log.Walk, "_checkpoint_fault", no_fault),  # whatever a checkpoint says is so
    ],
)
@pytest.mark.campaign
def test_a_planted_fault_of_the_verifier_is_caught(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, planted: Any) -> None:
    monkeypatch.setattr(where, name, planted)
    result = run_tamper_campaign(CASES, seed=0)
    assert not result.ok and result.missed and result.undetected + result.mislocated > 0


def test_a_verifier_that_refuses_good_logs_stops_the_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_log.Tree, "root", one_root)
    with pytest.raises(RuntimeError, match="before anybody touched it"):
        run_tamper_campaign(1, seed=0)


def test_a_place_elsewhere_is_not_taken_for_the_right_one() -> None:
    log = base_log(0)
    lines = log.lines
    lines[20] = lines[20].replace(b'"primum"', b'"nobody"')
    files = files_of(log.with_lines(lines))
    report = examine_files(log, files)
    assert is_located_at(report, log, Tampered(files, (20, 20)))
    assert not is_located_at(report, log, Tampered(files, (21, 30))) and not is_located_at(report, log, Tampered(files, (10, 19)))
    assert vouches_for_nothing_else(report, log, Tampered(files, (20, 20)))
    report.good = 60
    assert not vouches_for_nothing_else(report, log, Tampered(files, (20, 20)))
