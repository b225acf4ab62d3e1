"""The audit log: an append-only, hash-chained record of every cycle, written by a process of its own, verifiable by anyone."""

from .canonical import canonical_bytes
from .log import AuditLog
from .record import RecordKind
from .verify import Problem, VerifyResult, read_records, verify

__all__ = ["AuditLog", "Problem", "RecordKind", "VerifyResult", "canonical_bytes", "read_records", "verify"]
