"""Measured fields: where, with which currents, which field. Read from CSV files whose header names columns and units."""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...arrays import FloatArray, finite_array
from ...errors import InvalidInput, SpecificationError

_UNITS = {"p": "m", "i": "A", "b": "T"}
_QUANTITY = re.compile(r"(p[xyz]|i[0-9]{1,3}|b[xyz])(_.*)?", re.IGNORECASE)
BYTES_MAX = 200_000_000


@dataclass(frozen=True)
class FieldData:
    """p_m: (k, 3). i_ampere: (k, n). B_tesla: (k, 3). labels: what else the file says, a text for each row, by column."""

    p_m: FloatArray
    i_ampere: FloatArray
    B_tesla: FloatArray
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        k = len(np.atleast_1d(self.p_m))
        for name, shape in (("p_m", (k, 3)), ("i_ampere", (k, None)), ("B_tesla", (k, 3))):
            object.__setattr__(self, name, finite_array(getattr(self, name), name, shape))
        if not (k and self.i_ampere.shape[1] and all(len(texts) == k for texts in self.labels.values())):
            raise InvalidInput(
                f"measured fields: {k} rows, {self.i_ampere.shape[1]} currents: at least one of each, and a label for each row"
            )

    def only(self, rows: Any) -> "FieldData":
        """The rows that a mask or an array of indices names."""
        labels = {name: tuple(np.array(texts)[rows].tolist()) for name, texts in self.labels.items()}
        return FieldData(self.p_m[rows], self.i_ampere[rows], self.B_tesla[rows], labels)


def load_field_data(path: str | Path) -> FieldData:
    """Read a CSV file with a header: px, py, pz, i0, i1, …, bx, by, bz, in any order; a column of another name is a label.

    A name may go on after an underscore (`Bx_meas_T`); it then ends with the unit, which is m, A or T. Without one it is SI as well.

    Raises:
        SpecificationError: with file, line and column: a column missing or twice, another unit, a row of another length, a value that
            is no finite number, no rows.
    """
    file = str(path)
    try:
        if Path(path).stat().st_size > BYTES_MAX:
            raise SpecificationError(f"larger than {BYTES_MAX} bytes", file=file)
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=file) from error
    try:
        rows = list(csv.reader(text.splitlines()))
    except csv.Error as error:
        raise SpecificationError(f"not CSV: {error}", file=file) from error
    header = [name.strip() for name in rows[0]] if rows else []
    columns = _columns(header, file)
    values = {name: np.empty(len(rows) - 1) for name in columns}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise SpecificationError(f"{len(row)} values for {len(header)} columns", file=file, line=line)
        for name, at in columns.items():
            values[name][line - 2] = _number(row[at], file, line, header[at])
    if len(rows) < 2:
        raise SpecificationError("no rows below the header", file=file)
    n = len(columns) - 6
    labels = {name: tuple(row[at] for row in rows[1:]) for at, name in enumerate(header) if at not in columns.values()}
    groups = (("px", "py", "pz"), tuple(f"i{k}" for k in range(n)), ("bx", "by", "bz"))
    p, i, B = (np.stack([values[name] for name in names], axis=1) for names in groups)
    return FieldData(p, i, B, labels)


def _columns(header: list[str], file: str) -> dict[str, int]:
    """Where each quantity is, by its short name."""
    found: dict[str, int] = {}
    for at, name in enumerate(header):
        match = _QUANTITY.fullmatch(name)
        if match is None:
            continue
        short, rest = match[1].lower(), match[2] or ""
        unit = rest.rpartition("_")[2]
        if rest and unit != _UNITS[short[0]]:
            raise SpecificationError(f"unit {unit!r}: allowed is {_UNITS[short[0]]}", file=file, line=1, field=name)
        if short in found:
            raise SpecificationError(f"stated twice, also as {header[found[short]]!r}", file=file, line=1, field=name)
        found[short] = at
    currents = sum(name.startswith("i") for name in found)
    wanted = ["px", "py", "pz", *(f"i{k}" for k in range(max(currents, 1))), "bx", "by", "bz"]
    missing = [name for name in wanted if name not in found]
    if missing:
        raise SpecificationError(f"no column {', '.join(missing)}: the header names {', '.join(wanted)}", file=file, line=1)
    return found


def _number(text: str, file: str, line: int, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise SpecificationError(f"{text[:40]!r}: not a finite number", file=file, line=line, field=name)
    return value
