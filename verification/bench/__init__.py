"""Measurements against other software, on the same problem, in the same run."""

from .audit import AuditBench, AuditBenchRow, bench_audit
from .fields import FieldBenchRow, bench_fields
from .mpc import MpcBench, MpcBenchRow, bench_mpc, lissajous
from .proofs import ProofTiming, bench_proofs

__all__ = [
    "AuditBench",
    "AuditBenchRow",
    "FieldBenchRow",
    "MpcBench",
    "MpcBenchRow",
    "ProofTiming",
    "bench_audit",
    "bench_fields",
    "bench_mpc",
    "bench_proofs",
    "lissajous",
]
