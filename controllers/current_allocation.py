"""Which currents make a wanted field: the cheapest ones, or a refusal that says what is in the way. Never a clipped current.

    min Σ R_k i_k²        s.t.  A i = y,   |i_k| ≤ I_k,   Σ R_k i_k² ≤ P

Clipping turns the field: what cannot be made exactly is not made. The least heat is the objective, so one QP answers both limits: where
its heat is above P, every allocation's is. With equal resistances it is the solution of least norm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cvxpy as cp
import daqp
import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, finite_array, finite_number

_SOLVED, _EQUALITY = 1, 5
_RELATIVE = 1e-9
"""Largest error of A i = y that is accepted, relative to what the currents in use make in each row; limits hold exactly."""
_HALVINGS = 40

Obstacle = Literal["", "range", "current", "heat"]


@dataclass(frozen=True)
class CoilLimits:
    """i_max_ampere: (n,). R_ohm: (n,). heat_max_watt: of all coils together."""

    i_max_ampere: FloatArray
    R_ohm: FloatArray
    heat_max_watt: float

    def __post_init__(self) -> None:
        for name in ("i_max_ampere", "R_ohm"):
            value = finite_array(getattr(self, name), name, (None,))
            if not (value.size and (value > 0.0).all()):
                raise InvalidInput(f"{name}: {value.tolist()}: each is positive")
            object.__setattr__(self, name, value)
        if self.i_max_ampere.size != self.R_ohm.size:
            raise InvalidInput(f"{self.i_max_ampere.size} current limits, {self.R_ohm.size} resistances")
        finite_number(self.heat_max_watt, "heat_max_watt", 1e-9, 1e9)

    @property
    def n(self) -> int:
        """How many coils."""
        return self.i_max_ampere.size

    def heat(self, i_ampere: FloatArray) -> float:
        """Σ R i² [W]."""
        return float(self.R_ohm @ i_ampere**2)


@dataclass(frozen=True)
class Allocation:
    """i_ampere: (n,), or None: refused. Then `obstacle` names the limit in the way, `scale` the largest share of y that can be made
    exactly, in [0, 1), and `detail` says it in a sentence.

    obstacle: "range": y is no combination of the columns of A; "current"; "heat"; "": not refused, and scale is 1.
    """

    i_ampere: FloatArray | None
    obstacle: Obstacle
    scale: float
    detail: str

    @property
    def is_feasible(self) -> bool:
        """There are currents."""
        return self.i_ampere is not None


def allocate_currents(A: ArrayLike, y: ArrayLike, limits: CoilLimits) -> Allocation:
    """The currents of least heat that make y = A i exactly, by DAQP; tens of microseconds where they exist.

    Args:
        A: (r, n), rows of an actuation matrix [T/A or T/(m A)]. y: (r,), wanted field and gradient, an offset already taken off.
    Raises:
        InvalidInput: another shape, or not finite.
    """
    A, y = _checked(A, y, limits)
    if not y.any():
        return Allocation(np.zeros(limits.n), "", 1.0, "")
    problem = _Qp(A, y, limits)
    if not problem.in_range:
        return Allocation(None, "range", 0.0, f"no combination of the {limits.n} coils makes it: {problem.missed:.1%} is left at best")
    i = problem.solve(1.0)
    if i is not None and limits.heat(i) <= limits.heat_max_watt:
        return Allocation(i, "", 1.0, "")
    scale = _largest(lambda share: problem.heat(share) <= limits.heat_max_watt)
    left = f"{scale:.1%} of it can be made"
    if i is not None:
        return Allocation(None, "heat", scale, f"needs {limits.heat(i):.4g} W at least, {limits.heat_max_watt:.4g} W allowed; {left}")
    by_current = _largest(lambda share: problem.solve(share) is not None)
    edge = problem.solve(by_current)
    full = np.flatnonzero(np.abs(edge) >= limits.i_max_ampere * (1.0 - 1e-6)).tolist() if edge is not None else []
    hotter = f", and the heat of {limits.heat_max_watt:.4g} W is used up before" if scale < by_current else ""
    return Allocation(None, "current", scale, f"coils at their limit: {full}{hotter}; {left}")


def allocate_exactly(A: ArrayLike, y: ArrayLike, limits: CoilLimits) -> Allocation:
    """The same problem by cvxpy with a cone solver: milliseconds, for checks and for planning; it shares no solver with the other.

    Raises:
        InvalidInput: as allocate_currents. cvxpy.SolverError: the solver itself failed.
    """
    A, y = _checked(A, y, limits)
    i, s = cp.Variable(limits.n), cp.Variable()
    unit = _unit(A)
    rows, wanted = A / unit[:, None], y / unit
    heat = cp.sum_squares(cp.multiply(np.sqrt(limits.R_ohm), i))
    boxed = [cp.abs(i) <= limits.i_max_ampere, heat <= limits.heat_max_watt]
    cp.Problem(cp.Minimize(heat), [rows @ i == wanted, *boxed]).solve(solver=cp.CLARABEL)
    if i.value is not None:
        return Allocation(np.array(i.value), "", 1.0, "")
    cp.Problem(cp.Minimize(heat), [rows @ i == wanted]).solve(solver=cp.CLARABEL)
    if i.value is None:
        return Allocation(None, "range", 0.0, "no combination of the coils makes it")
    cp.Problem(cp.Minimize(heat), [rows @ i == wanted, boxed[0]]).solve(solver=cp.CLARABEL)
    obstacle: Obstacle = "current" if i.value is None else "heat"
    cp.Problem(cp.Maximize(s), [rows @ i == s * wanted, s <= 1, *boxed]).solve(solver=cp.CLARABEL)
    return Allocation(None, obstacle, float(s.value), f"{obstacle} is in the way")


class _Qp:
    """min |x|² with x = sqrt(R) i, s.t. rows x = s y, |x_k| ≤ sqrt(R_k) I_k; rows orthonormal, so that DAQP sees numbers of order one."""

    def __init__(self, A: FloatArray, y: FloatArray, limits: CoilLimits) -> None:
        self._root = np.sqrt(limits.R_ohm)
        self._limits = limits
        unit = _unit(A)
        U, singular, Vt = np.linalg.svd(A / unit[:, None] / self._root, full_matrices=False)
        rank = int((singular > 1e-12 * singular[0]).sum()) if singular[0] > 0.0 else 0
        wanted = y / unit
        along = U[:, :rank].T @ wanted
        self.missed = float(np.linalg.norm(wanted - U[:, :rank] @ along) / np.linalg.norm(wanted))
        self.in_range = rank > 0 and self.missed <= _RELATIVE
        self._rows, self._wanted = np.ascontiguousarray(Vt[:rank]), along / singular[:rank]
        # DAQP holds bounds within its tolerance: a hair inside, they hold exactly.
        self._bound = self._root * limits.i_max_ampere
        self._scale = max(float(np.abs(self._wanted).max()) if rank else 1.0, 1e-300)

    def solve(self, share: float) -> FloatArray | None:
        """i for share * y, or None where there is none within the current limits."""
        if share == 0.0:
            return np.zeros(self._bound.size)
        # In units of what is wanted, so that the solver's tolerances are small beside target and bounds alike.
        n, r, unit = self._bound.size, len(self._rows), share * self._scale
        target, bound = share * self._wanted / unit, self._bound / unit
        shortest = self._rows.T @ target
        if (np.abs(shortest) <= bound).all():
            return np.asarray(shortest * unit / self._root)
        upper, lower = np.concatenate([bound * (1.0 - 1e-9), target]), np.concatenate([-bound * (1.0 - 1e-9), target])
        sense = np.concatenate([np.zeros(n), np.full(r, _EQUALITY)]).astype(np.int32)
        x, _, flag, _ = daqp.solve(np.eye(n), np.zeros(n), self._rows, upper, lower, sense, primal_tol=1e-10)
        if flag != _SOLVED:
            return None
        x = np.asarray(x, dtype=np.float64)
        x = x - self._rows.T @ (self._rows @ x - target)  # the rows are orthonormal: this meets them to the last digits
        made = self._rows @ x
        size = max(float(np.abs(target).max()), 1e-300)
        if not ((np.abs(x) <= bound).all() and (np.abs(made - target) <= _RELATIVE * size).all()):
            return None
        return np.asarray(x * unit / self._root)

    def heat(self, share: float) -> float:
        """The least heat of share * y within the current limits [W]; infinite where there is none."""
        i = self.solve(share)
        return float("inf") if i is None else self._limits.heat(i)


def _largest(holds: Callable[[float], bool]) -> float:
    """The largest share in [0, 1] for which it holds, from below: what can be made at a share can be made at every smaller one."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _unit(A: FloatArray) -> FloatArray:
    """The length of each row, 1 for a row of zeros."""
    length = np.linalg.norm(A, axis=1)
    return np.where(length > 0.0, length, 1.0)


def _checked(A: ArrayLike, y: ArrayLike, limits: CoilLimits) -> tuple[FloatArray, FloatArray]:
    matrix = finite_array(A, "actuation matrix", (None, limits.n))
    return matrix, finite_array(y, "wanted field and gradient", (len(matrix),))
