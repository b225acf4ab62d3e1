"""Arrays that are checked once, where they enter, and cannot change afterwards."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InvalidInput

FloatArray = NDArray[np.float64]
TickArray = NDArray[np.int64]


def finite_array(value: ArrayLike, name: str, shape: Sequence[int | None]) -> FloatArray:
    """Return a read-only float64 copy of `value`.

    Args:
        shape: the required shape; None leaves an axis free.
    Raises:
        InvalidInput: not numeric, another shape, or any entry NaN or infinite.
    """
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name}: not an array of numbers: {value!r}") from error
    if not _shape_fits(array.shape, shape):
        raise InvalidInput(f"{name}: expected shape {_shape_text(shape)}, got {array.shape}")
    if not np.isfinite(array).all():
        raise InvalidInput(f"{name}: not finite: {array.tolist()}")
    array.setflags(write=False)
    return array


def tick_array(value: ArrayLike, name: str, shape: Sequence[int | None]) -> TickArray:
    """Return a read-only int64 copy of `value`; a value that is not a whole number is refused, never rounded.

    Raises:
        InvalidInput: another shape, not integers, or outside the 32 bits of a servo register.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise InvalidInput(f"{name}: ticks are integers, got {array.dtype} {array.tolist()}")
    if not _shape_fits(array.shape, shape):
        raise InvalidInput(f"{name}: expected shape {_shape_text(shape)}, got {array.shape}")
    if array.size and not (int(array.min()) >= -(2**31) and int(array.max()) < 2**31):
        raise InvalidInput(f"{name}: outside a signed 32-bit register: {array.tolist()}")
    copy = np.array(array, dtype=np.int64)
    copy.setflags(write=False)
    return copy


def finite_number(value: float, name: str, low: float, high: float) -> float:
    """Return `value` if it is finite and low <= value <= high; raise InvalidInput otherwise (NaN included)."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise InvalidInput(f"{name}: not a number: {value!r}")
    if not low <= float(value) <= high:
        raise InvalidInput(f"{name}: {value!r} is outside [{low}, {high}]")
    return float(value)


def _shape_fits(actual: tuple[int, ...], wanted: Sequence[int | None]) -> bool:
    return len(actual) == len(wanted) and all(w in (None, a) for a, w in zip(actual, wanted, strict=True))


def _shape_text(shape: Sequence[int | None]) -> str:
    return "(" + ", ".join("n" if s is None else str(s) for s in shape) + ")"
