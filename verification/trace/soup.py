"""Software of unknown provenance: why each direct dependency is used, who stands behind it, and what depends on it for safety."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .entry import Entry, Phrase, Sentence

PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""Normalised as PEP 503 has it."""
Licence = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.+() -]+$")]
"""An SPDX licence expression."""


class Soup(Entry):
    """risk_class: what a defect in it can do.

        protected  the guarantee does not rest on its being right: its results are checked by something else
        trusted    the guarantee, the log or the report rests on its being right
        offline    used before or after motion only
    end_of_support: the date the supplier has announced; None where none is announced.
    """

    name: PackageName
    supplier: Phrase
    licence: Licence
    support: Sentence
    end_of_support: date | None
    risk_class: Literal["protected", "trusted", "offline"]
    rationale: Sentence
    controls: Sentence


class TransitiveSoup(Entry):
    """Supplier and licence of a package that others bring, where its own metadata do not say them in a form that can be used."""

    name: PackageName
    supplier: Phrase | None = None
    licence: Licence | None = None
    reason: Sentence


class SoupFile(Entry):
    """docs/requirements/soup.yaml."""

    about: Sentence
    soup: tuple[Soup, ...] = Field(min_length=1)
    transitive: tuple[TransitiveSoup, ...] = ()
