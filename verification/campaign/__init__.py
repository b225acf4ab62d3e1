"""Campaigns: long adversarial tests, a short version of which is part of `make test`."""

from .shield import CampaignResult, CaseResult, run_case, run_shield_campaign
from .world import WORLDS, Fault, World, build_world

__all__ = ["WORLDS", "CampaignResult", "CaseResult", "Fault", "World", "build_world", "run_case", "run_shield_campaign"]
