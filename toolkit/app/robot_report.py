"""report.html of a micro-robot's run: its log, figures and truth in the report's own terms."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from safety.audit import Report
from toolkit import FloatArray, Margin, Verdict
from verification.report import (
    Assumption,
    Constraint,
    CycleTrace,
    Intervention,
    LogAnswer,
    ReportData,
    Series,
    TrackingTrace,
    TruthTrace,
)
from verification.run_directory import RunSummary

from .coil_assembly import CoilAssembly
from .robot_log import RobotTrack
from .run_log import RunLog

if TYPE_CHECKING:
    from .robot_results import RobotTruth

GAP_S = 0.1
WORDS = {
    "current": ("each coil's current within its limit", "A"),
    "slew": ("no current moves by more in a period", "A"),
    "heat": ("all coils together make no more heat", "W"),
    "coil_temperature": ("no coil is hotter, by model and sensor", "K"),
    "thermal_dose": ("thermal dose of tissue at the coils (CEM43)", "min"),
    "field": ("field at the robot, wherever it may be and the coils may err", "T"),
    "gradient": ("gradient there, alike", "T/m"),
    "field_rate": ("change of the field there by the change of currents", "T/s"),
    "in_step": ("it turns with the field: from its moment to the field is less than a right angle", "rad"),
    "wall": ("distance of the robot from the wall, less what may have happened since the image", "m"),
}
REACTIONS = {"B2": "held on the prediction; currents to zero when T_blind is over"}
SAMPLED = {"thermal_dose", "field_rate"}
"""What the true motion has no column for: claimed of the commands."""


def robot_report_data(
    assembly: CoilAssembly, log: RunLog, track: RobotTrack, truth: "RobotTruth | None", summary: RunSummary, verified: Report, name: str
) -> ReportData:
    """Everything the report says."""
    t0 = float(log.t_s[0]) if log.t_s.size else 0.0
    t = log.t_s - t0
    build = log.start["build"]
    trace, tracking = None, TrackingTrace(np.empty(0), np.empty(0), np.empty(0, dtype=np.bool_))
    if truth is not None:
        at = truth.t_s - t0
        speed = np.linalg.norm(np.gradient(truth.p_m, at, axis=0), axis=1) if len(at) > 1 else np.zeros(len(at))
        trace = TruthTrace(at, truth.p_m, speed, {})
        tracking = TrackingTrace(at, truth.error_m, truth.counted)
    places = {"platform": build["platform"], "git_commit": build["git_commit"]}
    return ReportData(
        title=assembly.procedure.title,
        status=summary.status,
        exit_code=summary.exit_code,
        reason=summary.reason,
        started_utc=summary.started_utc.isoformat(),
        device=assembly.profile.name,
        run_name=name,
        period_s=assembly.period_s,
        misses=summary.deadline_misses,
        overruns=summary.overruns,
        log=LogAnswer.of(verified),
        cycles=CycleTrace(t, log.verdict, track.reference_m, track.estimate_m, np.unique(np.maximum(log.missed_t_s - t0, 0.0))),
        constraints=_constraints(log, t, summary),
        assumptions=_assumptions(assembly, log, track, summary, t0),
        unproved=summary.unproved,
        tracking=tracking,
        cycle_s=_timing(log, t, "total"),
        mpc_s=Series.where(t, log.mpc_us * 1e-6, np.isfinite(log.mpc_us)),
        certify_s=_timing(log, t, "certify"),
        interventions=_interventions(assembly, log, t),
        regions=assembly.regions,
        hashes={name: value for name, value in log.start["hashes"].items()},
        versions={name: value for name, value in build.items() if name not in places and value},
        platform={name: value for name, value in places.items() if value},
        truth=trace,
        dirty=str(build["git_commit"]).endswith("dirty"),
        notes=_notes(assembly, track),
    )


def _notes(assembly: CoilAssembly, track: RobotTrack) -> tuple[str, ...]:
    said = [
        f"{track.images} places of the robot from images, {track.images_refused} of them not believed by the filter.",
        *[f"Not shown by the electrical self-test: {sentence}" for sentence in (track.selftest or {}).get("not_shown", ())],
        *[f"At the end, and after loss of camera, controller or coils: {assembly.procedure.outcomes.end.replace('_', ' ')} (accepted)."],
    ]
    if assembly.profile.connection.url == "simulated":
        said.append("The true motion is the simulated plant's own record, truth.bin; no signature covers it.")
    return (*said, *(f"Cameras: {sentence}" for sentence in track.trouble[:10]))


def _timing(log: RunLog, t: FloatArray, name: str) -> Series:
    values = log.timing_us.get(name, np.full(t.shape, np.nan)) * 1e-6
    return Series.where(t, values, np.isfinite(values))


def _constraints(log: RunLog, t: FloatArray, summary: RunSummary) -> tuple[Constraint, ...]:
    """A ramp to zero claims no more than slew and field rate: its cycles carry no other margin here."""
    truth = summary.truth.margin_min if summary.truth is not None else {}
    claims = np.array([verdict is not Verdict.STOP for verdict in log.verdict], dtype=bool)
    rows = []
    for name, (words, unit) in WORDS.items():
        if name not in log.margins and name not in truth:
            continue
        values = log.margins.get(name, np.full(t.shape, np.nan))
        present = np.isfinite(values) & claims
        rows.append(
            Constraint(name, words, unit, Series.where(t, values, present), truth.get(name), "command" if name in SAMPLED else "motion")
        )
    return tuple(rows)


def _assumptions(assembly: CoilAssembly, log: RunLog, track: RobotTrack, summary: RunSummary, t0: float) -> tuple[Assumption, ...]:
    rows = []
    blind = np.flatnonzero(track.blind_s > 0.0)
    for figure in summary.assumptions:
        row = Assumption(
            id=figure.id,
            statement=figure.statement,
            bound=figure.bound if figure.bound is not None else "stated",
            measured=figure.measured_max,
            unit=figure.unit,
            monitor="age of the newest image, every cycle" if figure.monitored else "",
            reaction=REACTIONS.get(figure.id, "none: stated"),
        )
        if figure.id == "B2" and blind.size:
            row = replace(row, violated_at_s=float(log.t_s[blind[0]] - t0), violation=f"an image {track.blind_s.max() * 1e3:.0f} ms old")
        rows.append(row)
    return tuple(rows)


def _interventions(assembly: CoilAssembly, log: RunLog, t: FloatArray) -> tuple[Intervention, ...]:
    """Spells of cycles that were not PASS, joined over short gaps; the gravest verdict and its reason speak for a spell."""
    spells: list[list[int]] = []
    for i in (i for i, verdict in enumerate(log.verdict) if verdict is not Verdict.PASS):
        if spells and t[i] - t[spells[-1][-1]] <= GAP_S:
            spells[-1].append(i)
        else:
            spells.append([i])
    order = (Verdict.MODIFIED, Verdict.BACKUP, Verdict.STOP)
    found = []
    for spell in spells:
        worst = max(spell, key=lambda i: order.index(log.verdict[i]))
        names = tuple(sorted({name for i in spell for name in log.active[i]}))
        margins = [(float(np.nanmin(log.margins[n][spell])), WORDS[n][1]) for n in names if n in log.margins]
        margin = Margin(*min(margins)) if margins else None
        end = float(t[spell[-1]]) + assembly.period_s
        found.append(Intervention(float(t[spell[0]]), end, log.verdict[worst], names, log.reasons[worst], margin))
    return tuple(found)
