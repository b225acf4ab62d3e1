"""Enclosures of a tape by compiled C: the same bounds as the numpy kernel, some ten times faster.

A library is cached under the hash of its source, compiler, flags and processor. It is used only after it reproduced the numpy kernel's
bounds bit for bit on boxes of every kind; so a broken compiler, a stale or foreign library costs speed and nothing else.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from toolkit import FloatArray, InvalidInput, SolverFailure
from toolkit.graph import Tape

from .c_source import LANES, c_source
from .numpy_kernel import NumpyKernel
from .rounding import check_arithmetic

FLAGS = (
    "-std=gnu11", "-O3", "-march=native", "-ffp-contract=off", "-fno-fast-math", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC"
)  # fmt: skip
COMPILE_S_MAX = 120.0
_SELF_CHECK_BOXES = 12 * LANES


class CompiledKernel:
    """As `NumpyKernel`, compiled.

    Raises:
        SolverFailure: no compiler, it failed, or its output differs from the numpy kernel's; the message says which.
    """

    name = "C"

    def __init__(self, tape: Tape, cache_directory: Path | None = None) -> None:
        reference = NumpyKernel(tape)
        self.tape, self.n_inputs, self.n_outputs = tape, reference.n_inputs, reference.n_outputs
        path = _compiled(c_source(tape), cache_directory or default_cache())
        try:
            self._enclose = ctypes.CDLL(str(path)).enclose
        except (OSError, AttributeError) as error:
            raise SolverFailure(f"the compiled kernel could not be loaded: {error}") from error
        self._enclose.argtypes = [ctypes.c_ssize_t] + [ctypes.c_void_p] * 4
        self._enclose.restype = None
        self._compare(reference)

    def __call__(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As `NumpyKernel.__call__`."""
        check_arithmetic()
        if not (lower.shape == upper.shape and lower.ndim == 2 and lower.shape[1] == self.n_inputs):
            raise InvalidInput(f"boxes: expected (N, {self.n_inputs}) twice, got {lower.shape} and {upper.shape}")
        blocks = -(-lower.shape[0] // LANES)
        ends = [np.zeros((blocks * LANES, self.n_inputs)) for _ in range(2)]
        ends[0][: len(lower)], ends[1][: len(lower)] = lower, upper
        low, high = np.empty((blocks * LANES, self.n_outputs)), np.empty((blocks * LANES, self.n_outputs))
        self._enclose(blocks, *(array.ctypes.data for array in (*ends, low, high)))
        return low[: len(lower)], high[: len(lower)]

    def _compare(self, reference: NumpyKernel) -> None:
        lower, upper = trial_boxes(self.n_inputs, _SELF_CHECK_BOXES)
        for mine, theirs in zip(self(lower, upper), reference(lower, upper), strict=True):
            if not np.array_equal(mine, theirs, equal_nan=True):
                raise SolverFailure("the compiled kernel's bounds differ from the numpy kernel's: it is not used")


def trial_boxes(n: int, count: int) -> tuple[FloatArray, FloatArray]:
    """Boxes of every kind, the same each time: degenerate, narrow, wide, huge, tiny, around zero, infinite, NaN, upside down."""
    rng = np.random.default_rng(0)
    centre = rng.uniform(-3.0, 3.0, (count, n)) * 10.0 ** rng.choice([0, 0, 0, -3, 3, -310, 300], (count, 1))
    width = np.abs(centre) * rng.choice([0.0, 1e-12, 1e-3, 0.3, 2.0], (count, 1))
    lower, upper = centre - width, centre + width
    for k, value in enumerate((np.inf, -np.inf, np.nan)):
        lower[k, 0], upper[k + 3, n - 1] = value, value
    lower[6], upper[6] = upper[6] + 1.0, lower[6]
    lower[7], upper[7] = 0.0, 0.0
    return lower, upper


def default_cache() -> Path:
    """Where libraries are kept: $PRIMUM_CACHE, else $XDG_CACHE_HOME/primum, else ~/.cache/primum."""
    named = os.environ.get("PRIMUM_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "primum"


def compiler() -> str | None:
    """The C compiler: $CC, cc, gcc or clang, the first that is there."""
    return next((path for name in (os.environ.get("CC"), "cc", "gcc", "clang") if name and (path := shutil.which(name))), None)


@cache
def _fingerprint(path: str) -> str:
    """Compiler and processor: -march=native makes a library that another machine must not load."""
    try:
        version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=20.0).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise SolverFailure(f"C compiler {path}: {error}") from error
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines() if cpuinfo.is_file() else []
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return "\n".join([version, platform.machine(), platform.processor(), flags])


def _compiled(source: str, folder: Path) -> Path:
    """The library of a source, from the cache or built now. Built under another name and moved: a reader never sees half of one."""
    path = compiler()
    if path is None:
        raise SolverFailure("no C compiler was found")
    key = hashlib.sha256("\n".join([source, " ".join(FLAGS), _fingerprint(path)]).encode()).hexdigest()
    library = folder / f"{key}.so"
    try:
        if library.is_file() and _is_whole(library.read_bytes()):
            return library
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            text, built = Path(scratch) / "tape.c", Path(scratch) / "tape.so"
            text.write_text(source, encoding="ascii")
            command = [path, *FLAGS, str(text), "-o", str(built)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=COMPILE_S_MAX)
            if done.returncode != 0:
                raise SolverFailure(f"{Path(path).name} failed: {done.stderr.strip()[:400]}")
            code = built.read_bytes()
            built.write_bytes(code + hashlib.sha256(code).digest())  # a loader ignores what follows the last section
            os.replace(built, library)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SolverFailure(f"the compiled kernel could not be built: {error}") from error
    return library


def _is_whole(library: bytes) -> bool:
    """A library ends in its own SHA-256: loading a damaged one could end the process."""
    return hashlib.sha256(library[:-32]).digest() == library[-32:]
