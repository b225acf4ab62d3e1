"""The files of a verification report. A draft has another name, and is marked on every page and in its metadata."""

import os
from pathlib import Path

from toolkit import InvalidInput

from .blocks import Document
from .html import render_html
from .pdf import render_pdf

FINAL, DRAFT = "verification_report", "verification_report_DRAFT"


def write_document(document: Document, directory: Path, *, pdf: bool) -> tuple[Path, ...]:
    """Render everything first, then write each file whole or not at all; returns the paths.

    Raises:
        InvalidInput: it cannot be rendered, or not be written.
    """
    name = DRAFT if document.draft else FINAL
    contents = {directory / f"{name}.html": render_html(document)}
    if pdf:
        contents[directory / f"{name}.pdf"] = render_pdf(document)
    for path, content in contents.items():
        part = path.with_name(path.name + ".part")
        try:
            part.write_bytes(content)
            os.replace(part, path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise InvalidInput(f"{path}: the report cannot be written: {error.strerror or error}") from error
    return tuple(contents)
