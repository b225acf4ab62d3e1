"""Measurements against other software, on the same problem, in the same run."""

from .mpc import MpcBench, MpcBenchRow, bench_mpc, lissajous
from .proofs import ProofTiming, bench_proofs

__all__ = ["MpcBench", "MpcBenchRow", "ProofTiming", "bench_mpc", "bench_proofs", "lissajous"]
