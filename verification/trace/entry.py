"""What every entry of docs/requirements has in common: nothing unknown is accepted, nothing changes after it was read."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

RequirementId = Annotated[str, StringConstraints(pattern=r"^(SAF|WSP|FRC|AUD|CYB|MAG)-\d{3}$")]
ControlId = Annotated[str, StringConstraints(pattern=r"^RC-\d{2}$")]
HazardId = Annotated[str, StringConstraints(pattern=r"^HAZ-\d{2}$")]
AnomalyId = Annotated[str, StringConstraints(pattern=r"^ANO-\d{3}$")]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=800)]
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Entry(BaseModel):
    """A frozen pydantic model that refuses unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
