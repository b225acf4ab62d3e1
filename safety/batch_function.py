"""Evaluating CasADi graphs over a batch of configurations without any Python-side conversion."""

from typing import Any, Protocol

import casadi as ca
import numpy as np

from toolkit import FloatArray, InvalidInput
from toolkit.models import Body, ShaftLine

_SIZES = (1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 96)
_SIZE_FOR = tuple(next(size for size in _SIZES if size >= rows) for rows in range(_SIZES[-1] + 1))


class ArmGraph(Protocol):
    """What the safety layer needs of an arm model (toolkit.models.SerialArm has it)."""

    @property
    def n(self) -> int: ...
    @property
    def point_names(self) -> tuple[str, ...]: ...
    @property
    def bodies(self) -> tuple[Body, ...]: ...
    @property
    def shaft(self) -> ShaftLine | None: ...
    @property
    def prismatic(self) -> tuple[bool, ...]: ...
    def points_sx(self, q: ca.SX) -> ca.SX: ...
    def rcm_offset_sx(self, q: ca.SX) -> ca.SX: ...
    def second_derivative_bounds(self, lower: FloatArray, upper: FloatArray) -> FloatArray: ...
    def rcm_offset_bounds(self, lower: FloatArray, upper: FloatArray) -> FloatArray: ...


class BatchFunction:
    """f(x_1, .., x_i) -> (y_1, .., y_o) over k rows: inputs (k, n_i) arrays, outputs (k, m_o) arrays.

    Outputs are views, valid until the next call of this size. Rows beyond those given are never read back.
    Raises:
        InvalidInput: a graph that is not dense column vectors: sparse outputs index nonzeros, not rows.
    """

    def __init__(self, name: str, inputs: list[ca.SX], outputs: list[ca.SX]) -> None:
        outputs = ca.cse([ca.densify(y) for y in outputs])
        if not all(y.is_dense() and y.shape[1] == 1 for y in (*inputs, *outputs)):
            raise InvalidInput(f"{name}: inputs and outputs must be dense columns")
        self._function = ca.Function(name, inputs, outputs)
        self._in, self._out = [x.shape[0] for x in inputs], [y.shape[0] for y in outputs]
        self._batches: dict[int, _Batch] = {}

    def __call__(self, *inputs: FloatArray) -> tuple[FloatArray, ...]:
        rows = inputs[0].shape[0]
        if not 1 <= rows <= _SIZES[-1] or len(inputs) != len(self._in):
            raise InvalidInput(f"batch evaluation: {len(inputs)} inputs of {rows} rows, expected {len(self._in)} of 1..{_SIZES[-1]}")
        for x, n in zip(inputs, self._in, strict=True):
            if x.shape != (rows, n):
                raise InvalidInput(f"batch evaluation: an input of shape {x.shape}, expected ({rows}, {n})")
        size = _SIZE_FOR[rows]
        batch = self._batches.get(size)
        if batch is None:
            batch = self._batches[size] = _Batch(self._function, size, self._in, self._out)
        return batch(inputs)

    def warm_up(self) -> None:
        """Build every batch size once, so that no cycle pays for it."""
        for k in _SIZES:
            self(*(np.zeros((k, n)) for n in self._in))


class _Batch:
    """One mapped function of a fixed size with its buffers."""

    def __init__(self, function: ca.Function, k: int, sizes_in: list[int], sizes_out: list[int]) -> None:
        view: Any = memoryview  # numpy's stubs for Python 3.11 do not say that an array is a buffer
        self._mapped = function.map(k)
        buffer: Any
        buffer, self._evaluate = self._mapped.buffer()
        self._inputs = [np.zeros((k, n)) for n in sizes_in]
        self._outputs = [np.zeros((k, m)) for m in sizes_out]
        # The buffer object must outlive the call, or its memory views dangle.
        self._keep_alive = buffer
        for index, array in enumerate(self._inputs):
            buffer.set_arg(index, view(array))
        for index, array in enumerate(self._outputs):
            buffer.set_res(index, view(array))

    def __call__(self, inputs: tuple[FloatArray, ...]) -> tuple[FloatArray, ...]:
        rows = inputs[0].shape[0]
        # NaN first: an evaluation that silently did nothing must not leave the numbers of an earlier call behind.
        for output in self._outputs:
            output.fill(np.nan)
        for array, values in zip(self._inputs, inputs, strict=True):
            array[:rows] = values
        self._evaluate()
        return tuple(output[:rows] for output in self._outputs)


def points_function(arm: ArmGraph) -> BatchFunction:
    """q (k, n) -> P (k, 3 m), the body points one after the other, [m], frame B."""
    q = ca.SX.sym("q", arm.n)
    return BatchFunction("points", [q], [ca.vec(arm.points_sx(q))])
