"""Why a report cannot be final. Every reason is listed, none twice; `--draft` prints them in the draft.

| kind | when |
|---|---|
| dirty tree | the program that ran, or the one that writes the report, was not exactly a commit |
| other version | run, evidence, report, proofs, lock file and environment do not name the same versions |
| certificate | the checker rejects one, or the summary of the proofs; or there is no checker to ask |
| log | the verifier finds something wrong, or that not every record is vouched for; the run did not end its log itself |
| operator key | no operator key was given, or the log's keys carry no certificate of it: anybody could have made the whole log |
| true motion | a simulated run without a whole record of its true motion |
| run.json | it is not what the log gives |
| tester | nobody is named, neither by the evidence nor by --tester |
| all kinds of `verification.trace.gap` | requirement or risk control without executed test, outcome without anomaly, … |
"""

from collections.abc import Iterator

from safety.audit import Report
from toolkit import ToolkitError

from ..trace import Gap
from .content import VerificationData

SUPPLIED_BY_THE_INTERPRETER = {"python", "libm", "blas", "llvm", "cpu", "cpu_flags", "platform"}


class RefusedReport(ToolkitError):
    """A final report was asked for and cannot be given. reasons: every one."""

    exit_code = 3

    def __init__(self, reasons: tuple[Gap, ...]) -> None:
        self.reasons = reasons
        listed = "\n".join(f"  {reason}" for reason in reasons)
        super().__init__(
            f"no verification report, for {len(reasons)} reason{'' if len(reasons) == 1 else 's'} (--draft renders one that says so)"
            f"\n{listed}"
        )


def refusals(data: VerificationData) -> tuple[Gap, ...]:
    """Every reason, the traceability's last."""
    found = [*_of_tree(data), *_of_versions(data), *_of_lock(data), *_of_proofs(data), *_of_log(data), *_of_truth(data), *_of_tester(data)]
    return tuple(dict.fromkeys((*found, *data.gaps)))


def _of_tree(data: VerificationData) -> Iterator[Gap]:
    for who, build in (("run", data.ran), ("report", data.now)):
        if build.dirty:
            what = "had changes that no commit holds" if build.commit else "is no checkout, so that no commit names it"
            yield Gap("dirty tree", who, f"the tree of the program {'that ran' if who == 'run' else 'that writes this report'} {what}")


def _of_versions(data: VerificationData) -> Iterator[Gap]:
    ran, now = data.ran, data.now
    for what, one, other in (
        ("version", ran.version, now.version),
        ("commit", ran.commit.partition("+")[0], now.commit.partition("+")[0]),
        ("source SHA-256", ran.source, now.source),
    ):
        if one != other:
            yield Gap("other version", "run", f"{what} {one or 'unknown'} ran, {other or 'unknown'} writes this report")


def _of_lock(data: VerificationData) -> Iterator[Gap]:
    environment = data.environment
    if environment is None:
        yield Gap("other version", "lock", data.environment_problem)
        return
    for difference in environment.differences:
        yield Gap("other version", "lock", difference)
    locked = {part.locked.name: part.locked.version for part in environment.parts}
    tools = data.evidence.tools if data.evidence is not None else {}
    for where, versions in (("run", data.ran.libraries), ("evidence", tools)):
        for name, version in sorted(versions.items()):
            wanted = locked.get(name.lower().replace("_", "-"))
            if wanted is not None and name not in SUPPLIED_BY_THE_INTERPRETER and version and version != wanted:
                yield Gap("other version", where, f"{name} {version}, the lock has {wanted}")


def _of_proofs(data: VerificationData) -> Iterator[Gap]:
    for sentence in data.proofs.rejected:
        yield Gap("certificate", data.proofs.directory, sentence)
    for sentence in data.proofs.differing:
        yield Gap("other version", data.proofs.directory, sentence)


def log_reasons(report: Report) -> Iterator[Gap]:
    """Why a log does not support a report; nothing if it is intact."""
    if not report.ok:
        for problem in report.problems:
            yield Gap("log", "audit", str(problem))
        if report.problem_count > len(report.problems):
            yield Gap("log", "audit", f"{report.problem_count - len(report.problems)} more problems")
    elif not report.intact:
        yield Gap("log", "audit", f"not every record is vouched for: {report}")
    elif not report.closed:
        yield Gap("log", "audit", f"the run did not end its log: {report}")


def _of_log(data: VerificationData) -> Iterator[Gap]:
    yield from log_reasons(data.log.report)
    if not data.log.report.operator_checked:
        has = "no operator key was given (--key)" if data.log.report.operator else "no operator's certificate stands in the log"
        yield Gap("operator key", "audit", f"{has}: whoever wrote the whole log anew with keys of their own would get this same report")
    for name in data.run_json:
        yield Gap(
            "run.json", name, "not what the log gives: the file was changed, or is of another program (`primum report RUN` writes it again)"
        )


def _of_truth(data: VerificationData) -> Iterator[Gap]:
    if data.truth_fault:
        yield Gap("true motion", "truth.bin", data.truth_fault)


def _of_tester(data: VerificationData) -> Iterator[Gap]:
    evidence = data.evidence
    if not data.tester and (evidence is None or evidence.tester.source == "unknown"):
        yield Gap("tester", "report", "no tester is named: set PRIMUM_TESTER when recording evidence, or say --tester NAME")
