"""The verification report: what a reviewer signs. One document, as HTML and as PDF/A-2b, or a refusal with every reason."""

from .blocks import Document
from .content import Build, VerificationData
from .document import build_document
from .log_integrity import LogIntegrity, examine_log
from .proofs import Check, CheckedFile, Executed, Obligation, Proofs, no_proofs, read_proofs
from .refusals import RefusedReport, log_reasons, refusals
from .writer import FINAL, write_document

__all__ = [
    "FINAL",
    "Build",
    "Check",
    "CheckedFile",
    "Document",
    "Executed",
    "LogIntegrity",
    "Obligation",
    "Proofs",
    "RefusedReport",
    "VerificationData",
    "build_document",
    "examine_log",
    "log_reasons",
    "no_proofs",
    "read_proofs",
    "refusals",
    "write_document",
]
