"""What the documents must say, because no code says it: information for safety is a risk control too."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def text_of(name: str) -> str:
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


@pytest.mark.requirement("SAF-052")
@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("README.md", "must not be used on patients"),
        ("README.md", "Several arms: each run has one. Nothing keeps two arms apart."),
        ("README.md", "Power-off, a drive fault, torque switched off: coasting and droop are not covered."),
        ("README.md", "Regions that move, and anything that the arm model has no body for."),
        ("docs/guide_engineer.md", "Primum is not an emergency stop"),
        ("docs/guarantee.md", "Not covered: power-off, torque off, a drive fault"),
        ("docs/guarantee.md", "Several arms under one shield."),
    ],
)
def test_what_no_guarantee_covers_is_said(document: str, said: str) -> None:
    assert said in text_of(document)


@pytest.mark.requirement("FRC-002")
@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("README.md", r"Contact force: there is no rule for it\. Nothing limits the force on tissue or the grip of the jaws"),
        ("docs/guarantee.md", r"A rule for contact force"),
        ("docs/guarantee.md", r"jaw grip force"),
        ("docs/guide_reviewer.md", r"lateral and grip forces"),
    ],
)
def test_that_force_is_not_limited_is_said(document: str, said: str) -> None:
    assert re.search(said, text_of(document))
