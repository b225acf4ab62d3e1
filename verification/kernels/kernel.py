"""Which kernel encloses a tape: numpy at once, C where it pays and can be had, and a word about why not."""

from pathlib import Path
from typing import Literal, Protocol

from toolkit import FloatArray, SolverFailure
from toolkit.graph import Tape

from .c_kernel import CompiledKernel
from .numpy_kernel import NumpyKernel

Engine = Literal["auto", "numpy", "C"]
WORK_WORTH_COMPILING = 20_000_000
"""Operations times boxes: what numpy does in about half a second, the time a compiler takes."""


class Kernel(Protocol):
    """Bounds of a tape's outputs over batches of boxes."""

    @property
    def name(self) -> str: ...
    @property
    def n_inputs(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    def __call__(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]: ...


class AutomaticKernel:
    """Begins with numpy and changes to C once it has been asked for enough. Both give the same bits, so it does not matter when.

    note: why numpy is used although C would pay; empty otherwise.
    """

    def __init__(self, tape: Tape, cache_directory: Path | None = None) -> None:
        self._kernel: Kernel = NumpyKernel(tape)
        self._tape, self._cache, self._work, self._tried = tape, cache_directory, 0, False
        self.note = ""

    @property
    def name(self) -> str:
        return self._kernel.name

    @property
    def n_inputs(self) -> int:
        return self._kernel.n_inputs

    @property
    def n_outputs(self) -> int:
        return self._kernel.n_outputs

    def __call__(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As `NumpyKernel.__call__`."""
        self._work += len(lower) * len(self._tape.operations)
        if self._work > WORK_WORTH_COMPILING and not self._tried:
            self._tried = True
            try:
                self._kernel = CompiledKernel(self._tape, self._cache)
            except SolverFailure as error:
                self.note = str(error)
        return self._kernel(lower, upper)


def make_kernel(tape: Tape, engine: Engine = "auto", cache_directory: Path | None = None) -> Kernel:
    """A kernel for a tape.

    Raises:
        InvalidInput: the tape cannot be enclosed. SolverFailure: engine "C" was asked for and cannot be had.
    """
    if engine == "numpy":
        return NumpyKernel(tape)
    return CompiledKernel(tape, cache_directory) if engine == "C" else AutomaticKernel(tape, cache_directory)
