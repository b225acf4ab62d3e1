"""Is the log whole, and who vouches for it."""

from datetime import UTC, datetime

from ..blocks import Block, Bullets, Cell, Code, Section, Subtitle, Table, Text, Tone, cells, mono
from ..content import VerificationData


def log(data: VerificationData) -> Section:
    report = data.log.report
    word, tone = _verdict(report.ok, report.intact)
    key = "none: nobody vouches for the keys that signed" if not report.operator else report.operator
    checked = (
        "yes, with the key given" if report.operator_checked else "no: no operator key was given" if report.operator else "there is none"
    )
    signatures = "NOT CHECKED" if report.signatures is None else str(report.signatures)
    rows = (
        cells("verdict", Cell(word, tone)),
        cells("run", mono(report.run)),
        cells("state", report.state),
        cells(
            "records",
            f"{report.records} in {report.segments} segment{'' if report.segments == 1 else 's'}, {report.good} in order from the first",
        ),
        cells("vouched for", f"records 0 to {report.vouched - 1}" if report.vouched else "none"),
        cells("by checkpoint", f"{report.vouched_by} (file:line); {report.checkpoints} checkpoints, signatures checked: {signatures}"),
        cells("as of (UTC)", _utc(report.vouched_utc_ns)),
        cells("operator key", key),
        cells("its certificate checked", checked),
        cells("hash of the last record", mono(report.last_hash)),
    )
    blocks: list[Block] = [Table(("", "what the verifier says"), (24, 76), rows)]
    if report.problems:
        more = report.problem_count - len(report.problems)
        problems = tuple(str(problem) for problem in report.problems) + ((f"{more} more",) if more else ())
        blocks += [Subtitle("Problems", "bad"), Bullets(problems, "bad")]
    remarks = (*report.remarks, *((f"the writer failed: {report.fault}",) if report.fault else ()))
    if remarks:
        blocks += [Subtitle("Remarks"), Bullets(remarks)]
    if data.log.note:
        blocks += [
            Subtitle("The checkpoint that vouches"),
            Text("A signed note: run, number of records, Merkle root, signature."),
            Code(data.log.note),
        ]
    blocks += [
        Subtitle("How to check again"),
        Text(
            "The verifier is one file of standard Python that can be copied out of the project; the second command recomputes "
            "every decision of the run from its log."
        ),
        Code("python verify_log.py RUN --key operator.pub\nprimum audit replay RUN"),
    ]
    return Section("Log integrity", tuple(blocks))


def _verdict(ok: bool, intact: bool) -> tuple[str, Tone]:
    if not ok:
        return "NOT INTACT", "bad"
    return ("intact", "ok") if intact else ("nothing contradicts, but not every record is vouched for", "warn")


def _utc(utc_ns: int) -> str:
    return datetime.fromtimestamp(utc_ns // 10**6 / 1000, UTC).isoformat(timespec="milliseconds") if 0 < utc_ns < 2**62 else "unknown"
