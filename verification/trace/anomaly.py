"""A known anomaly: what does not work, which tests show it, and why that is bearable."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .entry import AnomalyId, Entry, Phrase, RequirementId, Sentence

TestName = Annotated[str, StringConstraints(pattern=r"^tests/[\w/]+\.py::\w+(\[.+\])?$")]
ExcusedOutcome = Literal["failed", "skipped", "xfailed"]


class Anomaly(Entry):
    """tests: node ids; without a parameter in brackets, every parameter. outcomes: what it excuses, and nothing else.

    An anomaly that excuses a skip does not excuse a failure of the same test.
    """

    id: AnomalyId
    title: Phrase
    description: Sentence
    found_in: Phrase
    tests: tuple[TestName, ...] = ()
    outcomes: tuple[ExcusedOutcome, ...] = ()
    requirements: tuple[RequirementId, ...] = ()
    risk: Sentence

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if bool(self.tests) != bool(self.outcomes):
            raise ValueError("`tests` and `outcomes` stand together: which outcome of which test is explained")
        return self

    def excuses(self, node_id: str, outcome: str) -> bool:
        return outcome in self.outcomes and any(node_id == test or node_id.partition("[")[0] == test for test in self.tests)


class AnomalyFile(Entry):
    """docs/requirements/anomalies.yaml."""

    about: Sentence
    anomalies: Annotated[tuple[Anomaly, ...], Field()] = ()
