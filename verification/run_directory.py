"""What a run leaves behind beside its log and report: the figures (`run.json`) and, of a simulated arm, the true motion."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    ValidationError,
    model_validator,
)

from toolkit import FloatArray, InvalidInput, SpecificationError

SUMMARY_NAME = "run.json"
TRUTH_VERSION = 1
_HEADER_BYTES_MAX = 65_536
EXIT_CODES = {"completed": 0, "refused": 2, "stopped": 3, "device_fault": 4, "audit_fault": 5}

Status = Literal["completed", "refused", "stopped", "device_fault", "audit_fault"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Figures(BaseModel):
    """Frozen, no field unknown, no number that is not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Quantiles(Figures):
    """Of a sample: median, 99th percentile, largest. The unit is the field's own."""

    median: NonNegativeFloat
    p99: NonNegativeFloat
    max: NonNegativeFloat


class TipError(Figures):
    """Distance of the true tip from the reference path over the settled cycles, [m]."""

    rms: NonNegativeFloat
    p99: NonNegativeFloat
    max: NonNegativeFloat


class TrackingError(Figures):
    """Distance of a micro-robot's true position from its path once its controller knows the flow, [m]."""

    mae: NonNegativeFloat
    rms: NonNegativeFloat
    max: NonNegativeFloat


class VerdictCounts(Figures):
    """How many cycles ended with each verdict."""

    PASS: NonNegativeInt
    MODIFIED: NonNegativeInt
    BACKUP: NonNegativeInt
    STOP: NonNegativeInt


class TrueMargins(Figures):
    """Smallest true margin by constraint, SI, from the plant at rate_hz."""

    margin_min: dict[str, float]
    rate_hz: PositiveFloat


class Approach(Figures):
    """How useful the motion near a region stayed. None: it did not come to rest near it, or never crossed 3 mm inwards."""

    standoff_at_rest_m: float | None
    speed_at_3mm_m_s: NonNegativeFloat | None


class AssumptionFigures(Figures):
    """One assumption with the bound that was stated and the largest value seen. measured_max None: nothing measures it."""

    id: Annotated[str, Field(pattern=r"^[AB][0-9]+$")]
    statement: Annotated[str, Field(min_length=1)]
    bound: float | None
    measured_max: float | None
    unit: str
    monitored: bool


class Hashes(Figures):
    """SHA-256, hex, of what was executed. tube: None where the procedure names no tube file.

    Of a micro-robot's run `model` is its coils' calibration, and `tick_map` the profile that says what a step of a current is.
    """

    procedure: Sha256
    model: Sha256
    limits: Sha256
    tick_map: Sha256
    tube: Sha256 | None


class RunSummary(Figures):
    """The content of run.json. None: not measured in this run (a refused run has no cycles, a real arm has no truth).

    cycles: servo cycles. verdicts: of those that had one. deadline_misses: setpoints that were due and not written in their period;
    overruns: cycles that took longer than the period, whether or not a setpoint was due. pass_fraction_settled: share of all cycles that
    are PASS and at least 0.5 s after the last intervention; of a micro-robot, that are PASS. tip_error_m: of an arm; tracking_error_m: of a
    micro-robot. margin_min: certified lower bounds by constraint, SI. proved: the guarantee's constants carry certificates that were
    checked; otherwise `unproved` says what does not. reason: why the run ended.
    """

    status: Status
    exit_code: int
    reason: str
    started_utc: AwareDatetime
    version: Annotated[str, Field(min_length=1)]
    git_commit: Annotated[str, Field(min_length=1)]
    hashes: Hashes
    cycles: NonNegativeInt
    period_s: PositiveFloat
    verdicts: VerdictCounts
    deadline_misses: NonNegativeInt
    overruns: NonNegativeInt
    cycle_ms: Quantiles | None
    mpc_ms: Quantiles | None
    certify_us: Quantiles | None
    tip_error_m: TipError | None
    tracking_error_m: TrackingError | None = None
    pass_fraction_settled: Share | None
    margin_min: dict[str, float]
    truth: TrueMargins | None
    approach: dict[str, Approach]
    assumptions: tuple[AssumptionFigures, ...]
    proved: bool
    unproved: tuple[str, ...]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.exit_code != EXIT_CODES[self.status]:
            raise ValueError(f"exit_code {self.exit_code} does not go with status {self.status!r} ({EXIT_CODES[self.status]})")
        if (self.status == "completed") == bool(self.reason):
            raise ValueError("reason: one sentence unless the status is 'completed', and none then")
        if self.proved == bool(self.unproved):
            raise ValueError("unproved: names what is not proved, and is empty exactly when proved is true")
        counted = sum(self.verdicts.model_dump().values())
        if counted > self.cycles:
            raise ValueError(f"verdicts: {counted} in {self.cycles} cycles")
        return self

    def write(self, directory: Path) -> Path:
        """Write run.json, whole or not at all; return its path.

        Raises:
            InvalidInput: it cannot be written.
        """
        path = directory / SUMMARY_NAME
        partial = path.with_suffix(".json.partial")
        try:
            with partial.open("w", encoding="utf-8") as file:
                file.write(self.model_dump_json(indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            raise InvalidInput(f"{path}: cannot be written: {error.strerror or error}") from error
        return path

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read run.json.

        Raises:
            SpecificationError: there is none, or a field is missing, unknown or out of range; the first one is named.
        """
        path = directory / SUMMARY_NAME
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise SpecificationError(f"cannot be read: {error.strerror}", file=str(path)) from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise SpecificationError(first["msg"], file=str(path), field=".".join(map(str, first["loc"]))) from error


@dataclass(frozen=True, eq=False)
class Truth:
    """The plant's true motion: rows (k, columns), read-only.

    columns: "t_s" (monotonic clock, [s]), then what the plant has: of an arm "q_<joint>" ([rad] or [m]) and its points; of a bead its point
        "p" and what else its writer names. A point is "<point>_x_m", "_y_m", "_z_m" (frame B, [m]).
    torn_bytes: length of a last row that was cut short when the plant's process was killed.
    """

    columns: tuple[str, ...]
    rate_hz: float
    rows: FloatArray
    torn_bytes: int

    @property
    def t_s(self) -> FloatArray:
        """Time of each row, shape (k,), [s]."""
        return self.rows[:, 0]

    @property
    def q(self) -> FloatArray:
        """True joints, shape (k, n), in the file's order."""
        return self.rows[:, [i for i, name in enumerate(self.columns) if name.startswith("q_")]]

    def point(self, name: str) -> FloatArray:
        """True position of a body point in frame B, shape (k, 3), [m].

        Raises:
            InvalidInput: the file has no such point.
        """
        wanted = [f"{name}_{axis}_m" for axis in "xyz"]
        if not set(wanted) <= set(self.columns):
            raise InvalidInput(f"the truth file has no point {name!r}; it has {', '.join(self.columns)}")
        return self.rows[:, [self.columns.index(column) for column in wanted]]


def read_truth(path: Path) -> Truth:
    """Read a truth file: a JSON header line, then rows of little-endian float64. A torn last row is left out and counted.

    Raises:
        SpecificationError: the header is not one, or a value is not finite, or time does not increase.
    """
    try:
        with path.open("rb") as file:
            head = file.readline(_HEADER_BYTES_MAX)
            body = file.read()
    except OSError as error:
        raise SpecificationError(f"cannot be read: {error.strerror}", file=str(path)) from error
    columns, rate_hz = _truth_header(head, path)
    torn = len(body) % (8 * len(columns))
    rows = np.frombuffer(body, dtype="<f8", count=(len(body) - torn) // 8).reshape(-1, len(columns)).astype(np.float64)
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        raise SpecificationError(f"row {row}: not finite: {rows[row, column]}", file=str(path), field=columns[column])
    if not np.all(np.diff(rows[:, 0]) > 0.0):
        raise SpecificationError(
            f"row {int(np.argmax(np.diff(rows[:, 0]) <= 0.0)) + 1}: time does not increase", file=str(path), field="t_s"
        )
    rows.setflags(write=False)
    return Truth(columns, rate_hz, rows, torn)


def _truth_header(head: bytes, path: Path) -> tuple[tuple[str, ...], float]:
    try:
        header = json.loads(head)
    except ValueError as error:
        raise SpecificationError("not a truth file: its first line is not JSON", file=str(path), line=1) from error
    if not (isinstance(header, dict) and head.endswith(b"\n") and header.get("primum_truth") == TRUTH_VERSION):
        found = header.get("primum_truth") if isinstance(header, dict) else None
        raise SpecificationError(f"{found!r}: only version {TRUTH_VERSION} is known", file=str(path), line=1, field="primum_truth")
    columns, rate_hz = header.get("columns"), header.get("rate_hz")
    if not isinstance(columns, list) or columns[:1] != ["t_s"] or not all(isinstance(name, str) for name in columns):
        raise SpecificationError("a list of names, 't_s' first, is needed", file=str(path), line=1, field="columns")
    if len(set(columns)) != len(columns):
        raise SpecificationError("a name stands twice", file=str(path), line=1, field="columns")
    if isinstance(rate_hz, bool) or not isinstance(rate_hz, (int, float)) or not 0.0 < rate_hz <= 1e6:
        raise SpecificationError(f"{rate_hz!r} is outside (0, 1e6]", file=str(path), line=1, field="rate_hz")
    return tuple(columns), float(rate_hz)
