"""One requirement: a sentence that a test can show to be true, why it is there, what implements it."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .entry import ControlId, Entry, Phrase, RequirementId, Sentence

CodeReference = Annotated[str, StringConstraints(pattern=r"^\.?[\w-]+([./][\w-]+)*(:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?$")]
"""A path relative to the repository's root, or `path:name` or `path:Class.name` of a definition in that file."""

NONE_YET: Literal["none yet"] = "none yet"
NOT_PROVABLE: Literal["by test"] = "by test"
GROUPS = {"safety": "SAF", "workspace": "WSP", "force": "FRC", "audit": "AUD", "cybersecurity": "CYB", "magnetic": "MAG"}


class Requirement(Entry):
    """`tests` is no field: a test names its requirements (`pytest.mark.requirement`), so that the link is written once.

    certificates: names of proof obligations that cover it; `none yet` where a proof is intended and absent; `by test` where tests
        are the whole evidence and no proof is intended.
    """

    id: RequirementId
    sentence: Sentence
    rationale: Sentence
    source: Phrase
    status: Literal["implemented", "planned"] = "implemented"
    reason: Sentence | None = None
    controls: tuple[ControlId, ...] = ()
    code: tuple[CodeReference, ...] = ()
    certificates: tuple[Phrase, ...] | Literal["none yet", "by test"]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.status == "implemented" and not self.code:
            raise ValueError("an implemented requirement names the code that implements it")
        if (self.status == "planned") != (self.reason is not None):
            raise ValueError("`reason` says why a requirement is planned and not built; it stands exactly at planned ones")
        if self.certificates == ():
            raise ValueError("`certificates` names obligations, or says `none yet` or `by test`")
        return self

    @property
    def planned(self) -> bool:
        return self.status == "planned"

    @property
    def certificate_names(self) -> tuple[str, ...]:
        return () if isinstance(self.certificates, str) else self.certificates


class RequirementFile(Entry):
    """The requirements of one group, in a file of the group's name."""

    group: Literal["safety", "workspace", "force", "audit", "cybersecurity", "magnetic"]
    about: Sentence
    requirements: tuple[Requirement, ...] = Field(min_length=1)
