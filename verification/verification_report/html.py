"""The document as one HTML file that opens offline: no script, nothing loaded, every text escaped, plots inside as data."""

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .blocks import Document, Figure

NOTICE = "DRAFT: not a verification report"


def render_html(document: Document) -> bytes:
    """The page, UTF-8; the same bytes for the same document."""
    environment = Environment(
        loader=PackageLoader("verification.verification_report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["image"] = _image
    loader = environment.loader
    style = loader.get_source(environment, "report.css")[0] if loader is not None else ""
    text = environment.get_template("report.html").render(d=document, notice=NOTICE, style=Markup(style))  # noqa: S704  (our own file)
    return text.encode("utf-8")


def _image(figure: Figure) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(figure.svg).decode("ascii")
