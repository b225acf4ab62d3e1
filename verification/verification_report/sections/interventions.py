"""Where the safety layer stepped in, with plots."""

from ...report import Intervention, approaches
from ...report.units import quantity_text
from ..blocks import Block, Cell, Section, Subtitle, Table, Text, cells
from ..content import VerificationData
from ..plots import approach_figures, margin_figures

ROWS_MAX = 60


def interventions(data: VerificationData) -> Section:
    run = data.run
    counts = run.verdict_counts()
    cycles = len(run.cycles.verdict)
    shares = ", ".join(f"{name} {count} ({count / max(cycles, 1):.1%})" for name, count in counts.items())
    spells = sorted(run.interventions, key=lambda spell: spell.start_s)
    text = (
        f"{cycles} cycles of {quantity_text(run.period_s, 's')}: {shares}. {len(spells)} spells in which the proposal was not "
        "passed as it was; cycles less than 0.1 s apart are one."
    )
    more = (
        ()
        if len(spells) <= ROWS_MAX
        else (Text(f"The {ROWS_MAX} longest are listed; `primum audit show RUN --only interventions` lists all."),)
    )
    shown = sorted(sorted(spells, key=lambda spell: spell.start_s - spell.end_s)[:ROWS_MAX], key=lambda spell: spell.start_s)
    heads = ("start, s", "length, ms", "verdict", "constraints", "least margin", "reason")
    table = Table(heads, (9, 10, 11, 16, 13, 41), tuple(_row(spell) for spell in shown), empty="No intervention.")
    return Section("Interventions", (Text(text), *margin_figures(run), Subtitle("List"), *more, table, *_approaches(data)))


def _row(spell: Intervention) -> tuple[Cell, ...]:
    margin = "" if spell.margin is None else quantity_text(spell.margin.value, spell.margin.unit)
    length = f"{(spell.end_s - spell.start_s) * 1e3:.0f}"
    return cells(f"{spell.start_s:.3f}", length, spell.verdict.value, ", ".join(spell.constraints), margin, spell.reason)


def _approaches(data: VerificationData) -> tuple[Block, ...]:
    run = data.run
    if run.truth is None or not run.truth.distance_m:
        return ()
    rows = tuple(
        cells(a.region, quantity_text(a.nearest_m, "m"), quantity_text(a.speed_near_m_s, "m/s"), quantity_text(a.rest_m, "m"))
        for a in approaches(run.truth)
    )
    heads = ("keep-out region", "nearest", "speed at 3 mm, inwards", "distance at rest")
    text = Text("True motion of the simulated plant; a dash: it did not happen.")
    return Subtitle("Approach to keep-out regions, in truth"), text, Table(heads, (34, 22, 22, 22), rows), *approach_figures(run)
