"""Our prover beside z3, codac and dReal, on the same properties, one processor, one after the other."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

from toolkit import SolverFailure

from ..kernels import Engine
from ..prover.branch_and_bound import Limits, bisect
from ..prover.inclusion import leaf_test
from .proof_peers import PEERS, proves
from .proof_problems import ProofProblem, proof_problems

START_S = 20.0
"""A peer's process may take this long to import and build, on top of its limit."""


@dataclass(frozen=True)
class ProofTiming:
    """answer: proved, unknown, time-out, not installed. cpu_s: of the proof alone, compiled code taken from the cache; None: no answer."""

    problem: str
    tool: str
    answer: str
    cpu_s: float | None
    leaves: int | None = None


def bench_proofs(seconds: float, peers: Sequence[str] = PEERS, done: Callable[[ProofTiming], None] | None = None) -> list[ProofTiming]:
    """Every problem by every tool, with a time limit for each."""
    found = []
    for problem in proof_problems():
        engines: tuple[Engine, ...] = ("numpy", "C")
        for timing in (*(_ours(problem, engine, seconds) for engine in engines), *(_theirs(problem, peer, seconds) for peer in peers)):
            found.append(timing)
            if done is not None:
                done(timing)
    return found


def _ours(problem: ProofProblem, engine: Engine, seconds: float) -> ProofTiming:
    try:
        test = leaf_test(problem.question, engine)
    except SolverFailure as error:
        return ProofTiming(problem.name, f"Primum, {engine}", f"not here: {error}", None)
    started = time.process_time()
    result = bisect(test, problem.lower, problem.upper, Limits(seconds, nodes=4_000_000))
    cpu_s = time.process_time() - started
    answer = "proved" if result.tree is not None else "unknown"
    return ProofTiming(problem.name, f"Primum, {engine}", answer, cpu_s, None if result.tree is None else result.tree.leaves)


def _theirs(problem: ProofProblem, peer: str, seconds: float) -> ProofTiming:
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, peer, problem, seconds), daemon=True)
    process.start()
    theirs.close()
    try:
        answer, cpu_s = ours.recv() if ours.poll(seconds + START_S) else ("time-out", None)
    except EOFError:
        answer, cpu_s = "its process ended", None
    process.kill()
    process.join()
    return ProofTiming(problem.name, peer, answer, cpu_s)


def _answer(pipe: Connection, peer: str, problem: ProofProblem, seconds: float) -> None:
    started = time.process_time()
    try:
        answer = proves(peer, problem, seconds)
    except ImportError as error:
        pipe.send((f"not installed: {str(error)[:40]}", None))
        return
    except Exception as error:  # whatever a peer raises is its answer
        pipe.send((f"failed: {type(error).__name__}: {str(error)[:40]}", None))
        return
    pipe.send((answer, time.process_time() - started))
