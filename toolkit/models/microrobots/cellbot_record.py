"""A recorded cell-bot: commands of the rotating field and tracked positions, frame by frame."""

import csv
import gzip
import io
import math
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ...arrays import FloatArray, TickArray, finite_array, tick_array
from ...errors import InvalidInput, SpecificationError

COLUMNS = {  # name: lowest and highest value that is allowed
    "frame": (0.0, 2.0**31 - 1),
    "dt_s": (1e-4, 10.0),
    "x_px": (-1e5, 1e5),
    "y_px": (-1e5, 1e5),
    "alpha_rad": (-7.0, 7.0),
    "rolling_freq_hz": (0.0, 1e3),
    "gamma_rad": (-7.0, 7.0),
    "psi_rad": (-7.0, 7.0),
    "area": (0.0, 1e9),
    "blur": (0.0, 1e9),
    "stuck": (0.0, 1.0),
}
_USED = ("frame", "dt_s", "x_px", "y_px", "alpha_rad", "rolling_freq_hz", "stuck")


@dataclass(frozen=True, eq=False)
class CellbotRecord:
    """n rows as recorded, repeated frames included. No pixel scale is known: lengths are pixels, y downwards.

    frame: camera's frame number. dt_s: time since the frame before. position_px: shape (n, 2). alpha_rad, rate_hz: heading and rate of the
    rotating field. marked_stuck: the recording software's own flag; it marks slow motion, commanded or not (docs/microrobots.md).
    """

    frame: TickArray
    dt_s: FloatArray
    position_px: FloatArray
    alpha_rad: FloatArray
    rate_hz: FloatArray
    marked_stuck: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame", tick_array(self.frame, "frame", (None,)))
        n = self.frame.size
        if n < 2:
            raise InvalidInput(f"record: at least two rows are needed, got {n}")
        for name, shape in (("dt_s", (n,)), ("position_px", (n, 2)), ("alpha_rad", (n,)), ("rate_hz", (n,)), ("marked_stuck", (n,))):
            object.__setattr__(self, name, finite_array(getattr(self, name), name, shape))

    @cached_property
    def is_new(self) -> FloatArray:
        """1 where a row shows another frame than the row before, else 0; shape (n,)."""
        return np.asarray(np.diff(self.frame, prepend=self.frame[0] - 1) != 0, dtype=np.float64)

    @cached_property
    def time_s(self) -> FloatArray:
        """Time of each row since the first. A repeated frame takes no time: its dt_s is repeated with it."""
        steps = self.dt_s * self.is_new
        return np.asarray(np.cumsum(steps) - steps[0])

    @property
    def pairing_offset(self) -> TickArray:
        """frame - first frame - row: by how many frames a command is wrongly paired by whoever pairs two files row by row."""
        return np.asarray(self.frame - self.frame[0] - np.arange(self.frame.size), dtype=np.int64)

    @property
    def commanded(self) -> FloatArray:
        """Rate times heading in the image, f [cos alpha, -sin alpha], [Hz], shape (n, 2)."""
        return np.asarray(self.rate_hz[:, None] * np.column_stack([np.cos(self.alpha_rad), -np.sin(self.alpha_rad)]))

    def without_repeats(self) -> "CellbotRecord":
        """The first row of each frame."""
        k = np.flatnonzero(self.is_new)
        return CellbotRecord(self.frame[k], self.dt_s[k], self.position_px[k], self.alpha_rad[k], self.rate_hz[k], self.marked_stuck[k])


def load_cellbot_record(path: str | Path) -> CellbotRecord:
    """Read a CSV file, plain or gzip, with the columns of `COLUMNS` in any order.

    Raises:
        SpecificationError: the file cannot be read or has no rows; a column is missing, doubled or unknown; a row has another number of
            cells; a cell is not a finite number in its range; a frame number goes backwards. Named: file, line, column, value.
    """
    name = Path(path).name
    text = _read(Path(path), name)
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    wrong = sorted(set(COLUMNS) ^ set(header))
    if wrong or len(header) != len(COLUMNS):
        raise SpecificationError(f"expected the columns {','.join(COLUMNS)}, got {','.join(header)}", file=name, line=1)
    values: list[list[float]] = []
    for row in rows:
        line = rows.line_num
        if len(row) != len(header):
            raise SpecificationError(f"expected {len(header)} cells, got {len(row)}", file=name, line=line)
        values.append([_cell(cell, column, name, line) for cell, column in zip(row, header, strict=True)])
    if len(values) < 2:
        raise SpecificationError(f"at least two rows are needed, got {len(values)}", file=name)
    table = dict(zip(header, np.array(values).T, strict=True))
    back = np.flatnonzero(np.diff(table["frame"]) < 0.0)
    if back.size:
        k = int(back[0]) + 1
        raise SpecificationError(f"{table['frame'][k]:.0f}: frame numbers do not go backwards", file=name, line=k + 2, field="frame")
    frame, dt, x, y, alpha, rate, stuck = (table[column] for column in _USED)
    return CellbotRecord(frame.astype(np.int64), dt, np.column_stack([x, y]), alpha, rate, stuck)


def _read(path: Path, name: str) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SpecificationError(f"cannot be read: {error}", file=name) from error


def _cell(cell: str, column: str, name: str, line: int) -> float:
    low, high = COLUMNS[column]
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise SpecificationError(f"{cell!r}: a number in [{low:g}, {high:g}] is needed", file=name, line=line, field=column)
    if column in {"frame", "stuck"} and value != int(value):
        raise SpecificationError(f"{cell!r}: a whole number is needed", file=name, line=line, field=column)
    return value
