"""A setting given once for all axes, or once for each."""

import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, finite_array


def one_or_each(value: ArrayLike, name: str, n: int) -> FloatArray:
    """`value`, a number or shape (n,), as shape (n,); all finite and not negative.

    Raises:
        InvalidInput: another shape, not finite, or negative.
    """
    given = np.asarray(value, dtype=np.float64)
    array = finite_array(np.full(n, given) if given.ndim == 0 else given, name, (n,))
    if not np.all(array >= 0.0):
        raise InvalidInput(f"{name}: negative: {array.tolist()}")
    return array
