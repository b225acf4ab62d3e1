"""Software of unknown provenance: what runs, from whom, why, and what guards against its defects."""

from ...trace.sbom import Part
from ..blocks import Block, Bullets, Cell, Section, Subtitle, Table, Text, cells
from ..content import VerificationData


def soup(data: VerificationData) -> Section:
    environment = data.environment
    if environment is None:
        return Section("Software of unknown provenance", (Text(data.environment_problem, "bad"),))
    versions = {part.locked.name: part.installed.version for part in environment.parts}
    versions["python"] = data.now.libraries.get("python", "")
    direct = tuple(
        cells(
            f"{entry.name} {versions.get(entry.name, 'not installed')}",
            f"{entry.supplier}; {entry.licence}",
            f"{entry.support} End: {entry.end_of_support.isoformat() if entry.end_of_support else 'none announced'}.",
            entry.risk_class,
            f"{entry.rationale} {entry.controls}",
        )
        for entry in sorted(data.matrix.register.soup.soup, key=lambda entry: entry.name)
    )
    brought = tuple(_brought(part) for part in environment.parts if part.soup is None)
    blocks: list[Block] = [
        Text(
            "protected: the guarantee does not rest on its being right; trusted: guarantee, log or report rest on it; offline: used "
            "before or after motion only."
        ),
        Subtitle("Direct dependencies"),
        Table(("package", "supplier, licence", "support", "class", "why, and what guards against it"), (15, 17, 20, 10, 38), direct),
        Subtitle("What they bring"),
        Table(("package", "supplier", "licence", "brought by"), (22, 30, 22, 26), brought),
    ]
    if environment.differences:
        blocks += [Subtitle("Lock and environment differ", "bad"), Bullets(environment.differences, "bad")]
    return Section("Software of unknown provenance", tuple(blocks))


def _brought(part: Part) -> tuple[Cell, ...]:
    return cells(f"{part.locked.name} {part.installed.version}", part.supplier, part.licence, ", ".join(part.brought_by))
