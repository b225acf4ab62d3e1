"""The bench of provers: every property holds with 1 mm of room, is proved by ours, and fails without the room."""

import importlib.util
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import pytest

from verification.bench.proof_peers import proves
from verification.bench.proof_problems import ROOM_M, ProofProblem, proof_problems
from verification.bench.proofs import bench_proofs
from verification.prover.branch_and_bound import Limits, bisect
from verification.prover.inclusion import leaf_test
from verification.prover.solid import Faces


@pytest.fixture(scope="module")
def problems() -> list[ProofProblem]:
    return proof_problems()


def test_three_and_six_joints_have_the_same_three_questions(problems: list[ProofProblem]) -> None:
    assert [p.name for p in problems] == [f"{n} joints, {kind}" for n in (3, 6) for kind in ("half-space", "ball", "keep-out sphere")]
    assert int((problems[4].lower < problems[4].upper).sum()) == 3, "yaw, pitch and roll drop out of the ball"


@pytest.mark.parametrize("k", range(6))
def test_each_is_proved_with_its_room_and_not_without(problems: list[ProofProblem], k: int) -> None:
    problem = problems[k]
    assert bisect(leaf_test(problem.question), problem.lower, problem.upper, Limits(60.0)).tree is not None
    tight = replace(problem.question, grown_m=ROOM_M + 1e-6)
    assert bisect(leaf_test(tight), problem.lower, problem.upper, Limits(5.0, nodes=4000)).tree is None


def test_the_timings_name_every_tool_and_an_absent_one_is_said_to_be_absent() -> None:
    rows = bench_proofs(30.0, peers=())
    assert {row.tool for row in rows} == {"Primum, numpy", "Primum, C"} and len(rows) == 12
    assert all(row.answer == "proved" or row.answer.startswith("not here") for row in rows)


def test_codac_proves_a_small_one_and_not_its_negation(problems: list[ProofProblem]) -> None:
    if importlib.util.find_spec("codac") is None:
        pytest.skip("codac is not installed")
    problem = problems[0]
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # codac changes the rounding of the process that imports it
        answers = [pool.submit(proves, "codac", p, 20.0) for p in (problem, replace(problem, limit_m=problem.limit_m - 2 * ROOM_M))]
        assert isinstance(problem.question.region, Faces) and [answer.result() for answer in answers] == ["proved", "unknown"]
    assert 1.0 + 2.0**-60 == 1.0 and -1.0 - 2.0**-60 == -1.0
