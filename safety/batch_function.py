"""Evaluating CasADi graphs over a batch of configurations without any Python-side conversion."""

from typing import Protocol

import casadi as ca
import numpy as np

from toolkit import FloatArray, InvalidInput, TickArray
from toolkit.graph import MachineCode
from toolkit.models import Body, ShaftLine

ROWS_MAX = 96
"""The longest plan has 80 windows."""


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

    Outputs are views, valid until the next call.
    Raises:
        InvalidInput: a graph that is not dense column vectors: sparse outputs index nonzeros, not rows.
    """

    def __init__(self, name: str, inputs: list[ca.SX], outputs: list[ca.SX]) -> None:
        outputs = ca.cse([ca.densify(y) for y in outputs])
        if not all(y.is_dense() and y.shape[1] == 1 for y in (*inputs, *outputs)):
            raise InvalidInput(f"{name}: inputs and outputs must be dense columns")
        self._in = [np.zeros((ROWS_MAX, x.shape[0])) for x in inputs]
        self._out = [np.zeros((ROWS_MAX, y.shape[0])) for y in outputs]
        self._evaluate = MachineCode(ca.Function(name, inputs, outputs), self._in, self._out)

    def __call__(self, *inputs: FloatArray | TickArray) -> tuple[FloatArray, ...]:
        rows = inputs[0].shape[0]
        if not 1 <= rows <= ROWS_MAX or len(inputs) != len(self._in):
            raise InvalidInput(f"batch evaluation: {len(inputs)} inputs of {rows} rows, expected {len(self._in)} of 1..{ROWS_MAX}")
        for array, values in zip(self._in, inputs, strict=True):
            if values.shape != (rows, array.shape[1]):
                raise InvalidInput(f"batch evaluation: an input of shape {values.shape}, expected ({rows}, {array.shape[1]})")
            array[:rows] = values
        self._evaluate(rows)
        return tuple(output[:rows] for output in self._out)


def points_function(arm: ArmGraph) -> BatchFunction:
    """q (k, n) -> P (k, 3 m), the body points one after the other, [m], frame B."""
    q = ca.SX.sym("q", arm.n)
    return BatchFunction("points", [q], [ca.vec(arm.points_sx(q))])
