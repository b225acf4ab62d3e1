import numpy as np
import pytest

from controllers import ConstantReference, SetpointLimits, TrackingMpcOptions, TrackingOptions
from toolkit import InvalidInput, Pose
from toolkit.models import load_arm
from verification.bench import bench_mpc

Q = np.array([0.0, 0.0, 0.14, 0.0, 0.0, 0.0, 0.2])
LIMITS = SetpointLimits([1.0, 1.0, 0.08, 4.0, 4.0, 4.0, 4.0], [12.0, 12.0, 1.2, 60.0, 60.0, 60.0, 60.0], 0.0485, 0.75)


def test_all_three_solve_the_same_problem_and_the_iteration_loses_nothing() -> None:
    arm = load_arm("psm_classic", "LARGE_NEEDLE_DRIVER:400006")
    bench = bench_mpc(arm, LIMITS, Q, options=TrackingMpcOptions(tracking=TrackingOptions(stages=6)), steps=12)
    assert [row.name for row in bench.rows] == ["Primum RTI (PIQP)", "CasADi Opti + IPOPT", "do-mpc"]
    assert all(row.failures == 0 for row in bench.rows)
    # The two converged solvers agree: it is one problem. The iteration is judged over a longer loop, by the benchmark itself.
    assert bench.rows[2].cost_ratio == pytest.approx(1.0, abs=1e-4)
    assert bench.cost_excess < 0.05
    assert max(row.excess for row in bench.rows) < 0.05
    assert len(bench.table().splitlines()) == 5
    assert all(np.isfinite([row.median_ms, row.p99_ms, row.max_ms]).all() for row in bench.rows)


def test_a_beginning_out_of_reach_is_refused() -> None:
    arm = load_arm("psm_classic", "LARGE_NEEDLE_DRIVER:400006")
    far = ConstantReference(Pose(np.eye(3), np.array([0.5, 0.5, 0.5])))
    with pytest.raises(InvalidInput, match="out of reach"):
        bench_mpc(arm, LIMITS, Q, reference=far, steps=10)
