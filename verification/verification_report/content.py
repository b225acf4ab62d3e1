"""Everything a verification report is written from, gathered once and then only read."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..report import ReportData
from ..trace import Evidence, Gap, Matrix
from ..trace.sbom import Environment
from .log_integrity import LogIntegrity
from .proofs import Proofs


@dataclass(frozen=True)
class Build:
    """A program: version, commit (with "+changes" if the tree differed from it, empty if it was no checkout), and what it computes with.

    source: SHA-256 over its files. libraries: name -> version.
    """

    version: str
    commit: str
    source: str
    libraries: Mapping[str, str]

    @property
    def dirty(self) -> bool:
        return not self.commit or self.commit.endswith("+changes")


@dataclass(frozen=True, eq=False)
class VerificationData:
    """run: as in report.html, computed again from the log. ran: the program as the log has it; now: the one that writes the report.

    gaps: of the traceability, those of a release included. environment: None if lock and environment could not be compared;
    then environment_problem says why. files: name -> SHA-256 of the run directory's files. run_json: fields in which run.json is not
    what the log gives. tester: who answers for this report, empty if nobody was named. truth_fault: why the record of the true motion of a
    simulated run cannot be relied on, "" if it is whole, or the arm is real.
    """

    run: ReportData
    ran: Build
    now: Build
    matrix: Matrix
    gaps: tuple[Gap, ...]
    proofs: Proofs
    log: LogIntegrity
    environment: Environment | None
    files: Mapping[str, str]
    tester: str = ""
    environment_problem: str = ""
    run_json: tuple[str, ...] = ()
    truth_fault: str = ""

    @property
    def evidence(self) -> Evidence | None:
        return self.matrix.evidence
