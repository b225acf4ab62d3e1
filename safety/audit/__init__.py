"""The audit log: an append-only, hash-chained record of every cycle, written by a process of its own, verifiable by anyone."""

from .canonical import canonical_bytes
from .log import AuditLog
from .read_log import read_lines, read_records, verify
from .record import RecordKind
from .verify_log import Problem, Report

__all__ = ["AuditLog", "Problem", "RecordKind", "Report", "canonical_bytes", "read_lines", "read_records", "verify"]
