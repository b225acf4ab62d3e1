"""Measurements against other software, on the same problem, in the same run."""

from .mpc import MpcBench, MpcBenchRow, bench_mpc, lissajous

__all__ = ["MpcBench", "MpcBenchRow", "bench_mpc", "lissajous"]
