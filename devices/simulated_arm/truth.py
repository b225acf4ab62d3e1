"""The truth file: what the plant really did, 1000 times a second, for the report and never for the controller."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from toolkit import FloatArray, SpecificationError

_ROWS_A_BLOCK = 50


class TruthWriter:
    """One JSON header line, then rows of little-endian float64: [t_s (monotonic), q_1..q_n, x, y, z of each body point].

    Rows are written in blocks with one `write` each, so that a killed process loses at most the last block.
    """

    def __init__(self, path: Path, joint_names: Sequence[str], point_names: Sequence[str], rate_hz: int) -> None:
        columns = ["t_s", *(f"q_{name}" for name in joint_names), *(f"{p}_{axis}_m" for p in point_names for axis in "xyz")]
        header = {"primum_truth": 1, "columns": columns, "rate_hz": rate_hz}
        self._width = len(columns)
        self._block = np.empty((_ROWS_A_BLOCK, self._width), dtype="<f8")
        self._count = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._write_all(json.dumps(header).encode() + b"\n")

    def append(self, t_s: float, row: FloatArray) -> None:
        """Add one instant; row has the columns after t_s."""
        self._block[self._count, 0] = t_s
        self._block[self._count, 1:] = row
        self._count += 1
        if self._count == _ROWS_A_BLOCK:
            self.flush()

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._write_all(self._block[: self._count].tobytes())
        self._count = 0

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


def read_truth(path: Path) -> tuple[tuple[str, ...], FloatArray]:
    """Column names and rows, shape (k, columns), of a truth file; a row cut short by a kill is left out.

    Raises:
        SpecificationError: not a truth file of version 1.
    """
    data = path.read_bytes()
    head, separator, body = data.partition(b"\n")
    try:
        header = json.loads(head) if separator else {}
        columns = tuple(header["columns"])
    except (ValueError, KeyError, TypeError) as error:
        raise SpecificationError("not a truth file: no header line", file=str(path), line=1) from error
    if header.get("primum_truth") != 1:
        raise SpecificationError(f"truth version {header.get('primum_truth')!r}: only 1 is known", file=str(path), line=1)
    width = len(columns) * 8
    rows = np.frombuffer(body[: len(body) // width * width], dtype="<f8").reshape(-1, len(columns))
    return columns, rows.astype(np.float64)
