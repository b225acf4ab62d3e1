"""Campaigns: long adversarial tests, a short version of which is part of `make test`."""

from .forgeries import ForgeryResult, run_forgeries
from .kill import KillCase, KillResult, run_kill_campaign
from .shield import CampaignResult, CaseResult, run_case, run_shield_campaign
from .tamper import TamperResult, run_tamper_campaign
from .world import WORLDS, Fault, World, build_world

__all__ = [
    "WORLDS",
    "CampaignResult",
    "CaseResult",
    "Fault",
    "ForgeryResult",
    "KillCase",
    "KillResult",
    "TamperResult",
    "World",
    "build_world",
    "run_case",
    "run_forgeries",
    "run_kill_campaign",
    "run_shield_campaign",
    "run_tamper_campaign",
]
