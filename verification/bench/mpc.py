"""The real-time iteration against CasADi Opti + IPOPT and do-mpc: same problem, same closed loop, same process.

The problem is the arm-tracking problem itself (dynamics, residuals, boxes, soft rows with one slack a stage). The plant is its own
5 ms model, so that every difference in cost comes from the solver.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np

from controllers import (
    InverseKinematics,
    OptimalControlProblem,
    PathReference,
    Reference,
    SetpointLimits,
    TrackingMpc,
    TrackingMpcOptions,
)
from controllers.tracking_problem import advance
from toolkit import FloatArray, InvalidInput, Pose, finite_array, finite_number
from toolkit.models import SerialArm

from .mpc_peers import DoMpcSolver, OptiSolver, Solver, stage_parts


@dataclass(frozen=True)
class MpcBenchRow:
    """One solver.

    Times are wall clock of one whole call, [ms]. cost: sum of the stage costs in closed loop; cost_ratio: over that of Opti + IPOPT.
    excess: the largest relative excess over a soft row (speed, acceleration) in closed loop: a cost is only comparable beside it.
    slower: median over that of the real-time iteration.
    """

    name: str
    median_ms: float
    p99_ms: float
    max_ms: float
    failures: int
    cost: float
    cost_ratio: float
    excess: float
    slower: float


@dataclass(frozen=True)
class MpcBench:
    """rows: the real-time iteration first. steps: of the closed loop. The two properties are the claims the benchmark decides."""

    rows: tuple[MpcBenchRow, ...]
    steps: int
    stages: int

    @property
    def speed_ratio_min(self) -> float:
        """Median of the fastest other solver over the median of the real-time iteration."""
        return min(row.slower for row in self.rows[1:])

    @property
    def cost_excess(self) -> float:
        """How much more the real-time iteration costs in closed loop than the best of the others, relative."""
        return self.rows[0].cost / min(row.cost for row in self.rows[1:]) - 1.0

    def table(self) -> str:
        """Plain text, one line per solver."""
        head = f"{'solver':<22}{'median ms':>11}{'p99 ms':>10}{'max ms':>10}{'fails':>7}{'cost':>13}{'cost ratio':>12}{'excess %':>10}"
        head += f"{'slower by':>11}"
        lines = [
            f"{r.name:<22}{r.median_ms:>11.3f}{r.p99_ms:>10.3f}{r.max_ms:>10.3f}{r.failures:>7d}{r.cost:>13.5g}"
            f"{r.cost_ratio:>12.5f}{100.0 * r.excess:>10.4f}{r.slower:>10.1f}x"
            for r in self.rows
        ]
        title = f"{self.steps} steps of {self.stages} stages, one closed loop each"
        return "\n".join([title, head, *lines])


def bench_mpc(
    arm: SerialArm,
    limits: SetpointLimits,
    q_seed: FloatArray,
    reference: Reference | None = None,
    options: TrackingMpcOptions | None = None,
    steps: int = 200,
    start_s: float = 0.0,
) -> MpcBench:
    """Run all three in closed loop along a reference and compare.

    Args:
        q_seed: joints near the beginning of the path, shape (n,); the loop starts at rest on the path.
        reference: None: `lissajous` around the tip at q_seed. steps: periods. start_s: where on the reference the loop begins, [s].
    Raises:
        InvalidInput: the beginning is out of reach, or do-mpc is not installed (extra `dev`).
    """
    q_seed = finite_array(q_seed, "q_seed", (arm.n,))
    finite_number(steps, "steps", 10, 100_000)
    reference = reference or lissajous(arm.tip_pose(q_seed))
    mpc = TrackingMpc(arm, limits, options)
    p, R = reference.poses(np.array([start_s]))
    begin = InverseKinematics(arm).solve(Pose(R[0], p[0]), q_seed)
    if not begin.reached:
        raise InvalidInput(f"reference: its beginning is out of reach: {begin.refusal}")
    parameters = _parameters(mpc, reference, begin.q, steps, start_s)
    # Opti first: its cost is what the others are compared with.
    solvers: list[Solver] = [_RealTime(mpc), OptiSolver(mpc.problem), DoMpcSolver(mpc.problem)]
    runs = [_closed_loop(solver, mpc, begin.q, parameters) for solver in solvers]
    rows = []
    for solver, (times, cost, excess, failures) in zip(solvers, runs, strict=True):
        ms = np.array(times) * 1e3
        rows.append(
            MpcBenchRow(
                solver.name,
                float(np.median(ms)),
                float(np.percentile(ms, 99)),
                float(ms.max()),
                failures,
                cost,
                cost / runs[1][1],
                excess,
                float(np.median(ms) / np.median(np.array(runs[0][0]) * 1e3)),
            )
        )
    return MpcBench(tuple(rows), steps, mpc.problem.horizon)


def lissajous(centre: Pose, size_m: float = 0.015, duration_s: float = 10.0) -> PathReference:
    """A closed figure of the given half-width around a pose, constant orientation, up to 48 mm/s at the defaults: a bench needs no data."""
    t = np.arange(0.0, duration_s, 0.002)
    figure = np.stack([np.sin(2.0 * t), np.sin(3.0 * t), 0.5 * np.sin(1.0 * t)], axis=1)
    return PathReference(centre.p_m + size_m * figure, 500.0, centre.R)


def _parameters(mpc: TrackingMpc, reference: Reference, q: FloatArray, steps: int, start_s: float) -> list[FloatArray]:
    """p of every step, from the controller itself: what it would have been given."""
    offset, T = np.zeros(mpc.arm.n_serial), mpc.options.tracking.period_s
    return [mpc.fill_parameters(reference, start_s + (k + 1) * T, offset, q).copy() for k in range(steps)]


def _closed_loop(solver: Solver, mpc: TrackingMpc, q: FloatArray, parameters: list[FloatArray]) -> tuple[list[float], float, float, int]:
    """Times [s], cost, largest relative row excess, failures; after a failure the joints coast for one period."""
    problem, n, T = mpc.problem, mpc.arm.n_serial, mpc.options.tracking.period_s
    measure = _stage_measure(problem)
    x, cost, excess, failures, times = np.concatenate([q[:n], np.zeros(n)]), 0.0, 0.0, 0, []
    solver.start(x, parameters[0])
    for p in parameters:
        begun = time.perf_counter()
        u = solver.input(x, p)
        times.append(time.perf_counter() - begun)
        if u is None:
            failures += 1
            u = np.zeros(n)
        stage_cost, over = measure(x, u, p[0])
        cost, excess = cost + float(stage_cost), max(excess, float(over))
        q_next, v_next = advance(x[:n], x[n:], u, T)
        x = np.concatenate([q_next, v_next])
    return times, cost, excess, failures


def _stage_measure(problem: OptimalControlProblem) -> Callable[..., Any]:
    rows = problem.rows
    over = (rows.expression - ca.SX(np.asarray(rows.upper))) / ca.SX(np.asarray(rows.softness))
    inputs, outputs = [problem.x, problem.u, problem.p], [stage_parts(problem)[1], ca.mmax(over)]
    function: Callable[..., Any] = ca.Function("stage_measure", inputs, outputs)
    return function


class _RealTime:
    """One iteration a step, as in the cycle. The first, cold solve is outside the measurement, as it is for the others."""

    name = "Primum RTI (PIQP)"

    def __init__(self, mpc: TrackingMpc) -> None:
        self._solver, self._shift = mpc.solver, 1.0 / mpc.options.tracking.stage_periods

    def start(self, x: FloatArray, p: FloatArray) -> None:
        self._solver.invalidate()
        for _ in range(10):
            self._solver.solve(x, p, shift=0.0)

    def input(self, x: FloatArray, p: FloatArray) -> FloatArray | None:
        solution = self._solver.solve(x, p, shift=self._shift)
        return None if solution.u is None else solution.u[0]
