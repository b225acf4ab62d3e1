"""A CasADi function bound to its memory once."""

from collections.abc import Callable
from typing import Any

import casadi as ca
import numpy as np

from toolkit import FloatArray, InvalidInput


class BufferedFunction:
    """A CasADi function with one argument and result memory for ever: no allocation and no conversion in the cycle."""

    def __init__(self, function: ca.Function, arguments: list[FloatArray], results: list[FloatArray]) -> None:
        # CasADi's stub asks for a size that its wrapper takes from the memoryview: hence the two `type: ignore` below.
        buffer: Any
        evaluate: Callable[[], None]
        buffer, evaluate = function.buffer()
        self._keep = (function, arguments, results, buffer)
        self.evaluate = evaluate
        for i, array in enumerate(arguments):
            self._check(array, function.nnz_in(i), function.name_in(i))
            if array.size:
                buffer.set_arg(i, memoryview(array))  # type: ignore[arg-type]
        for i, array in enumerate(results):
            self._check(array, function.nnz_out(i), function.name_out(i))
            if array.size:
                buffer.set_res(i, memoryview(array))  # type: ignore[arg-type]

    @staticmethod
    def _check(array: FloatArray, size: int, name: str) -> None:
        if not (array.size == size and array.flags.c_contiguous and array.dtype == np.float64):
            raise InvalidInput(f"{name}: a buffer of {size} contiguous float64 is needed, got {array.dtype} {array.shape}")
