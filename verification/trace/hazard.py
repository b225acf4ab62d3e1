"""A hazard: what goes wrong, what follows for the patient, how bad and how likely, and what is done about it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .entry import ControlId, Entry, HazardId, Phrase, Sentence

Class = Annotated[int, Field(ge=1, le=5)]
Evaluation = Literal["acceptable", "reduce", "unacceptable"]
CLASSES = 5


class Level(Entry):
    """One class of severity or probability, as this file uses the word."""

    level: Class
    name: Phrase
    meaning: Sentence


class RiskScale(Entry):
    """The scale that a reviewer may edit; `evaluation[s - 1][p - 1]` is what severity s with probability p counts as."""

    note: Sentence
    severity: tuple[Level, ...]
    probability: tuple[Level, ...]
    evaluation: tuple[tuple[Evaluation, ...], ...]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        for name, levels in (("severity", self.severity), ("probability", self.probability)):
            if [level.level for level in levels] != list(range(1, CLASSES + 1)):
                raise ValueError(f"{name}: levels 1 to {CLASSES}, once each, in order")
        if [len(row) for row in self.evaluation] != [CLASSES] * CLASSES:
            raise ValueError(f"evaluation: {CLASSES} rows (severity) of {CLASSES} (probability)")
        return self

    def evaluate(self, risk: "Risk") -> Evaluation:
        return self.evaluation[risk.severity - 1][risk.probability - 1]


class Risk(Entry):
    """Severity and probability classes of one hazard."""

    severity: Class
    probability: Class


class Hazard(Entry):
    """fault: its number in the fault campaign (`hazards.yaml` says which list); None for what procedures add.

    not_applicable: why Primum has no such part; then there is nothing to control. Otherwise controls, initial and residual risk are given.
    residual: what remains once the controls work, evaluated by the scale; `residual_note` says of what it consists.
    """

    id: HazardId
    fault: Annotated[int, Field(ge=1, le=35)] | None = None
    cause: Sentence
    situation: Sentence
    effect: Sentence
    controls: tuple[ControlId, ...] = ()
    initial: Risk | None = None
    residual: Risk | None = None
    residual_note: Sentence | None = None
    not_applicable: Sentence | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        judged = [self.initial is not None, self.residual is not None, self.residual_note is not None]
        if self.not_applicable is not None and (any(judged) or self.controls):
            raise ValueError("what is not applicable has neither controls nor risks")
        if self.not_applicable is None and not all(judged):
            raise ValueError("`initial`, `residual` and `residual_note` are required, or `not_applicable` with the reason")
        return self


class HazardFile(Entry):
    """docs/requirements/hazards.yaml."""

    about: Sentence
    scale: RiskScale
    hazards: tuple[Hazard, ...] = Field(min_length=1)
