"""The document as PDF/A-2b, by typst. The template reads data, never markup, so no text of a run can change what the page means.

Only fonts that come with typst and matplotlib are used, and no time but the run's own: equal documents give equal bytes.
"""

import json
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst
from matplotlib import ft2font

from toolkit import InvalidInput

from .blocks import Block, Document, Figure
from .html import NOTICE

WORD_MAX = 12
"""A longer word may be broken after a sign that parts it; a hash that stands alone, which a column is made for, may not."""
RUN_MAX = 22
"""After so many letters without such a sign it may be broken anywhere."""
HASH_LENGTH = 64
_BREAK = "\u200b"
_TEMPLATES = Path(__file__).parent / "templates"
_FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
Json = dict[str, Any]


def render_pdf(document: Document) -> bytes:
    """The PDF; the same bytes for the same document.

    Raises:
        InvalidInput: typst refuses it.
    """
    return bytes(_compile(document, format="pdf", pdf_standards=["a-2b"], timestamp=_seconds(document)))


def render_pages(document: Document, ppi: float = 100.0) -> list[bytes]:
    """Every page as PNG, to look at."""
    pages = _compile(document, format="png", ppi=ppi)
    return pages if isinstance(pages, list) else [pages]


def _compile(document: Document, **options: Any) -> Any:
    files = {"main": (_TEMPLATES / "report.typ").read_bytes(), "document.json": json.dumps(_data(document)).encode()}
    files |= {f"{figure.name}.svg": figure.svg for figure in document.figures}
    try:
        return typst.compile(files, root=_TEMPLATES, font_paths=[_FONTS], ignore_system_fonts=True, **options)
    except (typst.TypstError, RuntimeError, ValueError) as error:
        raise InvalidInput(f"the PDF cannot be made: {error}") from error


def _data(document: Document) -> Json:
    started = datetime.fromisoformat(document.started_utc)
    title = f"{NOTICE}: {document.title}" if document.draft else f"Verification report: {document.title}"
    shown = {
        "title": document.title,
        "product": document.product,
        "run": document.run,
        "started_utc": document.started_utc,
        "notice": NOTICE if document.draft else "",
        "first": [_block(block) for block in document.first],
        "sections": [{"title": section.title, "blocks": [_block(block) for block in section.blocks]} for section in document.sections],
    }
    metadata = {
        "title": _with_letters(title),
        "author": document.product,
        "date": [started.year, started.month, started.day, started.hour, started.minute, started.second],
        "keywords": ["draft", "not a verification report"] if document.draft else ["verification report"],
    }
    return {"metadata": metadata, **{key: _printable(value) for key, value in shown.items()}}


def _block(block: Block) -> Json:
    if isinstance(block, Figure):
        return {"kind": block.kind, "file": f"{block.name}.svg", "caption": block.caption, "description": block.description}
    return asdict(block)


def _printable(value: Any) -> Any:
    """The same data with text that can be set, and broken where a word is long."""
    if isinstance(value, str):
        return _breakable(_with_letters(value))
    if isinstance(value, dict):
        return {key: item if key == "file" else _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list | tuple) else value


def _with_letters(text: str) -> str:
    """U+… in place of what no font has: PDF/A forbids a missing letter."""
    return "".join(c if c == "\n" or ord(c) in _letters() else f"[U+{ord(c):04X}]" for c in text)


def _breakable(text: str) -> str:
    if len(text) == HASH_LENGTH:
        return text
    return " ".join(_broken(word) if len(word) > WORD_MAX else word for word in text.split(" "))


def _broken(word: str) -> str:
    """After each sign that parts a word; where there is none for long, anywhere."""
    parts, run = [], 0
    for c in word:
        parts.append(c)
        run += 1
        if c in "/_-:.,;=+[(" or run >= RUN_MAX:
            parts.append(_BREAK)
            run = 0
    return "".join(parts)


@cache
def _letters() -> frozenset[int]:
    """Code points that the broadest of the fonts has, without controls."""
    return frozenset(
        code for code in ft2font.FT2Font(str(_FONTS / "DejaVuSans.ttf")).get_charmap() if code >= 0x20 and not 0x7F <= code < 0xA0
    )


def _seconds(document: Document) -> int:
    return int(datetime.fromisoformat(document.started_utc).timestamp())
