"""Plots of a run as SVG, the same bytes for the same data: no time, no random ids, letters drawn as paths, so that no font is needed."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Plot
from matplotlib.ticker import StrMethodFormatter

from toolkit import Verdict

from ..report import Constraint, ReportData, approaches
from ..report.decimate import keep_extremes
from ..report.units import display_unit, number_text
from .blocks import Figure

POINTS_MAX = 1600
PANELS_MAX = 4
APPROACH_RANGE_M = 20e-3
WIDTH_IN = 7.0
COLOURS = {Verdict.MODIFIED: "#56b4e9", Verdict.BACKUP: "#e69f00", Verdict.STOP: "#b0307f"}
LINE, LIMIT, RULE = "#0060a8", "#a8002a", "#c8ccd2"
_STYLE: Any = {
    "svg.hashsalt": "primum",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 3.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "grid.color": RULE,
    "grid.linewidth": 0.4,
    "lines.linewidth": 0.8,
    "path.simplify": False,
    "text.parse_math": False,
}


def margin_figures(run: ReportData) -> tuple[Figure, ...]:
    """Certified margins over time with the spells in which a proposal was not passed; a few constraints to a figure."""
    drawn = [c for c in run.constraints if c.margin.t_s.size]
    parts = [drawn[i : i + PANELS_MAX] for i in range(0, len(drawn), PANELS_MAX)]
    return tuple(_margins(run, part, i) for i, part in enumerate(parts))


def _margins(run: ReportData, constraints: list[Constraint], index: int) -> Figure:
    with _plot(len(constraints) + 1, 0.9 * len(constraints) + 1.0, [0.6, *[1.0] * len(constraints)]) as (plot, axes):
        _lanes(axes[0], run)
        for axis, constraint in zip(axes[1:], constraints, strict=True):
            factor, unit = display_unit(constraint.unit)
            keep = keep_extremes(constraint.margin.value, POINTS_MAX)
            _shade(axis, run)
            axis.plot(constraint.margin.t_s[keep], constraint.margin.value[keep] * factor, color=LINE)
            axis.axhline(0.0, color=LIMIT, linewidth=0.8)
            axis.set_ylim(bottom=min(0.0, float(constraint.margin.value.min()) * factor) * 1.05)
            axis.set_title(f"{_plain(constraint.name)}, certified margin" + (f", {unit}" if unit else ""))
        axes[-1].set_xlabel("time since the first cycle, s")
        names = ", ".join(c.name for c in constraints)
        caption = f"Certified margins of {names}. Red: the limit. Shaded: spells in which the proposal was not passed as it was."
        return Figure(f"margins_{index}", _svg(plot), caption, caption)


def _lanes(axis: Axes, run: ReportData) -> None:
    """One lane a verdict: its place says which, colour only helps."""
    for lane, (verdict, colour) in enumerate(COLOURS.items()):
        spans = [(start, max(end - start, 1e-3)) for start, end, found in run.cycles.spells() if found is verdict]
        axis.broken_barh(spans, (2 - lane, 0.8), facecolors=colour)
    axis.set_yticks([2.4, 1.4, 0.4], [verdict.value for verdict in COLOURS])
    axis.set_ylim(0, 3)
    axis.grid(visible=False)
    axis.set_title("verdict")


def _shade(axis: Axes, run: ReportData) -> None:
    for spell in run.interventions:
        axis.axvspan(spell.start_s, spell.end_s, color=COLOURS[spell.verdict], alpha=0.3, linewidth=0)


def approach_figures(run: ReportData) -> tuple[Figure, ...]:
    """True tip speed against true distance to each keep-out region."""
    truth = run.truth
    if truth is None:
        return ()
    found = []
    for i, approach in enumerate(approaches(truth)):
        distance = truth.distance_m[approach.region]
        near = np.flatnonzero(distance <= APPROACH_RANGE_M)
        if not near.size:
            continue
        with _plot(1, 2.3, [1.0]) as (plot, (axis,)):
            cells = np.column_stack(
                [distance[near] / APPROACH_RANGE_M * 300, truth.speed_m_s[near] / max(float(truth.speed_m_s.max()), 1e-9) * 150]
            )
            _, first = np.unique(cells.astype(int), axis=0, return_index=True)
            shown = near[np.sort(first)]
            axis.plot(distance[shown] * 1e3, truth.speed_m_s[shown] * 1e3, ".", color=LINE, markersize=1.6)
            if run.brake_m_s2 is not None:
                d = np.linspace(0.0, float(distance[near].max()), 120)
                axis.plot(
                    d * 1e3,
                    np.sqrt(2 * run.brake_m_s2 * d) * 1e3,
                    color=LIMIT,
                    label=f"stopping curve at {number_text(run.brake_m_s2)} m/s²",
                )
                axis.set_ylim(0.0, 1.25e3 * float(truth.speed_m_s[near].max()) + 1.0)
                _legend(axis)
            axis.set_xlim(left=min(0.0, float(distance.min()) * 1e3))
            axis.axvline(0.0, color=LIMIT, linewidth=0.8)
            axis.set_title("true tip speed, mm/s")
            axis.set_xlabel(f"true distance of the nearest body to {_plain(approach.region)}, mm")
            caption = (
                f"Speed against distance to {approach.region}: every sample of the plant nearer than {APPROACH_RANGE_M * 1e3:g} mm, "
                "one dot a cell of a raster."
            )
            found.append(Figure(f"approach_{i}", _svg(plot), caption, caption))
    return tuple(found)


def timing_figures(run: ReportData) -> tuple[Figure, ...]:
    """Cycle time over time with the period and the missed deadlines, and its histogram."""
    series = run.cycle_s
    if not series.value.size:
        return ()
    period_ms = run.period_s * 1e3
    with _plot(2, 3.4, [1.0, 1.0], share_x=False) as (plot, (over_time, counts)):
        keep = keep_extremes(series.value, POINTS_MAX)
        over_time.plot(series.t_s[keep], series.value[keep] * 1e3, color=LINE, linewidth=0.5, label="whole cycle")
        over_time.axhline(period_ms, color=LIMIT, linewidth=0.8, label=f"period, {number_text(period_ms)} ms")
        missed = run.cycles.missed_t_s
        if missed.size:
            top = np.full(missed.shape, 1.08 * max(period_ms, float(series.value.max()) * 1e3))
            over_time.plot(missed, top, "v", color=LIMIT, markersize=3.5, label="deadline missed")
        over_time.set_ylim(bottom=0.0)
        over_time.set_title("time of a cycle, ms")
        over_time.set_xlabel("time since the first cycle, s")
        _legend(over_time)
        counts.hist(series.value * 1e3, bins=80, color=LINE, log=True)
        counts.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        counts.axvline(period_ms, color=LIMIT, linewidth=0.8)
        counts.set_title("number of cycles (logarithmic)")
        counts.set_xlabel("time of a cycle, ms")
        caption = f"Time of each cycle, and how often each time occurred. Red: the period of {number_text(period_ms)} ms."
        return (Figure("timing", _svg(plot), caption, caption),)


def _legend(axis: Axes) -> None:
    """Above the plot, where it covers nothing."""
    axis.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, borderaxespad=0.0, borderpad=0.1)


@contextmanager
def _plot(rows: int, height_in: float, heights: list[float], *, share_x: bool = True) -> Iterator[tuple[Plot, list[Axes]]]:
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever this user has configured
        mpl.rcParams.update(_STYLE)
        plot = Plot(figsize=(WIDTH_IN, height_in), layout="constrained")
        axes = plot.subplots(rows, 1, sharex=share_x, squeeze=False, height_ratios=heights)[:, 0]
        yield plot, list(axes)


def _svg(plot: Plot) -> bytes:
    buffer = io.BytesIO()
    plot.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return buffer.getvalue()


def _plain(name: str) -> str:
    """A name that somebody chose, short enough to stand on an axis."""
    return name if len(name) <= 40 else name[:39] + "…"
