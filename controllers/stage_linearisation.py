"""The quadratic programme of one SQP step, assembled by CasADi straight into the solver's sparse arrays.

Variables of stage k: w_k = (x_k, u_k, s_k); all stages in order, then (x_N, s_N). In that order P is block diagonal, G is block
diagonal and A is block bidiagonal, so the nonzeros of all stages in CSC order are the stages' own nonzeros one after the other:
one call of machine code fills each array, and no Python runs per stage.
"""

from dataclasses import dataclass

import casadi as ca
import numpy as np
import scipy.sparse as sp

from toolkit import FloatArray, InvalidInput
from toolkit.graph import MachineCode

from .optimal_control_problem import OptimalControlProblem, Rows

UNBOUNDED = 1e30
"""PIQP's own threshold: a bound at or beyond it is no bound."""


@dataclass(frozen=True, eq=False)
class QpRows:
    """Rows as the QP has them: a soft row with two finite sides is two rows, each with its own sign of slack.

    index: which row of the problem; slack: coefficient of s; lower, upper: +-UNBOUNDED where there is none. Each shape (m,).
    """

    index: tuple[int, ...]
    slack: FloatArray
    lower: FloatArray
    upper: FloatArray

    @classmethod
    def of(cls, rows: Rows) -> "QpRows":
        entries: list[tuple[int, float, float, float]] = []
        bounds = zip(np.asarray(rows.lower), np.asarray(rows.upper), np.asarray(rows.softness), strict=True)
        for i, (low, high, soft) in enumerate(bounds):
            if soft == 0.0:
                entries.append((i, 0.0, max(low, -UNBOUNDED), min(high, UNBOUNDED)))
                continue
            if np.isfinite(high):
                entries.append((i, -soft, -UNBOUNDED, high))
            if np.isfinite(low):
                entries.append((i, soft, low, UNBOUNDED))
        table = np.array([entry[1:] for entry in entries], dtype=np.float64).reshape(len(entries), 3)
        return cls(tuple(entry[0] for entry in entries), table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy())


    def select(self, value: ca.SX) -> ca.SX:
        """The problem's row values, one for each QP row. (Indexing a 1 x 1 by a list gives a row.)"""
        return ca.vertcat(ca.SX(0, 1), *(value[i] for i in self.index))


class StageLinearisation:
    """Gauss-Newton QP of a problem without move limits, at the point held in `w`, `p`.

        min 1/2 d'P d + c'd   s.t.  A d = b,  g_lower <= G d <= g_upper,   d = (dx_0, du_0, s_0, dx_1, ...)

    P = J'WJ (+ damping on u), c = J'W r, A from x_{k+1} = f, G from the rows; the slacks enter with their value, not as increments.
    """

    def __init__(self, problem: OptimalControlProblem, damping: FloatArray) -> None:
        if problem.move_limit is not None:
            raise InvalidInput("problem: move limits must have been turned into states first")
        self.problem = problem
        self.stage_rows, self.terminal_rows = QpRows.of(problem.rows), QpRows.of(problem.terminal_rows)
        self.ns = int(problem.rows.any_soft)
        self.ns_terminal = int(problem.terminal_rows.any_soft)
        self.nx, self.nu, self.N = problem.nx, problem.nu, problem.horizon
        self.nw = self.nx + self.nu + self.ns
        self.nw_terminal = self.nx + self.ns_terminal
        self.size = self.N * self.nw + self.nw_terminal
        self._allocate()
        self._place_slacks()
        stage, terminal = self._stage_expressions(damping), self._terminal_expressions()
        self._build_matrices(stage, terminal)
        self._first: list[MachineCode] = []
        self._both: list[MachineCode] = []
        self._connect(stage, terminal)
        self.dynamics_are_linear = not ca.symvar(stage.A)
        self.written = (self.P.data, self.A.data, self.G.data, self.c, self.b, self.rows_value)

    def _allocate(self) -> None:
        nx, n_stage_rows, n_terminal_rows = self.nx, len(self.stage_rows.index), len(self.terminal_rows.index)
        self.w = np.zeros(self.size)
        self.w_stage = self.w[: self.N * self.nw].reshape(self.N, self.nw)
        self.w_terminal = self.w[self.N * self.nw :]
        self.x_next = np.zeros((self.N, nx))
        self.p = np.zeros((self.N + 1, self.problem.np))
        self.multipliers = np.zeros((self.N, self.problem.rows.value.numel()))
        self.multipliers_terminal = np.zeros(self.problem.terminal_rows.value.numel())
        self.c = np.zeros(self.size)
        self.b = np.zeros((self.N + 1) * nx)
        self.rows_value = np.zeros(self.N * n_stage_rows + n_terminal_rows)
        self.rows_lower = np.concatenate([np.tile(self.stage_rows.lower, self.N), self.terminal_rows.lower])
        self.rows_upper = np.concatenate([np.tile(self.stage_rows.upper, self.N), self.terminal_rows.upper])

    def _place_slacks(self) -> None:
        """Where the slacks are in w, and which slack loosens which QP row with which coefficient."""
        self.slack_columns: list[slice] = []
        if self.ns:
            self.slack_columns.append(slice(self.nw - 1, self.N * self.nw, self.nw))
        if self.ns_terminal:
            self.slack_columns.append(slice(self.size - 1, self.size))
        stage_ends = np.repeat(np.arange(1, self.N + 1) * self.nw - 1, len(self.stage_rows.index))
        terminal_ends = np.full(len(self.terminal_rows.index), self.size - 1)
        self._row_slack_at = np.concatenate([stage_ends, terminal_ends]).astype(np.int64)
        self._row_slack = np.concatenate([np.tile(self.stage_rows.slack, self.N), self.terminal_rows.slack])
        # What an excess of one unit means: one unit of slack for a soft row, one unit of the row itself for a hard one.
        self.row_scale = np.where(self._row_slack == 0.0, 1.0, np.abs(self._row_slack))

    def row_slack(self, w: FloatArray) -> FloatArray:
        """What the slacks in w add to every QP row, shape of rows_value."""
        return np.asarray(self._row_slack * w[self._row_slack_at], dtype=np.float64)

    def _stage_expressions(self, damping: FloatArray) -> "_Expressions":
        problem = self.problem
        z = ca.vertcat(problem.x, problem.u)
        added = ca.diag(ca.sparsify(ca.SX(np.concatenate([np.zeros(self.nx), damping]))))
        A_stage = ca.jacobian(problem.x_next, z)
        identity = ca.horzcat(ca.SX.eye(self.nx), ca.SX(self.nx, self.nu + self.ns))
        A_block = ca.vertcat(identity, ca.horzcat(-A_stage, ca.SX(self.nx, self.ns)))
        return self._expressions(z, self.ns, problem.stage_residual, problem.stage_weight, added, problem.rows, self.stage_rows, A_block)

    def _terminal_expressions(self) -> "_Expressions":
        problem = self.problem
        added = ca.SX(self.nx, self.nx)
        A_block = ca.horzcat(ca.SX.eye(self.nx), ca.SX(self.nx, self.ns_terminal))
        return self._expressions(
            problem.x,
            self.ns_terminal,
            problem.terminal_residual,
            problem.terminal_weight,
            added,
            problem.terminal_rows,
            self.terminal_rows,
            A_block,
        )

    def _expressions(
        self,
        z: ca.SX,
        ns: int,
        residual: ca.SX,
        weight: object,
        added: ca.SX,
        rows: Rows,
        qp_rows: QpRows,
        A_block: ca.SX,
    ) -> "_Expressions":
        s = ca.SX.sym("s", ns)
        J = ca.jacobian(residual, z)
        weighted = ca.SX(np.asarray(weight)) * residual
        P = ca.mtimes(J.T, ca.mtimes(ca.diag(ca.SX(np.asarray(weight))), J)) + added
        multipliers = ca.SX.sym("multipliers", rows.value.numel())
        if rows.inner.numel():
            P = P + rows.curvature(multipliers, z)
        slack = self.problem.slack
        if ns:
            P = ca.diagcat(P, ca.SX(slack.quadratic))
        index = list(qp_rows.index)
        value = qp_rows.select(rows.expression)
        rows_jacobian = rows.jacobian(z)[index, :] if index else ca.SX(0, z.numel())
        slack_column = ca.sparsify(ca.SX(qp_rows.slack)) if ns else ca.SX(len(index), 0)
        G = ca.horzcat(rows_jacobian, slack_column)
        c = ca.vertcat(ca.mtimes(J.T, weighted), *([slack.linear] * ns))
        return _Expressions(z, s, ca.triu(P), ca.densify(c), A_block, G, ca.densify(value), multipliers)

    def _build_matrices(self, stage: "_Expressions", terminal: "_Expressions") -> None:
        N, nx, nG, nGt = self.N, self.nx, len(self.stage_rows.index), len(self.terminal_rows.index)
        self.P = _stacked(stage.P, terminal.P, N, (self.size, self.size), self.nw)
        self.A = _stacked(stage.A, terminal.A, N, ((N + 1) * nx, self.size), nx)
        self.G = _stacked(stage.G, terminal.G, N, (N * nG + nGt, self.size), nG)
        self.A.data[N * stage.A.nnz() :] = 1.0
        # The same memory read by rows: transposing anew every cycle costs more than the product.
        self.A_transposed, self.G_transposed = _transposed(self.A), _transposed(self.G)

    def _connect(self, stage: "_Expressions", terminal: "_Expressions") -> None:
        """Two functions for the stages (with and without P), two for the end, each writing into its part of the QP's arrays."""
        problem, N, nx = self.problem, self.N, self.nx
        at = {name: N * getattr(stage, name).nnz() for name in ("P", "A", "G")}
        columns, rows = N * self.nw, N * len(self.stage_rows.index)
        x_next = ca.SX.sym("x_next", nx)
        self._connect_part(
            "stage",
            stage,
            ([ca.vertcat(stage.z, stage.s), problem.p, x_next], [self.w_stage, self.p[:N], self.x_next]),
            [stage.c, stage.G.nz[:], stage.value, stage.A.nz[:], ca.densify(problem.x_next - x_next)],
            [self.c[:columns], self.G.data[: at["G"]], self.rows_value[:rows], self.A.data[: at["A"]], self.b[nx:]],
            self.P.data[: at["P"]],
            self.multipliers,
        )
        self._connect_part(
            "terminal",
            terminal,
            ([ca.vertcat(terminal.z, terminal.s), problem.p], [self.w_terminal, self.p[N]]),
            [terminal.c, terminal.G.nz[:], terminal.value],
            [self.c[columns:], self.G.data[at["G"] :], self.rows_value[rows:]],
            self.P.data[at["P"] :],
            self.multipliers_terminal,
        )
        self._x_after, self._dynamics_at, self._dynamics_p = np.zeros(nx), np.zeros(nx + self.nu), np.zeros(problem.np)
        self._dynamics = MachineCode(
            _function("dynamics", [ca.vertcat(problem.x, problem.u), problem.p], [problem.x_next]),
            [self._dynamics_at, self._dynamics_p],
            [self._x_after],
        )

    def _connect_part(
        self,
        name: str,
        expressions: "_Expressions",
        arguments: tuple[list[ca.SX], list[FloatArray]],
        results: list[ca.SX],
        into: list[FloatArray],
        P: FloatArray,
        multipliers: FloatArray,
    ) -> None:
        symbols, arrays = arguments
        first = _function(f"first_order_{name}", symbols, results)
        both = _function(f"linearise_{name}", [*symbols, expressions.multipliers], [*results, expressions.P.nz[:]])
        self._first.append(MachineCode(first, arrays, into))
        self._both.append(MachineCode(both, [*arrays, multipliers], [*into, P]))

    def linearise(self) -> None:
        """Fill P, c, A, b (but not b_0), G and rows_value at (w, p, multipliers)."""
        self._evaluate(self._both)

    def linearise_first_order(self) -> None:
        """The same without P: what the KKT residual needs."""
        self._evaluate(self._first)

    def keep_multipliers(self, of_qp_rows: FloatArray) -> None:
        """Remember the QP rows' multipliers (upper minus lower), for the curvature of the rows they belong to.

        Rows with curvature are bounded from above, hence one QP row each with a multiplier >= 0 up to the solver's tolerance.
        """
        m = len(self.stage_rows.index)
        kept = np.maximum(of_qp_rows, 0.0)
        self.multipliers[:, list(self.stage_rows.index)] = kept[: self.N * m].reshape(self.N, m)
        self.multipliers_terminal[list(self.terminal_rows.index)] = kept[self.N * m :]

    def _evaluate(self, functions: list[MachineCode]) -> None:
        self.x_next[:-1] = self.w_stage[1:, : self.nx]
        self.x_next[-1] = self.w_terminal[: self.nx]
        for function in functions:
            function(function.rows)

    def step(self, x: FloatArray, u: FloatArray, p: FloatArray) -> FloatArray:
        """f(x, u, p), shape (nx,)."""
        self._dynamics_at[: self.nx], self._dynamics_at[self.nx :], self._dynamics_p[:] = x, u, p
        self._dynamics(1)
        return self._x_after.copy()


@dataclass(frozen=True, eq=False)
class _Expressions:
    z: ca.SX
    s: ca.SX
    P: ca.SX
    c: ca.SX
    A: ca.SX
    G: ca.SX
    value: ca.SX
    multipliers: ca.SX


def _function(name: str, arguments: list[ca.SX], results: list[ca.SX]) -> ca.Function:
    return ca.Function(name, arguments, [ca.densify(result) for result in results], {"cse": True})


def _transposed(matrix: sp.csc_matrix) -> sp.csr_matrix:
    transposed = sp.csr_matrix(matrix.shape[::-1])
    transposed.data, transposed.indices, transposed.indptr = matrix.data, matrix.indices, matrix.indptr
    return transposed


def _stacked(stage: ca.SX, terminal: ca.SX, N: int, shape: tuple[int, int], row_step: int) -> sp.csc_matrix:
    """N copies of a block's pattern and the last one along the diagonal, `row_step` rows apart, data zero."""
    rows, columns, column = [], [0], 0
    for block, copies in ((stage, N), (terminal, 1)):
        starts, block_rows = np.array(block.sparsity().colind()), np.array(block.sparsity().row(), dtype=np.int64)
        for _ in range(copies):
            rows.append(block_rows + row_step * (N if block is terminal else column))
            columns.extend((columns[-1] + starts[1:]).tolist())
            column += 1
    indices = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    return sp.csc_matrix((np.zeros(indices.size), indices.astype(np.int32), np.array(columns, dtype=np.int32)), shape=shape)
