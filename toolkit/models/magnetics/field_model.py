"""What every model of a coil system gives: field and gradient from position and currents, as numbers and as graphs, and refusals."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import casadi as ca
import numpy as np
from numpy.typing import ArrayLike

from ...arrays import FloatArray, finite_array
from ...errors import InvalidInput
from ...graph import MachineCode
from .saturation import Saturation, Symbol

ROWS = 8
_CHUNK = 256


@dataclass(frozen=True)
class FieldSample:
    """B_tesla: (3,) or (k, 3). g5_tesla_per_m: dBx/dx, dBx/dy, dBx/dz, dBy/dy, dBy/dz, (5,) or (k, 5).

    The other four components follow where no current flows: dBy/dx = dBx/dy, …, dBz/dz = -(dBx/dx + dBy/dy).
    """

    B_tesla: FloatArray
    g5_tesla_per_m: FloatArray


class FieldModel:
    """[B; g5](p, i) = A(p) s(i) + offset(p), A: (8, n) per ampere, s: saturation of each coil, the identity where none is stated.

    column_graph: CasADi function p (3,) -> A (8, n), offset (8,). An SX function is compiled to machine code; one of MX is called.
    lower_m, upper_m: the box in which the model is valid. coil_names: one for each current, in the order of the currents.

    Not safe to call from two threads: the buffers are the model's own.
    """

    def __init__(
        self,
        name: str,
        coil_names: tuple[str, ...],
        column_graph: ca.Function,
        lower_m: ArrayLike,
        upper_m: ArrayLike,
        saturation: Saturation | None = None,
    ) -> None:
        self.name, self.coil_names, self.column_graph, self.saturation = name, coil_names, column_graph, saturation
        self.lower_m, self.upper_m = finite_array(lower_m, "lower_m", (3,)), finite_array(upper_m, "upper_m", (3,))
        if not (self.lower_m < self.upper_m).all():
            raise InvalidInput(f"{name}: workspace {self.lower_m.tolist()} is not below {self.upper_m.tolist()}")
        if not (column_graph.size_in(0) == (3, 1) and column_graph.size_out(0) == (ROWS, self.n) and column_graph.size_out(1) == (ROWS, 1)):
            raise InvalidInput(f"{name}: the graph is p (3,) -> A (8, {self.n}), offset (8,), not {column_graph}")
        if saturation is not None and saturation.n != self.n:
            raise InvalidInput(f"{name}: saturation of {saturation.n} coils for {self.n} coils")

    @property
    def n(self) -> int:
        """How many currents."""
        return len(self.coil_names)

    def with_saturation(self, saturation: Saturation | None) -> "FieldModel":
        """The same coils with another saturation."""
        return FieldModel(self.name, self.coil_names, self.column_graph, self.lower_m, self.upper_m, saturation)

    def with_workspace(self, lower_m: ArrayLike, upper_m: ArrayLike) -> "FieldModel":
        """The same coils, used in another box: who calls this vouches for the model where nobody calibrated it."""
        return FieldModel(self.name, self.coil_names, self.column_graph, lower_m, upper_m, self.saturation)

    @cached_property
    def graph(self) -> ca.Function:
        """(p_m (3,), i_ampere (n,)) -> B (3,), g5 (5,), saturation included: for a controller to differentiate. It checks nothing."""
        p, i = self._symbols()
        y = self._value(p, i)
        return ca.Function("field", [p, i], [y[:3], y[3:]], ["p_m", "i_ampere"], ["B", "g5"])

    @cached_property
    def derivative_graph(self) -> ca.Function:
        """(p_m, i_ampere) -> d[B; g5]/dp (8, 3), d[B; g5]/di (8, n). It checks nothing."""
        p, i = self._symbols()
        y = self._value(p, i)
        outputs = [ca.densify(ca.jacobian(y, p)), ca.densify(ca.jacobian(y, i))]
        return ca.Function("field_derivatives", [p, i], outputs, ["p_m", "i_ampere"], ["d_dp", "d_di"])

    def actuation(self, p_m: ArrayLike) -> FloatArray:
        """A(p), (8, n) [T/A; T/(m A)], per ampere of s(i); for positions (k, 3) it is (k, 8, n).

        Raises:
            InvalidInput: a position outside the workspace, not finite, of another shape, or at a source.
        """
        A, _ = self._columns(p_m)
        return A

    def field(self, p_m: ArrayLike, i_ampere: ArrayLike) -> FieldSample:
        """Field and gradient at one position (3,) with currents (n,), or row by row: (k, 3) and (k, n).

        Raises:
            InvalidInput: a position outside the workspace, anything not finite, another number of currents, positions and currents of
                different number, or a position at a source.
        """
        A, offset = self._columns(p_m)
        i = finite_array(i_ampere, f"{self.name}: currents, A", (*A.shape[:-2], self.n))
        s = i if self.saturation is None else self.saturation.effective(i)
        y = np.einsum("...rn,...n->...r", A, s) + offset
        return FieldSample(y[..., :3], y[..., 3:])

    def _columns(self, p_m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        p = self._inside(p_m)
        rows = p.reshape(-1, 3)
        A, offset = np.empty((len(rows), self.n, ROWS)), np.empty((len(rows), ROWS))
        for begin in range(0, len(rows), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            self._evaluate(rows[part], A[part], offset[part])
        if not (np.isfinite(A).all() and np.isfinite(offset).all()):
            raise InvalidInput(f"{self.name}: the field has no bound at one of the positions: a source of the model lies there")
        return A.swapaxes(1, 2).reshape(*p.shape[:-1], ROWS, self.n), offset.reshape(*p.shape[:-1], ROWS)

    def _inside(self, p_m: ArrayLike) -> FloatArray:
        name = f"{self.name}: position, m"
        p = finite_array(p_m, name, (3,) if np.ndim(p_m) == 1 else (None, 3))
        inside = ((self.lower_m <= p) & (p <= self.upper_m)).all(axis=-1)
        if not inside.all():
            where = p.reshape(-1, 3)[~np.atleast_1d(inside)][0]
            raise InvalidInput(f"{name}: {where.tolist()} is outside the workspace {self.lower_m.tolist()} to {self.upper_m.tolist()}")
        return p

    @cached_property
    def _evaluate(self) -> Callable[[FloatArray, FloatArray, FloatArray], None]:
        """Writes A, one coil after the other, (k, n, 8), and offset, (k, 8), for at most _CHUNK positions."""
        if not self.column_graph.is_a("SXFunction"):
            return self._call_graph
        p, A, offset = np.zeros((_CHUNK, 3)), np.zeros((_CHUNK, self.n, ROWS)), np.zeros((_CHUNK, ROWS))
        x = ca.SX.sym("p", 3)
        columns, constant = self.column_graph(x)
        code = MachineCode(ca.Function("columns", [x], [ca.vec(columns), constant]), [p], [A, offset])

        def evaluate(rows: FloatArray, A_out: FloatArray, offset_out: FloatArray) -> None:
            k = len(rows)
            p[:k] = rows
            code(k)
            A_out[:], offset_out[:] = A[:k], offset[:k]

        return evaluate

    def _call_graph(self, rows: FloatArray, A_out: FloatArray, offset_out: FloatArray) -> None:
        A, offset = self.column_graph(rows.T)  # CasADi maps over the columns
        A_out[:] = np.array(A).T.reshape(A_out.shape)
        offset_out[:] = np.array(offset).T

    def _symbols(self) -> tuple[Symbol, Symbol]:
        kind = ca.SX if self.column_graph.is_a("SXFunction") else ca.MX
        return kind.sym("p", 3), kind.sym("i", self.n)

    def _value(self, p: Symbol, i: Symbol) -> Symbol:
        A, offset = self.column_graph(p)
        return A @ (i if self.saturation is None else self.saturation.graph(i)) + offset
