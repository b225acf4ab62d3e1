"""The log of a run as arrays: what the figures and the report are computed from. Nothing is taken from the running process."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safety.audit import RecordKind, read_records
from toolkit import FloatArray, SpecificationError, Verdict

BoolArray = NDArray[np.bool_]
_SAID = re.compile(r"(A[1-7]): (.*)", re.DOTALL)
"""How a violation stands in the reason of a STOP cycle, of the last STATE and of RUN_END."""


@dataclass(frozen=True)
class Violated:
    """An assumption that ended, as the log first says so. t_s: on the monotonic clock of the run; the claim ends there."""

    assumption: str
    reason: str
    t_s: float


@dataclass(frozen=True, eq=False)
class RunLog:
    """Cycles of a run, index k. Times [s] on the monotonic clock of the run; missing numbers are NaN.

    ticks: setpoint in force after the cycle, (k, n). reference_tip_m: (k, 3), where the tip should be at t_s; NaN in joint motions.
    step: index of the procedure's step. step_t_s: the motion's own time. follows_path: on a recorded path, not on
    the way to it. margins: name -> (k,). timing_us: name -> (k,).
    end: what RUN_END says of the end; lost: what CONTROL_LOST says; both None: the log has no end. device: who the device said it is.
    violated: every assumption that was latched as ended, in the order of time.
    """

    start: dict[str, Any]
    end: dict[str, Any] | None
    lost: dict[str, Any] | None
    device: dict[str, Any] | None
    violated: tuple[Violated, ...]
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
    """Read the log of a run; whether it is intact is `audit verify`'s question, not this one's.

    Raises:
        SpecificationError: there is no log, or a record lacks what its kind says; named by its sequence number.
    """
    found = _Found()
    for record in read_records(audit_directory):
        try:
            found.take(record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"record {record.get('seq')}: not what {record['kind']} says: {type(error).__name__}: {error}"
            raise SpecificationError(what, file=str(audit_directory), field="data") from error
    return found.arrays()


@dataclass
class _Found:
    """What has been read so far; each record is looked through as it comes, so that a fault is its own."""

    start: dict[str, Any] = field(default_factory=dict)
    end: dict[str, Any] | None = None
    lost: dict[str, Any] | None = None
    device: dict[str, Any] | None = None
    violated: dict[str, Violated] = field(default_factory=dict)
    cycles: list[dict[str, Any]] = field(default_factory=list)
    missed: list[float] = field(default_factory=list)
    utc_ns: int = 0
    ended_s: float | None = None

    def take(self, record: Mapping[str, Any]) -> None:
        kind, data, t_s = record["kind"], record["data"], int(record["mono_ns"]) * 1e-9
        if kind == RecordKind.RUN_START:
            self.start, self.utc_ns = _meta(data["meta"]), int(record["utc_ns"])
        elif kind == RecordKind.CYCLE:
            self._take_cycle(data)
            t_s = data["t_s"]
        elif kind == RecordKind.MISS:
            self.missed.append(t_s)
        elif kind == RecordKind.STATE and data["state"] != "ENABLED":
            self.ended_s = t_s
        elif kind == RecordKind.EVENT and "device" in data:
            self.device = dict(data["device"])
        elif kind == RecordKind.RUN_END:
            self.end = dict(data["end"])
        elif kind == RecordKind.CONTROL_LOST:
            self.lost = dict(data)
        for assumption, reason in _violations(kind, data):
            self.violated.setdefault(assumption, Violated(assumption, reason, t_s))

    def _take_cycle(self, data: dict[str, Any]) -> None:
        cycle: dict[str, Any] = {
            "t_s": float(data["t_s"]),
            "verdict": Verdict(data["verdict"]),
            "written": bool(data["written"]),
            "ticks": [int(tick) for tick in _in_force(data)],
            "tip": [float(x) for x in data.get("reference_tip_m") or [float("nan")] * 3],
            "step": (int(data["step"]["index"]), float(data["step"]["t_s"]), bool(data["step"]["follows_path"])),
            "margins": {str(name): float(margin) for name, margin in data["margins"].items()},
            "timing_us": {str(name): float(time) for name, time in data["timing_us"].items()},
            "active": tuple(str(name) for name in data["active"]),
            "reason": str(data["reason"]),
            "mpc_us": _solve_us(data),
            "observed": {str(name): float(value) for name, value in data.get("observed", {}).items()},
        }
        if len(cycle["tip"]) != 3 or len(cycle["ticks"]) != len((self.cycles or [cycle])[0]["ticks"]):
            raise ValueError("a setpoint or a tip of another size than in the first cycle")
        self.cycles.append(cycle)

    def arrays(self) -> RunLog:
        """All cycles as columns."""
        cycles = self.cycles
        names = sorted({name for cycle in cycles for name in cycle["margins"]})
        timings = sorted({name for cycle in cycles for name in cycle["timing_us"]})
        return RunLog(
            start=self.start,
            end=self.end,
            lost=self.lost,
            device=self.device,
            violated=tuple(sorted(self.violated.values(), key=lambda one: one.t_s)),
            started_utc_ns=self.utc_ns,
            t_s=_column(cycles, lambda c: c["t_s"]),
            verdict=tuple(cycle["verdict"] for cycle in cycles),
            written=np.array([cycle["written"] for cycle in cycles], dtype=bool),
            ticks=np.array([cycle["ticks"] for cycle in cycles], dtype=np.float64),
            reference_tip_m=np.array([cycle["tip"] for cycle in cycles], dtype=np.float64).reshape(-1, 3),
            step=np.array([cycle["step"][0] for cycle in cycles], dtype=np.int64),
            step_t_s=_column(cycles, lambda c: c["step"][1]),
            follows_path=np.array([cycle["step"][2] for cycle in cycles], dtype=bool),
            margins={name: _column(cycles, lambda c, name=name: c["margins"].get(name)) for name in names},
            active=tuple(cycle["active"] for cycle in cycles),
            reasons=tuple(cycle["reason"] for cycle in cycles),
            timing_us={name: _column(cycles, lambda c, name=name: c["timing_us"].get(name)) for name in timings},
            mpc_us=_column(cycles, lambda c: c["mpc_us"]),
            tube_use=_column(cycles, lambda c: c["observed"].get("tube_use")),
            behind=_column(cycles, lambda c: c["observed"].get("behind")),
            age_s=_column(cycles, lambda c: c["observed"].get("age_s")),
            missed_t_s=np.array(self.missed, dtype=np.float64),
            motion_ended_s=self.ended_s,
        )


def _meta(meta: Any) -> dict[str, Any]:
    """`meta` of RUN_START; build and hashes, where it has them, name text by text."""
    for name in ("build", "hashes"):
        for key, value in dict(meta.get(name, {})).items():
            if not (isinstance(value, str) or (name == "hashes" and value is None)):
                raise ValueError(f"meta.{name}.{key} is {value!r:.80}")
    return dict(meta)


def _violations(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Which assumptions a record says have ended, and why: what was latched before a call, and what a stop or an end names."""
    for call in data.get("calls", ()):
        latch = call.get("latch")
        if latch is not None and _SAID.fullmatch(f"{latch['assumption']}: "):
            yield str(latch["assumption"]), str(latch["reason"])
    said = data.get("end", {}).get("reason", "") if kind == RecordKind.RUN_END else data.get("reason", "")
    is_stop = kind in (RecordKind.RUN_END, RecordKind.STATE) or data.get("verdict") == Verdict.STOP.value
    found = _SAID.fullmatch(str(said)) if is_stop else None
    if found is not None:
        yield found[1], found[2]


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
