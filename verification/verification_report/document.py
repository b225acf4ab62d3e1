"""From data to the document: page one and the sections in their order. Refuses to be final where a reason stands against it."""

from ..trace import Gap
from . import sections
from .blocks import Document
from .content import VerificationData
from .first_page import first_page
from .refusals import RefusedReport


def build_document(data: VerificationData, reasons: tuple[Gap, ...], *, draft: bool) -> Document:
    """The document of a run.

    Args:
        reasons: why it cannot be final, from `refusals`.
        draft: render all the same, marked on every page.
    Raises:
        RefusedReport: there are reasons and no draft was asked for.
    """
    if reasons and not draft:
        raise RefusedReport(reasons)
    run = data.run
    drafted = (sections.missing(reasons),) if reasons else ()
    return Document(
        title=run.title,
        product=f"Primum {data.now.version}",
        run=run.run_name,
        started_utc=run.started_utc,
        draft=draft,
        first=first_page(data, reasons, draft),
        sections=(
            *drafted,
            sections.identification(data),
            sections.obligations(data),
            sections.results(data),
            sections.interventions(data),
            sections.timing(data),
            sections.anomalies(data),
            sections.traceability(data),
            sections.log(data),
            sections.soup(data),
            sections.mapping(data),
        ),
    )
