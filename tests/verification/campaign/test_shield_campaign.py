"""The shield campaign: no certified plan violates its constraint, and each planted fault is caught."""

import pytest

from verification.campaign import Fault, run_case, run_shield_campaign
from verification.campaign.shield import CampaignResult

CASES = 1000
HALF_SPACES = (4, 12, 20)
PLANTED = {
    "a tube without holds": (Fault(tube_scale=0.4), tuple(range(24)), 60),
    "windows left out": (Fault(windows_kept="last"), tuple(range(24)), 100),
    "no curvature": (Fault(no_curvature=True), HALF_SPACES, 150),
}


@pytest.fixture(scope="module")
def result() -> CampaignResult:
    return run_shield_campaign(CASES)


@pytest.mark.requirement("SAF-039", "WSP-003", "WSP-004", "WSP-006")
def test_no_certified_plan_violates_its_constraint(result: CampaignResult) -> None:
    assert result.cases == CASES and not result.violations, str(result)


@pytest.mark.requirement("SAF-039")
def test_the_campaign_is_not_vacuous(result: CampaignResult) -> None:
    assert result.certified >= 0.30 * CASES and result.near >= 0.10 * result.certified, str(result)
    assert result.ok and not result.vacuous


@pytest.mark.requirement("SAF-040")
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_caught_and_the_sound_shield_passes_the_same_cases(name: str) -> None:
    fault, worlds, cases = PLANTED[name]
    caught = next((seed for seed in range(cases) if run_case(seed, fault, worlds).violated), None)
    assert caught is not None
    assert not run_case(caught, worlds=worlds).violated


@pytest.mark.requirement("SAF-039")
@pytest.mark.parametrize("certified", [29, 30, 60])
@pytest.mark.parametrize("near_share", [0.09, 0.11])
def test_too_few_certified_or_too_few_near_is_vacuous(certified: int, near_share: float) -> None:
    near = round(near_share * certified + (0.5 if near_share > 0.1 else -0.5))
    assert CampaignResult(100, certified, near, ()).vacuous is (certified < 30 or near < 0.1 * certified)


def test_one_violation_spoils_a_campaign_and_names_its_seed() -> None:
    spoilt = CampaignResult(100, 80, 20, (17,))
    assert not spoilt.ok and "17" in str(spoilt) and CampaignResult(100, 80, 20, ()).ok


def test_a_case_is_replayed_by_its_seed() -> None:
    assert run_case(5) == run_case(5) and run_case(5) != run_case(6)


def test_progress_is_told_after_every_case() -> None:
    told: list[int] = []
    run_shield_campaign(3, progress=told.append)
    assert told == [1, 2, 3]
