"""One optimal control problem: what every solver of this package is given, and nothing about how it is solved."""

from dataclasses import dataclass, field, replace

import casadi as ca
import numpy as np
from numpy.typing import ArrayLike

from toolkit import FloatArray, InvalidInput, SolveReport, finite_array, finite_number


def _empty() -> ca.SX:
    return ca.SX(0, 1)


@dataclass(frozen=True)
class SlackPenalty:
    """The price of leaving a soft row by s_k: linear * s_k + 1/2 quadratic * s_k^2, s_k >= 0.

    The penalty is exact (s_k = 0 whenever the hard problem has a solution) while `linear` exceeds the multipliers of the soft rows,
    weighted with their softness.
    """

    linear: float = 1e3
    quadratic: float = 1e3

    def __post_init__(self) -> None:
        finite_number(self.linear, "slack.linear", 0.0, 1e9)
        finite_number(self.quadratic, "slack.quadratic", 1e-9, 1e12)


@dataclass(frozen=True, eq=False)
class Rows:
    """lower - softness * s <= value(x, u, p, y) <= upper + softness * s,  y = inner(x, u, p); softness 0 is a hard row.

    value: column of expressions. lower, upper, softness: shape (m,); a row needs one finite side, the other may be infinite.
    inner_symbols, inner: y and its expressions, columns alike. Optional. Every row must then be convex in y and bounded from above
        only: solvers add the curvature mu d2value/dy2 >= 0 of active rows to the Gauss-Newton Hessian (without it the steps along a
        norm at its limit bounce for ever), and take the derivative by the chain rule, in far fewer operations.
    inner_jacobian: dy/d(x, u), if the caller knows a cheaper form than automatic differentiation finds; empty: derived.
    curvature_in: the part of (x, u) that this curvature is kept for; empty: all of it. It changes the way to the solution, never the
        solution.
    """

    value: ca.SX = field(default_factory=_empty)
    lower: ArrayLike = ()
    upper: ArrayLike = ()
    softness: ArrayLike | None = None
    inner_symbols: ca.SX = field(default_factory=_empty)
    inner: ca.SX = field(default_factory=_empty)
    inner_jacobian: ca.SX = field(default_factory=_empty)
    curvature_in: ca.SX = field(default_factory=_empty)

    def __post_init__(self) -> None:
        if _column(self.inner_symbols, "rows.inner_symbols") != _column(self.inner, "rows.inner"):
            raise InvalidInput(f"rows.inner: expected shape {self.inner_symbols.shape}, got {self.inner.shape}")
        m = _column(self.value, "rows.value")
        lower, upper = _bounds(self.lower, self.upper, "rows", m)
        if not np.all(np.isfinite(lower) | np.isfinite(upper)):
            raise InvalidInput("rows: a row without a finite bound constrains nothing; remove it")
        if self.inner_jacobian.numel() and self.inner_jacobian.size1() != self.inner.numel():
            raise InvalidInput(f"rows.inner_jacobian: expected {self.inner.numel()} rows, got {self.inner_jacobian.size1()}")
        if self.inner.numel() and not np.all(np.isneginf(lower)):
            raise InvalidInput("rows: rows with an inner function are convex ones, bounded from above only")
        softness = finite_array(np.zeros(m) if self.softness is None else self.softness, "rows.softness", (m,))
        if not np.all(softness >= 0.0):
            raise InvalidInput(f"rows.softness: negative: {softness.tolist()}")
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)
        object.__setattr__(self, "softness", softness)

    @property
    def any_soft(self) -> bool:
        return bool(np.any(np.asarray(self.softness) > 0.0))

    @property
    def expression(self) -> ca.SX:
        """value with y replaced: a function of x, u, p alone."""
        return ca.substitute(self.value, self.inner_symbols, self.inner) if self.inner.numel() else self.value

    def jacobian(self, z: ca.SX) -> ca.SX:
        """d expression / dz by the chain rule."""
        if not self.inner.numel():
            return ca.jacobian(self.value, z)
        outer = ca.jacobian(self.value, self.inner_symbols)
        total = ca.jacobian(self.value, z) + ca.mtimes(outer, self._inner_jacobian(z))
        return ca.substitute(total, self.inner_symbols, self.inner)

    def curvature(self, multipliers: ca.SX, z: ca.SX) -> ca.SX:
        """sum_i mu_i (dy/dz)' (d2 value_i / dy2) dy/dz: the convex part of the rows' share in the Hessian of the Lagrangian.

        Source: Verschueren, van Duijkeren, Quirynen, Diehl 2016, "Exploiting convexity in direct optimal control: a sequential convex
        quadratic programming method".
        """
        kept = self.curvature_in if self.curvature_in.numel() else z
        select = ca.jacobian(kept, z)
        outer = ca.hessian(ca.dot(multipliers, self.value), self.inner_symbols)[0]
        outer = ca.substitute(outer, self.inner_symbols, self.inner)
        Y = ca.mtimes(self._inner_jacobian(z), select.T)
        return ca.mtimes(select.T, ca.mtimes(ca.mtimes(Y.T, ca.mtimes(outer, Y)), select))

    def _inner_jacobian(self, z: ca.SX) -> ca.SX:
        return self.inner_jacobian if self.inner_jacobian.numel() else ca.jacobian(self.inner, z)


@dataclass(frozen=True, eq=False)
class OptimalControlProblem:
    """minimise  sum_{k<N} 1/2 r(x_k, u_k, p_k)' W r + penalty(s_k)  +  1/2 r_N(x_N, p_N)' W_N r_N + penalty(s_N)

    subject to   x_0 given,  x_{k+1} = f(x_k, u_k, p_k),  x_lower <= x_k <= x_upper (k >= 1),  u_lower <= u_k <= u_upper,
                 rows (k < N),  terminal_rows (k = N),  |u_k - u_{k-1}| <= move_limit.

    x, u, p: columns of CasADi symbols, shapes (nx,), (nu,), (np,); p_k is given for every stage 0..N.
    x_next: f. stage_residual, terminal_residual: columns; stage_weight, terminal_weight: the diagonals of W, W_N, >= 0.
    horizon: N, stages. stage_s: the time a stage stands for, [s] (for callers; f already contains it).

    Raises:
        InvalidInput: a shape, a free symbol, a bound that is not finite, lower > upper, a negative weight: the field is named.
    Assumes: all expressions are differentiable where they are evaluated.
    """

    name: str
    x: ca.SX
    u: ca.SX
    p: ca.SX
    x_next: ca.SX
    stage_residual: ca.SX
    stage_weight: ArrayLike
    terminal_residual: ca.SX
    terminal_weight: ArrayLike
    x_lower: ArrayLike
    x_upper: ArrayLike
    u_lower: ArrayLike
    u_upper: ArrayLike
    horizon: int
    stage_s: float
    rows: Rows = field(default_factory=Rows)
    terminal_rows: Rows = field(default_factory=Rows)
    slack: SlackPenalty = field(default_factory=SlackPenalty)
    move_limit: ArrayLike | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise InvalidInput(f"name: not an identifier: {self.name!r}")
        nx, nu, _ = _column(self.x, "x"), _column(self.u, "u"), _column(self.p, "p")
        if not (nx >= 1 and nu >= 1):
            raise InvalidInput(f"x, u: at least one state and one input are needed, got {nx} and {nu}")
        if _column(self.x_next, "x_next") != nx:
            raise InvalidInput(f"x_next: expected shape ({nx},), got {self.x_next.shape}")
        if isinstance(self.horizon, bool) or not isinstance(self.horizon, int) or not 1 <= self.horizon <= 1000:
            raise InvalidInput(f"horizon: a whole number of stages in [1, 1000] is needed, got {self.horizon!r}")
        finite_number(self.stage_s, "stage_s", 1e-6, 1e3)
        for which in ("stage", "terminal"):
            count = _column(self._residual(which), f"{which}_residual")
            weight = finite_array(getattr(self, f"{which}_weight"), f"{which}_weight", (count,))
            if not np.all(weight >= 0.0):
                raise InvalidInput(f"{which}_weight: negative: {weight.tolist()}")
            object.__setattr__(self, f"{which}_weight", weight)
        self._check_boxes(nx, nu)
        self._check_symbols()

    def _residual(self, which: str) -> ca.SX:
        return self.stage_residual if which == "stage" else self.terminal_residual

    def _check_boxes(self, nx: int, nu: int) -> None:
        for which, n in (("x", nx), ("u", nu)):
            lower, upper = _bounds(getattr(self, f"{which}_lower"), getattr(self, f"{which}_upper"), which, n)
            object.__setattr__(self, f"{which}_lower", finite_array(lower, f"{which}_lower", (n,)))
            object.__setattr__(self, f"{which}_upper", finite_array(upper, f"{which}_upper", (n,)))
        if self.move_limit is not None:
            limit = finite_array(self.move_limit, "move_limit", (nu,))
            if not np.all(limit > 0.0):
                raise InvalidInput(f"move_limit: must be positive: {limit.tolist()}")
            object.__setattr__(self, "move_limit", limit)

    def _check_symbols(self) -> None:
        stage, terminal = ca.vertcat(self.x, self.u, self.p), ca.vertcat(self.x, self.p)
        if not stage.is_valid_input():
            raise InvalidInput("x, u, p: must be symbols, not expressions")
        columns = self.nx + self.nu
        if self.rows.inner_jacobian.numel() and self.rows.inner_jacobian.size2() != columns:
            raise InvalidInput(f"rows.inner_jacobian: expected {columns} columns, those of (x, u), got {self.rows.inner_jacobian.size2()}")
        for which, expression, allowed in (
            ("x_next", self.x_next, stage),
            ("stage_residual", self.stage_residual, stage),
            ("terminal_residual", self.terminal_residual, terminal),
            ("rows", self.rows.expression, stage),
            ("terminal_rows", self.terminal_rows.expression, terminal),
        ):
            known = {symbol.element_hash() for symbol in ca.symvar(allowed)}
            free = [symbol.name() for symbol in ca.symvar(expression) if symbol.element_hash() not in known]
            if free:
                raise InvalidInput(f"{which}: depends on {', '.join(free)}, which it is not given")

    @property
    def nx(self) -> int:
        return int(self.x.numel())

    @property
    def nu(self) -> int:
        return int(self.u.numel())

    @property
    def np(self) -> int:
        return int(self.p.numel())

    def with_moves_as_states(self) -> "OptimalControlProblem":
        """The same problem without `move_limit`: the state becomes (x, u_{k-1}) and the limit hard rows."""
        if self.move_limit is None:
            return self
        limit = np.asarray(self.move_limit)
        u_before = ca.SX.sym("u_before", self.nu)
        known = self.rows.inner_jacobian
        if known.numel():
            known = ca.horzcat(known[:, : self.nx], ca.SX(known.size1(), self.nu), known[:, self.nx :])
        # Two rows, each bounded from above: what rows with an inner function demand.
        rows = replace(
            self.rows,
            value=ca.vertcat(self.rows.value, self.u - u_before, u_before - self.u),
            lower=np.concatenate([np.asarray(self.rows.lower), np.full(2 * self.nu, -np.inf)]),
            upper=np.concatenate([np.asarray(self.rows.upper), limit, limit]),
            softness=np.concatenate([np.asarray(self.rows.softness), np.zeros(2 * self.nu)]),
            inner_jacobian=known,
        )
        return replace(
            self,
            x=ca.vertcat(self.x, u_before),
            x_next=ca.vertcat(self.x_next, self.u),
            x_lower=np.concatenate([np.asarray(self.x_lower), np.asarray(self.u_lower)]),
            x_upper=np.concatenate([np.asarray(self.x_upper), np.asarray(self.u_upper)]),
            rows=rows,
            move_limit=None,
        )


@dataclass(frozen=True, eq=False)
class OptimalControlSolution:
    """How a solve ended and, only if it ended well, the trajectories.

    x: shape (N+1, nx); u: shape (N, nu); slack: shape (N+1,). All None when report.ok is False: never numbers.
    """

    report: SolveReport
    x: FloatArray | None = None
    u: FloatArray | None = None
    slack: FloatArray | None = None


def _column(expression: ca.SX, name: str) -> int:
    if not isinstance(expression, ca.SX) or expression.size2() != 1 or not expression.is_dense():
        shape = getattr(expression, "shape", "")
        raise InvalidInput(f"{name}: expected a dense column of CasADi SX, got {type(expression).__name__} {shape}")
    return int(expression.numel())


def _bounds(lower: ArrayLike, upper: ArrayLike, name: str, m: int) -> tuple[FloatArray, FloatArray]:
    low, high = np.array(lower, dtype=np.float64), np.array(upper, dtype=np.float64)
    if low.shape != (m,) or high.shape != (m,):
        raise InvalidInput(f"{name}_lower, {name}_upper: expected shape ({m},), got {low.shape} and {high.shape}")
    if not np.all(low <= high):
        raise InvalidInput(f"{name}_lower, {name}_upper: lower <= upper must hold, got {low.tolist()} and {high.tolist()}")
    low.setflags(write=False)
    high.setflags(write=False)
    return low, high
