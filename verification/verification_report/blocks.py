"""What a verification report is made of: the same blocks become HTML and PDF, so the two cannot say different things.

All text is plain: neither template reads markup out of it.
"""

from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["", "ok", "bad", "warn", "soft"]


@dataclass(frozen=True)
class Cell:
    """One cell of a table. mono: a hash, a path, a command, set in fixed width and never hyphenated."""

    text: str
    tone: Tone = ""
    mono: bool = False


@dataclass(frozen=True)
class Table:
    """heads: one a column. widths: relative, one a column. rows: as many cells each. empty: said in place of a table without rows."""

    heads: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "None."
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Text:
    text: str
    tone: Tone = ""
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Bullets:
    items: tuple[str, ...]
    tone: Tone = ""
    kind: Literal["bullets"] = "bullets"


@dataclass(frozen=True)
class Subtitle:
    text: str
    tone: Tone = ""
    kind: Literal["subtitle"] = "subtitle"


@dataclass(frozen=True)
class Code:
    """Commands or a file's text, line by line as they are."""

    text: str
    kind: Literal["code"] = "code"


@dataclass(frozen=True)
class Figure:
    """name: of its file, without ending. svg: a whole SVG document. description: what it shows, for who cannot see it."""

    name: str
    svg: bytes
    caption: str
    description: str
    kind: Literal["figure"] = "figure"


Block = Table | Text | Bullets | Subtitle | Code | Figure


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """first: page one. missing: what a final report lacks; a draft exactly if there is something, or if one was asked for.

    started_utc: of the run, ISO 8601 with offset: the only time that enters the files' own data.
    """

    title: str
    product: str
    run: str
    started_utc: str
    draft: bool
    first: tuple[Block, ...]
    sections: tuple[Section, ...] = field(default_factory=tuple)

    @property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(block for section in self.sections for block in section.blocks if isinstance(block, Figure))


def cells(*texts: str | Cell) -> tuple[Cell, ...]:
    """A row; plain text becomes a plain cell."""
    return tuple(text if isinstance(text, Cell) else Cell(text) for text in texts)


def mono(text: str, tone: Tone = "") -> Cell:
    return Cell(text, tone, mono=True)
