"""run.json: the figures of a run, computed from its log and the plant's truth."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from safety import CommandedRate, KeepOut
from toolkit import FloatArray
from verification.report import TruthTrace, approaches
from verification.run_directory import (
    Approach,
    AssumptionFigures,
    Hashes,
    Quantiles,
    RunSummary,
    Status,
    TipError,
    TrueMargins,
    Truth,
    VerdictCounts,
)
from verification.truth import path_error, point_speed, settled

from .assembly import Assembly
from .control_process import Outcome
from .proof_record import ProofRecord
from .run_log import BoolArray, RunLog
from .truth_margins import true_margins
from .version import version_info

SETTLE_S = 0.5
STATUS_OF: dict[int, Status] = {0: "completed", 2: "refused", 3: "stopped", 4: "device_fault", 5: "audit_fault"}
UNLESS_PROVED = {
    ("K.",): "Second-derivative bounds K are analytic from link lengths; no certificate has been checked.",
    ("stop_length", "tube_threshold"): "The longest stop and A1's threshold are computed and tested, not proved.",
    ("closure.shield_induction", "closure.operating_states"): (
        "The induction of the shield and the state machine are argued on paper and tested, not proved."
    ),
}
"""What is said of obligations, by how their names begin, unless each of them was proved and checked."""
UNPROVED = (
    "The float error bound eta is stated, not proved.",
    "The tracking tube e is identified by measurement over the command class; measurement is evidence, not proof.",
)


@dataclass(frozen=True, eq=False)
class Tracking:
    """Error of the true tip against the recorded path at the cycles of servo_path steps: t_s, error_m, counted, (k,) each."""

    t_s: FloatArray
    error_m: FloatArray
    counted: BoolArray


@dataclass(frozen=True, eq=False)
class TruthFigures:
    """Everything computed from the plant: margins over time, trace of the tip, tracking error."""

    truth: Truth
    margins: dict[str, FloatArray]
    trace: TruthTrace
    tracking: Tracking | None


def truth_figures(assembly: Assembly, log: RunLog, truth: Truth) -> TruthFigures:
    """Margins from the first cycle on: before enable the plant only hangs in its start position."""
    rows = truth.rows[truth.t_s >= log.t_s[0]] if log.t_s.size else truth.rows
    truth = Truth(truth.columns, truth.rate_hz, rows, truth.torn_bytes)
    margins = true_margins(assembly, truth)
    regions = {c.name for c in assembly.constraints if isinstance(c, KeepOut)}
    t0 = float(log.t_s[0]) if log.t_s.size else 0.0
    tip = truth.point("tip")
    trace = TruthTrace(truth.t_s - t0, tip, point_speed(truth.t_s, tip), {name: margins[name] for name in sorted(regions)})
    return TruthFigures(truth, margins, trace, _tracking(assembly, log, truth))


def _tracking(assembly: Assembly, log: RunLog, truth: Truth) -> Tracking | None:
    """|p_true(t) - p_path(t)| at every 1 kHz sample of the recording's own time; a sample counts when its cycle counts."""
    parts = []
    tip = truth.point("tip")
    good = settled(log.t_s, log.passed, SETTLE_S)
    for step, path in assembly.paths.items():
        cycles = np.flatnonzero((log.step == step) & log.follows_path)
        if cycles.size == 0:
            continue
        start_s = float(log.t_s[cycles[0]] - log.step_t_s[cycles[0]])
        inside = (truth.t_s >= log.t_s[cycles[0]]) & (truth.t_s <= log.t_s[cycles[-1]])
        t = truth.t_s[inside]
        error = path_error(t, tip[inside], path.t_s + start_s, path.positions_B_m, 0.0)
        cycle_of = np.clip(np.searchsorted(log.t_s, t, side="right") - 1, 0, log.t_s.size - 1)
        parts.append((t - log.t_s[0], error, good[cycle_of]))
    if not parts:
        return None
    return Tracking(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def unproved(proofs: ProofRecord | None) -> tuple[str, ...]:
    """What no certificate shows, as sentences."""
    verdicts = proofs.verdicts if proofs is not None else {}
    said = []
    for beginnings, sentence in UNLESS_PROVED.items():
        of_these = [[verdict for name, verdict in verdicts.items() if name.startswith(beginning)] for beginning in beginnings]
        if not all(found and set(found) == {"PROVED"} for found in of_these):
            said.append(sentence)
    return (*said, *UNPROVED)


def summarise(assembly: Assembly, log: RunLog, figures: TruthFigures | None, outcome: Outcome) -> RunSummary:
    """All figures of a run."""
    # What the log says ran; a log that was refused at its first record says nothing, and then it was this program.
    build, hashes = log.start.get("build") or version_info(), log.start.get("hashes") or assembly.hashes
    counts = {name: sum(v.value == name for v in log.verdict) for name in ("PASS", "MODIFIED", "BACKUP", "STOP")}
    trace = np.flatnonzero(log.follows_path)
    good = settled(log.t_s, log.passed, SETTLE_S)[trace] if trace.size else np.array([], dtype=bool)
    return RunSummary(
        status=STATUS_OF[outcome.exit_code],
        exit_code=outcome.exit_code,
        reason="" if outcome.exit_code == 0 else outcome.reason or outcome.status,
        started_utc=datetime.fromtimestamp(log.started_utc_ns * 1e-9, tz=UTC),
        version=build["primum"] or "not installed",
        git_commit=build["git_commit"] or "not a checkout",
        hashes=Hashes(**{name: hashes[name] for name in ("procedure", "model", "limits", "tick_map", "tube")}),
        cycles=log.t_s.size,
        period_s=assembly.profile.period_s,
        verdicts=VerdictCounts(**counts),
        deadline_misses=log.missed_t_s.size,
        overruns=overruns(log, assembly.profile.period_s),
        cycle_ms=quantiles(log.timing_us.get("total"), 1e-3),
        mpc_ms=quantiles(log.mpc_us, 1e-3),
        certify_us=quantiles(log.timing_us.get("certify"), 1.0),
        tip_error_m=_tip_error(figures),
        pass_fraction_settled=float(good.mean()) if good.size else None,
        margin_min={name: float(np.nanmin(values)) for name, values in log.margins.items()},
        truth=_true_margins(figures),
        approach=_approach(figures),
        assumptions=assumption_figures(assembly, log),
        proved=False,
        unproved=unproved(assembly.proofs),
    )


def overruns(log: RunLog, period_s: float) -> int:
    """Cycles that took longer than the period."""
    total_us = log.timing_us.get("total")
    return 0 if total_us is None else int((total_us > period_s * 1e6).sum())


def quantiles(values: FloatArray | None, scale: float) -> Quantiles | None:
    """Of the values that are there, times `scale`; None if none is."""
    if values is None or not np.isfinite(values).any():
        return None
    finite = values[np.isfinite(values)] * scale
    return Quantiles(median=float(np.median(finite)), p99=float(np.percentile(finite, 99)), max=float(finite.max()))


def _tip_error(figures: TruthFigures | None) -> TipError | None:
    if figures is None or figures.tracking is None or not figures.tracking.counted.any():
        return None
    error = figures.tracking.error_m[figures.tracking.counted]
    return TipError(rms=float(np.sqrt(np.mean(error**2))), p99=float(np.percentile(error, 99)), max=float(error.max()))


def _true_margins(figures: TruthFigures | None) -> TrueMargins | None:
    if figures is None or figures.truth.rows.shape[0] == 0:
        return None
    return TrueMargins(margin_min={name: float(m.min()) for name, m in figures.margins.items()}, rate_hz=figures.truth.rate_hz)


def _approach(figures: TruthFigures | None) -> dict[str, Approach]:
    if figures is None:
        return {}
    return {
        found.region: Approach(standoff_at_rest_m=found.rest_m, speed_at_3mm_m_s=found.speed_near_m_s)
        for found in approaches(figures.trace)
    }


def assumption_figures(assembly: Assembly, log: RunLog) -> tuple[AssumptionFigures, ...]:
    """Stated bound and measured maximum of A1-A7; what nothing measures says so."""
    a = assembly.procedure.assumptions

    def row(id_: str, bound: float | None, measured: float | None, unit: str, monitored: bool) -> AssumptionFigures:
        claim = getattr(a, id_).claim
        return AssumptionFigures(id=id_, statement=claim, bound=bound, measured_max=measured, unit=unit, monitored=monitored)

    return (
        row("A1", 1.0, _largest(log.tube_use), "of e_monitor", True),
        row("A2", float(assembly.tube.losses_max), _largest(log.behind), "setpoints", True),
        row("A3", float(a.A3.watchdog_ms), None, "ms", True),
        row("A4", a.A4.age_s_max, _largest(log.age_s), "s", True),
        row("A5", a.A5.eps_R_m, None, "m", False),
        row("A6", a.A6.float_error_m, assembly.float_difference_m, "m", True),
        row("A7", None, None, "", False),
    )


def _largest(values: FloatArray) -> float | None:
    return float(np.nanmax(values)) if np.isfinite(values).any() else None


def commanded_names(assembly: Assembly) -> frozenset[str]:
    """Constraints that are claimed of the commanded sequence only."""
    return frozenset(c.name for c in assembly.constraints if isinstance(c, CommandedRate))
