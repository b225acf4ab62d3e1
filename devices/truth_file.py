"""The truth file: what a simulated plant really did, row by row, for the report and never for the controller."""

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from toolkit import FloatArray, SpecificationError

_ROWS_A_BLOCK = 50


class TruthWriter:
    """One JSON header line, then rows of little-endian float64: t_s (monotonic), then `columns`, each with its unit in its name.

    Rows are written in blocks, each with one `write` from a thread of its own: a disk that makes its writer wait (another process's
    fsync is enough) must not stop the device. A killed process loses at most the blocks not yet handed to the operating system.
    """

    def __init__(self, path: Path, columns: Sequence[str], rate_hz: int) -> None:
        header = {"primum_truth": 1, "columns": ["t_s", *columns], "rate_hz": rate_hz}
        self._width = 1 + len(columns)
        self._block = np.empty((_ROWS_A_BLOCK, self._width), dtype="<f8")
        self._count = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._problem: OSError | None = None
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._queue.put(json.dumps(header).encode() + b"\n")
        self._thread = threading.Thread(target=self._write_blocks, name="truth", daemon=True)
        self._thread.start()

    def append(self, t_s: float, row: FloatArray) -> None:
        """Add one instant; row has the columns after t_s. Raises OSError when an earlier block could not be written."""
        self._block[self._count, 0] = t_s
        self._block[self._count, 1:] = row
        self._count += 1
        if self._count == _ROWS_A_BLOCK:
            self._hand_over()

    def close(self) -> None:
        """Write what there is and close. Raises OSError when a block could not be written."""
        self._hand_over()
        self._queue.put(None)
        self._thread.join()
        os.close(self._descriptor)
        if self._problem is not None:
            raise self._problem

    def _hand_over(self) -> None:
        if self._problem is not None:
            raise self._problem
        self._queue.put(self._block[: self._count].tobytes())
        self._count = 0

    def _write_blocks(self) -> None:
        while (data := self._queue.get()) is not None:
            view = memoryview(data)
            try:
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except OSError as error:
                self._problem = error
                return


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
