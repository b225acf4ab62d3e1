"""Page one: what is guaranteed, under which assumptions, what is unproved, what failed."""

from collections.abc import Iterable
from dataclasses import replace

from ..report import Assumption, Constraint, LogAnswer, findings
from ..report.units import quantity_text
from ..trace import Gap
from .blocks import Block, Bullets, Cell, Subtitle, Table, Text, Tone, cells
from .content import VerificationData

LISTED_MAX = 4
LETTERS_MAX = 90
_OUTCOME: dict[str, Tone] = {"held": "ok", "violated": "bad", "not measured": "warn"}
CLAIM = (
    "If assumptions A1 to A7 hold up to some instant, each constraint below held at every instant of this run up to it, "
    "between samples too, for every mixture of passed, changed, refused, late and lost commands."
)


def first_page(data: VerificationData, reasons: tuple[Gap, ...], draft: bool) -> tuple[Block, ...]:
    """The blocks of page one. In a draft, what a final report lacks stands on top of it."""
    missing = _missing(reasons) if draft else ()
    return (*missing, _in_short(data), *_guaranteed(data), *_assumed(data), *_unproved(data), *_failed(data))


def failures(data: VerificationData) -> tuple[str, ...]:
    """Everything that failed: in the run, in the tests, in the proofs, in the log."""
    run = replace(data.run, log=LogAnswer.of(data.log.report))
    found = [f"{finding.what}: {finding.detail}" for finding in findings(run)]
    counts = data.evidence.counts if data.evidence is not None else {}
    found += [f"Tests: {counts[outcome]} {outcome}." for outcome in ("failed", "xpassed") if counts.get(outcome)]
    found += [
        f"Requirement {key} is not shown: a test of it failed." for key, item in data.matrix.requirements.items() if item.state == "failed"
    ]
    found += [f"Certificate: {sentence}" for sentence in data.proofs.rejected]
    return tuple(found)


def _missing(reasons: tuple[Gap, ...]) -> tuple[Block, ...]:
    """Grouped by kind; with few reasons all of them, otherwise the first of each kind: the section after this page lists every one."""
    head = Subtitle("DRAFT: not a verification report. What is missing for one", "bad")
    if not reasons:
        return head, Text("Nothing: it was asked for as a draft. Without --draft the same command writes the final report.")
    kinds: dict[str, list[Gap]] = {}
    for reason in reasons:
        kinds.setdefault(reason.kind, []).append(reason)
    rows = [cells(Cell(kind, "bad"), str(len(group)), _listed([_place(gap) for gap in group])) for kind, group in kinds.items()]
    return (
        head,
        Table(("reason to refuse", "times", "where"), (22, 8, 70), tuple(rows)),
        Text("Each is listed with its sentence after this page.", "soft"),
    )


def _place(gap: Gap) -> str:
    return gap.where.rpartition("::")[2] or gap.where


def _listed(places: list[str]) -> str:
    """As many places as fit into about a line, and how many more there are."""
    first, *rest = dict.fromkeys(places)
    while rest and len(first) + len(rest[0]) < LETTERS_MAX:
        first += f", {rest.pop(0)}"
    return first + (f" and {len(rest)} more" if rest else "")


def _in_short(data: VerificationData) -> Table:
    run, failed, proofs, report = data.run, failures(data), data.proofs, data.log.report
    kept = sum(constraint.kept is True for constraint in run.constraints)
    held = sum(assumption.outcome == "held" for assumption in run.assumptions)
    unmeasured = ", ".join(assumption.id for assumption in run.assumptions if assumption.outcome == "not measured")
    refuted = sum(item.verdict == "REFUTED" for item in proofs.obligations)
    proved = f"{proofs.proved} of {counted(len(proofs.obligations), 'obligation')} proved by a checked certificate, {refuted} refuted"
    planned = sum(item.state == "planned" for item in data.matrix.requirements.values())
    counts = ", ".join(f"{count} {outcome}" for outcome, count in data.evidence.counts.items()) if data.evidence is not None else ""
    rows = (
        (
            "Guaranteed",
            Cell(f"{kept} of {counted(len(run.constraints), 'constraint')} seen kept", "ok" if kept == len(run.constraints) else "bad"),
        ),
        (
            "Assumed",
            Cell(
                f"{held} of {len(run.assumptions)} measured within their bound; not measured: {unmeasured or 'none'}",
                _tone(run.assumptions),
            ),
        ),
        ("Unproved", Cell(f"{proved}; {counted(planned, 'requirement')} stated and not built", "warn")),
        ("Failed", Cell(f"{len(failed)}: see below" if failed else "nothing", "bad" if failed else "ok")),
        ("Tests", Cell(counts or "no evidence", "" if counts else "bad")),
        ("Log", Cell(str(report), "" if report.intact else "bad")),
    )
    return Table(("In short", ""), (15, 85), tuple(cells(*row) for row in rows))


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _tone(assumptions: Iterable[Assumption]) -> Tone:
    outcomes = {assumption.outcome for assumption in assumptions}
    return "bad" if "violated" in outcomes else "warn" if "not measured" in outcomes else "ok"


def _guaranteed(data: VerificationData) -> tuple[Block, ...]:
    run = data.run
    rows = tuple(cells(Cell(c.name), c.words, *_margins(c)) for c in run.constraints)
    commanded = [c.name for c in run.constraints if c.holds_for == "command"]
    only = f" For {', '.join(commanded)} only the commanded sequence is claimed." if commanded else ""
    sha256 = data.files.get("truth.bin", "")
    truth = f" The true motion is truth.bin (SHA-256 {sha256[:16]}…), the simulated plant's own record, which no signature covers."
    if run.truth is None:
        truth = " The true motion of this arm was not recorded: only certified margins are shown."
    heads = ("constraint", "what it demands", "true min", "certified min", "")
    return Subtitle("What is guaranteed"), Text(CLAIM + only + truth), Table(heads, (18, 46, 13, 14, 9), rows)


def _margins(c: Constraint) -> tuple[Cell, Cell, Cell]:
    word: dict[bool | None, Cell] = {True: Cell("kept", "ok"), False: Cell("VIOLATED", "bad"), None: Cell("not seen", "warn")}
    return Cell(quantity_text(c.truth_min, c.unit)), Cell(quantity_text(c.certified_min, c.unit)), word[c.kept]


def _assumed(data: VerificationData) -> tuple[Block, ...]:
    rows = tuple(
        cells(
            a.id,
            a.statement + ("" if a.monitor else " Not monitored."),
            quantity_text(a.bound, a.unit),
            quantity_text(a.measured, a.unit),
            Cell(a.outcome, _OUTCOME[a.outcome]),
        )
        for a in data.run.assumptions
    )
    return Subtitle("Under which assumptions"), Table(("", "assumption", "stated bound", "measured max", ""), (5, 51, 16, 16, 12), rows)


def _unproved(data: VerificationData) -> tuple[Block, ...]:
    open_ = [item.id for item in data.proofs.obligations if item.verdict == "UNPROVED"]
    items = [f"No checked certificate for {counted(len(open_), 'obligation')}: {_listed(open_)}."] if open_ else []
    refuted = [item.id for item in data.proofs.obligations if item.verdict == "REFUTED"]
    if refuted:
        items.append(
            f"Not true at every joint position, with a witness, so that it rests on the check of each setpoint: {_listed(refuted)}."
        )
    before = "Stated by the run, before any certificate was checked: " if data.proofs.proved else ""
    items += [before + sentence for sentence in data.run.unproved]
    report = data.log.report
    if not report.operator_checked:
        items.append(
            "Whose keys signed the log: "
            + ("the operator's certificate was not checked." if report.operator else "no operator vouches for them.")
        )
    return Subtitle("What is unproved"), Bullets(tuple(items))


def _failed(data: VerificationData) -> tuple[Block, ...]:
    failed = failures(data)
    if not failed:
        return Subtitle("What failed"), Text("Nothing failed.", "ok")
    more = len(failed) - 2 * LISTED_MAX
    shown = failed[: 2 * LISTED_MAX] + ((f"{more} more: see the sections on tests, obligations and log.",) if more > 0 else ())
    return Subtitle("What failed"), Bullets(shown, "bad")
