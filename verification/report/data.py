"""Everything one report says, frozen: filled from run.json, the audit log and the truth file, checked once, then only read.

SI throughout; the report converts for display. Strings are plain text: the renderer escapes them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from safety.audit import Report
from toolkit import FloatArray, InvalidInput, Margin, Verdict, finite_array, finite_number

from .regions import Region
from .traces import CycleTrace, Series, TrackingTrace, TruthTrace

_AGES_S = 1e9
_UNIT_CHARS = 12


def _check_unit(unit: str, what: str) -> None:
    if not len(unit) <= _UNIT_CHARS:
        raise InvalidInput(f"{what}: unit: {unit!r}: at most {_UNIT_CHARS} characters, or it would cover what stands beside it")


@dataclass(frozen=True, eq=False)
class Constraint:
    """One active constraint.

    words: what it demands, one clause ("shaft, wrist and jaws stay outside the vessel"). unit: SI unit of every margin here.
    margin: the shield's certified lower bound, per cycle. truth_min: smallest true margin; None where no truth exists.
    holds_for: "motion" when the claim is about where the arm really is, "command" when only the commanded sequence is claimed.
    """

    name: str
    words: str
    unit: str
    margin: Series
    truth_min: float | None = None
    holds_for: Literal["motion", "command"] = "motion"

    def __post_init__(self) -> None:
        if not (self.name and self.words):
            raise InvalidInput(f"constraint {self.name!r}: name and words must say something")
        _check_unit(self.unit, f"constraint {self.name}")
        if self.holds_for not in ("motion", "command"):
            raise InvalidInput(f"constraint {self.name}: holds_for: {self.holds_for!r}: 'motion' or 'command'")
        if self.truth_min is not None:
            finite_number(self.truth_min, f"constraint {self.name}: truth_min", -1e9, 1e9)

    @property
    def certified_min(self) -> float | None:
        """Smallest certified margin; None when no cycle was certified."""
        return float(self.margin.value.min()) if self.margin.value.size else None

    @property
    def kept(self) -> bool | None:
        """Whether it held where it is claimed; None: nothing to judge by.

        The record of the true motion is signed by nobody: it can break a constraint, but not make up for a certified margin below zero.
        """
        decisive = self.truth_min if self.holds_for == "motion" else self.certified_min
        if self.certified_min is not None and not self.certified_min >= 0:
            return False
        return None if decisive is None else decisive >= 0


@dataclass(frozen=True, eq=False)
class Assumption:
    """One row A1..A7 (a row per part where an assumption has several).

    bound, measured: numbers in `unit`, or text ("position mode"); measured None: nothing measured it in this run.
    monitor: how it is watched while running, "" when it is not. held: needed when bound or measured is text; for two numbers
    it is computed (measured <= bound). violated_at_s: when the claim ended, if it did, and violation: why, in the monitor's words.
    """

    id: str
    statement: str
    bound: float | str
    measured: float | str | None
    unit: str
    monitor: str
    reaction: str
    held: bool | None = None
    violated_at_s: float | None = None
    violation: str = ""

    def __post_init__(self) -> None:
        _check_unit(self.unit, f"assumption {self.id}")
        for name, value in (("bound", self.bound), ("measured", self.measured), ("violated_at_s", self.violated_at_s)):
            if value is not None and not isinstance(value, str):
                finite_number(value, f"assumption {self.id}: {name}", -1e12, 1e12)
        text = isinstance(self.bound, str) or isinstance(self.measured, str)
        if self.measured is not None and text and self.held is None:
            raise InvalidInput(f"assumption {self.id}: held: cannot be computed from text; say True or False")

    @property
    def outcome(self) -> Literal["held", "violated", "not measured"]:
        """A time of violation or held=False outweighs numbers that look fine."""
        if self.violated_at_s is not None or self.held is False:
            return "violated"
        if self.measured is None:
            return "not measured"
        if isinstance(self.bound, str) or isinstance(self.measured, str):
            return "held" if self.held else "violated"
        return "held" if self.measured <= self.bound else "violated"


@dataclass(frozen=True, eq=False)
class Intervention:
    """One spell in which the proposal was not passed. constraints: names that shaped it; margin: the smallest in the spell.

    outline_m: optional body outline where it began, segments in B, shape (s, 2, 3), [m].
    """

    start_s: float
    end_s: float
    verdict: Verdict
    constraints: tuple[str, ...]
    reason: str
    margin: Margin | None = None
    outline_m: FloatArray | None = None

    def __post_init__(self) -> None:
        finite_number(self.start_s, "intervention.start_s", -_AGES_S, _AGES_S)
        finite_number(self.end_s, "intervention.end_s", self.start_s, _AGES_S)
        if self.verdict is Verdict.PASS:
            raise InvalidInput(f"intervention at {self.start_s} s: a PASS is no intervention")
        if self.margin is not None:
            _check_unit(self.margin.unit, f"intervention at {self.start_s} s: margin")
            finite_number(self.margin.value, f"intervention at {self.start_s} s: margin", -1e9, 1e9)
        if self.outline_m is not None:
            object.__setattr__(self, "outline_m", finite_array(self.outline_m, "intervention.outline_m", (None, 2, 3)))


@dataclass(frozen=True)
class Certificate:
    """A proof file that accompanies the run: what it proves, its SHA-256, and the checker's own words on it."""

    name: str
    claim: str
    sha256: str
    checked_by: str


@dataclass(frozen=True)
class LogAnswer:
    """What the verifier says of the run's log, in a sentence. ok: nothing contradicts; intact: and all of it is vouched for."""

    sentence: str
    ok: bool
    intact: bool

    @classmethod
    def of(cls, report: Report) -> Self:
        """The verifier's report in short."""
        count = report.problem_count
        found = f"{count} problem{'' if count == 1 else 's'}, the first: {report.problem}"
        return cls(str(report) if report.ok else found, report.ok, report.intact)


@dataclass(frozen=True, eq=False)
class ReportData:
    """All of report.html.

    status: "completed" exactly when exit_code is 0, else what happened ("stopped", "device fault", ...); reason: why, one sentence.
    certificates: empty means UNPROVED. unproved: sentences, what nobody proved or monitors.
    brake_m_s2: tip deceleration of the stopping curve v = sqrt(2 a d), None: no curve.
    misses: setpoints that were due and not written in their period (counted by the run; cycles.missed_t_s says when). overruns: cycles that
    took longer than the period, whether or not a setpoint was due: one that waits for a dead line and then holds writes none.
    hashes, versions, platform: label -> text.
    """

    title: str
    status: str
    exit_code: int
    reason: str
    started_utc: str
    device: str
    run_name: str
    period_s: float
    misses: int
    overruns: int
    log: LogAnswer
    cycles: CycleTrace
    constraints: tuple[Constraint, ...]
    assumptions: tuple[Assumption, ...]
    unproved: tuple[str, ...]
    tracking: TrackingTrace
    cycle_s: Series
    mpc_s: Series
    certify_s: Series
    interventions: tuple[Intervention, ...]
    regions: tuple[Region, ...]
    hashes: Mapping[str, str]
    versions: Mapping[str, str]
    platform: Mapping[str, str]
    truth: TruthTrace | None = None
    certificates: tuple[Certificate, ...] = ()
    brake_m_s2: float | None = None
    dirty: bool = False
    notes: tuple[str, ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        finite_number(self.period_s, "period_s", 1e-5, 10.0)
        finite_number(self.misses, "misses", self.cycles.missed_t_s.shape[0], 1e12)
        finite_number(self.overruns, "overruns", 0, len(self.cycles.verdict))
        if self.brake_m_s2 is not None:
            finite_number(self.brake_m_s2, "brake_m_s2", 1e-6, 1e4)
        if not ((self.exit_code == 0) == (self.status == "completed")):
            raise InvalidInput(f"status: {self.status!r} with exit code {self.exit_code}: 'completed' exactly when it is 0")
        if self.exit_code != 0 and not self.reason:
            raise InvalidInput("reason: a run that did not complete says why")
        if not self.constraints:
            raise InvalidInput("constraints: a run without constraints has nothing to report")
        for what, names in (("constraint", [c.name for c in self.constraints]), ("region", [r.name for r in self.regions])):
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise InvalidInput(f"{what}s: the same name twice: {', '.join(twice)}")

    def verdict_counts(self) -> dict[str, int]:
        """Cycles per verdict, in the order PASS, MODIFIED, BACKUP, STOP, zeros included."""
        counts = Counter(self.cycles.verdict)
        return {verdict.value: counts[verdict] for verdict in Verdict}
