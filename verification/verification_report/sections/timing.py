"""How long cycles took, and which deadlines were missed."""

from ...report import statistics
from ...report.units import quantity_text
from ..blocks import Section, Table, Text, cells
from ..content import VerificationData
from ..plots import timing_figures

MISSES_MAX = 60


def timing(data: VerificationData) -> Section:
    run = data.run
    rows = []
    for name, series in (("whole cycle", run.cycle_s), ("MPC", run.mpc_s), ("certify", run.certify_s)):
        figures = statistics(series.value)
        if figures is not None:
            times = (quantity_text(value, "s") for value in (figures.median, figures.p99, figures.max))
            rows.append(cells(name, str(figures.count), *times))
    cycles = len(run.cycles.verdict)
    missed = run.cycles.missed_t_s
    text = (
        f"Period {quantity_text(run.period_s, 's')}. {run.misses} deadlines missed in {cycles} cycles ({run.misses / max(cycles, 1):.2%}): "
        f"no setpoint was written in that period, and the device held its newest one. {run.overruns} cycles took longer than the period, "
        "whether or not a setpoint was due."
    )
    listed = ", ".join(f"{t:.3f}" for t in missed[:MISSES_MAX].tolist())
    more = f" and {len(missed) - MISSES_MAX} more" if len(missed) > MISSES_MAX else ""
    when = Text(
        f"Missed at (seconds since the first cycle): {listed}{more}." if len(missed) else "No deadline was missed.",
        "" if len(missed) else "ok",
    )
    table = Table(("part of a cycle", "samples", "median", "99th percentile", "largest"), (28, 18, 18, 18, 18), tuple(rows))
    return Section("Timing", (Text(text), when, table, *timing_figures(run)))
