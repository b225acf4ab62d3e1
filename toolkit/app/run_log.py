"""The log of a run as arrays: what the figures and the report are computed from. Nothing is taken from the running process."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safety.audit import RecordKind, read_records
from toolkit import FloatArray, Verdict

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class RunLog:
    """Cycles of a run, index k. Times [s] on the monotonic clock of the run; missing numbers are NaN.

    ticks: setpoint in force after the cycle, (k, n). reference_tip_m: (k, 3), where the tip should be at t_s; NaN in joint motions.
    step: index of the procedure's step. step_t_s: the motion's own time. follows_path: on a recorded path, not on
    the way to it. margins: name -> (k,). timing_us: name -> (k,).
    """

    start: dict[str, Any]
    end: dict[str, Any] | None
    started_utc_ns: int
    t_s: FloatArray
    verdict: tuple[Verdict, ...]
    written: BoolArray
    ticks: FloatArray
    reference_tip_m: FloatArray
    step: NDArray[np.int64]
    step_t_s: FloatArray
    follows_path: BoolArray
    margins: dict[str, FloatArray]
    active: tuple[tuple[str, ...], ...]
    reasons: tuple[str, ...]
    timing_us: dict[str, FloatArray]
    mpc_us: FloatArray
    tube_use: FloatArray
    behind: FloatArray
    age_s: FloatArray
    missed_t_s: FloatArray
    motion_ended_s: float | None

    @property
    def passed(self) -> BoolArray:
        """Which cycles are PASS, (k,)."""
        return np.array([verdict is Verdict.PASS for verdict in self.verdict], dtype=bool)


def read_run_log(audit_directory: Path) -> RunLog:
    """Read the log of a run; whether it is intact is `audit verify`'s question, not this one's."""
    start: dict[str, Any] = {}
    end: dict[str, Any] | None = None
    cycles: list[dict[str, Any]] = []
    missed: list[float] = []
    utc_ns, ended_s = 0, None
    for record in read_records(audit_directory):
        kind, data = record["kind"], record["data"]
        if kind == RecordKind.RUN_START:
            start, utc_ns = data["meta"], int(record["utc_ns"])
        elif kind == RecordKind.CYCLE:
            cycles.append(data)
        elif kind == RecordKind.MISS:
            missed.append(int(record["mono_ns"]) * 1e-9)
        elif kind == RecordKind.STATE and data["state"] != "ENABLED":
            ended_s = int(record["mono_ns"]) * 1e-9
        elif kind == RecordKind.RUN_END:
            end = data["end"]
    return _arrays(start, end, utc_ns, cycles, missed, ended_s)


def _arrays(
    start: dict[str, Any], end: dict[str, Any] | None, utc_ns: int, cycles: list[dict[str, Any]], missed: list[float], ended_s: float | None
) -> RunLog:
    names = sorted({name for cycle in cycles for name in cycle["margins"]})
    timings = sorted({name for cycle in cycles for name in cycle["timing_us"]})
    nothing = [float("nan")] * 3
    return RunLog(
        start=start,
        end=end,
        started_utc_ns=utc_ns,
        t_s=_column(cycles, lambda c: c["t_s"]),
        verdict=tuple(Verdict(cycle["verdict"]) for cycle in cycles),
        written=np.array([cycle["written"] for cycle in cycles], dtype=bool),
        ticks=np.array([_in_force(cycle) for cycle in cycles], dtype=np.float64),
        reference_tip_m=np.array([cycle.get("reference_tip_m") or nothing for cycle in cycles], dtype=np.float64).reshape(-1, 3),
        step=np.array([cycle["step"]["index"] for cycle in cycles], dtype=np.int64),
        step_t_s=_column(cycles, lambda c: c["step"]["t_s"]),
        follows_path=np.array([cycle["step"]["follows_path"] for cycle in cycles], dtype=bool),
        margins={name: _column(cycles, lambda c, name=name: c["margins"].get(name)) for name in names},
        active=tuple(tuple(cycle["active"]) for cycle in cycles),
        reasons=tuple(cycle["reason"] for cycle in cycles),
        timing_us={name: _column(cycles, lambda c, name=name: c["timing_us"].get(name)) for name in timings},
        mpc_us=_column(cycles, _solve_us),
        tube_use=_column(cycles, lambda c: c.get("observed", {}).get("tube_use")),
        behind=_column(cycles, lambda c: c.get("observed", {}).get("behind")),
        age_s=_column(cycles, lambda c: c.get("observed", {}).get("age_s")),
        missed_t_s=np.array(missed, dtype=np.float64),
        motion_ended_s=ended_s,
    )


def _solve_us(cycle: dict[str, Any]) -> float | None:
    """Time of the solve; none in a cycle that continued the last plan."""
    proposal = cycle.get("proposal")
    return None if proposal is None or proposal["iterations"] == 0 else float(proposal["us"])


def _in_force(cycle: dict[str, Any]) -> list[int]:
    ticks: list[int] = cycle["ticks"] if cycle["ticks"] is not None else cycle["next_plan"]["first"]
    return ticks


def _column(cycles: list[dict[str, Any]], get: Any) -> FloatArray:
    values = [get(cycle) for cycle in cycles]
    return np.array([float("nan") if value is None else value for value in values], dtype=np.float64)
