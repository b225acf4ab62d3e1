"""Campaigns: long adversarial tests, a short version of which is part of `make test`."""

from .forgeries import ForgeryResult, run_forgeries
from .shield import CampaignResult, CaseResult, run_case, run_shield_campaign
from .world import WORLDS, Fault, World, build_world

__all__ = [
    "WORLDS",
    "CampaignResult",
    "CaseResult",
    "Fault",
    "ForgeryResult",
    "World",
    "build_world",
    "run_case",
    "run_forgeries",
    "run_shield_campaign",
]
