"""Which kernel encloses a tape: C where it can be had, numpy otherwise, and a word about why."""

from pathlib import Path
from typing import Literal, Protocol

from toolkit import FloatArray, SolverFailure
from toolkit.graph import Tape

from .c_kernel import CompiledKernel
from .numpy_kernel import NumpyKernel

Engine = Literal["auto", "numpy", "C"]


class Kernel(Protocol):
    """Bounds of a tape's outputs over batches of boxes."""

    @property
    def name(self) -> str: ...
    @property
    def n_inputs(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    def __call__(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]: ...


def make_kernel(tape: Tape, engine: Engine = "auto", cache_directory: Path | None = None) -> tuple[Kernel, str]:
    """The kernel, and why it is not the compiled one (empty where it is, or where numpy was asked for).

    Raises:
        InvalidInput: the tape cannot be enclosed. SolverFailure: engine "C" was asked for and cannot be had.
    """
    if engine == "numpy":
        return NumpyKernel(tape), ""
    try:
        return CompiledKernel(tape, cache_directory), ""
    except SolverFailure as error:
        if engine == "C":
            raise
        return NumpyKernel(tape), str(error)
