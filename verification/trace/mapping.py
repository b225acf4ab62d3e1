"""Which parts of Primum speak to which topic of a standard. By topic only: no standard's text, no claim of conformity."""

from pydantic import Field

from .entry import Entry, Phrase, RequirementId, Sentence


class Topic(Entry):
    """clause: its number where a source that was read gives one. evidence: where to look, said in words."""

    topic: Phrase
    clause: Phrase | None = None
    requirements: tuple[RequirementId, ...] = ()
    evidence: Sentence
    missing: Sentence | None = None


class Standard(Entry):
    """One document and the topics of it that Primum's records speak to."""

    name: Phrase
    scope: Sentence
    topics: tuple[Topic, ...] = Field(min_length=1)


class MappingFile(Entry):
    """docs/requirements/mapping.yaml."""

    about: Sentence
    standards: tuple[Standard, ...] = Field(min_length=1)
