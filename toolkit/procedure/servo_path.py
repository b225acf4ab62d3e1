"""Where a servo_path takes its positions from: a recording in a CSV file, or a Python function."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from .part import Part, raise_problems
from .quantity import Direction, Duration, Moment, PlainArray, Position, Quantity, Rate

METRES_PER = {"m": 1.0, "mm": 1e-3, "um": 1e-6}
LengthUnit = Literal["m", "mm", "um"]
FileName = Annotated[str, Field(min_length=1, max_length=500, description="path, relative to the procedure file")]
Column = Annotated[str, Field(min_length=1, max_length=100)]
Rotation = Annotated[tuple[Direction, Direction, Direction], PlainArray]
Quaternion = Annotated[
    tuple[
        Annotated[float, Quantity("", -1.0, 1.0)],
        Annotated[float, Quantity("", -1.0, 1.0)],
        Annotated[float, Quantity("", -1.0, 1.0)],
        Annotated[float, Quantity("", -1.0, 1.0)],
    ],
    PlainArray,
]


def rotation_problem(rows: Rotation) -> str | None:
    """What keeps three rows from being a rotation matrix (orthonormal within 1e-6, determinant +1); None if nothing does."""
    matrix = np.array(rows)
    worst = float(np.abs(matrix @ matrix.T - np.eye(3)).max())
    if not worst <= 1e-6:
        return f"not a rotation: rows are orthonormal within 1e-6, here {worst:.3g}"
    if not np.linalg.det(matrix) > 0.0:
        return "a reflection, not a rotation: the determinant is +1"
    return None


def quaternion_problem(quaternion_wxyz: Quaternion) -> str | None:
    """What keeps four numbers from being a unit quaternion; None if nothing does."""
    length = float(np.linalg.norm(quaternion_wxyz))
    return None if abs(length - 1.0) <= 1e-6 else f"length {length:.9g}: a rotation is a quaternion of length 1 within 1e-6"


class TimeColumn(Part):
    """The recording's own stamps, used only to refuse it: they never decrease, and no gap exceeds gap_s_max.

    Positions are still taken at row / rate_hz, because recorders stamp in bursts.
    """

    column: Column
    unit: Literal["s", "ms", "us", "ns"]
    gap_s_max: Annotated[float, Quantity("s", 0.0, 10.0, low_excluded=True)]


class Recording(Part):
    """Rows of a CSV file (optionally .gz) with a header; row i is the position at time i / rate_hz.

    columns: the header names of x, y, z. from_s, to_s: both ends included. unit: of the numbers in the file.
    sha256: of the file's bytes; when stated, another file under the same name is refused.
    """

    file: FileName
    columns: tuple[Column, Column, Column]
    rate_hz: Rate
    from_s: Moment
    to_s: Moment
    unit: LengthUnit
    time: TimeColumn | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _part_is_whole_rows(self) -> Self:
        problems: list[tuple[tuple[str | int, ...], object, str]] = []
        if not self.from_s < self.to_s:
            problems.append((("to_s",), self.to_s, f"not after from_s = {self.from_s:g}: from_s < to_s"))
        for field, moment in (("from_s", self.from_s), ("to_s", self.to_s)):
            row = moment * self.rate_hz
            if not abs(row - round(row)) <= 1e-6:
                problems.append(((field,), moment, f"between two rows: a multiple of 1 / rate_hz = {1.0 / self.rate_hz:g} s"))
        if len(set(self.columns)) != 3:
            problems.append((("columns",), list(self.columns), "three different columns: x, y, z"))
        raise_problems(type(self).__name__, problems)
        return self

    @property
    def rows(self) -> tuple[int, int]:
        """First and last row used, counted from 0 after the header."""
        return round(self.from_s * self.rate_hz), round(self.to_s * self.rate_hz)


class Generator(Part):
    """A Python function f(t_s) -> positions, shape (k,) -> (k, 3), in `unit`, called once with t = 0, 1/rate_hz, ... duration_s.

    function: `file.py:name`, the file relative to the procedure. It runs when the procedure is validated: only files you trust.
    """

    function: Annotated[str, Field(pattern=r"^[^:]+\.py:[A-Za-z_][A-Za-z0-9_]*$", max_length=500, description="file.py:function")]
    rate_hz: Rate
    duration_s: Duration
    unit: LengthUnit

    @model_validator(mode="after")
    def _duration_is_whole_samples(self) -> Self:
        samples = self.duration_s * self.rate_hz
        if not (abs(samples - round(samples)) <= 1e-6 and 1 <= samples <= 4_000_000):
            allowed = f"a multiple of 1 / rate_hz = {1.0 / self.rate_hz:g} s, at most 4 000 000 samples"
            raise_problems(type(self).__name__, [(("duration_s",), self.duration_s, allowed)])
        return self


class Placement(Part):
    """p_B = R_BD p_D + translation_B_m: from the frame D of the data to the base frame B; the rotation is stated in exactly one way."""

    rotation_BD: Rotation | None = None
    quaternion_BD_wxyz: Quaternion | None = None
    translation_B_m: Position

    @model_validator(mode="after")
    def _has_one_rotation(self) -> Self:
        check_one_rotation(self, "rotation_BD", "quaternion_BD_wxyz", required=True)
        return self


def check_one_rotation(part: Part, matrix_field: str, quaternion_field: str, *, required: bool) -> None:
    """Raise (through pydantic) unless at most one of the two fields is given, exactly one if required, and it is a rotation."""
    matrix, quaternion = getattr(part, matrix_field), getattr(part, quaternion_field)
    problems: list[tuple[tuple[str | int, ...], object, str]] = []
    if matrix is not None and quaternion is not None:
        problems.append(((quaternion_field,), list(quaternion), f"the rotation is stated twice: {matrix_field} or {quaternion_field}"))
    if matrix is None and quaternion is None and required:
        problems.append(((), {}, f"the rotation is missing: {matrix_field} (three rows) or {quaternion_field}"))
    if matrix is not None and (problem := rotation_problem(matrix)):
        problems.append(((matrix_field,), [list(row) for row in matrix], problem))
    if quaternion is not None and (problem := quaternion_problem(quaternion)):
        problems.append(((quaternion_field,), list(quaternion), problem))
    raise_problems(type(part).__name__, problems)
