"""Hazard to control to requirement to code to certificate; tests stand in the section on results."""

from ...trace import TracedHazard
from ..blocks import Cell, Section, Subtitle, Table, Text, Tone, cells, mono
from ..content import VerificationData
from .results import STATE

_EVALUATION: dict[str | None, Tone] = {"acceptable": "ok", "reduce": "warn", "unacceptable": "bad"}


def traceability(data: VerificationData) -> Section:
    matrix = data.matrix
    hazards = tuple(_hazard(key, item) for key, item in matrix.hazards.items())
    controls = tuple(
        cells(key, item.control.measure, item.control.kind, ", ".join(item.requirements), Cell(item.state, STATE.get(item.state, "")))
        for key, item in matrix.controls.items()
    )
    requirements = tuple(
        cells(
            key,
            ", ".join(item.requirement.controls),
            mono("; ".join(item.requirement.code)),
            _certificates(item.requirement.certificates),
            str(len(item.tests)),
        )
        for key, item in matrix.requirements.items()
    )
    return Section(
        "Traceability",
        (
            Text(f"Risk classes by the scale of docs/requirements/hazards.yaml: {matrix.register.scale.note}"),
            Subtitle("Hazards"),
            Table(("hazard", "cause and effect", "controls", "before", "after", "state"), (9, 43, 11, 13, 13, 11), hazards),
            Subtitle("Risk controls"),
            Table(("control", "measure", "kind", "requirements", "state"), (9, 45, 12, 24, 10), controls),
            Subtitle("Requirements to code and certificates"),
            Table(("requirement", "controls", "code", "certificates", "tests"), (12, 12, 50, 18, 8), requirements),
        ),
    )


def _certificates(stated: tuple[str, ...] | str) -> str:
    return stated if isinstance(stated, str) else ", ".join(stated)


def _hazard(key: str, item: TracedHazard) -> tuple[Cell, ...]:
    hazard = item.hazard
    if hazard.not_applicable is not None:
        return cells(key, f"{hazard.cause} Does not apply: {hazard.not_applicable}", "", "", "", "")
    what = f"{hazard.cause} Effect: {hazard.effect} What remains: {hazard.residual_note}"
    before, after = (Cell(value or "", _EVALUATION.get(value, "")) for value in (item.initial, item.residual))
    return cells(key, what, ", ".join(hazard.controls), before, after, Cell(item.state, STATE.get(item.state, "")))
