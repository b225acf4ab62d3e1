"""report.html of a run: its log, figures and truth in the report's own terms."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from safety import CommandedRate
from safety.audit import Report
from toolkit import FloatArray, Margin, SpecificationError, Verdict
from toolkit import procedure as p
from verification.report import (
    Assumption,
    BoxRegion,
    CapsuleRegion,
    Certificate,
    Constraint,
    CycleTrace,
    CylinderRegion,
    Intervention,
    LogAnswer,
    PolytopeRegion,
    Region,
    ReportData,
    Series,
    SphereRegion,
    TrackingTrace,
    write_report,
)
from verification.run_directory import RunSummary

from .assembly import Assembly
from .figures import TruthFigures, commanded_names
from .log_options import who_vouches
from .run_log import RunLog

TRUTH_NOTE = "The true motion is the simulated plant's own record, truth.bin. It goes on after the log has ended: no signature covers it."
_PLACES = {"platform", "git_commit"}
GAP_S = 0.1
"""Interventions nearer than this are one spell."""


def write_run_report(
    assembly: Assembly, log: RunLog, figures: TruthFigures | None, summary: RunSummary, verified: Report, path: Path
) -> int:
    """Write the report of a run; returns its size in bytes. verified: what the verifier says of the log."""
    data = report_data(assembly, log, figures, summary, verified, path.parent.name)
    return write_report(replace(data, notes=(*data.notes, f"Log: {who_vouches(path.parent / 'audit')}.")), path)


def report_data(
    assembly: Assembly, log: RunLog, figures: TruthFigures | None, summary: RunSummary, verified: Report, name: str
) -> ReportData:
    """Everything the report says.

    Raises:
        SpecificationError: the log does not say which program ran.
    """
    if not {"build", "hashes"} <= log.start.keys() or not log.start["build"].keys() >= _PLACES:
        raise SpecificationError("RUN_START names no build and no hashes", file=name, field="data.meta")
    t0 = float(log.t_s[0]) if log.t_s.size else 0.0
    t = log.t_s - t0
    total, certify = log.timing_us.get("total", t * np.nan), log.timing_us.get("certify", t * np.nan)
    versions = log.start["build"]
    tracking = figures.tracking if figures is not None else None
    nothing = np.empty(0)
    return ReportData(
        title=assembly.procedure.title,
        status=summary.status,
        exit_code=summary.exit_code,
        reason=summary.reason,
        started_utc=summary.started_utc.isoformat(timespec="seconds"),
        device=assembly.profile.name,
        run_name=name,
        period_s=summary.period_s,
        misses=summary.deadline_misses,
        overruns=summary.overruns,
        log=LogAnswer.of(verified),
        cycles=_cycles(assembly, log, t, t0),
        constraints=_constraints(assembly, log, t, summary),
        assumptions=_assumptions(assembly, log, summary, t0),
        unproved=summary.unproved,
        certificates=_certificates(assembly),
        tracking=TrackingTrace(tracking.t_s, tracking.error_m, tracking.counted)
        if tracking is not None
        else TrackingTrace(nothing, nothing, np.empty(0, dtype=bool)),
        cycle_s=Series.where(t, total * 1e-6, np.isfinite(total)),
        mpc_s=Series.where(t, log.mpc_us * 1e-6, np.isfinite(log.mpc_us)),
        certify_s=Series.where(t, certify * 1e-6, np.isfinite(certify)),
        interventions=_interventions(assembly, log, t),
        regions=drawn_regions(assembly),
        hashes=log.start["hashes"],
        versions={k: v for k, v in versions.items() if k not in ("platform", "git_commit") and v},
        platform={"platform": versions["platform"], "git commit": versions["git_commit"] or "not a checkout"},
        truth=figures.trace if figures is not None else None,
        brake_m_s2=min((c.limit for c in assembly.constraints if isinstance(c, CommandedRate) and c.order == 2), default=None),
        dirty=versions["git_commit"].endswith("+changes"),
        notes=assembly.arm.notes + assembly.arm.limits.differences + ((TRUTH_NOTE,) if figures is not None else ()),
    )


def _cycles(assembly: Assembly, log: RunLog, t: FloatArray, t0: float) -> CycleTrace:
    arm, tick_map = assembly.arm, assembly.profile.tick_map
    commanded = np.array([arm.tip_pose(tick_map.to_joints(ticks)).p_m for ticks in log.ticks]).reshape(-1, 3)
    reference = np.where(np.isfinite(log.reference_tip_m), log.reference_tip_m, commanded)
    missed = np.unique(np.maximum(log.missed_t_s - t0, 0.0))
    return CycleTrace(t, log.verdict, reference, commanded, missed)


def _constraints(assembly: Assembly, log: RunLog, t: FloatArray, summary: RunSummary) -> tuple[Constraint, ...]:
    truth = summary.truth.margin_min if summary.truth is not None else {}
    commanded = commanded_names(assembly)
    rows = []
    for name, values in log.margins.items():
        words, unit = _words(assembly, name)
        series = Series.where(t, values, np.isfinite(values))
        rows.append(Constraint(name, words, unit, series, truth.get(name), "command" if name in commanded else "motion"))
    seen = {name.partition(".")[0] for name in log.margins}
    rows += [_not_seen(assembly, c.name, c.name in commanded) for c in assembly.procedure.constraints if c.name not in seen]
    return tuple(rows)


def _not_seen(assembly: Assembly, name: str, is_commanded: bool) -> Constraint:
    """A constraint of the procedure that no cycle certified: the run was refused, or ended before its first cycle."""
    words, unit = _words(assembly, name)
    return Constraint(name, words, unit, Series(np.empty(0), np.empty(0)), None, "command" if is_commanded else "motion")


def _words(assembly: Assembly, name: str) -> tuple[str, str]:
    for c in assembly.procedure.constraints:
        if name.partition(".")[0] != c.name:
            continue
        if isinstance(c, p.Region):
            where = "inside" if c.keeps_in else "outside"
            kind = c.type.removeprefix("keep_in_").removeprefix("keep_out_").replace("_", " ")
            return f"{', '.join(c.bodies)} stay {where} the {kind} '{c.name}'", "m"
        if isinstance(c, p.SpeedLimit):
            return f"commanded speed of {', '.join(c.points)} at most {c.limit_m_s * 1e3:g} mm/s", "m/s"
        if isinstance(c, p.AccelerationLimit):
            return f"commanded acceleration of {', '.join(c.points)} at most {c.limit_m_s2:g} m/s²", "m/s^2"
        if isinstance(c, p.InsertionRule):
            return f"wrist straight until {c.wrist_past_rcm_m * 1e3:g} mm past the remote centre", "m or rad"
        if isinstance(c, p.RemoteCentre):
            return f"shaft within {c.limit_m * 1e3:g} mm of the remote centre", "m"
        return "joints inside their limits", "m" if name.endswith(".m") else "rad"
    return name, ""


def _certificates(assembly: Assembly) -> tuple[Certificate, ...]:
    """What is proved, in the checker's words. A refuted obligation is a region that can be reached: nothing that the guarantee rests on."""
    proved = [row for row in assembly.proofs.obligations if row.verdict == "PROVED"] if assembly.proofs is not None else []
    return tuple(Certificate(row.id, row.claim, row.sha256, "Accepted by primum check before the run.") for row in proved)


def _assumptions(assembly: Assembly, log: RunLog, summary: RunSummary, t0: float) -> tuple[Assumption, ...]:
    """A measured maximum within its bound does not make an assumption hold that the log says was latched as ended."""
    ended = {violated.assumption: violated for violated in log.violated}
    rows = []
    for figure in summary.assumptions:
        stated = getattr(assembly.procedure.assumptions, figure.id)
        bound = figure.bound if figure.bound is not None else "stated"
        measured: float | str | None = figure.measured_max
        held = None
        if figure.id == "A3":
            measured, held = _device_read_back(assembly, log)
        monitor = stated.monitor if figure.monitored else ""
        found = ended.get(figure.id)
        at_s, why = (None, "") if found is None else (found.t_s - t0, found.reason)
        rows.append(Assumption(figure.id, stated.claim, bound, measured, figure.unit, monitor, stated.reaction, held, at_s, why))
    return tuple(rows)


def _device_read_back(assembly: Assembly, log: RunLog) -> tuple[str | None, bool | None]:
    """What connecting read of the device, by its record: the driver does not connect where a register is not as the profile has it."""
    if log.device is None:
        return None, None
    profile = str(log.device.get("profile"))
    if profile != assembly.profile.name:
        return f"read back at connect: {profile!r:.60}", False
    return "read back at connect", True


def _interventions(assembly: Assembly, log: RunLog, t: FloatArray) -> tuple[Intervention, ...]:
    """Spells of cycles that were not PASS, joined over short gaps; the gravest verdict and its reason speak for a spell."""
    indices = [i for i, verdict in enumerate(log.verdict) if verdict is not Verdict.PASS]
    spells: list[list[int]] = []
    for i in indices:
        if spells and t[i] - t[spells[-1][-1]] <= GAP_S:
            spells[-1].append(i)
        else:
            spells.append([i])
    return tuple(_spell(assembly, log, t, spell) for spell in spells)


_GRAVITY = (Verdict.MODIFIED, Verdict.BACKUP, Verdict.STOP)


def _spell(assembly: Assembly, log: RunLog, t: FloatArray, cycles: list[int]) -> Intervention:
    worst = max(cycles, key=lambda i: _GRAVITY.index(log.verdict[i]))
    names = tuple(sorted({name for i in cycles for name in log.active[i]}))
    margin = None
    best = None
    for name in names:
        if name in log.margins and np.isfinite(log.margins[name][cycles]).any():
            value = float(np.nanmin(log.margins[name][cycles]))
            if best is None or value < best:
                best, margin = value, Margin(value, _words(assembly, name)[1])
    end = float(t[cycles[-1]]) + assembly.profile.period_s
    return Intervention(float(t[cycles[0]]), end, log.verdict[worst], names, log.reasons[worst], margin)


def drawn_regions(assembly: Assembly) -> tuple[Region, ...]:
    """The procedure's regions as the report and the live view draw them."""
    return tuple(_region(region) for region in assembly.procedure.regions)


def _region(region: p.Region) -> Region:
    keep: Literal["in", "out"] = "in" if region.keeps_in else "out"
    name = region.name
    array = np.array
    if isinstance(region, p.KeepInHalfSpace):
        return PolytopeRegion(name, keep, array([region.normal_B]), array([region.offset_m]))
    if isinstance(region, p.KeepInPolytope):
        faces = region.half_spaces
        return PolytopeRegion(name, keep, array([h.normal_B for h in faces]), array([h.offset_m for h in faces]))
    if isinstance(region, (p.KeepInBox, p.KeepOutBox)):
        low, high = array(region.lower_B_m), array(region.upper_B_m)
        return BoxRegion(name, keep, 0.5 * (low + high), 0.5 * (high - low))
    if isinstance(region, (p.KeepInSphere, p.KeepOutSphere)):
        return SphereRegion(name, keep, array(region.center_B_m), region.radius_m)
    if isinstance(region, (p.KeepInCapsule, p.KeepOutCapsule)):
        return CapsuleRegion(name, keep, array(region.start_B_m), array(region.end_B_m), region.radius_m)
    if isinstance(region, (p.KeepInCylinder, p.KeepOutCylinder)):
        return CylinderRegion(name, keep, array(region.start_B_m), array(region.end_B_m), region.radius_m)
    if isinstance(region, p.KeepOutPolytope):
        from scipy.spatial import ConvexHull  # noqa: PLC0415  only this shape needs faces from vertices

        equations = ConvexHull(array(region.vertices_B_m)).equations
        return PolytopeRegion(name, keep, equations[:, :3], -equations[:, 3])
    raise TypeError(f"no picture for {type(region).__name__}")
