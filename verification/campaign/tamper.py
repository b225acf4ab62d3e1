"""The tamper campaign: random tampering with logs, each to be found, and found where it was, by the offline verifier."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from safety.audit.record import RecordKind
from safety.audit.verify_log import Report, describe, parse_vkey, verify

from . import tamper_checkpoints, tamper_records
from .made_log import MadeLog, make_log
from .tampered import SECOND, Tampered, files_of

LOGS = 12
TAMPERINGS: tuple[Callable[[MadeLog, Random], Tampered], ...] = (
    tamper_records.flip_bit,
    tamper_records.edit_value,
    tamper_records.edit_header,
    tamper_records.edit_and_chain_anew,
    tamper_records.spell_otherwise,
    tamper_records.swap_records,
    tamper_records.delete_records,
    tamper_records.double_record,
    tamper_records.insert_forged,
    tamper_records.cut_head,
    tamper_records.cut_tail,
    tamper_records.roll_back,
    tamper_records.remove_segment,
    tamper_records.swap_segments,
    tamper_records.sign_tail_anew,
    tamper_checkpoints.remove_checkpoint,
    tamper_checkpoints.cut_checkpoints,
    tamper_checkpoints.edit_checkpoint,
    tamper_checkpoints.swap_checkpoints,
    tamper_checkpoints.sign_checkpoint_anew,
)


@dataclass(frozen=True)
class TamperResult:
    """cases: how many of each kind. missed: what was not found, or not where it was, at most a few of them in words."""

    cases: Counter[str]
    undetected: int
    mislocated: int
    missed: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Every case was found where it was."""
        return self.undetected == 0 and self.mislocated == 0

    def __str__(self) -> str:
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(self.cases.items()))
        found = f"{self.cases.total()} tamperings, {self.undetected} not detected, {self.mislocated} not located ({kinds})"
        return "\n".join([found, *self.missed])


@cache
def base_log(index: int) -> MadeLog:
    """Return one of LOGS logs to tamper with: closed, lost, of different lengths, in two to four segments."""
    end = RecordKind.CONTROL_LOST if index % 3 == 2 else RecordKind.RUN_END
    return make_log(60 + 7 * index, checkpoint_every=6 + index % 5, segment_lines=20 + 3 * index, seed=index, end=end)


def run_tamper_campaign(cases: int, seed: int, progress: Callable[[int], None] | None = None) -> TamperResult:
    """Tamper with a log `cases` times, the kinds in turn, and verify with the operator's key and the second place.

    Raises:
        RuntimeError: an untouched log does not verify: then the campaign would prove nothing.
    """
    counted: Counter[str] = Counter()
    undetected, mislocated, missed = 0, 0, list[str]()
    for index in range(LOGS):
        untouched = examine_files(base_log(index), files_of(base_log(index)))
        if not untouched.intact:
            raise RuntimeError(f"log {index} is not intact before anybody touched it:\n{describe(untouched)}")
    for case in range(cases):
        random = Random(f"{seed}/{case}")  # noqa: S311  # not a secret
        log, tamper = base_log(random.randrange(LOGS)), TAMPERINGS[case % len(TAMPERINGS)]
        tampered = tamper(log, random)
        name = tamper.__name__
        counted[name] += tampered.files != files_of(log)
        if tampered.files != files_of(log):
            report = examine_files(log, tampered.files)
            is_found = report.exit_code != 0
            is_located = is_located_at(report, log, tampered) and vouches_for_nothing_else(report, log, tampered)
            undetected += not is_found
            mislocated += is_found and not is_located
            if not (is_found and is_located) and len(missed) < 5:
                missed.append(f"case {case} of seed {seed}, {name}, touched {tampered.touched}:\n{describe(report)}")
        if progress is not None:
            progress(case + 1)
    return TamperResult(counted, undetected, mislocated, tuple(missed))


def examine_files(log: MadeLog, files: dict[str, bytes]) -> Report:
    """Write the files of a log to disk and verify them with its operator's key and the second place."""
    with TemporaryDirectory() as name:
        run, second = Path(name, "run"), Path(name, "second")
        run.mkdir()
        second.mkdir()
        for file, content in files.items():
            (second / f"{log.run}.checkpoints" if file == SECOND else run / file).write_bytes(content)
        return verify(run, parse_vkey(log.operator), [second])


def is_located_at(report: Report, log: MadeLog, tampered: Tampered) -> bool:
    """Whether the first thing that the report says is wrong lies where the tampering was, and all before its checkpoint is called good."""
    low, high = tampered.records
    if not report.problems:  # what a crash leaves too: the last checkpoint of one place is gone
        place = "checkpoints" if tampered.file == "checkpoints" else ".checkpoints"
        return bool(report.remarks) and any(place in remark for remark in report.remarks)
    first = report.problems[0]
    if first.file.endswith("checkpoints") and tampered.file:
        same = (first.file == "checkpoints") == (tampered.file == "checkpoints")
        return same and tampered.lines[0] <= first.line <= tampered.lines[1]
    return (
        low <= first.seq and first.last_seq <= high and max((size for size in log.sizes if size <= low), default=0) <= report.good <= high
    )


def vouches_for_nothing_else(report: Report, log: MadeLog, tampered: Tampered) -> bool:
    """Whether every record that the report calls good and vouched for has its own bytes, in its own place."""
    count = min(report.good, report.vouched)
    content = b"".join(tampered.files[name] for name in sorted(tampered.files) if name.endswith(".jsonl"))
    return content.split(b"\n")[:count] == log.lines[:count]
