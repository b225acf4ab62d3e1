"""Reading a recorded path from a CSV file: all of the file is checked, and nothing is clamped, dropped or filled in."""

import csv
import gzip
import hashlib
import io
import math
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import SpecificationError
from .part import short
from .sampled_path import SampledPath, checked_path
from .servo_path import Placement, Recording, TimeColumn
from .spelling import did_you_mean

BYTES_MAX = 128 * 1024 * 1024
SECONDS_PER = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def read_path_file(path: str | Path, recording: Recording, scale: float, to_B: Placement) -> SampledPath:
    """Read rows from_s * rate_hz .. to_s * rate_hz (both included) of a CSV file with a header, gzipped if its name ends in .gz.

    Raises:
        SpecificationError: naming file and line: unreadable, another hash, not UTF-8, a missing or repeated column, a row of another
            width, a cell that is not a finite number, stamps that decrease or leave a gap, fewer rows than stated (truncated),
            a last line without its end, or a position or speed that is implausible after scaling.
    """
    file = str(path)
    raw = _read_bytes(Path(path))
    digest = hashlib.sha256(raw).hexdigest()
    if recording.sha256 is not None and digest != recording.sha256:
        raise SpecificationError(f"sha256 is {digest}, the procedure states {recording.sha256}: another file", file=file)
    text = _text(_unpacked(raw, file) if file.endswith(".gz") else raw, file)
    first, last = recording.rows
    rows = _Rows(text, file)
    columns = [rows.column(name) for name in recording.columns]
    stamps = _Stamps(recording.time, rows) if recording.time is not None else None
    samples, lines = [], []
    for index, cells in enumerate(rows):
        position = [rows.number(cells, column) for column in columns]
        if stamps is not None:
            stamps.check(cells)
        if first <= index <= last:
            samples.append(position)
            lines.append(rows.line)
    if len(samples) != last - first + 1:
        needed = f"to_s = {recording.to_s:g} at {recording.rate_hz:g} Hz needs {last + 1}"
        problem = f"truncated: the file ends after {rows.count} rows, {needed}"
        raise SpecificationError(problem, file=file, line=rows.line)

    def refuse(sample: int, problem: str) -> SpecificationError:
        return SpecificationError(problem, file=file, line=lines[sample], field=", ".join(recording.columns))

    return checked_path(np.array(samples), recording.unit, scale, to_B, recording.rate_hz, digest, refuse)


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        raise SpecificationError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=str(path)) from error
    if len(raw) > BYTES_MAX:
        raise SpecificationError(f"larger than {BYTES_MAX} bytes", file=str(path))
    return raw


def _unpacked(raw: bytes, file: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            plain = stream.read(BYTES_MAX + 1)
    except EOFError as error:
        raise SpecificationError("truncated: the compressed file ends too early", file=file) from error
    except (OSError, zlib.error) as error:
        raise SpecificationError(f"not a gzip file, or damaged: {error}", file=file) from error
    if len(plain) > BYTES_MAX:
        raise SpecificationError(f"unpacks to more than {BYTES_MAX} bytes", file=file)
    return plain


def _text(raw: bytes, file: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SpecificationError(f"byte {raw[error.start]:#04x}: the file is UTF-8 text", file=file, line=line) from error
    if not text.endswith("\n"):
        line = text.count("\n") + 1
        raise SpecificationError("truncated: the last line has no end, so its last number may be cut", file=file, line=line)
    return text


class _Rows:
    """The rows after the header, each of the header's width, with the line it stands on."""

    def __init__(self, text: str, file: str) -> None:
        self.file, self.line, self.count = file, 1, 0
        self._reader = csv.reader(io.StringIO(text), strict=True)
        self._header = [name.strip() for name in next(self._reader, [])]
        if not any(self._header):
            raise self.error("empty: the first line is the header")

    def __iter__(self) -> Iterator[list[str]]:
        try:
            for cells in self._reader:
                self.line = self._reader.line_num
                if len(cells) != len(self._header):
                    raise self.error(f"{len(cells)} cells: the header has {len(self._header)}")
                self.count += 1
                yield cells
        except csv.Error as error:
            raise SpecificationError(f"not CSV: {error}", file=self.file, line=self._reader.line_num) from error

    def column(self, name: str) -> int:
        """Where the header has this name."""
        if self._header.count(name) != 1:
            known = f"{did_you_mean(name, self._header)}the header has {', '.join(self._header)}"
            what = "stands twice in the header" if name in self._header else "no such column"
            raise self.error(f"{what}: {known}", name)
        return self._header.index(name)

    def number(self, cells: list[str], column: int) -> float:
        """The cell as a finite number."""
        cell = cells[column].strip()
        value = float(cell) if _NUMBER.fullmatch(cell) else math.nan
        if not math.isfinite(value):
            raise self.error(f"{short(cell)}: not a finite number", self._header[column])
        return value

    def error(self, problem: str, field: str = "") -> SpecificationError:
        return SpecificationError(problem, file=self.file, line=self.line, field=field)


class _Stamps:
    """The recorder's own time stamps: never decreasing, no gap longer than stated."""

    def __init__(self, time: TimeColumn, rows: _Rows) -> None:
        self._time, self._rows = time, rows
        self._column = rows.column(time.column)
        self._before: float | None = None

    def check(self, cells: list[str]) -> None:
        stamp = self._rows.number(cells, self._column)
        if self._before is not None:
            gap_s = (stamp - self._before) * SECONDS_PER[self._time.unit]
            if not 0.0 <= gap_s <= self._time.gap_s_max:
                what = "time runs backwards" if gap_s < 0.0 else "rows are missing"
                allowed = f"allowed is [0, {self._time.gap_s_max:g}] s"
                raise self._rows.error(f"{gap_s:.6g} s after the row before: {what}: {allowed}", self._time.column)
        self._before = stamp
