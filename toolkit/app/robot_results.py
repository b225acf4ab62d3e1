"""After a micro-robot's run: run.json and report.html from its log and the plant's truth."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from safety.audit import verify
from toolkit import FloatArray, InvalidInput, Verdict
from toolkit.procedure.swimmer_assumption import SwimmerAssumptions
from verification.report import write_report
from verification.run_directory import (
    AssumptionFigures,
    Hashes,
    RunSummary,
    TrackingError,
    TrueMargins,
    Truth,
    VerdictCounts,
    read_truth,
)

from .coil_assembly import CoilAssembly
from .control_process import Outcome
from .figures import STATUS_OF, overruns, quantiles
from .results import REPORT_NAME, outcome_of
from .robot_log import RobotTrack, read_robot_inputs, read_robot_track
from .robot_report import robot_report_data
from .run_log import BoolArray, RunLog, read_run_log

SETTLE_S = 3.0
"""Tracking counts from here on, after the path has begun: before, the flow is not known. Walls and limits count from the start."""
UNPROVED = (
    "No certificate exists for a micro-robot's run: its layer is tested, not proved.",
    "The bounds of field and gradient rest on constants that were sampled over the workspace, with a margin.",
    "That a witness current holds the robot off every wall (authority) is computed at points of the path, not proved in between.",
    "B1, B3, B4, B6 and a swimmer's B7 are stated; nothing in a run measures them.",
)


@dataclass(frozen=True, eq=False)
class RobotTruth:
    """The plant over the certified motion: times [s], position (k, 3) [m], error from the path (k,), which counts, margins by name."""

    t_s: FloatArray
    p_m: FloatArray
    error_m: FloatArray
    counted: BoolArray
    wall_m: FloatArray
    margins: dict[str, float]
    rate_hz: float


def write_robot_results(assembly: CoilAssembly, directory: Path, outcome: Outcome) -> RunSummary:
    """Compute the figures of the run in `directory` and write run.json and report.html there.

    Raises:
        SpecificationError: no log, or a record that is not what it says. InvalidInput: the directory cannot be written.
    """
    try:
        (directory / REPORT_NAME).unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInput(f"{directory / REPORT_NAME}: cannot be replaced: {error.strerror or error}") from error
    log, track = read_run_log(directory / "audit"), read_robot_track(directory / "audit")
    truth_file = directory / "truth.bin"
    truth = robot_truth(assembly, log, track, read_truth(truth_file)) if truth_file.exists() and log.t_s.size else None
    summary = summarise_robot(assembly, log, track, truth, outcome)
    summary.write(directory)
    data = robot_report_data(assembly, log, track, truth, summary, verify(directory / "audit"), directory.name)
    write_report(data, directory / REPORT_NAME)
    return summary


def rewrite_robot_results(directory: Path) -> RunSummary:
    """run.json and report.html again, from what the run directory holds. Raises as write_robot_results."""
    log = read_run_log(directory / "audit")
    return write_robot_results(read_robot_inputs(directory, log.start), directory, outcome_of(log))


def robot_truth(assembly: CoilAssembly, log: RunLog, track: RobotTrack, truth: Truth) -> RobotTruth | None:
    """The truth from the first cycle to the last that was no STOP: then the bead sinks, which the procedure accepts by name."""
    certified = [t for t, verdict in zip(log.t_s, log.verdict, strict=True) if verdict is not Verdict.STOP]
    if not certified:
        return None
    inside = (truth.t_s >= log.t_s[0]) & (truth.t_s <= certified[-1] + assembly.period_s)
    columns = dict(zip(truth.columns, truth.rows[inside].T, strict=True))
    t = columns["t_s"]
    if not t.size:
        return None
    p = np.stack([columns[f"p_{axis}_m"] for axis in "xyz"], axis=1)
    began_s = float(log.t_s[0] - log.step_t_s[0])
    error = np.linalg.norm(p - assembly.path.begun_at(began_s)(t)[0], axis=1)
    counted = (t >= began_s + SETTLE_S) & (t <= began_s + assembly.path.duration_s)
    i = np.stack([values for name, values in columns.items() if name.startswith("i_")], axis=1)
    temperature = np.stack([values for name, values in columns.items() if name.startswith("temperature_")], axis=1)
    return RobotTruth(t, p, error, counted, columns["wall_m"], _true_margins(assembly, columns, i, temperature), truth.rate_hz)


def _true_margins(assembly: CoilAssembly, columns: dict[str, FloatArray], i: FloatArray, temperature_c: FloatArray) -> dict[str, float]:
    limits = assembly.procedure.limits
    R = assembly.profile.resistance_ohm_20c * (1.0 + 0.00393 * (temperature_c - 20.0))
    over = max(1, round(assembly.period_s / float(np.median(np.diff(columns["t_s"])))) if len(i) > 1 else 1)
    moved = np.abs(i[over:] - i[:-over]).max() if len(i) > over else 0.0
    margins = {
        "current": float(limits.current_A - np.abs(i).max()),
        "slew": float(limits.slew_A_s * assembly.period_s - moved),
        "heat": float(limits.heat_W - (R * i**2).sum(axis=1).max()),
        "coil_temperature": float(limits.coil_temperature_C - temperature_c.max()),
        "field": float(limits.field_T - columns["B_T"].max()),
        "gradient": float(limits.gradient_T_m - columns["gradient_T_m"].max()),
        "wall": float(columns["wall_m"].min()),
    }
    if "slip_rad" in columns:
        margins["in_step"] = float(0.5 * np.pi - np.abs(columns["slip_rad"]).max())
    return margins


def summarise_robot(assembly: CoilAssembly, log: RunLog, track: RobotTrack, truth: RobotTruth | None, outcome: Outcome) -> RunSummary:
    """All figures of a run."""
    build, hashes = log.start["build"], log.start["hashes"]
    limits = json.dumps(assembly.procedure.limits.model_dump(mode="json"), sort_keys=True)
    return RunSummary(
        status=STATUS_OF[outcome.exit_code],
        exit_code=outcome.exit_code,
        reason="" if outcome.exit_code == 0 else outcome.reason or outcome.status,
        started_utc=datetime.fromtimestamp(log.started_utc_ns * 1e-9, tz=UTC),
        version=build["primum"] or "not installed",
        git_commit=build["git_commit"] or "not a checkout",
        hashes=Hashes(
            procedure=hashes["procedure"],
            model=hashes["calibration"],
            limits=hashlib.sha256(limits.encode()).hexdigest(),
            tick_map=hashes["profile"],
            tube=None,
        ),
        cycles=log.t_s.size,
        period_s=assembly.period_s,
        verdicts=VerdictCounts(**{name: sum(v.value == name for v in log.verdict) for name in ("PASS", "MODIFIED", "BACKUP", "STOP")}),
        deadline_misses=log.missed_t_s.size,
        overruns=overruns(log, assembly.period_s),
        cycle_ms=quantiles(log.timing_us.get("total"), 1e-3),
        mpc_ms=quantiles(log.mpc_us, 1e-3),
        certify_us=quantiles(log.timing_us.get("certify"), 1.0),
        tip_error_m=None,
        tracking_error_m=_tracking(truth),
        pass_fraction_settled=float(log.passed.mean()) if log.t_s.size else None,
        margin_min={name: float(np.nanmin(values)) for name, values in _certified(log).items()},
        truth=None if truth is None else TrueMargins(margin_min=truth.margins, rate_hz=truth.rate_hz),
        approach={},
        assumptions=assumption_figures(assembly, log, track),
        proved=False,
        unproved=UNPROVED,
    )


def _certified(log: RunLog) -> dict[str, FloatArray]:
    """Margins of the cycles that claim them: a ramp to zero claims slew and field rate only."""
    claimed = np.array([verdict is not Verdict.STOP for verdict in log.verdict], dtype=bool)
    return {name: values[claimed] for name, values in log.margins.items() if claimed.any() and np.isfinite(values[claimed]).any()}


def _tracking(truth: RobotTruth | None) -> TrackingError | None:
    if truth is None or not truth.counted.any():
        return None
    error = truth.error_m[truth.counted]
    return TrackingError(mae=float(error.mean()), rms=float(np.sqrt((error**2).mean())), max=float(error.max()))


def assumption_figures(assembly: CoilAssembly, log: RunLog, track: RobotTrack) -> tuple[AssumptionFigures, ...]:
    """Stated bound and measured maximum of B1-B6, a swimmer's B7; what nothing measures says so."""
    a = assembly.procedure.assumptions
    age = float(track.image_age_s.max()) if track.image_age_s.size else None

    def row(id_: str, bound: float, measured: float | None, unit: str) -> AssumptionFigures:
        claim = getattr(a, id_).claim
        return AssumptionFigures(id=id_, statement=claim, bound=bound, measured_max=measured, unit=unit, monitored=measured is not None)

    rows = (
        row("B1", a.B1.gain, None, ""),
        row("B2", a.B2.age_s_max, age, "s"),
        row("B3", a.B3.across_m_s, None, "m/s"),
        row("B4", a.B4.within_s, None, "s"),
        row("B5", a.B5.sensor_K, None, "K"),
        row("B6", a.B6.error_m, None, "m"),
    )
    return (*rows, row("B7", a.B7.step_out_share, None, "")) if isinstance(a, SwimmerAssumptions) else rows
