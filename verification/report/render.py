"""report.html: one file that opens offline, and that no text inside the run can change the meaning of.

Everything is inline; a content security policy in the page forbids loading anything and running any script but the one whose
hash it names. Text is escaped by jinja2, numbers travel as JSON in a data block.
"""

import base64
import hashlib
import os
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from toolkit import InvalidInput

from .data import ReportData
from .payload import payload, to_json
from .summary import Statistics, approaches, findings, statistics
from .units import display_unit, quantity_text

_SCRIPTS = ("charts.js", "scene.js", "page.js")
_SYMBOLS = {"MODIFIED": "◆", "BACKUP": "■", "STOP": "▲"}


def render_report(data: ReportData) -> str:
    """The page as text.

    Raises: InvalidInput: a region that cannot be drawn (empty, or nowhere near the path).
    """
    environment = Environment(loader=PackageLoader("verification.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["quantity"] = quantity_text
    environment.filters["shown_unit"] = lambda unit: display_unit(unit)[1] or "no unit"
    script = "\n" + "".join(_part(environment, name) for name in _SCRIPTS)
    pictures = payload(data)
    return environment.get_template("report.html").render(
        d=data,
        cycles=len(data.cycles.verdict),
        failed=findings(data),
        kept=sum(c.kept is True for c in data.constraints),
        unknown=sum(c.kept is None for c in data.constraints),
        held=sum(a.outcome == "held" for a in data.assumptions),
        commanded=[c.name for c in data.constraints if c.holds_for == "command"],
        approaches=approaches(data.truth) if data.truth is not None else [],
        truth_regions=list(data.truth.distance_m) if data.truth is not None and data.truth.t_s.size else [],
        speeds="speed" in pictures["charts"],
        paths=[path["name"] for path in pictures["scene"]["paths"]],
        statistics=_statistics(data),
        counted=int(data.tracking.counted.sum()),
        symbols=_SYMBOLS,
        style=Markup(_part(environment, "style.css")),  # noqa: S704  (our own file)
        script=Markup(script),  # noqa: S704  (our own files)
        script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        json=Markup(to_json(pictures)),  # noqa: S704  (to_json escapes <, > and &)
    )


def write_report(data: ReportData, path: Path) -> int:
    """Write the page to `path`, whole or not at all; returns its size in bytes.

    Raises: InvalidInput: as render_report; or `path` cannot be written.
    """
    text = render_report(data).encode("utf-8")
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(text)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InvalidInput(f"{path}: the report cannot be written: {error.strerror}") from error
    return len(text)


def _part(environment: Environment, name: str) -> str:
    loader = environment.loader
    if loader is None:
        raise InvalidInput(f"templates: no loader for {name}")
    return loader.get_source(environment, name)[0]


def _statistics(data: ReportData) -> dict[str, Statistics | None]:
    return {
        "tracking": statistics(data.tracking.error_m[data.tracking.counted]),
        "tracking_all": statistics(data.tracking.error_m),
        "cycle": statistics(data.cycle_s.value),
        "mpc": statistics(data.mpc_s.value),
        "certify": statistics(data.certify_s.value),
    }
