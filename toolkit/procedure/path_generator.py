"""Asking a Python function for a path, and believing nothing it returns."""

import hashlib
from pathlib import Path
from types import ModuleType

import numpy as np

from ..arrays import FloatArray, finite_array
from ..errors import InvalidInput, SpecificationError
from .sampled_path import SampledPath, checked_path
from .servo_path import Generator, Placement
from .spelling import did_you_mean

BYTES_MAX = 1_000_000


def generate_path(path: str | Path, generator: Generator, scale: float, to_B: Placement) -> SampledPath:
    """Run f(t_s) of the file `path` once, t_s = 0, 1/rate, ..., duration, shape (k,), and check the (k, 3) positions it returns.

    The function runs with the rights of this process: only files you trust. Whatever it raises is reported, with the file's line.

    Raises:
        SpecificationError: the file or function is missing, it raises, or its result has another shape, is not finite, or is
            implausible after scaling; the sample and its time are named.
    """
    name = generator.function.rpartition(":")[2]
    source = _read(Path(path))
    function = getattr(_module(Path(path), source, name), name)
    t_s = np.arange(round(generator.duration_s * generator.rate_hz) + 1) / generator.rate_hz
    try:
        result = function(t_s.copy())
    except Exception as error:  # a user's function may raise anything; it becomes one error that names the place
        raise _refusal(path, name, error) from error
    raw = _positions(result, t_s.shape[0], path, name)

    def refuse(sample: int, problem: str) -> SpecificationError:
        return SpecificationError(f"{problem} (sample {sample}, t = {t_s[sample]:.6g} s)", file=str(path), field=name)

    return checked_path(raw, generator.unit, scale, to_B, generator.rate_hz, hashlib.sha256(source).hexdigest(), refuse)


def _positions(result: object, samples: int, path: str | Path, name: str) -> FloatArray:
    try:
        return finite_array(result, name, (samples, 3))  # type: ignore[arg-type]  # whatever it is, finite_array refuses what is not numbers
    except InvalidInput as error:
        problem = str(error)
        raise SpecificationError(problem if len(problem) < 300 else f"{problem[:300]} …", file=str(path)) from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            source = stream.read(BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        raise SpecificationError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=str(path)) from error
    if len(source) > BYTES_MAX:
        raise SpecificationError(f"larger than {BYTES_MAX} bytes", file=str(path))
    return source


def _module(path: Path, source: bytes, name: str) -> ModuleType:
    """Execute exactly the bytes that were hashed, as a module of its own that is not left in sys.modules."""
    module = ModuleType(f"procedure_generator_{path.stem}")
    module.__file__ = str(path)
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - running the user's function is the feature
    except SyntaxError as error:
        raise SpecificationError(f"not Python: {error.msg}", file=str(path), line=error.lineno) from error
    except Exception as error:  # as above
        raise _refusal(path, name, error) from error
    if not callable(getattr(module, name, None)):
        known = [word for word, value in vars(module).items() if callable(value) and not word.startswith("_")]
        problem = f"no such function: {did_you_mean(name, known)}the file has {', '.join(known) or 'none'}"
        raise SpecificationError(problem, file=str(path), field=name)
    return module


def _refusal(path: str | Path, name: str, error: Exception) -> SpecificationError:
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return SpecificationError(f"raised {type(error).__name__}: {error}", file=str(path), line=line, field=name)
