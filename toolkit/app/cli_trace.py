"""`primum trace` and `primum sbom`: requirements to evidence, and the packages that run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from .cli_common import err, out

if TYPE_CHECKING:
    from verification.trace import Gap, Matrix

EXIT_GAP = 3


def trace(
    evidence: Annotated[Path | None, typer.Option("--evidence", help="Directory that `pytest --evidence` wrote.")] = None,
    format_: Annotated[Literal["table", "json", "html"], typer.Option("--format", help="How to print the matrix.")] = "table",
    release: Annotated[bool, typer.Option("--release", help="Also count what is planned, unacceptable or without evidence.")] = False,
    out_file: Annotated[Path | None, typer.Option("--out", help="Write json or html to this file instead of printing it.")] = None,
) -> None:
    """Hazard to control to requirement to code to test to certificate, for the source checkout this runs from. Exit code 3 on a gap.

    Without --evidence links are checked and outcomes are not. docs/traceability.md says what is a gap.
    """
    from verification.trace import document

    from .traceability import trace_checkout

    matrix, gaps = trace_checkout(evidence)
    if format_ == "table":
        _print_matrix(matrix)
    else:
        text = document.matrix_json(matrix, gaps, release) if format_ == "json" else document.matrix_html(matrix, gaps, release)
        _write(text, out_file)
    _print_gaps(gaps, release, evidence is not None)


def sbom(
    out_directory: Annotated[Path, typer.Option("--out", help="Directory for sbom.cdx.json and soup.md.", show_default=False)],
    allow_differences: Annotated[
        bool, typer.Option("--allow-differences", help="Write although lock and environment differ; the bill says where.")
    ] = False,
    timestamp: Annotated[str | None, typer.Option(help="RFC 3339 time to write into the bill; default: none.")] = None,
) -> None:
    """The packages that run: CycloneDX 1.6 and the SOUP list, from requirements.lock and this environment.

    Exit code 2 if an installed version is not the locked one, if a supplier or licence is unknown, or if anything needs the GPL.
    """
    from .traceability import write_bill

    environment = write_bill(out_directory, allow_differences=allow_differences, timestamp=timestamp)
    for line in (*environment.differences, *environment.left_out):
        err.print(f"note: {line}", markup=False, soft_wrap=True)
    written = f"{out_directory / 'sbom.cdx.json'}, {out_directory / 'soup.md'}"
    out.print(f"{len(environment.parts)} packages: {written}", markup=False, soft_wrap=True)


def _write(text: str, out_file: Path | None) -> None:
    from toolkit import InvalidInput

    if out_file is None:
        typer.echo(text, nl=False)
        return
    try:
        out_file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{out_file}: cannot be written: {error.strerror or error}") from error
    err.print(f"written: {out_file}", markup=False, soft_wrap=True)


def _print_matrix(matrix: "Matrix") -> None:
    from verification.trace.document import certificates_text, hazards_of

    table = _table("requirements", "hazards", "controls", "requirement", "code", "tests", "certificates", "state")
    for identity, item in matrix.requirements.items():
        tests = [f"{test.node_id.rpartition('/')[2]}{'' if matrix.evidence is None else f': {test.outcome}'}" for test in item.tests]
        table.add_row(
            "\n".join(hazards_of(matrix, item)),
            "\n".join(item.requirement.controls),
            f"{identity} {item.requirement.sentence}",
            "\n".join(item.requirement.code),
            "\n".join(tests),
            certificates_text(item),
            item.state,
        )
    out.print(table, markup=False)
    hazards = _table("hazards", "hazard", "cause", "controls", "risk before", "risk after", "state")
    for identity, traced in matrix.hazards.items():
        hazard = traced.hazard
        after = hazard.not_applicable or f"{traced.residual}: {hazard.residual_note}"
        hazards.add_row(identity, hazard.cause, " ".join(hazard.controls), traced.initial or "", after, traced.state)
    out.print(hazards, markup=False)


def _table(title: str, *heads: str) -> Table:
    """Nothing in it is cut off: what is too long for its column is folded."""
    table = Table(title=title, show_lines=True)
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _print_gaps(gaps: "tuple[Gap, ...]", release: bool, with_evidence: bool) -> None:
    """On stderr, so that json and html on stdout stay what they are."""
    from verification.trace import counted

    counting = counted(gaps, release)
    apart = [gap for gap in gaps if gap not in counting]
    if apart:
        err.print(f"{len(apart)} that count for a release only (--release):", markup=False)
    for gap in apart:
        err.print(f"  {gap}", markup=False, soft_wrap=True)
    if not with_evidence:
        err.print("no evidence was given (make evidence writes some): links are checked, outcomes are not", soft_wrap=True)
    for gap in counting:
        err.print(f"gap: {gap}", markup=False, style="red", soft_wrap=True)
    err.print(f"{len(counting)} gaps", markup=False)
    raise typer.Exit(EXIT_GAP if counting else 0)
