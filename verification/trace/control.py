"""A risk control: what makes a hazard less likely or less harmful."""

from typing import Literal

from pydantic import Field

from .entry import ControlId, Entry, Sentence


class RiskControl(Entry):
    """kind: the three options in their order of priority, by topic: safe by design, protective measure, information for safety."""

    id: ControlId
    measure: Sentence
    kind: Literal["design", "protection", "information"]


class ControlFile(Entry):
    """docs/requirements/controls.yaml."""

    about: Sentence
    controls: tuple[RiskControl, ...] = Field(min_length=1)
